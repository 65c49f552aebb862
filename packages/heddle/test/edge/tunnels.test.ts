/**
 * How upgraded connections end when their worker is replaced, and when the server stops. Real threads, real
 * WebSocket clients: ws, node's own, raw sockets.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'

import { WebSocket as WsClient } from 'ws'

import { RawClient, get } from './raw-client.ts'
import { openStage, type Stage } from './stage.ts'

async function stageOf(t: TestContext, workers: number): Promise<Stage> {
  const stage = await openStage({ workers: { api: workers } })
  t.after(() => stage.close())
  return stage
}

/** A client of ws, and which worker it leads to. */
async function dial(stage: Stage, path: string): Promise<{ ws: WsClient; worker: string }> {
  const ws = new WsClient(`ws://127.0.0.1:${stage.port}${path}`, { maxPayload: 64 * 1024 * 1024 })
  const [, { worker }] = await Promise.all([once(ws, 'open'), stage.sighting(path, 'begun')])
  return { ws, worker }
}

async function closing(ws: WsClient): Promise<[number, string]> {
  const [code, reason] = (await once(ws, 'close')) as [number, Buffer]
  return [code, reason.toString()]
}

async function echo(ws: WsClient, text: string): Promise<void> {
  ws.send(text)
  assert.equal(String((await once(ws, 'message'))[0]), text)
}

const handshake = get(
  '/websocket?raw',
  'Connection: Upgrade',
  'Upgrade: WebSocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
)

test('EdgeServer asks the WebSockets of a draining worker to come back, one after the other', async t => {
  const stage = await stageOf(t, 2)
  const all = await Promise.all(Array.from({ length: 8 }, (_, i) => dial(stage, `/websocket?${i}`)))
  const [mine, others] = ['api:0', 'api:1'].map(name => all.filter(({ worker }) => worker === name))
  assert.deepEqual([mine?.length, others?.length], [4, 4])
  if (mine === undefined || others === undefined) return
  const { member } = stage.worker('api:0')
  const closings = mine.map(({ ws }) => closing(ws))
  await member.withdraw(8000)
  await Promise.race(closings)
  const open = mine.filter(({ ws }) => ws.readyState === WsClient.OPEN)
  assert.ok(open.length >= 2, 'they do not go all at once')
  for (const { ws } of open.slice(-1)) await echo(ws, 'still here')
  for (const end of await Promise.all(closings)) assert.deepEqual(end, [1012, 'service restart'])
  assert.equal(await member.drained(8000), true)
  for (const [i, { worker }] of all.entries()) {
    if (worker !== 'api:0') continue
    const { bytes } = await stage.sighting(`/websocket?${i}`, 'websocket closed')
    assert.equal(bytes, 1012, 'the application is told what its client was told')
  }
  for (const { ws } of others) {
    await echo(ws, 'not concerned')
    ws.close()
  }
})

test('EdgeServer never ends a WebSocket inside a message', async t => {
  const stage = await stageOf(t, 1)
  const { ws } = await dial(stage, '/websocket?busy')
  const errors: Error[] = []
  ws.on('error', error => errors.push(error))
  const closed = closing(ws)
  const pieces = [randomBytes(3 * 1024 * 1024), randomBytes(100), Buffer.from('text '.repeat(1000))]
  let received = 0
  ws.on('message', (data: Buffer) => {
    const sent = pieces[received % pieces.length]
    assert.ok(sent !== undefined && sent.equals(data), 'each message comes whole')
    received++
    if (ws.readyState === WsClient.OPEN) ws.send(sent)
    if (received === 10) void stage.worker('api:0').member.withdraw(5000)
  })
  for (const piece of pieces) ws.send(piece)
  // The turn of the messages is kept by answering each with its like.
  assert.deepEqual(await closed, [1012, 'service restart'])
  assert.deepEqual(errors, [])
})

test("EdgeServer tells node's own WebSocket to come back", async t => {
  const stage = await stageOf(t, 1)
  const ws = new WebSocket(`ws://127.0.0.1:${stage.port}/websocket?native`)
  await once(ws, 'open')
  const closed = once(ws, 'close')
  await stage.worker('api:0').member.withdraw(5000)
  const [{ code, reason, wasClean }] = (await closed) as [CloseEvent]
  assert.deepEqual([code, reason, wasClean], [1012, 'service restart', true])
  assert.equal((await stage.sighting('/websocket?native', 'websocket closed')).bytes, 1012)
})

test('EdgeServer cuts a WebSocket whose client does not answer its Close frame', async t => {
  const stage = await stageOf(t, 1)
  const client = await RawClient.open(stage.port)
  assert.equal((await client.send(handshake).response()).status, 101)
  await stage.worker('api:0').member.withdraw(60_000)
  const frame = await client.bytes(19)
  assert.equal(frame, '\x88\x11\x03\xf4service restart')
  await client.closed
  assert.equal((await stage.sighting('/websocket?raw', 'websocket closed')).bytes, 1006)
  await stage.settled()
})

test('EdgeServer lets other protocols go on until the end of the drain', async t => {
  const stage = await stageOf(t, 1)
  const client = await RawClient.open(stage.port)
  await client.send(get('/ws', 'Connection: Upgrade', 'Upgrade: echo')).response()
  const { member } = stage.worker('api:0')
  await member.withdraw(1000)
  assert.equal(await client.send('still here').bytes(10), 'still here')
  await client.closed
  assert.equal(await client.rest(), '')
  await stage.sighting('/ws', 'tunnel closed')
  assert.equal(await member.drained(1000), true)
})

test('EdgeServer lets WebSockets be that are ended by others, and those of a worker that comes back', async t => {
  const stage = await stageOf(t, 1)
  const { ws } = await dial(stage, '/websocket?own')
  const other = await dial(stage, '/websocket?other')
  const { member } = stage.worker('api:0')
  const closed = closing(ws)
  await member.withdraw(60_000)
  ws.close(4000, 'enough')
  const [code] = await closed
  assert.ok(code === 4000 || code === 1012, 'whoever was first')
  await member.publish()
  if (other.ws.readyState === WsClient.OPEN) {
    const end = closing(other.ws)
    other.ws.close(4001)
    assert.ok([1012, 4001].includes((await end)[0]))
  }
  await stage.settled()
})

test('EdgeServer tells WebSockets that the server goes away, and cuts what stays', async t => {
  const stage = await stageOf(t, 2)
  const all = await Promise.all(Array.from({ length: 3 }, (_, i) => dial(stage, `/websocket?${i}`)))
  const tunnel = await RawClient.open(stage.port)
  await tunnel.send(get('/ws', 'Connection: Upgrade', 'Upgrade: echo')).response()
  const closings = all.map(({ ws }) => closing(ws))
  const closed = stage.hears('closed')
  stage.tell({ type: 'close', timeoutMs: 3000 })
  for (const end of await Promise.all(closings)) assert.deepEqual(end, [1001, 'going away'])
  await tunnel.closed
  await closed
  for (const i of [0, 1, 2]) {
    assert.equal((await stage.sighting(`/websocket?${i}`, 'websocket closed')).bytes, 1001)
  }
  await stage.settled()
})
