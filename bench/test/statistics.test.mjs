/**
 * The arithmetic behind every published figure.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { median, rotated, slope, summarize, summarizeRatio } from '../statistics.mjs'

test('median() takes the middle, or the mean of two', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([4, 1, 2, 3]), 2.5)
  assert.ok(Number.isNaN(median([])))
})

test('summarize() gives extremes and spread', () => {
  assert.deepEqual(summarize([10, 8, 12]), { median: 10, min: 8, max: 12, spread: 0.4, count: 3 })
  assert.equal(summarize([]), null)
})

test('summarizeRatio() divides round by round and leaves incomplete rounds out', () => {
  assert.deepEqual(summarizeRatio([10, null, 30], [5, 1, 10]), {
    median: 2.5,
    min: 2,
    max: 3,
    spread: 0.4,
    count: 2
  })
  assert.equal(summarizeRatio([10], []), null)
  assert.equal(summarizeRatio([10], [null]), null)
})

test('slope() finds the memory of one further worker', () => {
  const points = [
    [1, 70],
    [2, 84],
    [4, 112]
  ]
  assert.equal(slope(points), 14)
  assert.ok(Number.isNaN(slope([[1, 70]])))
})

test('rotated() lets everybody begin once', () => {
  assert.deepEqual(rotated(['a', 'b', 'c'], 0), ['a', 'b', 'c'])
  assert.deepEqual(rotated(['a', 'b', 'c'], 4), ['b', 'c', 'a'])
  assert.deepEqual(rotated([], 2), [])
})
