/**
 * Both decoders under batches that began as good ones and were then spoilt at random: nothing throws,
 * applications and callers are told nothing malformed and nothing out of order, and other links go on.
 * `HEDDLE_FUZZ_SEED=<seed>` runs one seed, `HEDDLE_FUZZ_BATCHES=<n>` more batches.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  ABORT,
  BYTES,
  CREDIT,
  DATA,
  END,
  HEAD,
  INFO,
  LATIN1,
  MORE,
  UPGRADE,
  UTF8
} from '../../src/wire/frames.ts'
import { AttackedClient, AttackedServer, headFrame, requestFrame } from '../faults/misbehaving.ts'
import type { RawEnd } from '../faults/misbehaving.ts'
import { randomFrom } from '../fixtures/random.ts'

const alone = process.env['HEDDLE_FUZZ_SEED']
const count = Number(process.env['HEDDLE_FUZZ_BATCHES'] ?? 1200)
const first = alone === undefined ? 1 : Number(alone)
const last = alone === undefined ? count : first

/** What a field may become. */
const oddities: readonly unknown[] = [
  null,
  undefined,
  Number.NaN,
  Infinity,
  -0,
  -1,
  0.5,
  1,
  2 ** 20,
  2 ** 30,
  2 ** 31,
  -(2 ** 31),
  2 ** 53,
  7n,
  '',
  '1',
  'x',
  '\r\n',
  'a: b\r\n',
  'a:b\r\n',
  ': \r\n',
  'a: b\r\n\r\nc: d\r\n',
  '__proto__: x\r\n',
  'content-length: -1\r\ntransfer-encoding: chunked\r\n',
  '\u0000',
  '\u2603',
  'x'.repeat(100_000),
  true,
  {},
  [],
  [[]],
  new Date(0),
  new Map(),
  new Error('x'),
  new ArrayBuffer(8),
  new Uint8Array(8),
  new Float64Array(2),
  new Uint8Array(new SharedArrayBuffer(8)),
  new SharedArrayBuffer(8)
]

class Spoiler {
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = randomFrom(seed)
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  pick<Value>(list: readonly Value[]): Value {
    return list[this.below(list.length)] as Value
  }

  /** The frames with some fields exchanged, left out, doubled, or put elsewhere. Often not at all. */
  spoil(frames: readonly (readonly unknown[])[]): unknown[] {
    const batch = frames.flat()
    for (let times = this.below(4); times > 0; times--) {
      const at = this.below(batch.length)
      const spoils: readonly (() => unknown)[] = [
        () => (batch[at] = this.pick(oddities)),
        () => (batch[at] = this.below(9)),
        () => batch.splice(at, 1),
        () => batch.splice(at, 0, this.pick(oddities)),
        () => batch.splice(at, this.below(20)),
        () => batch.push(...this.pick(frames))
      ]
      this.pick(spoils)()
    }
    return batch
  }
}

function requestFrames(spoiler: Spoiler): unknown[][] {
  const ids = [0, 1, 2, 2 ** 20 + 1, 1023]
  return Array.from({ length: 1 + spoiler.below(6) }, () => {
    const id = spoiler.pick(ids)
    return spoiler.pick([
      requestFrame(id),
      requestFrame(id, { flags: MORE, cell: spoiler.below(4) }),
      requestFrame(id, { flags: UTF8, body: 'body', method: 'POST' }),
      requestFrame(id, { flags: MORE | UPGRADE }),
      [DATA, id, LATIN1, 'piece'],
      [DATA, id, BYTES, new Uint8Array(10)],
      [END, id, ''],
      [END, id, 'x-trailer: yes\r\n'],
      [ABORT, id, 'enough'],
      [CREDIT, id, 1000]
    ])
  })
}

function responseFrames(spoiler: Spoiler, ids: readonly number[]): unknown[][] {
  return Array.from({ length: 1 + spoiler.below(6) }, () => {
    const id = spoiler.pick(ids)
    return spoiler.pick([
      headFrame(id),
      headFrame(id, { flags: MORE }),
      headFrame(id, { flags: UTF8, body: 'body', headers: 'a: b\r\n' }),
      [INFO, id, 103, 'link: </x>\r\n'],
      [DATA, id, LATIN1, 'piece'],
      [END, id, ''],
      [ABORT, id, 'enough'],
      [CREDIT, id, 1000]
    ])
  })
}

async function within(seed: number, run: (spoiler: Spoiler) => Promise<void>): Promise<void> {
  try {
    await run(new Spoiler(seed))
  } catch (error) {
    throw new Error(`HEDDLE_FUZZ_SEED=${seed} failed`, { cause: error })
  }
}

/** Resolves when a server has worked through what was posted before on another link, and this one. */
async function roundTrip(link: RawEnd, id: number): Promise<void> {
  link.frames.length = 0
  link.port.postMessage(requestFrame(id))
  assert.equal((await link.frame(frame => frame[0] === HEAD && frame[1] === id))[3], 200)
}

test('a server takes spoilt batches without a fault, and answers others', async t => {
  const alive = setInterval(() => {}, 1000)
  const server = new AttackedServer()
  t.after(() => {
    clearInterval(alive)
    server.close()
  })
  const honest = server.link()
  for (let seed = first; seed <= last; seed++) {
    await within(seed, async spoiler => {
      const evil = server.link()
      for (let batches = 1 + spoiler.below(3); batches > 0; batches--) {
        evil.port.postMessage(spoiler.spoil(requestFrames(spoiler)))
      }
      await roundTrip(honest, seed % 1024)
      evil.port.close()
      await evil.closed
      assert.deepEqual(server.malformed, [])
    })
  }
  await roundTrip(honest, 1)
  assert.equal(server.open, 0)
  assert.equal(server.scoreboard.inflight(0), 0)
})

/** What a caller may be told, as letters: information, head, data, end, error. */
const grammar = /^i*(?:hd*(?:ex?|x)?|x)?$/
/** As {@link grammar}, but what took an upgrade may send raw bytes without a head. */
const tunnelGrammar = /^i*(?:hd*|d*)(?:ex?|x)?$/

function letters(told: readonly string[]): string {
  const letter: Readonly<Record<string, string>> = { info: 'i', head: 'h', data: 'd', end: 'e', error: 'x' }
  return told.map(word => letter[word.split(' ')[0] ?? ''] ?? '?').join('')
}

test('a client takes spoilt batches without a fault, and hears others', async t => {
  const alive = setInterval(() => {}, 1000)
  t.after(() => clearInterval(alive))
  for (let seed = first; seed <= last; seed++) {
    const attacked = new AttackedClient(2)
    t.after(() => attacked.close())
    await within(seed, async spoiler => {
      const kinds = [0, 0, MORE, MORE | UPGRADE]
      const victims = await Promise.all(kinds.map(flags => attacked.send(0, flags)))
      const other = await attacked.send(1)
      const ids = victims.map(({ id }) => id)
      for (let batches = 1 + spoiler.below(3); batches > 0; batches--) {
        victims[0]?.link.port.postMessage(spoiler.spoil(responseFrames(spoiler, ids)))
      }
      other.link.port.postMessage(headFrame(other.id))
      await other.record.over
      // What is left learns that its upstream is gone.
      victims[0]?.link.port.close()
      await Promise.all(victims.map(({ record }) => record.over))
      for (const [index, { record }] of victims.entries()) {
        const told = letters(record.told)
        assert.match(told, index === 3 ? tunnelGrammar : grammar, record.told.join())
      }
      attacked.close()
      for (const upstream of [0, 1]) assert.equal(attacked.scoreboard.inflight(upstream), 0)
    })
  }
})
