/** Tests that a worker that drains answers what has arrived on its idle connections. Real threads and sockets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Ledger } from '../../src/channel/ledger.ts'
import { RawClient } from '../edge/raw-client.ts'
import { ask, makeGate, until } from '../handoff/stage.ts'
import { direct, startWorker } from './worker-harness.ts'

test('A worker that drains answers requests that have arrived on idle connections', async t => {
  const gate = makeGate()
  const ledger = Ledger.create()
  const worker = startWorker(t, 'handed/app.mjs', { boot: { ...direct, ledger: ledger.buffer } })
  const { port } = await worker.next('ready')
  assert(port !== null)
  const [blocker, ...clients] = await Promise.all(Array.from({ length: 5 }, () => RawClient.open(port)))
  assert(blocker !== undefined)
  await Promise.all(clients.map(client => ask(client)))
  await until('the first requests are over', () => ledger.requests === 0)
  const blocked = ask(blocker, '/block')
  await until('it stands still', () => ledger.requests === 1)
  // It hears of both at once, and of this first.
  worker.tell({ type: 'drain', timeoutMs: 60_000 })
  const told = Promise.all([blocked, ...clients.map(client => ask(client))])
  // What has been written by then has arrived: it is the same machine.
  await new Promise(resolve => setImmediate(resolve))
  gate.open()
  assert.equal((await told).length, 5)
  await Promise.all([blocker, ...clients].map(({ closed }) => closed))
  await until('all is counted out', () => ledger.connections === 0)
})

test('A worker that stops answers whoever has connected to it before', async t => {
  const gate = makeGate()
  const ledger = Ledger.create()
  const worker = startWorker(t, 'handed/app.mjs', { boot: { ...direct, ledger: ledger.buffer } })
  const { port } = await worker.next('ready')
  assert(port !== null)
  const blocker = await RawClient.open(port)
  const blocked = ask(blocker, '/block')
  await until('it stands still', () => ledger.requests === 1)
  const waiting = await Promise.all(Array.from({ length: 10 }, () => RawClient.open(port)))
  const told = Promise.all([blocked, ...waiting.map(client => ask(client))])
  // As the supervisor does with one that has nothing under way.
  worker.tell({ type: 'drain', timeoutMs: 60_000 })
  worker.tell({ type: 'stop', timeoutMs: 60_000 })
  await new Promise(resolve => setImmediate(resolve))
  gate.open()
  assert.equal((await told).length, 11)
  await worker.next('stopped')
  for (const client of [blocker, ...waiting]) client.destroy()
})
