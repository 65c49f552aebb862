/**
 * When connections are sent away, as tables. Pure.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { dueBy, spreadOf } from '../../src/shared/farewell.ts'

// how many, over how long, after how long, how many are due
const cases: readonly (readonly [number, number, number, number])[] = [
  [1, 28_000, 0, 1],
  [4, 28_000, 0, 1],
  [4, 28_000, 249, 1],
  [4, 28_000, 250, 2],
  [4, 28_000, 750, 4],
  [4, 28_000, 20_000, 4],
  [1000, 28_000, 0, 1],
  [1000, 28_000, 14_000, 501],
  [1000, 28_000, 27_999, 1000],
  [1000, 28_000, 28_000, 1000],
  [10_000, 1000, 100, 1001],
  [5, 0, 0, 5],
  [0, 1000, 500, 0]
]

describe('dueBy() spreads farewells evenly, and few over less than the time there is', () => {
  for (const [count, spreadMs, elapsedMs, due] of cases) {
    test(`${count} over ${spreadMs} ms: ${due} after ${elapsedMs} ms`, () => {
      assert.equal(dueBy(elapsedMs, { count, spreadMs }), due)
    })
  }
})

describe('spreadOf() keeps a quarter of the time, two seconds at most, for the last to answer', () => {
  for (const [left, spread] of [
    [30_000, 28_000],
    [8000, 6000],
    [1000, 750],
    [0, 0]
  ] as const) {
    test(`${left} ms: ${spread} ms`, () => assert.equal(spreadOf(left), spread))
  }
})
