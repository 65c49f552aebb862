/** How often refused requests are told of. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Refusals } from '../../../src/main/admin/refusals.ts'
import { HeldClock } from '../../shared/held-clock.ts'

test('Refusals tell of each reason every ten seconds at most, and how many there were', async () => {
  const clock = new HeldClock()
  const told: unknown[] = []
  const refusals = new Refusals(clock, (name, fact) => told.push([name, fact]))
  for (let times = 0; times < 5; times++) refusals.note('token', '10.0.0.1')
  refusals.note('host', null)
  await clock.advance(9999)
  refusals.note('token', '10.0.0.2')
  await clock.advance(1)
  refusals.note('token', '10.0.0.3')
  assert.deepEqual(told, [
    ['admin:refused', { reason: 'token', address: '10.0.0.1', requests: 1 }],
    ['admin:refused', { reason: 'host', address: null, requests: 1 }],
    ['admin:refused', { reason: 'token', address: '10.0.0.3', requests: 6 }]
  ])
})
