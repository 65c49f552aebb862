/**
 * Tests what an application sees of connections that are handed to it, and what becomes of them when its worker
 * drains. Real threads and sockets.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectTls } from 'node:tls'

import { certificate, key } from '../../../mesh/test/address/certificate.ts'
import { RawClient } from '../edge/raw-client.ts'
import { ask, handoffTest, makeGate, openStage, until } from '../handoff/stage.ts'
import type { Handed } from '../handoff/stage.ts'

/** As the supervisor lets a worker drain. */
async function drain(worker: Handed): Promise<void> {
  await worker.member.withdraw(60_000)
  worker.tell({ type: 'drain', timeoutMs: 60_000 })
}

handoffTest('An application sees who its clients are, and its own server as it left it', async t => {
  const stage = await openStage(t)
  await stage.start()
  const client = await RawClient.open(stage.port)
  const told = await ask(client)
  assert.equal(told.remoteAddress, '127.0.0.1')
  assert.equal(told.remotePort, client.socket.localPort)
  assert.equal(told.localPort, stage.port)
  assert.equal(told.port, 3000, 'server.address() is what it asked for')
  client.destroy()
})

handoffTest('An application that exports a listener is handed connections too', async t => {
  const stage = await openStage(t)
  await stage.start('listener-esm/app.mjs')
  const client = await RawClient.open(stage.port)
  client.send('POST /echo HTTP/1.1\r\nHost: handed\r\nContent-Length: 5\r\n\r\nhello')
  assert.equal((await client.response()).body, 'hello')
  client.destroy()
})

handoffTest('An application that speaks TLS itself is handed connections too, and drains', async t => {
  const stage = await openStage(t)
  const env = { CERTIFICATE: certificate, KEY: key }
  const worker = await stage.start('handed/secure.mjs', env)
  const socket = connectTls({ port: stage.port, host: '127.0.0.1', ca: certificate })
  await once(socket, 'secureConnect')
  const client = new RawClient(socket)
  client.send('GET / HTTP/1.1\r\nHost: handed\r\n\r\n')
  assert.equal((await client.response()).body, JSON.stringify({ worker: worker.name }))
  assert.equal(worker.ledger.connections, 1)
  await drain(worker)
  await client.closed
  await until('it is counted out', () => worker.ledger.connections === 0)
})

handoffTest('An application that speaks HTTP/2 is handed connections too, and drains', async t => {
  const stage = await openStage(t)
  const worker = await stage.start('http2/server.mjs')
  const session = connectHttp2(`http://127.0.0.1:${stage.port}`)
  const stream = session.request({ ':path': '/' })
  stream.setEncoding('utf8')
  let body = ''
  stream.on('data', (chunk: string) => (body += chunk))
  await once(stream, 'end')
  assert.equal(body, 'http2')
  const left = once(session, 'close')
  await drain(worker)
  await left
  await until('it is counted out', () => worker.ledger.connections === 0 && worker.ledger.requests === 0)
})

handoffTest('Answers over sockets are counted as those through the mesh are', async t => {
  const stage = await openStage(t)
  const gate = makeGate()
  const worker = await stage.start()
  const client = await RawClient.open(stage.port)
  gate.open()
  for (const path of ['/', '/', '/missing', '/slow']) {
    client.send(`GET ${path} HTTP/1.1\r\nHost: handed\r\n\r\n`)
    // oxlint-disable-next-line no-await-in-loop -- One after another, on one connection.
    await client.response()
  }
  const { answered, failures, durations } = worker.member.counts()
  assert.deepEqual([answered, failures], [[0, 3, 0, 1, 0], 0])
  assert.equal(
    durations.reduce((sum, count) => sum + count, 0),
    4
  )
  client.destroy()
})

handoffTest('An upgraded connection stays while its worker drains, and counts as a request', async t => {
  const stage = await openStage(t)
  const worker = await stage.start()
  const client = await RawClient.open(stage.port)
  client.send('GET / HTTP/1.1\r\nHost: handed\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n')
  assert.equal((await client.response()).status, 101)
  await until('it counts', () => worker.ledger.requests === 1)
  await drain(worker)
  client.send('still there')
  assert.equal(await client.bytes(11), 'still there')
  const open = { open: 1, total: 1 }
  assert.deepEqual(worker.ledger.counts, { connections: open, upgrades: open })
  client.destroy()
  await until('it is counted out', () => worker.ledger.requests === 0 && worker.ledger.connections === 0)
  assert.deepEqual(worker.ledger.counts.upgrades, { open: 0, total: 1 })
})

handoffTest('A WebSocket is told to come back when its worker drains', async t => {
  const stage = await openStage(t)
  const old = await stage.start('handed/web-socket.mjs')
  const open = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${stage.port}`)
    await once(socket, 'open')
    socket.send('hello')
    const [{ data }] = (await once(socket, 'message')) as [MessageEvent<string>]
    assert.equal(data, 'hello')
    return socket
  }
  const sockets = await Promise.all([open(), open(), open()])
  await until('they count', () => old.ledger.requests === 3)
  const closed = Promise.all(sockets.map(socket => once(socket, 'close') as Promise<[CloseEvent]>))
  await drain(old)
  const codes = (await closed).map(([{ code, wasClean }]) => `${code} ${wasClean}`)
  assert.deepEqual(codes, ['1012 true', '1012 true', '1012 true'])
  await until('they are counted out', () => old.ledger.requests === 0 && old.ledger.connections === 0)
})

handoffTest('A worker that drains finishes what it has begun, and says that it is the last', async t => {
  const stage = await openStage(t)
  const gate = makeGate()
  const old = await stage.start()
  const begun = await RawClient.open(stage.port)
  const slow = ask(begun, '/slow')
  await until('it is under way', () => old.ledger.requests === 1)
  const fresh = await stage.start()
  await drain(old)
  gate.open()
  assert.equal((await slow).worker, old.name, 'what had begun is finished')
  // Its head had left before: the connection goes to the other worker instead of being closed.
  await until('it has let go', () => old.ledger.connections === 0)
  const then = await ask(begun)
  assert.deepEqual([then.worker, then.closes], [fresh.name, false])
  begun.destroy()
})

handoffTest(
  'Connections of a worker that drains go to another one, used or not, and nobody notices',
  async t => {
    const stage = await openStage(t)
    const old = await stage.start()
    const used = await Promise.all(Array.from({ length: 5 }, () => RawClient.open(stage.port)))
    await Promise.all(used.map(client => ask(client)))
    const unused = await Promise.all(Array.from({ length: 5 }, () => RawClient.open(stage.port)))
    await until('it has all of them', () => old.ledger.connections === 10)
    const fresh = await stage.start()
    await drain(old)
    await until('they are with the other one', () => fresh.ledger.connections === 10)
    // Counted there when it is offered, and out here when it is closed.
    await until('this one has let go', () => old.ledger.connections === 0)
    const told = await Promise.all([...used, ...unused].map(client => ask(client)))
    assert.deepEqual(new Set(told.map(({ worker }) => worker)), new Set([fresh.name]))
    assert.ok(
      told.every(({ closes }) => !closes),
      'and stay open'
    )
    for (const client of [...used, ...unused]) client.destroy()
  }
)

handoffTest('A request of which a part has come is answered by the worker that has that part', async t => {
  const stage = await openStage(t)
  const old = await stage.start()
  const client = await RawClient.open(stage.port)
  await ask(client)
  client.send('GET / HTTP/1.1\r\nHo')
  await stage.start()
  await drain(old)
  client.send('st: handed\r\n\r\n')
  const { headers, body } = await client.response()
  assert.equal((JSON.parse(body) as { worker: string }).worker, old.name)
  assert.equal(headers['connection'], 'close')
  await client.closed
})

handoffTest('A worker that drains closes idle connections when nobody is left to take them', async t => {
  const stage = await openStage(t)
  const worker = await stage.start()
  const [used, unused] = [await RawClient.open(stage.port), await RawClient.open(stage.port)]
  await ask(used)
  await until('it has both', () => worker.ledger.connections === 2)
  await stage.acceptor.close()
  await drain(worker)
  await Promise.all([used.closed, unused.closed])
  await until('they are counted out', () => worker.ledger.connections === 0)
})
