/** Tests what becomes of connections that workers give back while nobody takes them. Real threads and sockets. */
import assert from 'node:assert/strict'

import { RawClient } from '../edge/raw-client.ts'
import { ask, handoffTest, openStage, until } from './stage.ts'

handoffTest(
  'Acceptor keeps what is given back, however many wait, and serves those who come first',
  async t => {
    const stage = await openStage(t, { queue: { max: 2, timeout: 30_000 } })
    const old = await stage.start()
    const idle = await Promise.all(Array.from({ length: 6 }, () => RawClient.open(stage.port)))
    await Promise.all(idle.map(client => ask(client)))
    await until('all are idle', () => old.ledger.requests === 0)
    await old.member.withdraw()
    old.tell({ type: 'drain', timeoutMs: 10_000 })
    await until('all are given back', () => stage.acceptor.waiting === 6 && old.ledger.connections === 0)
    const come = [await RawClient.open(stage.port), await RawClient.open(stage.port)]
    await until('two more wait', () => stage.acceptor.waiting === 8)
    const fresh = await stage.start()
    const told = await Promise.all([...come, ...idle].map(client => ask(client)))
    assert.deepEqual(new Set(told.map(({ worker }) => worker)), new Set([fresh.name]))
    for (const client of [...come, ...idle]) client.destroy()
  }
)

handoffTest('A connection that is idle stays so with its next worker, for as long as any other', async t => {
  const stage = await openStage(t)
  const old = await stage.start('handed/impatient.mjs')
  const idle = await RawClient.open(stage.port)
  await ask(idle)
  await until('it is idle', () => old.ledger.requests === 0)
  const fresh = await stage.start('handed/impatient.mjs')
  await old.member.withdraw()
  old.tell({ type: 'drain', timeoutMs: 10_000 })
  await until('it is with the other one', () => fresh.ledger.connections === 1)
  await until('it is adopted', () => fresh.ledger.counts.connections.total === 1)
  // One that came after it has had its time when that of the other would be over.
  const silent = await RawClient.open(stage.port)
  assert.equal((await silent.response()).status, 408)
  assert.equal((await ask(idle)).worker, fresh.name)
  idle.destroy()
})
