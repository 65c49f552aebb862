/** Tests of the guard of the memory, with a machine and workers on paper and time held still. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { Events } from '../../../src/events.ts'
import type { HeddleEvents } from '../../../src/events.ts'
import { MemoryGuard } from '../../../src/main/machine/memory-guard.ts'
import { WorkerSizes } from '../../../src/main/machine/worker-sizes.ts'
import { HeldClock } from '../../shared/held-clock.ts'
import { mebibyte, PaperMachine, PaperWorker } from './paper-machine.ts'

interface Play {
  readonly clock: HeldClock
  readonly machine: PaperMachine
  readonly workers: PaperWorker[]
  readonly strained: HeddleEvents['machine:strained'][]
  maxMemory: number
  letSparesGo: () => boolean
}

/** Workers that have held 20 MiB each, and hold 30 and 300 now. */
async function setUp(t: TestContext): Promise<Play> {
  const clock = new HeldClock()
  const machine = new PaperMachine()
  const workers = [new PaperWorker(0, 20), new PaperWorker(1, 20)]
  const events = new Events()
  const strained: Play['strained'] = []
  events.on('machine:strained', fact => strained.push(fact))
  const play: Play = { clock, machine, workers, strained, maxMemory: 0.9, letSparesGo: () => false }
  const guard = new MemoryGuard({
    source: machine,
    guarded: { workers: () => workers, maxMemory: () => play.maxMemory },
    sizes: new WorkerSizes(() => workers),
    clock,
    announce: (name, fact) => events.emit(name, fact),
    letSparesGo: () => play.letSparesGo()
  })
  guard.start()
  guard.start()
  t.after(() => {
    guard.stop()
    assert.equal(clock.pending, 0)
  })
  await clock.advance(2000)
  for (const [index, worker] of workers.entries()) worker.hold([30, 300][index] ?? 0)
  return play
}

/** Memory is used up, so much a second. */
async function grow(
  { clock, machine }: Play,
  fromMb: number,
  toMb: number,
  mbPerSecond: number
): Promise<void> {
  for (machine.usedMb = fromMb; machine.usedMb < toMb; machine.usedMb += mbPerSecond / 4) {
    // oxlint-disable-next-line no-await-in-loop -- Time passes step by step.
    await clock.advance(250)
  }
}

/** So much is in use, and has been for a while. */
async function stand(play: Play, usedMb: number): Promise<void> {
  play.maxMemory = 0
  play.machine.usedMb = usedMb
  await play.clock.advance(20_000)
  play.maxMemory = 0.9
}

function asked({ workers }: Play): readonly (readonly [number, number | undefined])[] {
  return workers.flatMap(worker => worker.asked.map(({ vacateMs }) => [worker.fact.slot, vacateMs] as const))
}

test('MemoryGuard has the worker replaced that gives most back, before the memory is gone', async t => {
  const play = await setUp(t)
  await grow(play, 100, 890, 30)
  assert.deepEqual(asked(play), [[1, undefined]])
  assert.match(
    play.workers[1]?.asked[0]?.detail ?? '',
    /^the container has \d+ MiB of 1000 MiB left, enough for \d s;/
  )
  const [told] = play.strained
  assert.ok(told !== undefined && play.strained.length === 1)
  assert.partialDeepStrictEqual(told, {
    worker: 'api:1',
    vacates: false,
    limitBytes: 1000 * mebibyte,
    heldBytes: 300 * mebibyte,
    stalled: null
  })
  assert.ok(told.freeBytes < 250 * mebibyte && told.freeBytes > 150 * mebibyte)
  assert.ok(Math.abs(told.bytesPerSecond - 30 * mebibyte) < 2 * mebibyte)
})

test('MemoryGuard ends workers that are kept ready before it replaces one that is at work', async t => {
  const play = await setUp(t)
  let spares = 1
  play.letSparesGo = () => spares-- > 0
  await stand(play, 940)
  await play.clock.advance(250)
  play.machine.usedMb = 960
  await play.clock.advance(1000)
  assert.deepEqual([spares, asked(play), play.strained], [0, [], []])
  // That was not enough.
  await play.clock.advance(2000)
  assert.deepEqual(asked(play), [[1, 10_000]])
})

test('MemoryGuard lets the old worker go first where there is no room for both', async t => {
  const play = await setUp(t)
  await stand(play, 940)
  await grow(play, 940, 980, 2)
  assert.deepEqual(asked(play), [[1, 10_000]])
  assert.equal(play.strained[0]?.vacates, true)
})

test('MemoryGuard waits until one has gone before it looks for the next, and takes what it gave back into account', async t => {
  const play = await setUp(t)
  const [first, second] = play.workers
  assert.ok(first && second)
  first.hold(200)
  await stand(play, 940)
  await grow(play, 940, 990, 1)
  assert.deepEqual(asked(play), [[1, 10_000]])
  // The other one would be next; but the first one still drains.
  second.state = 'draining'
  await play.clock.advance(60_000)
  assert.deepEqual(asked(play), [[1, 10_000]])
  // It has gone, and what it held has come back.
  second.state = 'exited'
  play.workers[1] = new PaperWorker(1, 20)
  play.machine.usedMb = 700
  await play.clock.advance(60_000)
  assert.deepEqual(asked(play), [])
  assert.equal(first.asked.length, 0)
  await grow(play, 955, 970, 2)
  assert.equal(first.asked.length, 1)
})

test('MemoryGuard chooses again when a worker could not be replaced, a while later', async t => {
  const play = await setUp(t)
  const [, second] = play.workers
  assert.ok(second)
  second.outcome = Promise.resolve(false)
  await grow(play, 960, 965, 1)
  assert.equal(second.asked.length, 1)
  await grow(play, 965, 970, 1)
  assert.equal(second.asked.length, 2)
})

test('MemoryGuard says once that nothing helps, and again when it has been well in between', async t => {
  const play = await setUp(t)
  for (const worker of play.workers) worker.hold(25)
  play.machine.usedMb = 970
  await play.clock.advance(4000)
  assert.deepEqual(play.strained, [])
  await play.clock.advance(600_000)
  assert.equal(play.strained.length, 1)
  assert.partialDeepStrictEqual(play.strained[0] ?? {}, {
    worker: null,
    vacates: false,
    freeBytes: 30 * mebibyte,
    heldBytes: 50 * mebibyte
  })
  play.machine.usedMb = 500
  await play.clock.advance(5000)
  play.machine.usedMb = 970
  await play.clock.advance(60_000)
  assert.equal(play.strained.length, 2)
  assert.deepEqual(asked(play), [])
})

test('MemoryGuard says that nothing helps before it is too late', async t => {
  const play = await setUp(t)
  for (const worker of play.workers) worker.hold(25)
  await grow(play, 880, 970, 20)
  assert.equal(play.strained.length, 1)
  assert.partialDeepStrictEqual(play.strained[0] ?? {}, { worker: null, heldBytes: 50 * mebibyte })
})

test('MemoryGuard leaves a full container alone that stays as it is after one try', async t => {
  const play = await setUp(t)
  play.machine.memoryPressure = { some: 5, full: 1 }
  await stand(play, 970)
  const [, second] = play.workers
  assert.ok(second)
  second.outcome = Promise.resolve(false)
  await play.clock.advance(600_000)
  // After one, two, four and eight minutes; and not every quarter of a second.
  assert.deepEqual(second.asked.length, 4)
})

test('MemoryGuard does nothing without a container, and for nobody who wants none of it', async t => {
  const play = await setUp(t)
  play.maxMemory = 0
  await grow(play, 900, 999, 10)
  play.maxMemory = 0.9
  play.machine.limits = { ...play.machine.limits, memoryLimitBytes: null }
  play.machine.usedMb = 7990
  await play.clock.advance(60_000)
  assert.deepEqual(asked(play), [])
  assert.deepEqual(play.strained, [])
})

test('MemoryGuard does not choose a worker that is blocked, nor count it among those that answer', async t => {
  const play = await setUp(t)
  const [first, second] = play.workers
  assert.ok(first && second)
  first.age = 5000
  first.hold(500)
  await stand(play, 970)
  await play.clock.advance(3000)
  // The other one would be all there is: that can wait as long as the memory does not go down.
  assert.deepEqual(asked(play), [])
  await grow(play, 970, 990, 4)
  assert.deepEqual(asked(play), [[1, 5000]])
})
