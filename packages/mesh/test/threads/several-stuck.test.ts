/** Who gets a request back from a stuck worker while others are stuck as well. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { request } from 'undici'

import { Fleet } from '../fixtures/fleet.ts'

test('a request that began when all workers turned finds the one that still does', async t => {
  const fleet = new Fleet(t)
  const dispatcher = fleet.dispatcher()
  // One after the other: the table has them in this order, and the second is asked before the third.
  const first = await fleet.start('api', './plain.ts')
  const second = await fleet.start('api', './plain.ts')
  const free = await fleet.start('api', './plain.ts')
  for (const worker of [second, free]) worker.member.eject(true)
  const releases = [await first.stick(), await second.stick()]
  const answer = request('http://api.heddle.local/', { method: 'POST', dispatcher })
  // It leaves in this turn, for the only one that is not ejected.
  await new Promise(resolve => setImmediate(resolve))
  for (const worker of [second, free]) worker.member.eject(false)
  const { statusCode, body } = await answer
  assert.equal(statusCode, 200)
  assert.equal(await body.text(), 'ok')
  assert.equal(await free.call('executions'), 1)
  for (const release of releases) await release()
})
