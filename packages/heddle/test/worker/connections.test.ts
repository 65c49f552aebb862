/**
 * Tests that a worker in direct mode, whose clients have connections to itself, finishes what is under way on them
 * before it stops. Real threads and sockets.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'

import { Ledger } from '../../src/channel/ledger.ts'
import { RawClient } from '../edge/raw-client.ts'
import { ask, until } from '../handoff/stage.ts'
import { direct, startWorker } from './worker-harness.ts'

test('A worker in direct mode takes nothing new while it drains, and finishes what it has', async t => {
  const ledger = Ledger.create()
  const worker = startWorker(t, 'handed/app.mjs', { boot: { ...direct, ledger: ledger.buffer } })
  const { port } = await worker.next('ready')
  assert(port !== null)
  const [slow, idle, unused] = await Promise.all([
    RawClient.open(port),
    RawClient.open(port),
    RawClient.open(port)
  ])
  await ask(idle)
  const answer = ask(slow, '/slow?ms=300')
  await until('it has all of them', () => ledger.connections === 3 && ledger.requests === 1)
  worker.tell({ type: 'drain', timeoutMs: 10_000 })
  await idle.closed
  const told = await ask(unused)
  const late = connect(port, '127.0.0.1')
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNREFUSED', 'the port is closed at once')
  assert.equal(told.closes, true, 'one that had not asked yet still may, once')
  assert.equal(told.port, port, 'the application notices nothing')
  await answer
  await Promise.all([slow.closed, unused.closed])
  await until('all is counted out', () => ledger.connections === 0 && ledger.requests === 0)
  assert.deepEqual(worker.member.counts().answered, [0, 3, 0, 0, 0])
  assert.deepEqual(ledger.counts.connections, { open: 0, total: 3 })
})

test('A worker that drains answers requests that have arrived on idle connections', async t => {
  const ledger = Ledger.create()
  const worker = startWorker(t, 'handed/app.mjs', { boot: { ...direct, ledger: ledger.buffer } })
  const { port } = await worker.next('ready')
  assert(port !== null)
  const [blocker, ...clients] = await Promise.all(Array.from({ length: 5 }, () => RawClient.open(port)))
  assert(blocker !== undefined)
  await Promise.all(clients.map(client => ask(client)))
  await until('the first requests are over', () => ledger.requests === 0)
  const blocked = ask(blocker, '/block?ms=200')
  await until('it stands still', () => ledger.requests === 1)
  // It hears of both at once, and of this first.
  worker.tell({ type: 'drain', timeoutMs: 10_000 })
  const told = await Promise.all([blocked, ...clients.map(client => ask(client))])
  assert.equal(told.length, 5)
  await Promise.all([blocker, ...clients].map(({ closed }) => closed))
  await until('all is counted out', () => ledger.connections === 0)
})
