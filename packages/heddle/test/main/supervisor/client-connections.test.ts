/** Tests when the connections clients have to a worker count as drained, in held time. Main thread. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Ledger } from '../../../src/channel/ledger.ts'
import { ClientConnections } from '../../../src/main/supervisor/client-connections.ts'
import { HeldClock } from '../../shared/held-clock.ts'

function setUp(): { clock: HeldClock; clients: ClientConnections; worker: Ledger } {
  const clock = new HeldClock()
  const clients = new ClientConnections(clock)
  return { clock, clients, worker: new Ledger(clients.buffer) }
}

test('ClientConnections are drained at once when there are none', async () => {
  const { clients } = setUp()
  assert.equal(await clients.drained(0), true)
})

test('ClientConnections are drained when the last one is closed, and nothing is under way', async () => {
  const { clock, clients, worker } = setUp()
  worker.addConnections(2)
  worker.addRequests(1)
  assert.equal(clients.requests, 1)
  let drained: boolean | null = null
  const done = clients.drained(10_000).then(value => (drained = value))
  await clock.advance(1000)
  worker.addConnections(-2)
  await clock.advance(100)
  assert.equal(drained, null, 'a request outlives its connection')
  worker.addRequests(-1)
  await clock.advance(100)
  await done
  assert.equal(drained, true)
})

test('ClientConnections are not waited for longer than allowed', async () => {
  const { clock, clients, worker } = setUp()
  worker.addConnections(1)
  const drained = clients.drained(5000)
  await clock.advance(5100)
  assert.equal(await drained, false)
})
