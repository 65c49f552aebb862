/**
 * Tests that a worker in direct mode, whose clients have connections to itself, finishes what is under way on them
 * before it stops. Real threads and sockets.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'

import { Ledger } from '../../src/channel/ledger.ts'
import { RawClient } from '../edge/raw-client.ts'
import { ask, makeGate, until } from '../handoff/stage.ts'
import { direct, startWorker } from './worker-harness.ts'

/** Milliseconds an unused connection has at least, from when it was opened, until a worker that drains closes it. */
const freshMs = 800

test('A worker in direct mode takes nothing new while it drains, and finishes what it has', async t => {
  // A client that was held up for too long finds its connection closed: once more, then.
  while (!(await drainOnce(t)));
})

/** Resolves with whether the client was in time. */
async function drainOnce(t: TestContext): Promise<boolean> {
  const gate = makeGate()
  const ledger = Ledger.create()
  const worker = startWorker(t, 'handed/app.mjs', { boot: { ...direct, ledger: ledger.buffer } })
  const { port } = await worker.next('ready')
  assert(port !== null)
  const openedAt = performance.now()
  const [slow, idle, unused] = await Promise.all([
    RawClient.open(port),
    RawClient.open(port),
    RawClient.open(port)
  ])
  await ask(idle)
  const answer = ask(slow, '/slow')
  await until('it has all of them', () => ledger.connections === 3 && ledger.requests === 1)
  worker.tell({ type: 'drain', timeoutMs: 60_000 })
  await idle.closed
  if (performance.now() - openedAt > freshMs) {
    gate.open()
    await answer
    return false
  }
  const told = await ask(unused)
  const late = connect(port, '127.0.0.1')
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNREFUSED', 'the port is closed at once')
  assert.equal(told.closes, true, 'one that had not asked yet still may, once')
  assert.equal(told.port, port, 'the application notices nothing')
  gate.open()
  await answer
  await Promise.all([slow.closed, unused.closed])
  await until('all is counted out', () => ledger.connections === 0 && ledger.requests === 0)
  assert.deepEqual(worker.member.counts().answered, [0, 3, 0, 0, 0])
  assert.deepEqual(ledger.counts.connections, { open: 0, total: 3 })
  return true
}
