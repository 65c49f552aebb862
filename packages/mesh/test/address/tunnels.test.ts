/** Connections that change their protocol pass as bytes to an upstream on the network. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { test, type TestContext } from 'node:test'

import { WebSocket, WebSocketServer } from 'ws'

import { MeshAgent } from '../../src/client/http-agent.ts'
import { LATIN1, MORE, UPGRADE, WINDOW } from '../../src/wire/frames.ts'
import { listen, networkOf, send, type Answer, type Network } from './network.ts'

const asking = 'host: api.local\r\nConnection: Upgrade\r\nUpgrade: raw\r\n'
const accepted = 'HTTP/1.1 101 Quite Fine\r\nConnection: upgrade\r\nUpgrade: raw\r\nX-A: 1\r\n\r\n'

/** A server that takes every upgrade, and the sockets it got. */
async function listenForTunnels(t: TestContext, first = accepted) {
  const arrived = Promise.withResolvers<Socket>()
  const server = createServer()
  server.on('upgrade', (_request, socket: Socket, head) => {
    socket.on('error', () => {})
    t.after(() => socket.destroy())
    socket.write(first, 'latin1')
    if (head.byteLength > 0) socket.unshift(head)
    arrived.resolve(socket)
  })
  return { address: await listen(t, server), arrived: arrived.promise }
}

function open({ client }: Network, changes: { body?: string } = {}): Answer {
  const { body = null } = changes
  const flags = UPGRADE | MORE | (body === null ? 0 : LATIN1)
  return send(client, { headers: asking, flags, body, idempotent: false })
}

/** Resolves when the tunnel has brought this much. */
async function until(answer: Answer, done: (body: string) => boolean): Promise<void> {
  while (!done(answer.body) && answer.error === null) await answer.next('data')
}

test('a tunnel brings its head as bytes, and then what either side says', async t => {
  const { address, arrived } = await listenForTunnels(t, `${accepted}early`)
  const network = networkOf(t, [address])
  const answer = open(network, { body: 'one ' })
  answer.exchange?.write(LATIN1, 'two ')
  const socket = await arrived
  socket.on('data', (chunk: Buffer) => socket.write(chunk.toString('latin1').toUpperCase()))
  await until(answer, body => body.endsWith('TWO '))
  answer.exchange?.write(LATIN1, 'three')
  await until(answer, body => body.endsWith('THREE'))
  assert.equal(answer.body, `${accepted}earlyONE TWO THREE`)
  assert.ok(answer.calls.every(call => call === 'data'))
  const closed = once(socket, 'close')
  answer.exchange?.end()
  socket.end()
  await Promise.all([answer.over, closed])
  assert.deepEqual([answer.calls.at(-1), network.inflight()], ['end', 0])
})

test('each side of a tunnel closes for itself', async t => {
  const { address, arrived } = await listenForTunnels(t)
  const network = networkOf(t, [address])
  const answer = open(network)
  const socket = await arrived
  socket.end('last words')
  await answer.over
  assert.ok(answer.body.endsWith('last words'))
  assert.equal(network.inflight(), 1)
  const said = once(socket, 'data')
  answer.exchange?.write(LATIN1, 'still here')
  assert.equal(String((await said)[0]), 'still here')
  const closed = once(socket, 'close')
  answer.exchange?.end()
  await closed
  assert.equal(network.inflight(), 0)
})

test('a tunnel whose upstream dies is broken off', async t => {
  const { address, arrived } = await listenForTunnels(t)
  const network = networkOf(t, [address])
  const answer = open(network)
  const socket = await arrived
  await until(answer, body => body === accepted)
  socket.resetAndDestroy()
  await answer.over
  assert.equal(answer.error?.code, 'MESH_RESPONSE_ABORTED')
  assert.equal(network.inflight(), 0)
})

test('giving up a tunnel closes its connection', async t => {
  const { address, arrived } = await listenForTunnels(t)
  const network = networkOf(t, [address])
  const answer = open(network)
  const socket = await arrived
  await until(answer, body => body === accepted)
  // A server's upgraded sockets may be half open: this is how they learn of it.
  const ended = once(socket.resume(), 'end')
  answer.exchange?.abort('enough')
  await ended
  assert.deepEqual([answer.error, network.inflight()], [null, 0])
})

test('an upgrade that is refused is an ordinary answer', async t => {
  const server = createServer((_request, response) => response.writeHead(426).end('no'))
  const network = networkOf(t, [await listen(t, server)])
  const answer = open(network, { body: 'early' })
  await answer.over
  assert.deepEqual([answer.status, answer.body, answer.error], [426, 'no', null])
  answer.exchange?.end()
  assert.equal(network.inflight(), 0)
})

test('who says more than a window before an upgrade is decided waits until it is', async t => {
  const { address } = await listenForTunnels(t)
  const refusing = await listen(t, (_request, response) => response.writeHead(426).end('no'))
  for (const place of [address, refusing]) {
    const network = networkOf(t, [place])
    const answer = open(network)
    const writable = answer.next('writable')
    assert.equal(answer.exchange?.write(LATIN1, 'x'.repeat(WINDOW)), false)
    await writable
    answer.exchange?.abort('enough')
    assert.equal(network.inflight(), 0)
  }
})

test('a client that is closed breaks its tunnels off', async t => {
  const { address, arrived } = await listenForTunnels(t)
  const network = networkOf(t, [address])
  const answer = open(network)
  const ended = once((await arrived).resume(), 'end')
  await until(answer, body => body === accepted)
  network.client.close()
  await Promise.all([ended, answer.over])
  assert.equal(answer.error?.code, 'MESH_UPSTREAM_LOST')
  assert.equal(network.inflight(), 0)
})

test('a tunnel is not read faster than its receiver makes room', async t => {
  const { address, arrived } = await listenForTunnels(t)
  const network = networkOf(t, [address])
  const answer = open(network)
  answer.reads = false
  const socket = await arrived
  const total = 32 * WINDOW
  socket.end(Buffer.alloc(total))
  let consumed = 0
  while (answer.received < total + accepted.length) {
    // A whole turn: all that is read without room being made has been read by then.
    await new Promise(resolve => setImmediate(resolve))
    assert.ok(answer.received - consumed < WINDOW + 64 * 1024, `${answer.received - consumed} bytes held`)
    if (answer.received - consumed < WINDOW) continue
    answer.exchange?.consumed(answer.received - consumed)
    consumed = answer.received
  }
  await answer.over
  assert.equal(answer.received, total + accepted.length)
})

test('a WebSocket reaches a server on the network', async t => {
  const server = createServer()
  const sockets = new WebSocketServer({ server, perMessageDeflate: true })
  sockets.on('connection', socket => socket.on('message', (data, binary) => socket.send(data, { binary })))
  const network = networkOf(t, [await listen(t, server)])
  const agent = new MeshAgent({ client: network.client, domain: '.local', timeoutMs: 0 })
  t.after(() => agent.destroy())
  const socket = new WebSocket('ws://api.local/', { agent, perMessageDeflate: true })
  await once(socket, 'open')
  assert.match(socket.extensions, /permessage-deflate/)
  for (const text of ['a', 'b'.repeat(200_000)]) {
    const said = once(socket, 'message')
    socket.send(text)
    assert.equal(String((await said)[0]), text)
  }
  const pong = once(socket, 'pong')
  socket.ping('p')
  assert.equal(String((await pong)[0]), 'p')
  const closed = once(socket, 'close')
  for (const peer of sockets.clients) peer.close(4001, 'done')
  const [code, reason] = await closed
  assert.deepEqual([code, String(reason)], [4001, 'done'])
})

test('a WebSocket that is refused gets the answer', async t => {
  const server = createServer()
  const refusing = new WebSocketServer({ server, verifyClient: (_info, done) => done(false, 401, 'Not You') })
  t.after(() => refusing.close())
  const network = networkOf(t, [await listen(t, server)])
  const agent = new MeshAgent({ client: network.client, domain: '.local', timeoutMs: 0 })
  t.after(() => agent.destroy())
  const socket = new WebSocket('ws://api.local/', { agent })
  const [error] = await once(socket, 'error')
  assert.match(String(error), /401/)
  assert.equal(network.inflight(), 0)
})
