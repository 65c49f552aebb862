/** Tests of the way from the buckets of the mesh to those that are shown. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { durationBoundsMs } from '@heddle/mesh'

import { chooseBounds, toHistogram, toWholeHistogram } from '../../../src/main/metrics/buckets.ts'
import { exampleMetrics } from '../example-config.ts'

function shown(wished: readonly number[]): readonly number[] {
  return chooseBounds(wished).map(index => durationBoundsMs[index] ?? NaN)
}

test('chooseBounds() takes the nearest bound for each that is wished for, once and in order', () => {
  const table: readonly (readonly [wished: readonly number[], milliseconds: readonly number[]])[] = [
    [
      [0.001, 0.01],
      [1.024, 8.192]
    ],
    [[0.3], [0.262144 * 1000]],
    [
      [1, 0.001],
      [1.024, 1048.576]
    ],
    [[0.001, 0.0011], [1.024]],
    [[0.0001], [0.256]],
    [[100], [8388.608]],
    [[], []]
  ]
  for (const [wished, milliseconds] of table) assert.deepEqual(shown(wished), milliseconds)
})

test('the default bounds are those of the mesh nearest to what Prometheus uses', () => {
  assert.deepEqual(
    shown(exampleMetrics.buckets),
    [
      1.024, 2.048, 4.096, 8.192, 24.576, 49.152, 98.304, 262.144, 524.288, 1048.576, 2097.152, 4194.304,
      8388.608
    ]
  )
})

test('toHistogram() counts exactly what is not above each bound, and everything at last', () => {
  const counts = durationBoundsMs.map((_, index) => index + 1)
  const { bounds, cumulative, sum } = toHistogram(counts, 12_345, chooseBounds([0.001, 1]))
  assert.deepEqual(bounds, [0.001024, 1.048576])
  const upTo = (ms: number): number =>
    counts.reduce((all, count, index) => ((durationBoundsMs[index] ?? 0) <= ms ? all + count : all), 0)
  assert.deepEqual(cumulative, [upTo(1.024), upTo(1048.576), counts.reduce((all, count) => all + count, 0)])
  assert.equal(sum, 12.345)
})

test('toHistogram() without bounds and without counts is a histogram, too', () => {
  assert.deepEqual(toHistogram([], 0, []), { bounds: [], cumulative: [0], sum: 0 })
})

test('toWholeHistogram() shows every bound there is', () => {
  assert.deepEqual(toWholeHistogram([1, 2, 3], 500, [1, 2.5]), {
    bounds: [0.001, 0.0025],
    cumulative: [1, 3, 6],
    sum: 0.5
  })
})
