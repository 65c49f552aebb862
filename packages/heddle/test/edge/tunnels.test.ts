/**
 * How upgraded connections end when their worker is replaced, and when the server stops. Real threads, real
 * WebSocket clients: ws, node's own, raw sockets.
 */
import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { after, before, test, type TestContext } from 'node:test'

import type { Member } from '@heddle/mesh'
import type { Connection } from '@heddle/mesh/internal'
import { WebSocket as WsClient } from 'ws'

import { Tunnels } from '../../src/edge/tunnels.ts'
import { RawClient, get } from './raw-client.ts'
import { openStage, type Stage } from './stage.ts'

// Each test takes a worker out of service and puts it back; the last one closes the edge.
let stage: Stage

before(async () => {
  stage = await openStage({ workers: { api: 2 } })
})
after(() => stage.close())

/** Takes a worker out of service, until the test is over, as when it is replaced and may take so long. */
async function withdraw(t: TestContext, worker: string, drainMs: number): Promise<Member> {
  const { member } = stage.worker(worker)
  t.after(() => member.publish())
  await member.withdraw(drainMs)
  return member
}

/** A client of ws, and which worker it leads to. */
async function dial(path: string): Promise<{ ws: WsClient; worker: string }> {
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

test('EdgeServer asks the WebSockets of a draining worker to come back, and no others', async t => {
  const all = await Promise.all(Array.from({ length: 8 }, (_, i) => dial(`/websocket?${i}`)))
  const draining = all[0]?.worker ?? ''
  const closings = all.map(({ ws }) => closing(ws))
  const member = await withdraw(t, draining, 60_000)
  for (const [i, { ws, worker }] of all.entries()) {
    if (worker !== draining) {
      await echo(ws, 'not concerned')
      ws.close()
      continue
    }
    assert.deepEqual(await closings[i], [1012, 'service restart'])
    const { bytes } = await stage.sighting(`/websocket?${i}`, 'websocket closed')
    assert.equal(bytes, 1012, 'the application is told what its client was told')
  }
  await Promise.all(closings)
  assert.equal(await member.drained(60_000), true)
})

test('Tunnels sends WebSockets away one after the other, and cuts what stays', () => {
  const told: number[] = []
  const cut: number[] = []
  const tunnels = new Tunnels({ isDraining: () => true, drainLeft: () => 8000 })
  const upstream = { id: 1, record: 0, generation: 0 }
  const connections = [0, 1, 2, 3].map(id => {
    const connection = { upstream, leave: () => told.push(id), destroy: () => cut.push(id) }
    return connection as unknown as Connection
  })
  for (const connection of connections) tunnels.add(connection)
  // Whole milliseconds, which can be added.
  const now = Math.ceil(performance.now())
  const counts = [0, 249, 250, 499, 750, 7799].map(afterMs => {
    tunnels.look(now + afterMs)
    return told.length
  })
  assert.deepEqual(counts, [1, 1, 2, 2, 4, 4])
  assert.deepEqual([told, cut], [[0, 1, 2, 3], []])
  tunnels.look(now + 7800)
  assert.deepEqual(cut, [0, 1, 2, 3])
  for (const connection of connections) tunnels.delete(connection)
})

test('EdgeServer never ends a WebSocket inside a message', async t => {
  const { ws, worker } = await dial('/websocket?busy')
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
    if (received === 10) void withdraw(t, worker, 60_000)
  })
  for (const piece of pieces) ws.send(piece)
  // The turn of the messages is kept by answering each with its like.
  assert.deepEqual(await closed, [1012, 'service restart'])
  assert.deepEqual(errors, [])
})

test("EdgeServer tells node's own WebSocket to come back", async t => {
  const ws = new WebSocket(`ws://127.0.0.1:${stage.port}/websocket?native`)
  await once(ws, 'open')
  const closed = once(ws, 'close')
  await withdraw(t, (await stage.sighting('/websocket?native', 'begun')).worker, 60_000)
  const [{ code, reason, wasClean }] = (await closed) as [CloseEvent]
  assert.deepEqual([code, reason, wasClean], [1012, 'service restart', true])
  assert.equal((await stage.sighting('/websocket?native', 'websocket closed')).bytes, 1012)
})

test('EdgeServer cuts a WebSocket whose client does not answer its Close frame', async t => {
  const client = await RawClient.open(stage.port)
  assert.equal((await client.send(handshake).response()).status, 101)
  await withdraw(t, (await stage.sighting('/websocket?raw', 'begun')).worker, 60_000)
  const frame = await client.bytes(19)
  assert.equal(frame, '\x88\x11\x03\xf4service restart')
  await client.closed
  assert.equal((await stage.sighting('/websocket?raw', 'websocket closed')).bytes, 1006)
  await stage.settled()
})

test('EdgeServer lets other protocols go on until the end of the drain', async t => {
  // A drain that was over before anything could be said is too short for this machine.
  for (let drainMs = 1000, hasSpoken = false; !hasSpoken; drainMs *= 2) {
    const target = `/ws?${drainMs}`
    const client = await RawClient.open(stage.port)
    await client.send(get(target, 'Connection: Upgrade', 'Upgrade: echo')).response()
    const member = await withdraw(t, (await stage.sighting(target, 'begun')).worker, drainMs)
    const said = await client.send('still here').rest()
    hasSpoken = said !== ''
    if (hasSpoken) assert.equal(said, 'still here')
    await stage.sighting(target, 'tunnel closed')
    assert.equal(await member.drained(60_000), true)
    await member.publish()
  }
})

test('EdgeServer lets WebSockets be that are ended by others, and those of a worker that comes back', async t => {
  const { ws, worker } = await dial('/websocket?own')
  let other = await dial('/websocket?other')
  while (other.worker !== worker) {
    other.ws.close()
    other = await dial(`/websocket?${randomUUID()}`)
  }
  const closed = closing(ws)
  const member = await withdraw(t, worker, 60_000)
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

test('EdgeServer tells WebSockets that the server goes away', async () => {
  const targets = [0, 1, 2].map(i => `/websocket?last=${i}`)
  const all = await Promise.all(targets.map(target => dial(target)))
  const closings = all.map(({ ws }) => closing(ws))
  const closed = stage.hears('closed')
  stage.tell({ type: 'close', timeoutMs: 60_000 })
  for (const end of await Promise.all(closings)) assert.deepEqual(end, [1001, 'going away'])
  for (const target of targets) {
    assert.equal((await stage.sighting(target, 'websocket closed')).bytes, 1001)
  }
  await closed
  await stage.settled()
})
