/**
 * Nothing is left behind, on neither side: after so many operations heap, buffers, handles and counts are
 * where they were. A leak of one small object for each operation is seen. `HEDDLE_LEAK_FACTOR=50` makes it
 * a million requests, a hundred thousand aborts and ten thousand members come and gone.
 */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, before, test, type TestContext } from 'node:test'

import { request, type Dispatcher } from 'undici'

import { joinMesh } from '../../src/index.ts'
import { Fleet, type Hand } from '../fixtures/fleet.ts'
import { collectAll, figures, type Figures } from './figures.ts'

const factor = Number(process.env['HEDDLE_LEAK_FACTOR'] ?? 0.5)
/** Bytes that may stay for each operation: less than the smallest object. */
const BYTES_EACH = 15
/** What a heap differs by from one full collection to the next: compiled code, caches that fill. */
const NOISE = 200_000

const url = 'http://api.heddle.local'
const undo: (() => unknown)[] = []
let fleet: Fleet
let worker: Hand
let dispatcher: Dispatcher

before(async () => {
  fleet = new Fleet({ after: step => undo.unshift(step) })
  worker = await fleet.start('api', '../leaks/answering.ts')
  dispatcher = fleet.dispatcher()
})

after(async () => {
  for (const step of undo) await step()
})

/** Does something so many times, at most a hundred at once. */
async function repeat(times: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < times) await act(next++)
  }
  await Promise.all(Array.from({ length: 100 }, lane))
}

async function nothingOpen(): Promise<void> {
  assert.equal(await worker.member.drained(60_000), true)
  await worker.call('idle')
}

/** Rounds in which something may still be compiled, or a cache fill: a leak is there in each of them. */
const ROUNDS = 3

/** Warms up, then holds what `times` more operations leave behind against what may stay. */
async function leavesNothing(
  t: TestContext,
  { times, each }: { times: number; each: number },
  act: (times: number) => Promise<void>
): Promise<void> {
  await act(Math.min(times, 2500))
  await nothingOpen()
  let earlier = await bothSides()
  for (let round = 1; ; round++) {
    await act(times)
    await nothingOpen()
    const later = await bothSides()
    t.diagnostic(JSON.stringify({ earlier, later }))
    const left = leftBehind(earlier, later, NOISE + times * each)
    if (left.length === 0) return
    assert.ok(round < ROUNDS, `${left.join(', ')} in ${times} operations, again and again`)
    earlier = later
  }
}

/** What has grown by more than that many bytes, in words. */
function leftBehind(earlier: Sides, later: Sides, most: number): string[] {
  const left: string[] = []
  for (const side of ['caller', 'worker'] as const) {
    const [was, is] = [earlier[side], later[side]]
    for (const what of ['heap', 'buffers'] as const) {
      const grown = is[what] - was[what]
      if (grown >= most) left.push(`the ${what} of the ${side} grew by ${grown} bytes`)
    }
    if (is.handles > was.handles) left.push(`the ${side} has ${is.handles} handles, not ${was.handles}`)
  }
  return left
}

interface Sides {
  readonly caller: Figures
  readonly worker: Figures
}

async function bothSides(): Promise<Sides> {
  return { caller: await figures(), worker: (await worker.call('figures')) as Figures }
}

async function answered(index: number): Promise<void> {
  const upload = index % 3 === 0
  const { body } = await request(
    `${url}${upload ? '/echo' : '/'}`,
    upload ? { method: 'POST', body: 'x'.repeat(index % 500), dispatcher } : { dispatcher }
  )
  await body.text()
}

test('requests leave nothing behind', async t => {
  await leavesNothing(t, { times: 20_000 * factor, each: BYTES_EACH }, times => repeat(times, answered))
})

/** Aborts in one of the phases: before it is sent, while it waits, while its body streams, while it uploads. */
async function aborted(index: number): Promise<void> {
  const control = new AbortController()
  const paths = ['/never', '/half', '/pour', '/never']
  const phase = index % 4
  async function* upload(): AsyncGenerator<string> {
    yield 'x'.repeat(100)
    await new Promise(resolve => {
      setImmediate(resolve)
    })
    control.abort()
    yield 'x'
  }
  const common = { signal: control.signal, dispatcher }
  const answer = request(
    `${url}${paths[phase]}`,
    phase === 3 ? { ...common, method: 'POST', body: Readable.from(upload()) } : common
  )
  if (phase === 0) {
    if (index % 8 === 0) control.abort()
    else setImmediate(() => control.abort())
  }
  const reading = answer.then(({ body }) => {
    body.once('data', () => control.abort())
    return body.text()
  })
  await assert.rejects(reading, { name: 'AbortError' })
}

test('aborts leave nothing behind, whatever the phase', async t => {
  await leavesNothing(t, { times: 2000 * Math.max(factor, 1), each: 60 }, times => repeat(times, aborted))
})

test('members that come and go leave nothing behind', async t => {
  const { registry } = fleet
  const most = 200 * Math.max(factor, 1)
  const cycle = async (): Promise<void> => {
    const { ticket, member } = registry.admit({ name: 'guest', hostname: 'guest' })
    const mesh = joinMesh(ticket)
    mesh.serve((_req, res) => res.end('hello'))
    await member.publish()
    const { body } = await request('http://guest.heddle.local/', { dispatcher })
    assert.equal(await body.text(), 'hello')
    await member.withdraw()
    mesh.leave()
    member.remove()
  }
  const cycles = async (times: number): Promise<void> => {
    for (let i = 0; i < Math.min(times, most); i++) await cycle()
  }
  // A link's cells alone are 4 KiB.
  await leavesNothing(t, { times: most, each: 400 }, cycles)
})

/** A response that is forgotten as soon as its head is there. */
async function abandoned(): Promise<void> {
  await fetch(`${url}/pour`)
}

test('responses nobody reads are given up when they are collected', async () => {
  fleet.join().mesh.installGlobals()
  let most = 0
  for (let i = 0; i < 50; i++) {
    await abandoned()
    most = Math.max(most, worker.member.inflight())
  }
  assert.ok(most > 0)
  // Nothing tells when a finalizer has run: collections are repeated until all have.
  for (let tries = 0; worker.member.inflight() > 0 && tries < 100; tries++) await collectAll()
  await nothingOpen()
  assert.equal(worker.member.inflight(), 0)
})
