/**
 * Connections that leave HTTP through the edge. Real sockets.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'

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

test('EdgeServer leaves nothing in flight behind tunnels', () => stage.settled())
