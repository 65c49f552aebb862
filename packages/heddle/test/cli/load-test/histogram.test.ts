/** How exactly times are counted, and what is read off. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Histogram } from '../../../src/cli/load-test/histogram.ts'

function of(...times: readonly number[]): Histogram {
  const histogram = new Histogram()
  for (const time of times) histogram.record(time)
  return histogram
}

test('a single time is read off as every percentile, to within 0.4 %', () => {
  for (const ms of [0, 0.001, 0.2, 0.255, 0.256, 0.257, 1, 3.3, 17, 999, 60_000, 3_600_000]) {
    const histogram = of(ms)
    for (const part of [0, 0.5, 0.99, 1]) {
      const read = histogram.percentile(part) ?? Number.NaN
      assert.ok(Math.abs(read - ms) <= ms * 0.004 + 1e-9, `${ms} is read as ${read}`)
    }
  }
})

test('percentiles are those of the sorted times', () => {
  const times = Array.from({ length: 1000 }, (_, index) => (index + 1) / 10)
  const histogram = of(...times.toReversed())
  for (const [part, wanted] of [
    [0.5, 50],
    [0.75, 75],
    [0.99, 99],
    [0.999, 99.9],
    [1, 100]
  ] as const) {
    const read = histogram.percentile(part) ?? Number.NaN
    assert.ok(Math.abs(read - wanted) <= wanted * 0.004, `${part}: ${read}`)
  }
  assert.equal(histogram.count, 1000)
  assert.ok(Math.abs((histogram.mean ?? 0) - 50.05) < 1e-6)
  assert.ok(Math.abs((histogram.deviation ?? 0) - 28.867) < 0.01)
  assert.deepEqual([histogram.least, histogram.most], [0.1, 100])
})

test('nothing has no percentiles', () => {
  const { count, mean, deviation, least, most } = of()
  assert.deepEqual(
    { count, mean, deviation, least, most },
    { count: 0, mean: null, deviation: null, least: null, most: null }
  )
  assert.equal(of().percentile(0.5), null)
})

test('two histograms are one after they were put together', () => {
  const both = of(1, 2, 3)
  both.add(of(4, 500).data)
  assert.deepEqual(both.data, of(1, 2, 3, 4, 500).data)
  both.add(of().data)
  assert.deepEqual(both.data, of(1, 2, 3, 4, 500).data)
})

test('a time below zero counts as none, one beyond all bounds as the longest', () => {
  assert.equal(of(-1).percentile(0.5), 0)
  assert.equal(of(1e12).percentile(0.5), of(1e12).least)
})
