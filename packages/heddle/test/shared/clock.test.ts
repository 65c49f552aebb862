/** What is done again and again: when, and until when. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { repeat, systemClock } from '../../src/shared/clock.ts'
import { HeldClock } from './held-clock.ts'

test('repeat() calls at each time until it is cancelled, also by what it calls', async () => {
  const clock = new HeldClock()
  const times: number[] = []
  const startedAt = clock.now()
  const cancel = repeat(clock, 100, () => {
    times.push(clock.now() - startedAt)
    if (times.length === 3) cancel()
  })
  assert.deepEqual(times, [])
  await clock.advance(1000)
  assert.deepEqual(times, [100, 200, 300])
})

test('systemClock waits longer than a timer can', async () => {
  const called: string[] = []
  const cancels = [2 ** 31, 2 ** 40, Infinity].map(ms => systemClock.after(ms, () => called.push(String(ms))))
  // What does not wait is called first: it was planned earlier.
  await new Promise<void>(resolve => systemClock.after(50, resolve))
  for (const cancel of cancels) cancel()
  assert.deepEqual(called, [])
})
