/** Table tests of the restart policy. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { nextRestart } from '../../../src/main/supervisor/restart-policy.ts'

const policy = {
  backoffMin: 100,
  backoffMax: 1000,
  resetAfter: 10_000,
  jitter: 0.25,
  maxFailures: 10,
  window: 60_000,
  openFor: 30_000
}

test('nextRestart() waits by how many failures there were in a row and how good the last run was', () => {
  const table: readonly [
    failuresBefore: number,
    readyMs: number | null,
    delayMs: number,
    failures: number
  ][] = [
    [0, null, 0, 1],
    [0, 50, 0, 1],
    [0, 10_000, 0, 1],
    [1, null, 100, 2],
    [1, 9999, 100, 2],
    [1, 10_000, 0, 1],
    [2, null, 200, 3],
    [3, null, 400, 4],
    [4, null, 800, 5],
    [5, null, 1000, 6],
    [50, null, 1000, 51],
    [5000, null, 1000, 5001],
    [5000, 60_000, 0, 1]
  ]
  for (const [failures, readyMs, delayMs, expected] of table) {
    const decision = nextRestart(policy, { failures }, { readyMs }, 0)
    assert.deepEqual(decision, { delayMs, record: { failures: expected } }, `after ${failures}, ${readyMs}`)
  }
})

test('nextRestart() leaves part of the wait to chance, and never adds to it', () => {
  const [longest, middle, shortest] = [0, 0.5, 0.999].map(
    chance => nextRestart(policy, { failures: 5 }, { readyMs: null }, chance).delayMs
  )
  assert.equal(longest, 1000)
  assert.equal(middle, 1000 * (1 - policy.jitter / 2))
  assert.ok(Number(shortest) >= 1000 * (1 - policy.jitter))
})
