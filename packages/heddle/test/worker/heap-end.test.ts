/** Where V8 ends a thread, as recorded from real threads that were ended. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'

import { heapEnd } from '../../src/worker/vitals.ts'

test('heapEnd() is the limit of the old generation, whatever that of the young one', () => {
  // What v8.getHeapStatistics() calls the limit, the limit of the young generation, where the thread was ended: MiB.
  const table: readonly [number, number, number][] = [
    [75, 9, 63],
    [182, 22, 158],
    [385, 48, 337],
    [1048, 48, 1000],
    [1096, 96, 1000],
    [1192, 192, 1000],
    // --max-old-space-size=500 for the process overrides that of the worker.
    [512, 9, 500],
    [4192, 96, 4096],
    [100, 0, 100]
  ]
  for (const [limitMb, youngMb, endMb] of table) {
    assert.equal(heapEnd(limitMb * 1024 ** 2, youngMb) / 1024 ** 2, endMb, `${limitMb} ${youngMb}`)
  }
})

test('heapEnd() is where this V8 ends a thread', async () => {
  const code = `
    const { parentPort, resourceLimits } = require('node:worker_threads')
    const { getHeapStatistics } = require('node:v8')
    const kept = []
    setInterval(() => {
      kept.push(Array.from({ length: 4000 }, (_, index) => ({ index, text: 'x' + index })))
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
      parentPort.postMessage([used, limit, resourceLimits.maxYoungGenerationSizeMb])
    }, 1)`
  const resourceLimits = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 16 }
  const worker = new Worker(code, { eval: true, resourceLimits })
  let most = 0
  worker.on('message', ([used, limit, youngMb]: readonly [number, number, number]) => {
    most = Math.max(most, used / heapEnd(limit, youngMb))
  })
  const [error]: unknown[] = await once(worker, 'error')
  assert.ok(error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')
  assert.ok(most > 0.9, `it was ended at ${most}`)
})
