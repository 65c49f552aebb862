/** The histogram of times. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { BUCKETS, bucketOf, durationBoundsMs, percentileMs } from '../src/durations.ts'

test('bucketOf() puts each time below the bound of its bucket and not below that of the one before', () => {
  assert.equal(durationBoundsMs.length, BUCKETS)
  for (let microseconds = 0; microseconds < 12_000_000; microseconds += 1 + (microseconds >> 6)) {
    const ms = microseconds / 1000
    const bucket = bucketOf(ms)
    assert.ok(ms < (durationBoundsMs[bucket] ?? 0), `${ms} ms is not below the bound of ${bucket}`)
    assert.ok(ms >= (durationBoundsMs[bucket - 1] ?? 0), `${ms} ms is below the bucket ${bucket}`)
  }
  assert.deepEqual([bucketOf(0), bucketOf(1e12), bucketOf(-1)], [0, BUCKETS - 1, BUCKETS - 1])
})

test('percentileMs() reads a percentile off the counts', () => {
  const none = Array.from({ length: BUCKETS }, () => 0)
  assert.equal(percentileMs(none, 0.99), null)
  const counts = none.with(bucketOf(1), 98).with(bucketOf(100), 2)
  const [median, high] = [percentileMs(counts, 0.5), percentileMs(counts, 0.99)]
  assert.ok(median !== null && median > 0.768 && median < 1.024, String(median))
  assert.ok(high !== null && high > 98 && high < 132, String(high))
  assert.equal(percentileMs(none.with(BUCKETS - 1, 1), 0.5), durationBoundsMs.at(-2))
})
