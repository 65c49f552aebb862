/** Tests of the shared deadline and of bounded waiting, with time held still. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemClock, within } from '../../src/shared/clock.ts'
import { Deadline } from '../../src/shared/deadline.ts'
import { HeldClock, settle } from './held-clock.ts'

const never = new Promise<void>(() => {})

test('within() gives the value in time and leaves no timer behind', async () => {
  const clock = new HeldClock()
  assert.deepEqual(await within(clock, 10, Promise.resolve('a')), { inTime: true, value: 'a' })
  assert.equal(clock.pending, 0)
})

test('within() does not wait longer than it may', async () => {
  const clock = new HeldClock()
  const outcome = within(clock, 10, never)
  await clock.advance(10)
  assert.deepEqual(await outcome, { inTime: false })
})

test('within() passes a rejection through', async () => {
  await assert.rejects(within(systemClock, 1000, Promise.reject(new Error('no'))), /no/)
})

test('Deadline bounds several waits by one point in time', async () => {
  const clock = new HeldClock()
  const deadline = new Deadline(clock, 100)
  const waits = Promise.all([deadline.bound(never), deadline.bound(never)])
  await clock.advance(60)
  assert.equal(deadline.remaining(), 40)
  await clock.advance(40)
  assert.deepEqual(await waits, [{ inTime: false }, { inTime: false }])
  assert.equal(deadline.remaining(), 0)
})

test('Deadline can be brought forward and not put off', async () => {
  const clock = new HeldClock()
  const deadline = new Deadline(clock, 100)
  deadline.shorten(500)
  assert.equal(deadline.remaining(), 100)
  deadline.shorten(20)
  assert.equal(deadline.remaining(), 20)
  let hasPassed = false
  void deadline.passed.then(() => (hasPassed = true))
  await clock.advance(19)
  assert.equal(hasPassed, false)
  await clock.advance(1)
  assert.equal(hasPassed, true)
})

test('Deadline leaves no timer behind when it is cancelled', async () => {
  const clock = new HeldClock()
  new Deadline(clock, 100).cancel()
  await settle()
  assert.equal(clock.pending, 0)
})
