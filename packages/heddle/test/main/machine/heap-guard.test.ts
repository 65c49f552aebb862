/** Tests of the guard of heaps, with workers on paper and time held still. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { HeapGuard } from '../../../src/main/machine/heap-guard.ts'
import { WorkerSizes } from '../../../src/main/machine/worker-sizes.ts'
import { HeldClock } from '../../shared/held-clock.ts'
import { PaperMachine, PaperWorker } from './paper-machine.ts'

interface Play {
  readonly clock: HeldClock
  readonly machine: PaperMachine
  readonly workers: PaperWorker[]
  maxMemory: number
}

/** Two workers whose heaps end at 100 MiB. */
function setUp(t: TestContext): Play {
  const clock = new HeldClock()
  const machine = new PaperMachine()
  const workers = [new PaperWorker(0, 20), new PaperWorker(1, 20)]
  for (const worker of workers) worker.heapLimitMb = 100
  const play: Play = { clock, machine, workers, maxMemory: 0.9 }
  const guard = new HeapGuard({
    source: machine,
    guarded: { workers: () => workers, maxMemory: () => play.maxMemory },
    sizes: new WorkerSizes(() => workers),
    clock
  })
  guard.start()
  guard.start()
  t.after(() => {
    guard.stop()
    assert.equal(clock.pending, 0)
  })
  return play
}

/** A heap grows, so much a second, up to so much. Three quarters of what a paper worker holds are heap. */
async function grow(play: Play, worker: PaperWorker | undefined, toMb: number): Promise<void> {
  for (let heapMb = toMb - 24; heapMb <= toMb; heapMb += 4) {
    worker?.hold(heapMb / 0.75)
    // oxlint-disable-next-line no-await-in-loop -- Time passes step by step.
    await play.clock.advance(1000)
  }
}

test('HeapGuard takes a worker out whose heap runs full, and has it replaced, once', async t => {
  const play = setUp(t)
  const [first, second] = play.workers
  assert.ok(first && second)
  await grow(play, second, 80)
  assert.deepEqual(second.asked, [])
  await grow(play, second, 92)
  assert.equal(second.state, 'ejected')
  await play.clock.advance(10_000)
  assert.deepEqual(second.asked, [
    { detail: 'its heap has 12 MiB of 100 MiB left, enough for 5 s', vacateMs: undefined }
  ])
  assert.deepEqual([first.asked, first.state], [[], 'ready'])
})

test('HeapGuard lets it go first where the container has no room for two', async t => {
  const play = setUp(t)
  play.machine.usedMb = 970
  await grow(play, play.workers[0], 92)
  assert.equal(play.workers[0]?.asked[0]?.vacateMs, 10_000)
  play.workers[0] = new PaperWorker(0, 20)
  play.workers[0].state = 'starting'
  await grow(play, play.workers[1], 92)
  assert.equal(play.workers[1]?.asked[0]?.vacateMs, 5000)
})

test('HeapGuard knows no room to be short where no container has a limit', async t => {
  const play = setUp(t)
  play.machine.limits = { ...play.machine.limits, memoryLimitBytes: null }
  play.machine.usedMb = 7999
  await grow(play, play.workers[0], 92)
  assert.deepEqual(play.workers[0]?.asked[0]?.vacateMs, undefined)
  assert.equal(play.workers[0]?.asked.length, 1)
})

test('HeapGuard lets a worker have requests again that could not be replaced', async t => {
  const play = setUp(t)
  const [first] = play.workers
  assert.ok(first)
  first.outcome = Promise.resolve(false)
  await grow(play, first, 90)
  assert.equal(first.state, 'ready')
  assert.ok(first.asked.length > 0)
})

test('HeapGuard replaces the only worker too, which answers until then', async t => {
  const play = setUp(t)
  const [first] = play.workers
  assert.ok(first)
  first.mayGo = false
  await grow(play, first, 92)
  assert.equal(first.state, 'ready')
  assert.equal(first.asked.length, 1)
})

test('HeapGuard replaces a heap that is full and stays so, less often where that does not help', async t => {
  const play = setUp(t)
  let replaced = 0
  for (let second = 0; second < 600; second++) {
    play.workers[0]?.hold(98 / 0.75)
    // oxlint-disable-next-line no-await-in-loop -- Time passes step by step.
    await play.clock.advance(1000)
    if (play.workers[0]?.asked.length === 0) continue
    replaced++
    const fresh = new PaperWorker(0, 98 / 0.75)
    fresh.heapLimitMb = 100
    play.workers[0] = fresh
  }
  // After one, two, four and eight minutes.
  assert.equal(replaced, 4)
})

test('HeapGuard leaves those alone whose application wants none of it', async t => {
  const play = setUp(t)
  play.maxMemory = 0
  await grow(play, play.workers[0], 99)
  assert.deepEqual(play.workers[0]?.asked, [])
})
