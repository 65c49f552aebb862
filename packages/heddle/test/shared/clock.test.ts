/** What is done again and again: when, and until when. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { repeat } from '../../src/shared/clock.ts'
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
