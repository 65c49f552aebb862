/**
 * A gibibyte in each direction against a reader that takes its time, until that has read a mebibyte: each client,
 * to another thread and to its own. What is under way stays bounded, and an abort ends it on both sides.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'

import { request } from 'undici'

import { Fleet, type Hand } from '../fixtures/fleet.ts'
import * as torrent from '../fixtures/torrent.ts'
import { figures, type Figures } from '../leaks/figures.ts'

const { OFFERED, sip } = torrent
const PIECE = 64 * 1024
/** What each reader has read when it is looked at how much is under way: many pieces, a few windows. */
const READ = 1024 ** 2

/** What may be under way on one stream: a window of the mesh, and the buffers of node's streams on both sides. */
const UNDER_WAY = 4 * 1024 ** 2
/** How much more the process may hold with one stream running. */
const HELD = 32 * 1024 ** 2

const undo: (() => unknown)[] = []
let worker: Hand

before(async () => {
  const fleet = new Fleet({ after: step => undo.unshift(step) })
  worker = await fleet.start('far', '../fixtures/torrent.ts')
  const { mesh, member } = fleet.join('near')
  mesh.serve(torrent.target)
  mesh.installGlobals()
  await member.publish()
})

after(async () => {
  for (const step of undo) await step()
})

interface Client {
  readonly name: string
  down(url: string, signal: AbortSignal): Promise<Readable>
  up(url: string, body: Readable, signal: AbortSignal): Promise<unknown>
}

const clients: readonly Client[] = [
  {
    name: 'undici.request',
    down: async (url, signal) => (await request(url, { signal })).body,
    up: (url, body, signal) => request(url, { method: 'POST', body, signal })
  },
  {
    name: 'fetch',
    down: async (url, signal) => {
      const { body } = await fetch(url, { signal })
      assert.ok(body !== null)
      return Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0])
    },
    up: (url, body, signal) =>
      fetch(url, {
        method: 'POST',
        body: Readable.toWeb(body),
        duplex: 'half',
        signal
      } as unknown as RequestInit)
  },
  {
    name: 'node:http',
    down: async (url, signal) => {
      const [res] = (await once(httpRequest(url, { agent: false, signal }).end(), 'response')) as [Readable]
      return res
    },
    up: (url, body, signal) => {
      const req = httpRequest(url, { method: 'POST', agent: false, signal })
      return once(body.pipe(req), 'response')
    }
  }
]

/** One stream, as seen by whoever is on this side. */
interface Flow {
  readonly name: string
  readonly index: number
  readonly host: string
  readonly way: 'down' | 'up'
  /** Bytes read (down) or handed over (up) on this side. */
  bytes: number
  readonly control: AbortController
  ended: Promise<unknown>
  /** Resolves when the reader on this side, if it is on this side, has read so much. */
  hasRead: Promise<unknown>
}

let flows = 0

async function open(client: Client, host: string, way: 'down' | 'up'): Promise<Flow> {
  const control = new AbortController()
  const index = flows++
  const name = `${client.name} ${way} ${host}`
  const flow: Flow = {
    name,
    index,
    host,
    way,
    bytes: 0,
    control,
    ended: Promise.resolve(),
    hasRead: Promise.resolve()
  }
  const url = `http://${host}.heddle.local/${index}/${way}`
  if (way === 'down') {
    const body = await client.down(url, control.signal)
    const { promise, resolve } = Promise.withResolvers<void>()
    flow.hasRead = promise
    sip(body, bytes => {
      flow.bytes += bytes
      if (flow.bytes > READ) resolve()
    })
    flow.ended = new Promise(resolve => {
      body.once('close', resolve)
    })
    return flow
  }
  function* offer(): Generator<Buffer> {
    for (; flow.bytes < OFFERED; flow.bytes += PIECE) yield Buffer.alloc(PIECE)
  }
  const body = Readable.from(offer(), { objectMode: false })
  body.on('error', () => {})
  flow.ended = assert.rejects(client.up(url, body, control.signal))
  return flow
}

async function held(): Promise<number> {
  const sides = [await figures(), (await worker.call('figures')) as Figures]
  return sides.reduce((sum, { heap, buffers }) => sum + heap + buffers, 0)
}

for (const client of clients) {
  test(`a gibibyte through ${client.name} to or from a slow reader takes little memory`, async () => {
    const before = await held()
    const opened = await Promise.all(
      ['near', 'far'].flatMap(host => [open(client, host, 'down'), open(client, host, 'up')])
    )
    const uploads = (where: string): number[] =>
      opened.filter(({ host, way }) => way === 'up' && host === where).map(({ index }) => index)
    await Promise.all([
      ...opened.map(({ hasRead }) => hasRead),
      torrent.haveRead(uploads('near'), READ),
      worker.call('haveRead', uploads('far'), READ)
    ])
    const holding = (await held()) - before
    // Who sends is looked at first: what is read meanwhile makes the difference smaller, never larger.
    const offered = opened.map(({ bytes }) => bytes)
    const far = (await worker.call('counts')) as readonly number[]
    for (const [at, { name, index, host, way, bytes }] of opened.entries()) {
      const other = (host === 'near' ? torrent.counts() : far)[index] ?? 0
      const [sent, read] = way === 'down' ? [other, bytes] : [offered[at] ?? 0, other]
      assert.ok(sent - read < UNDER_WAY, `${name}: ${sent - read} bytes are under way`)
    }
    assert.ok(holding < HELD, `${holding} bytes are held`)
    for (const { control } of opened) control.abort()
    await Promise.all(opened.map(({ ended }) => ended))
    await Promise.all([torrent.idle(), worker.call('idle')])
    assert.equal(await worker.member.drained(60_000), true)
  })
}
