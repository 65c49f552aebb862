/** Tests of counts that are found in a histogram of node's by its percentiles alone. */
import assert from 'node:assert/strict'
import { createHistogram } from 'node:perf_hooks'
import { test } from 'node:test'

import {
  loopDelayBoundsMs,
  LoopDelayTotals,
  noLoopDelays,
  readLoopDelays
} from '../../src/shared/loop-delay.ts'

const resolutionMs = 50

/** Samples as node takes them: each contains the pause between two of them. */
function samplesOf(delaysMs: readonly number[]): ReturnType<typeof createHistogram> {
  const histogram = createHistogram({ lowest: 1, highest: 3.6e12, figures: 3 })
  for (const delay of delaysMs) histogram.record(Math.round((delay + resolutionMs) * 1e6))
  return histogram
}

function countOf(delaysMs: readonly number[]): readonly number[] {
  const places = delaysMs.map(delay => loopDelayBoundsMs.findIndex(bound => delay <= bound))
  return noLoopDelays.counts.map(
    (_, index) => places.filter(at => at === (index < loopDelayBoundsMs.length ? index : -1)).length
  )
}

test('readLoopDelays() counts every sample in its bucket, whatever their number', () => {
  const table: readonly (readonly number[])[] = [
    [0],
    [0.4, 0.4, 0.4],
    [2],
    [7000],
    [0.1, 7, 70],
    [0, 0, 0, 3, 3, 30, 300, 3000, 30_000],
    Array.from({ length: 97 }, (_, index) => index * 0.3),
    Array.from({ length: 1200 }, (_, index) => (index % 40) * 7.7)
  ]
  for (const delays of table) {
    assert.deepEqual(readLoopDelays(samplesOf(delays), resolutionMs).counts, countOf(delays))
  }
})

test('readLoopDelays() sums what samples are late, and finds nothing in an empty histogram', () => {
  const { sumMs } = readLoopDelays(samplesOf([1, 2, 3, 100]), resolutionMs)
  assert.ok(Math.abs(sumMs - 106) < 1, String(sumMs))
  assert.deepEqual(readLoopDelays(samplesOf([]), resolutionMs), noLoopDelays)
})

test('LoopDelayTotals goes on when the histogram is begun again, and never back', () => {
  const histogram = samplesOf([0, 3, 30])
  const totals = new LoopDelayTotals(histogram, resolutionMs)
  const { sumMs } = totals.read()
  // A timer that comes early makes up for one that came late.
  histogram.record((resolutionMs - 20) * 1e6)
  assert.deepEqual(totals.read(), { counts: countOf([0, 3, 30, 0]), sumMs })
  totals.keep()
  histogram.reset()
  assert.deepEqual(totals.read(), { counts: countOf([0, 3, 30, 0]), sumMs })
  histogram.record((resolutionMs + 300) * 1e6)
  const { counts, sumMs: later } = totals.read()
  assert.deepEqual(counts, countOf([0, 3, 30, 0, 300]))
  assert.ok(Math.abs(later - sumMs - 300) < 1, String(later))
})
