/** The records all threads share. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bucketOf } from '../src/durations.ts'
import { DRAINING, EJECTED, GONE, READY, STARTING, Scoreboard, UNIT_MS } from '../src/scoreboard.ts'
import { stopClock } from './fixtures/clock.ts'

test('Scoreboard.create() makes room for its capacity, and a second view sees the same records', () => {
  const board = Scoreboard.create(3)
  assert.equal(board.capacity, 3)
  const view = new Scoreboard(board.buffer)
  const generation = board.open(2)
  board.setState(2, READY)
  assert.equal(view.state(2), READY)
  assert.equal(view.isReady(2, generation), true)
  assert.equal(view.state(1), STARTING)
})

for (const [name, state, ready] of [
  ['STARTING', STARTING, false],
  ['READY', READY, true],
  ['DRAINING', DRAINING, false],
  ['EJECTED', EJECTED, false],
  ['GONE', GONE, false]
] as const) {
  test(`Scoreboard.isReady() says ${ready} of a member that is ${name}`, () => {
    const board = Scoreboard.create(1)
    const generation = board.open(0)
    board.setState(0, state)
    assert.equal(board.isReady(0, generation), ready)
    assert.equal(board.isReady(0, generation - 1), false)
  })
}

test('Scoreboard.open() gives a new generation and a clean record', () => {
  const board = Scoreboard.create(1)
  const first = board.open(0)
  board.setState(0, READY)
  board.addInflight(0, first, 5)
  board.join(0, first)
  const second = board.open(0)
  assert.notEqual(second, first)
  assert.deepEqual([board.state(0), board.inflight(0), board.hasJoined(0, second)], [STARTING, 0, false])
})

test('Scoreboard.addInflight() counts for the generation that has the record alone', () => {
  const board = Scoreboard.create(2)
  const old = board.open(0)
  const generation = board.open(0)
  board.addInflight(0, generation, 2)
  board.addInflight(0, old, -2)
  board.addInflight(0, generation, -1)
  assert.deepEqual([board.inflight(0), board.inflight(1)], [1, 0])
})

test('Scoreboard.heartbeatAge() counts from the last beat', t => {
  const clock = stopClock(t)
  const board = Scoreboard.create(1)
  board.open(0)
  clock.pass(700)
  board.beat(0)
  assert.equal(board.heartbeatAge(0), 0)
  clock.pass(300)
  assert.equal(board.heartbeatAge(0), 300)
})

test('Scoreboard.drainLeft() counts down what a draining member may take', t => {
  const clock = stopClock(t)
  const board = Scoreboard.create(2)
  const generation = board.open(1)
  assert.deepEqual([board.isDraining(1, generation), board.drainLeft(1)], [false, null])
  board.limitDrain(1, 5000)
  board.setState(1, DRAINING)
  assert.deepEqual([board.isDraining(1, generation), board.isDraining(1, generation - 1)], [true, false])
  assert.equal(board.drainLeft(1), 5000)
  clock.pass(1000)
  assert.equal(board.drainLeft(1), 4000)
  assert.equal(board.drainLeft(0), null)
  board.limitDrain(1, 0)
  assert.equal(board.drainLeft(1), null)
  board.limitDrain(1, 5000)
  board.open(1)
  assert.equal(board.drainLeft(1), null, 'a new generation has its own time')
})

/** The bucket of each time that was counted. */
function timesOf(buckets: readonly number[]): number[] {
  return buckets.flatMap((count, bucket) => Array<number>(count).fill(bucket))
}

test('Scoreboard.counts() tells times, waits, retries and bytes apart, of one generation alone', () => {
  const board = Scoreboard.create(1)
  const old = board.open(0)
  const generation = board.open(0)
  for (const each of [generation, old]) {
    board.countWhole(0, each, 200, 3)
    board.countHead(0, each, 206, 20)
    board.countEnd(0, each, 500)
    board.countWait(0, each, 7)
    board.countRetry(0, each)
    board.countBytes(0, each, 10, 3000)
    board.countHead(0, each, 101, 1)
  }
  const counts = board.counts(0)
  assert.deepEqual(timesOf(counts.durations), [bucketOf(1), bucketOf(3), bucketOf(20)])
  assert.deepEqual(timesOf(counts.totals), [bucketOf(3), bucketOf(500)])
  assert.deepEqual(timesOf(counts.waits), [bucketOf(7)])
  assert.equal(
    counts.durationUnits,
    [3, 20, 1].reduce((sum, ms) => sum + Math.trunc(ms / UNIT_MS), 0)
  )
  assert.equal(
    counts.totalUnits,
    [3, 500].reduce((sum, ms) => sum + Math.trunc(ms / UNIT_MS), 0)
  )
  assert.equal(counts.waitUnits, Math.trunc(7 / UNIT_MS))
  const { retries, upgrades, bytesIn, bytesOut, answered } = counts
  assert.deepEqual(
    { retries, upgrades, bytesIn, bytesOut },
    { retries: 1, upgrades: 1, bytesIn: 10, bytesOut: 3000 }
  )
  assert.deepEqual(answered, [1, 2, 0, 0, 0])
})

test('Scoreboard counts a time below zero as none, and one beyond all bounds as the longest', () => {
  const board = Scoreboard.create(1)
  const generation = board.open(0)
  board.countWhole(0, generation, 200, -0.01)
  board.countWhole(0, generation, 200, 1e12)
  const { durations, durationUnits } = board.counts(0)
  assert.deepEqual([durations[0], durations.at(-1), durationUnits], [1, 1, 2 ** 31 - 1])
})
