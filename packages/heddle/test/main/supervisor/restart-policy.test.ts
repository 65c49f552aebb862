/** Table tests of the restart policy. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  cleanRecord,
  nextRestart,
  succeeded,
  tried,
  workedMs
} from '../../../src/main/supervisor/restart-policy.ts'

const policy = {
  backoffMin: 100,
  backoffMax: 1000,
  resetAfter: 10_000,
  jitter: 0.25,
  maxFailures: 0,
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
    [5000, 60_000, 0, 1],
    // No longer than it was ready, but for the shortest wait; than a quarter of that when it has worked.
    [4, 500, 500, 5],
    [50, 3, 100, 51],
    [50, 999, 999, 51],
    [50, 1000, 250, 51],
    [50, 2000, 500, 51],
    [50, 9000, 1000, 51]
  ]
  for (const [failures, readyMs, delayMs, expected] of table) {
    const decision = nextRestart(policy, { ...cleanRecord, failures }, { readyMs, at: 5 }, 0)
    assert.partialDeepStrictEqual(
      decision,
      { delayMs, record: { failures: expected, circuit: 'closed' } },
      `after ${failures}, ${readyMs}`
    )
  }
})

test('nextRestart() leaves part of the wait to chance, and never adds to it', () => {
  const [longest, middle, shortest] = [0, 0.5, 0.999].map(
    chance => nextRestart(policy, { ...cleanRecord, failures: 5 }, { readyMs: null, at: 5 }, chance).delayMs
  )
  assert.equal(longest, 1000)
  assert.equal(middle, 1000 * (1 - policy.jitter / 2))
  assert.ok(Number(shortest) >= 1000 * (1 - policy.jitter))
})

test('nextRestart() opens the circuit after too many failures within the window', () => {
  const strict = { ...policy, maxFailures: 3 }
  const table: readonly [recent: number[], at: number, circuit: string, delayMs: number, kept: number[]][] = [
    [[], 1000, 'closed', 1000, [1000]],
    [[900], 1000, 'closed', 1000, [900, 1000]],
    [[800, 900], 1000, 'open', 30_000, [800, 900, 1000]],
    [[700, 800, 900], 1000, 'open', 30_000, [800, 900, 1000]],
    [[1000, 1100], 61_000, 'closed', 1000, [1100, 61_000]],
    [[1001, 1100], 61_000, 'open', 30_000, [1001, 1100, 61_000]]
  ]
  for (const [recent, at, circuit, delayMs, kept] of table) {
    const record = { failures: 7, recent, circuit: 'closed' as const }
    const decision = nextRestart(strict, record, { readyMs: null, at }, 0)
    assert.partialDeepStrictEqual(
      decision,
      { delayMs, record: { failures: 8, recent: kept, circuit } },
      `${recent.join()} ${at}`
    )
  }
})

test('A circuit that is open lets one restart be tried at a time, and closes when one succeeds', () => {
  const open = { failures: 3, recent: [1, 2, 3], circuit: 'open' as const }
  const trying = tried(open)
  assert.equal(trying.circuit, 'half-open')
  // Its failures are long ago by now, and still the next one opens it again.
  const again = nextRestart({ ...policy, maxFailures: 3 }, trying, { readyMs: null, at: 900_000 }, 0)
  assert.deepEqual([again.record.circuit, again.delayMs], ['open', 30_000])
  assert.deepEqual(succeeded(trying), { ...open, circuit: 'closed' })
  assert.equal(tried(cleanRecord), cleanRecord)
  assert.equal(succeeded(cleanRecord), cleanRecord)
})

test('nextRestart() counts no worker that has worked towards the circuit', () => {
  const strict = { ...policy, maxFailures: 3 }
  const record = { failures: 7, recent: [800, 900], circuit: 'closed' as const }
  const lasting = nextRestart(strict, record, { readyMs: workedMs, at: 1000 }, 0)
  assert.deepEqual(lasting.record, { failures: 8, recent: [800, 900], circuit: 'closed' })
  const brief = nextRestart(strict, record, { readyMs: workedMs - 1, at: 1000 }, 0)
  assert.equal(brief.record.circuit, 'open')
})
