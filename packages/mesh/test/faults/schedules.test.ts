/**
 * Thousands of seeded schedules of failures: whatever threads do to one another, each request has exactly
 * one outcome, runs no more often than it may, and leaves nothing behind. A schedule that fails names its
 * seed; `HEDDLE_FAULT_SEED=<seed>` runs it alone, `HEDDLE_FAULT_SCHEDULES=<n>` runs more of them.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { runSchedule, type Tally } from './schedule.ts'

const alone = process.env['HEDDLE_FAULT_SEED']
const count = Number(process.env['HEDDLE_FAULT_SCHEDULES'] ?? 2000)

test('each request has one outcome and leaves nothing behind, whatever happens to threads', async t => {
  const tally: Tally = {}
  const first = alone === undefined ? 1 : Number(alone)
  const last = alone === undefined ? count : first
  for (let seed = first; seed <= last; seed++) {
    try {
      await runSchedule(seed, tally)
    } catch (error) {
      throw new Error(`The schedule of HEDDLE_FAULT_SEED=${seed} failed`, { cause: error })
    }
  }
  t.diagnostic(JSON.stringify(tally))
  if (alone !== undefined) return
  // The schedules are worth something only if they come to every kind of end.
  const ends = ['answered', 'aborted', 'MESH_TIMEOUT', 'MESH_UPSTREAM_LOST', 'MESH_UPSTREAM_LOST begun']
  const missing = [...ends, 'MESH_NO_UPSTREAM', 'MESH_RESPONSE_ABORTED', 'repeated'].filter(
    end => tally[end] === undefined
  )
  assert.deepEqual(missing, [])
})
