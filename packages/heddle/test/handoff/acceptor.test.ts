/**
 * Tests to whom connections are handed, and that none is lost or kept on the way, whatever becomes of the workers.
 * Real threads and sockets.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'

import { RawClient } from '../edge/raw-client.ts'
import { ask, handoffTest, makeGate, openSockets, openStage, until } from './stage.ts'

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0)
}

function openAll(port: number, count: number): Promise<RawClient[]> {
  return Promise.all(Array.from({ length: count }, () => RawClient.open(port)))
}

handoffTest('Acceptor hands connections out evenly, counting those that stay', async t => {
  const stage = await openStage(t)
  const workers = [await stage.start(), await stage.start(), await stage.start()]
  const counts = (): number[] => workers.map(({ ledger }) => ledger.connections)
  // A worker that stands still gets none: once more, then.
  for (let isEven = false; !isEven;) {
    const clients = await openAll(stage.port, 30)
    await Promise.all(clients.map(client => ask(client)))
    const first = counts()
    for (const client of clients.slice(0, 15)) client.destroy()
    await until('the workers know', () => sum(counts()) === 15)
    const more = await openAll(stage.port, 15)
    await Promise.all(more.map(client => ask(client)))
    isEven = [...first, ...counts()].every(count => count === 10)
    for (const client of [...clients, ...more]) client.destroy()
    await until('all are counted out', () => sum(counts()) === 0)
  }
})

handoffTest('Acceptor takes back what a blocked worker has not adopted', async t => {
  const stage = await openStage(t)
  const gate = makeGate()
  const blocked = await stage.start()
  const waker = await RawClient.open(stage.port)
  await ask(waker)
  await until('the first request is over', () => blocked.ledger.requests === 0)
  waker.send('GET /block HTTP/1.1\r\nHost: handed\r\n\r\n')
  await until('the request is there', () => blocked.ledger.requests === 1)
  const offered = await RawClient.open(stage.port)
  const answer = ask(offered)
  // It waits, if the worker has stood still for long by now.
  await until('it is offered', () => blocked.ledger.connections + stage.acceptor.waiting === 2)
  const other = await stage.start()
  assert.equal((await answer).worker, other.name)
  assert.equal(blocked.ledger.connections, 1, 'it does not count as the blocked one’s any more')
  // From here on the blocked one gets nothing, although it has fewer.
  const next = await openAll(stage.port, 4)
  const told = await Promise.all(next.map(client => ask(client)))
  assert.deepEqual(new Set(told.map(({ worker }) => worker)), new Set([other.name]))
  gate.open()
  assert.equal((await waker.response()).status, 200)
  assert.equal((await ask(offered)).worker, other.name, 'the connection goes on there')
  for (const client of [waker, offered, ...next]) client.destroy()
})

handoffTest('Acceptor gives to another worker what one has not adopted that dies', async t => {
  const stage = await openStage(t)
  makeGate()
  const dying = await stage.start()
  const waker = await RawClient.open(stage.port)
  await ask(waker)
  await until('the first request is over', () => dying.ledger.requests === 0)
  waker.send('GET /block HTTP/1.1\r\nHost: handed\r\n\r\n')
  await until('the request is there', () => dying.ledger.requests === 1)
  const clients = await openAll(stage.port, 5)
  const answers = Promise.all(clients.map(client => ask(client)))
  await until('they are offered', () => dying.ledger.connections + stage.acceptor.waiting === 6)
  await dying.worker.terminate()
  const other = await stage.start()
  assert.deepEqual(new Set((await answers).map(({ worker }) => worker)), new Set([other.name]))
  await waker.closed
  for (const client of clients) client.destroy()
})

handoffTest('Acceptor lets connections wait for a worker', async t => {
  const stage = await openStage(t)
  const clients = await openAll(stage.port, 3)
  const answers = Promise.all(clients.map(client => ask(client)))
  await until('they wait', () => stage.acceptor.waiting === 3)
  const worker = await stage.start()
  assert.deepEqual(new Set((await answers).map(told => told.worker)), new Set([worker.name]))
  for (const client of clients) client.destroy()
})

handoffTest('Acceptor refuses what waits too long, or finds the queue full, with 503', async t => {
  const stage = await openStage(t, { queue: { max: 1, timeout: 300 } })
  const [waits, refused] = await openAll(stage.port, 2)
  assert(waits !== undefined && refused !== undefined)
  // At once: whoever has not asked is only hung up on.
  for (const client of [waits, refused]) {
    client.send('POST / HTTP/1.1\r\nHost: handed\r\nContent-Length: 4\r\n\r\nbody')
  }
  for (const client of [refused, waits]) {
    // oxlint-disable-next-line no-await-in-loop -- One waits longer than the other.
    const { status, headers, body } = await client.response()
    assert.equal(status, 503)
    assert.deepEqual([headers['retry-after'], headers['connection']], ['1', 'close'])
    assert.equal(body, 'No worker of the application is ready.\n')
    // oxlint-disable-next-line no-await-in-loop -- As above.
    await client.closed
  }
})

handoffTest('Acceptor says nothing to a client it refuses that has not asked, or speaks TLS', async t => {
  const stage = await openStage(t, { queue: { max: 0, timeout: 0 } })
  const silent = await RawClient.open(stage.port)
  const secure = await RawClient.open(stage.port)
  secure.send(new Uint8Array([0x16, 3, 1, 0, 1, 1]))
  assert.equal(await secure.rest(), '')
  assert.equal(await silent.rest(), '')
})

handoffTest('Acceptor accepts no more than the most connections', async t => {
  const stage = await openStage(t, { maxConnections: 2 })
  const worker = await stage.start()
  const clients = await openAll(stage.port, 2)
  await Promise.all(clients.map(client => ask(client)))
  const excess = connect(stage.port, '127.0.0.1')
  excess.on('error', () => undefined)
  await once(excess, 'close')
  clients[0]?.destroy()
  await until('there is room', () => worker.ledger.connections === 1)
  const next = await RawClient.open(stage.port)
  assert.equal((await ask(next)).worker, worker.name)
  stage.acceptor.limit(3)
  const third = await RawClient.open(stage.port)
  assert.equal((await ask(third)).worker, worker.name)
  for (const client of [...clients, next, third]) client.destroy()
})

handoffTest('Acceptor moves to another port and lets connections be', async t => {
  const stage = await openStage(t)
  const worker = await stage.start()
  const before = await RawClient.open(stage.port)
  await ask(before)
  const port = await stage.acceptor.stage('127.0.0.1', 0)
  const staged = await RawClient.open(port)
  await ask(staged)
  await stage.acceptor.settle('staged')
  const late = connect(stage.port, '127.0.0.1')
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNREFUSED')
  assert.equal((await ask(before)).worker, worker.name)
  await stage.acceptor.stage('127.0.0.1', 0)
  await stage.acceptor.settle('former')
  const again = await RawClient.open(port)
  assert.equal((await ask(again)).worker, worker.name)
  for (const client of [before, staged, again]) client.destroy()
})

handoffTest(
  'Acceptor leaks no descriptor and closes none twice, over many connections and kills',
  async t => {
    const stage = await openStage(t)
    let workers = [await stage.start(), await stage.start()]
    const atRest = openSockets()
    const [rounds, visitors, visits] = [4, 20, 15]
    let answered = 0
    let lost = 0
    const visit = async (): Promise<void> => {
      const client = await RawClient.open(stage.port)
      try {
        await ask(client)
        answered++
      } catch {
        // It was with a worker that was killed.
        lost++
      }
      client.destroy()
    }
    for (let round = 0; round < rounds; round++) {
      // oxlint-disable-next-line no-await-in-loop -- Rounds follow one another.
      const [fresh] = await Promise.all([
        stage.start(),
        ...Array.from({ length: visitors }, async () => {
          for (let each = 0; each < visits; each++) await visit()
        }),
        workers[0]?.worker.terminate()
      ])
      workers = [...workers.slice(1), fresh]
    }
    assert.equal(answered + lost, rounds * visitors * visits)
    assert.ok(lost <= rounds * visitors, `${lost} were lost, and only what a killed worker had may be`)
    await until('every connection is closed', () => workers.every(({ ledger }) => ledger.connections === 0))
    await until('nothing is left open', () => openSockets() <= atRest)
  }
)
