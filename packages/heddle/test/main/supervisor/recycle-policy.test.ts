/** Table tests of what a worker may use before a fresh one takes its place. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { heaviest, limitsFor, recycleCause, rssCause } from '../../../src/main/supervisor/recycle-policy.ts'

const none = { maxRequests: 0, maxAge: 0, maxHeap: 0, maxRss: 0, maxMemory: 0, jitter: 0 }
const use = { requests: 1000, ageMs: 60_000, heapMb: 100 }

test('recycleCause() names the first limit that is reached, and 0 is none', () => {
  const table: readonly [limits: Partial<typeof none>, cause: string | null][] = [
    [{}, null],
    [{ maxRequests: 1001 }, null],
    [{ maxRequests: 1000 }, 'requests: 1000 requests (limit 1000)'],
    [{ maxAge: 60_001 }, null],
    [{ maxAge: 60_000 }, 'age: 60 s old (limit 60 s)'],
    [{ maxHeap: 100 }, null],
    [{ maxHeap: 99 }, 'heap: 100 MiB of heap in use (limit 99 MiB)'],
    [{ maxHeap: 99, maxAge: 1 }, 'age: 60 s old (limit 0 s)'],
    [{ maxRss: 1 }, null]
  ]
  for (const [limits, expected] of table) {
    const cause = recycleCause({ ...none, ...limits }, use)
    assert.equal(cause === null ? null : `${cause.reason}: ${cause.detail}`, expected, JSON.stringify(limits))
  }
})

test('limitsFor() lowers the limits of one worker by up to the jitter, and never raises one', () => {
  const recycle = { maxRequests: 1000, maxAge: 1000, maxHeap: 100, maxRss: 500, maxMemory: 0.9, jitter: 0.2 }
  assert.deepEqual(limitsFor(recycle, 0), recycle)
  assert.deepEqual(limitsFor(recycle, 0.5), { ...recycle, maxRequests: 900, maxAge: 900, maxHeap: 90 })
  assert.deepEqual(limitsFor(none, 0.9), none)
})

test('heaviest() chooses who holds the most among those whose limit is exceeded and who are not fresh', () => {
  const old = { maxRss: 500, heldMb: 50, ageMs: 60_000 }
  const big = { ...old, heldMb: 80 }
  const fresh = { ...old, heldMb: 200, ageMs: 59_999 }
  const unlimited = { ...old, heldMb: 300, maxRss: 0 }
  const generous = { ...old, heldMb: 400, maxRss: 1000 }
  const all = [old, big, fresh, unlimited, generous]
  assert.equal(heaviest(all, 501), big)
  assert.equal(heaviest(all, 500), null)
  assert.equal(heaviest(all, 1001), generous)
  assert.equal(heaviest([fresh, unlimited], 501), null)
  assert.deepEqual(rssCause(big, 501), {
    reason: 'rss',
    detail: 'the process has 501 MiB (limit 500 MiB), of which this worker holds 80 MiB'
  })
})
