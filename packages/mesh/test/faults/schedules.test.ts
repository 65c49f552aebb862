/**
 * Thousands of seeded schedules of failures: whatever threads do to one another, each request has exactly
 * one outcome, runs no more often than it may, and leaves nothing behind. A schedule that fails names its
 * seed; `HEDDLE_FAULT_SEED=<seed>` runs it alone, `HEDDLE_FAULT_SCHEDULES=<n>` runs more of them.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'

import type { Tally } from './schedule.ts'

const alone = process.env['HEDDLE_FAULT_SEED']
const count = Number(process.env['HEDDLE_FAULT_SCHEDULES'] ?? 600)
const threads = alone === undefined ? 2 : 1

/** Every so manieth schedule. */
function seedsOf(thread: number): number[] {
  if (alone !== undefined) return [Number(alone)]
  return Array.from({ length: count }, (_, index) => index + 1).filter(seed => seed % threads === thread)
}

test('each request has one outcome and leaves nothing behind, whatever happens to threads', async t => {
  const tally: Tally = {}
  const live = async (thread: number): Promise<void> => {
    const worker = new Worker(new URL('schedules-thread.ts', import.meta.url), {
      workerData: { seeds: seedsOf(thread) }
    })
    const [part] = (await once(worker, 'message')) as [Tally]
    for (const [end, times] of Object.entries(part)) tally[end] = (tally[end] ?? 0) + times
  }
  await Promise.all(Array.from({ length: threads }, (_, thread) => live(thread)))
  t.diagnostic(JSON.stringify(tally))
  if (alone !== undefined) return
  // The schedules are worth something only if they come to every kind of end.
  const ends = ['answered', 'aborted', 'MESH_TIMEOUT', 'MESH_UPSTREAM_LOST', 'MESH_UPSTREAM_LOST begun']
  const missing = [...ends, 'MESH_NO_UPSTREAM', 'MESH_RESPONSE_ABORTED', 'repeated'].filter(
    end => tally[end] === undefined
  )
  assert.deepEqual(missing, [])
})
