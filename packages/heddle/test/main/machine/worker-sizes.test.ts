/** What workers hold, and what a fresh one would. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createVitals } from '../../../src/channel/vitals.ts'
import { heldBy, WorkerSizes } from '../../../src/main/machine/worker-sizes.ts'
import type { ThreadPhase } from '../../../src/main/machine/worker-sizes.ts'
import { mebibyte, PaperWorker } from './paper-machine.ts'

test('WorkerSizes takes the least a worker has held for the size of a fresh one', () => {
  const workers = [new PaperWorker(0, 30), new PaperWorker(1, 40), new PaperWorker(0, 500, 'other')]
  const sizes = new WorkerSizes(() => workers)
  assert.equal(sizes.fresh('api'), 0, 'nobody has looked yet')
  sizes.look()
  assert.equal(sizes.fresh('api'), 30 * mebibyte)
  workers[0]?.hold(200)
  sizes.look()
  assert.equal(sizes.fresh('api'), 30 * mebibyte)
  // What its successor is like counts, not what a former one was like.
  workers[0] = new PaperWorker(0, 60)
  sizes.look()
  assert.equal(sizes.fresh('api'), 40 * mebibyte)
  assert.equal(sizes.fresh('nobody'), 0)
})

test('WorkerSizes expects of one more worker what the others have, and its thread', () => {
  const workers = [new PaperWorker(0, 100), new PaperWorker(1, 200)]
  const sizes = new WorkerSizes(() => workers)
  assert.equal(sizes.expected('api'), (150 + 16) * mebibyte)
  assert.equal(sizes.expected('unknown'), (16 + 16) * mebibyte)
})

test('WorkerSizes expects of each thread what a fresh one took when it was met first', () => {
  const workers = [new PaperWorker(0, 40), new PaperWorker(1, 40)]
  const threads = new Map<object, ThreadPhase>()
  const sizes = new WorkerSizes(
    () => workers,
    () => threads
  )
  const inMb = (): readonly number[] => {
    const { loadedBytes, startedBytes } = sizes.expectation()
    return [loadedBytes / mebibyte, startedBytes / mebibyte]
  }
  const [first, second] = workers
  assert.ok(first && second)
  assert.deepEqual(inMb(), [0, 0])
  sizes.look()
  threads.set(first, { application: 'api', isLoading: false })
  threads.set(second, { application: 'api', isLoading: true })
  assert.deepEqual(inMb(), [66, 132])
  threads.set(second, { application: 'api', isLoading: false })
  first.hold(20)
  sizes.look()
  assert.deepEqual(inMb(), [132, 132], 'what was expected stays')
  threads.delete(first)
  assert.deepEqual(inMb(), [66, 66])
})

test('heldBy() knows nothing of workers that are not at work', () => {
  const worker = new PaperWorker(0, 100)
  assert.equal(heldBy(worker), 100 * mebibyte)
  worker.state = 'ejected'
  assert.equal(heldBy(worker), 100 * mebibyte)
  worker.state = 'draining'
  assert.equal(heldBy(worker), null)
  const { fact, vitals } = worker
  assert.equal(heldBy({ fact, vitals, state: 'starting', readyMs: null }), null)
  const silent = { fact, vitals: createVitals(), state: 'ready', readyMs: 1 } as const
  assert.equal(heldBy(silent), null, 'it has not written yet')
})
