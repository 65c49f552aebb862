/**
 * Connections that leave HTTP through the edge. Real sockets.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'

import { WebSocket, type ClientOptions } from 'ws'

import { RawClient, get } from './raw-client.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage

before(async () => {
  stage = await openStage({ workers: { api: 1 } })
})
after(() => stage.close())

const upgrade = (path: string): string => get(path, 'Connection: keep-alive, Upgrade', 'Upgrade: echo')

test('EdgeServer passes raw bytes both ways after an upgrade', async () => {
  const client = await RawClient.open(stage.port)
  const { status, headers } = await client.send(upgrade('/ws?raw')).response()
  assert.deepEqual([status, headers['upgrade']], [101, 'echo'])
  assert.equal(await client.send('GET / HTTP/1.1\r\n\r\n').bytes(18), 'GET / HTTP/1.1\r\n\r\n')
  const noise = randomBytes(3 * 1024 * 1024)
  assert.equal(await client.send(noise).bytes(noise.byteLength), noise.toString('latin1'))
  client.socket.end()
  await client.closed
  await stage.sighting('/ws?raw', 'tunnel closed')
})

test('EdgeServer passes bytes on that come with the upgrade request', async () => {
  const client = await RawClient.open(stage.port)
  client.send(`${upgrade('/ws?early')}early bytes`)
  assert.equal((await client.response()).status, 101)
  assert.equal(await client.bytes(11), 'early bytes')
  client.destroy()
  await stage.sighting('/ws?early', 'tunnel closed')
})

test('EdgeServer passes the refusal of an upgrade on', async () => {
  const client = await RawClient.open(stage.port)
  const { status, body } = await client.send(upgrade('/refuse')).response()
  assert.deepEqual([status, body], [401, 'nope'])
  await client.closed
})

test('EdgeServer ends the tunnel of a client that is reset', async () => {
  const client = await RawClient.open(stage.port)
  await client.send(upgrade('/ws?reset')).response()
  client.socket.resetAndDestroy()
  await stage.sighting('/ws?reset', 'tunnel closed')
})

test('EdgeServer tells a client whose upgrade is broken off, and reads nothing more of it', async () => {
  const client = await RawClient.open(stage.port)
  client.send(`${upgrade('/destroy')}${get('/early?behind')}`)
  const { status, headers } = await client.response()
  assert.deepEqual([status, headers['connection']], [502, 'close'])
  assert.equal(await client.rest(), '')
  assert.deepEqual(stage.sightings('/early?behind', 'begun'), [])
})

test('EdgeServer ends the connection of an upgrade that is ended without a word', async () => {
  const client = await RawClient.open(stage.port)
  assert.equal(await client.send(upgrade('/end')).rest(), '')
  await stage.settled()
})

test('EdgeServer lets a client go on whose application has ended its side', async () => {
  const socket = connect({ port: stage.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.write(upgrade('/half'))
  let got = ''
  socket.on('data', chunk => (got += chunk.toString()))
  await once(socket, 'end')
  assert.match(got, /^HTTP\/1\.1 101 [\s\S]*all$/)
  socket.end(Buffer.alloc(2 * 1024 * 1024))
  await once(socket, 'close')
  assert.equal((await stage.sighting('/half', 'written')).bytes, 2 * 1024 * 1024)
  await stage.sighting('/half', 'tunnel closed')
})

test('EdgeServer passes on that a client ended its side before it had its answer', async () => {
  const socket = connect(stage.port, '127.0.0.1')
  socket.end(`${upgrade('/ws?ended')}last words`)
  assert.match(await text(socket), /^HTTP\/1\.1 101 [\s\S]*last words$/)
  await stage.sighting('/ws?ended', 'tunnel closed')
})

function dial(path: string, options: ClientOptions = {}): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${stage.port}${path}`, options)
}

function closing(ws: WebSocket): Promise<[number, string]> {
  return new Promise(resolve => {
    ws.once('close', (code, reason) => resolve([code, reason.toString()]))
  })
}

test('EdgeServer carries WebSockets: compressed, big, closed by either side', async () => {
  const ws = dial('/websocket?talk', { maxPayload: 64 * 1024 * 1024 })
  await once(ws, 'open')
  assert.match(ws.extensions, /permessage-deflate/)
  for (const message of ['short', 'long '.repeat(100_000), randomBytes(4 * 1024 * 1024)]) {
    ws.send(message)
    const [data] = (await once(ws, 'message')) as [Buffer]
    assert.ok(data.equals(Buffer.from(message as string)))
  }
  const closed = closing(ws)
  ws.close(4000, 'done')
  assert.deepEqual(await closed, [4000, 'done'])
  assert.deepEqual(await closing(dial('/websocket?close')), [4321, 'because'])
  const refused = dial('/refuse')
  const [, res] = (await once(refused, 'unexpected-response')) as [unknown, IncomingMessage]
  assert.deepEqual([res.statusCode, await text(res)], [401, 'nope'])
})

test('EdgeServer carries three hundred WebSockets at once', async () => {
  await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      const ws = dial(`/websocket?${index}`)
      await once(ws, 'open')
      ws.send(`message ${index}`)
      assert.equal(String((await once(ws, 'message'))[0]), `message ${index}`)
      const closed = closing(ws)
      if (index % 2 === 0) ws.close()
      else ws.terminate()
      await closed
    })
  )
})

test('EdgeServer leaves nothing in flight behind tunnels', () => stage.settled())

test('EdgeServer closes a WebSocket whose worker ends with 1006', async t => {
  const own = await openStage({ workers: { api: 1 } })
  t.after(() => own.close())
  const ws = new WebSocket(`ws://127.0.0.1:${own.port}/websocket`)
  await once(ws, 'open')
  const closed = closing(ws)
  await own.worker('api:0').thread.terminate()
  assert.deepEqual(await closed, [1006, ''])
})
