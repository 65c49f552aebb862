/** What becomes of a request when its connection breaks or brings nonsense, or its sender gives up. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { test, type TestContext } from 'node:test'

import { LATIN1, MORE } from '../../src/wire/frames.ts'
import { stopClock } from '../fixtures/clock.ts'
import { ask, listen, listenRaw, networkOf, send } from './network.ts'

test('an upstream that dies before it answers loses what may have been begun', async t => {
  const dying = await listenRaw(t, socket => socket.once('data', () => socket.destroy()))
  const spare = await listen(t, (_request, response) => response.end('spare'))
  const { client, inflight } = networkOf(t, [dying, spare], 'round-robin')
  const lost = await ask(client, { method: 'POST' })
  assert.deepEqual([lost.error?.code, lost.begun], ['MESH_UPSTREAM_LOST', true])
  assert.match(lost.cause, /ECONNRESET/)
  for (let turn = 0; turn < 2; turn++) assert.equal((await ask(client)).body, 'spare')
  assert.equal(inflight(), 0)
})

const brokenOff: readonly [string, string][] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'],
  ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n']
]

for (const [framing, begun] of brokenOff) {
  for (const way of ['end', 'resetAndDestroy'] as const) {
    test(`an answer with ${framing} that stops with ${way}() is broken off, not complete`, async t => {
      const sockets: Socket[] = []
      const address = await listenRaw(t, socket => {
        sockets.push(socket)
        socket.once('data', () => socket.write(begun))
      })
      const { client, inflight } = networkOf(t, [address])
      const answer = send(client)
      await answer.next('data')
      sockets[0]?.[way]()
      await answer.over
      assert.deepEqual([answer.body, answer.error?.code], ['abc', 'MESH_RESPONSE_ABORTED'])
      assert.match(answer.cause, /ECONNRESET/)
      assert.equal(inflight(), 0)
    })
  }
}

const nonsense: readonly [string, string, RegExp][] = [
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n', /HPE_/],
  ['a space in a header name', 'HTTP/1.1 200 OK\r\na b: c\r\n\r\n', /HPE_/],
  ['a zero in a header value', 'HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n', /HPE_/],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', /HPE_/],
  [
    'a length beside chunks',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    /HPE_/
  ],
  ['a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n', /HPE_/],
  ['a head beyond all bounds', `HTTP/1.1 200 OK\r\na: ${'b'.repeat(300_000)}\r\n\r\n`, /HPE_HEADER_OVERFLOW/],
  [
    'a protocol nobody asked for',
    'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    /unasked/
  ],
  ['a 101 that is none', 'HTTP/1.1 101 Switching\r\n\r\n', /101/]
]

test('what is no answer is told as such, and not asked for again', async t => {
  for (const [what, bytes, reason] of nonsense) {
    let requests = 0
    const address = await listenRaw(t, socket =>
      socket.once('data', () => {
        requests++
        socket.write(bytes, 'latin1')
      })
    )
    const { client, inflight } = networkOf(t, [address, address])
    const answer = await ask(client)
    assert.equal(answer.error?.code, 'MESH_RESPONSE_ABORTED', what)
    assert.match(answer.cause, reason, what)
    assert.deepEqual([requests, inflight()], [1, 0], what)
  }
})

test('a request with a line break in it is refused, and its connection never opened', async t => {
  let connections = 0
  const address = await listenRaw(t, () => connections++)
  const { client, inflight } = networkOf(t, [address])
  for (const changes of [
    { path: '/ HTTP/1.1\r\nx: y' },
    { method: 'GET\r\n' },
    { headers: 'a: b\nc: d\r\n' }
  ]) {
    assert.equal((await ask(client, changes)).error?.code, 'MESH_INVALID_REQUEST')
  }
  assert.deepEqual([connections, inflight()], [0, 0])
})

test('a request that is refused and given up at once is told nothing', async t => {
  const { client, inflight } = networkOf(t, [await listen(t, (_request, response) => response.end('a'))])
  const answer = send(client, { path: '/ x' })
  answer.exchange?.abort('enough')
  assert.equal((await ask(client)).body, 'a')
  assert.deepEqual([answer.calls, inflight()], [[], 0])
})

/** Starts a server that tells of each request, and answers with a piece when it is asked for `/begun`. */
async function listenForRequests(t: TestContext) {
  const server = createServer((request, response) => {
    if (request.url === '/begun') response.write('a')
  })
  const address = await listen(t, server)
  const next = async (): Promise<IncomingMessage> => {
    const [request] = await once(server, 'request')
    return request as IncomingMessage
  }
  return { address, next }
}

/** Resolves when a request's connection is gone, which node calls an error. */
function closing(request: IncomingMessage): Promise<void> {
  return new Promise(resolve => request.on('error', () => {}).once('close', resolve))
}

for (const path of ['/waiting', '/begun']) {
  test(`giving up a request that is ${path.slice(1)} closes its connection`, async t => {
    const { address, next } = await listenForRequests(t)
    const { client, inflight } = networkOf(t, [address])
    const arrives = next()
    const answer = send(client, { path, method: 'POST', flags: MORE | LATIN1, body: 'a' })
    const request = await arrives
    if (path === '/begun') await answer.next('data')
    const closed = closing(request)
    answer.exchange?.abort('enough')
    assert.equal(inflight(), 0)
    await closed
    assert.equal(answer.error, null)
  })
}

test('a request given up before its connection is open leaves none', async t => {
  const server = createServer((_request, response) => response.end('a'))
  const { client, inflight } = networkOf(t, [await listen(t, server)])
  send(client, { path: '/given-up' }).exchange?.abort('enough')
  assert.equal(inflight(), 0)
  assert.equal((await ask(client)).body, 'a')
})

test('a request without an answer in time fails, and its connection is closed', async t => {
  const clock = stopClock(t)
  const { address, next } = await listenForRequests(t)
  const { client, inflight } = networkOf(t, [address])
  const arrives = next()
  const answer = send(client, { timeoutMs: 30_000 })
  const request = await arrives
  const closed = closing(request)
  clock.pass(30_000)
  await Promise.all([answer.over, closed])
  assert.equal(answer.error?.code, 'MESH_TIMEOUT')
  assert.equal(inflight(), 0)
})

test('a client that is closed fails what is in flight and closes every connection', async t => {
  const { address, next } = await listenForRequests(t)
  const { client, inflight } = networkOf(t, [address])
  const arrives = next()
  const answer = send(client)
  const closed = closing(await arrives)
  client.close()
  await Promise.all([answer.over, closed])
  assert.equal(answer.error?.code, 'MESH_UPSTREAM_LOST')
  assert.equal(inflight(), 0)
})

const tooLarge = 'HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n'

/** How an upstream that has answered an upload makes clear that it wants no more of it. */
const refusals: readonly [string, (socket: Socket) => unknown][] = [
  ['closes', socket => socket.end(`${tooLarge}\r\n`)],
  [
    'says that it will close, and reads no more',
    socket => socket.pause().write(`${tooLarge}Connection: close\r\n\r\n`)
  ]
]

for (const [what, refuse] of refusals) {
  test(`an upload that was answered before its end is over when the upstream ${what}`, async t => {
    const address = await listenRaw(t, socket => socket.once('data', () => refuse(socket)))
    const { client, inflight } = networkOf(t, [address])
    const answer = send(client, { method: 'POST', flags: MORE })
    const writable = answer.next('writable')
    const piece = 'x'.repeat(64 * 1024)
    for (let i = 0; i < 256; i++) answer.exchange?.write(LATIN1, piece)
    await answer.over
    assert.deepEqual([answer.status, answer.error], [413, null])
    await writable
    answer.exchange?.end()
    assert.equal(inflight(), 0)
  })
}

test('bytes nobody asked for are not taken for the answer to the next request', async t => {
  const forged = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged'
  for (const together of [true, false]) {
    const closed = Promise.withResolvers<void>()
    let connections = 0
    const sockets: Socket[] = []
    const address = await listenRaw(t, socket => {
      const own = `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${++connections}`
      socket.on('data', () => socket.write(together ? own + forged : own))
      socket.once('end', () => closed.resolve())
      sockets.push(socket)
    })
    const { client } = networkOf(t, [address])
    assert.equal((await ask(client)).body, '1')
    if (!together) sockets[0]?.write(forged)
    await closed.promise
    assert.equal((await ask(client)).body, '2')
  }
})
