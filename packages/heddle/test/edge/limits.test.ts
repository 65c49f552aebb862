/**
 * Time limits and counts of the public server, each with a small value. Real sockets; the edge looks at
 * its clocks twice a second.
 */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test, type TestContext } from 'node:test'

import { joinMesh } from '@heddle/mesh'

import type { ResolvedServer } from '../../src/config/resolved.ts'
import { createEdgeCounts } from '../../src/channel/edge-counts.ts'
import { EdgeServer } from '../../src/edge/edge-server.ts'
import { RawClient, get, request } from './raw-client.ts'
import { generous, openStage, type Stage } from './stage.ts'

async function stageWith(t: TestContext, server: Partial<ResolvedServer>): Promise<Stage> {
  const stage = await openStage({ server })
  t.after(() => stage.close())
  return stage
}

describe('EdgeServer on HTTP connections', { concurrency: 4 }, () => {
  test('answers 408 when a head does not arrive within headersTimeout', async t => {
    const stage = await stageWith(t, { headersTimeout: 200 })
    const client = await RawClient.open(stage.port)
    const { status, headers } = await client.send('GET / HTTP/1.1\r\nHost:').response()
    assert.deepEqual([status, headers['connection']], [408, 'close'])
    await client.closed
  })

  test('answers 408 to a head that trickles in', async t => {
    const stage = await stageWith(t, { headersTimeout: 400 })
    const client = await RawClient.open(stage.port)
    client.send('GET / HTTP/1.1\r\nHost: a\r\nX-A: ')
    const drip = setInterval(() => client.send('x'), 100)
    t.after(() => clearInterval(drip))
    assert.equal((await client.response()).status, 408)
  })

  test('closes a connection that never sends anything', async t => {
    const stage = await stageWith(t, { headersTimeout: 200 })
    const client = await RawClient.open(stage.port)
    assert.equal(await client.rest(), '')
  })

  test('answers 408 when a body pauses longer than bodyTimeout, and tells the handler', async t => {
    const stage = await stageWith(t, { bodyTimeout: 200 })
    const client = await RawClient.open(stage.port)
    client.send(`${request('POST', '/hash?slow', ['Content-Length: 10'])}12345`)
    assert.equal((await client.response()).status, 408)
    assert.equal((await stage.sighting('/hash?slow', 'closed')).finished, false)
    await stage.settled()
  })

  test('closes an idle connection after keepAliveTimeout without a word', async t => {
    const stage = await stageWith(t, { keepAliveTimeout: 200 })
    const client = await RawClient.open(stage.port)
    assert.equal((await client.send(get('/early')).response()).body, 'early')
    assert.equal(await client.rest(), '')
  })

  test('gives a client up that takes nothing for clientTimeout, and tells the handler', async t => {
    const stage = await stageWith(t, { clientTimeout: 400 })
    const socket = connect(stage.port, '127.0.0.1')
    socket.on('error', () => undefined)
    t.after(() => socket.destroy())
    socket.pause()
    const path = `/big?size=${100 * 1024 * 1024}`
    socket.write(get(path))
    assert.equal((await stage.sighting(path, 'closed')).finished, false)
    await stage.settled()
  })
})

describe('EdgeServer on whole connections', { concurrency: 4 }, () => {
  test('closes a silent tunnel after tunnelTimeout', async t => {
    const stage = await stageWith(t, { tunnelTimeout: 300 })
    const client = await RawClient.open(stage.port)
    client.send(get('/ws', 'Connection: Upgrade', 'Upgrade: echo'))
    assert.equal((await client.response()).status, 101)
    await client.closed
    await stage.sighting('/ws', 'tunnel closed')
    await stage.settled()
  })

  test('closes a connection after maxRequestsPerSocket requests', async t => {
    const stage = await stageWith(t, { maxRequestsPerSocket: 2 })
    const client = await RawClient.open(stage.port)
    client.send(get('/early') + get('/early') + get('/early?third'))
    assert.equal((await client.response()).headers['connection'], undefined)
    assert.equal((await client.response()).headers['connection'], 'close')
    assert.equal(await client.rest(), '')
    assert.deepEqual(stage.sightings('/early?third', 'begun'), [])
  })

  test('takes no more connections than maxConnections', async t => {
    const stage = await stageWith(t, { maxConnections: 2 })
    const [first, second] = [await RawClient.open(stage.port), await RawClient.open(stage.port)]
    await first.send(get('/early')).response()
    await second.send(get('/early')).response()
    const third = await RawClient.open(stage.port)
    assert.equal(await third.send(get('/early')).rest(), '')
    first.destroy()
    await first.closed
    assert.equal((await second.send(get('/early')).response()).body, 'early')
    second.destroy()
  })
})

test('EdgeServer counts what has arrived as in time, also when it comes late to reading it', async t => {
  const stage = await stageWith(t, {})
  const { ticket } = stage.registry.admit({ name: 'edge:here', hostname: null })
  const mesh = joinMesh(ticket)
  // In this thread, which can be held up.
  const edge = new EdgeServer(
    {
      index: 0,
      name: 'edge:here',
      ticket,
      server: { ...generous, keepAliveTimeout: 300 },
      routes: [],
      entrypoint: 'api',
      reusePort: false,
      logger: { level: 'silent', format: 'json', colour: false },
      counts: createEdgeCounts()
    },
    mesh.client
  )
  t.after(async () => {
    await edge.close(0)
    mesh.leave()
  })
  const client = await RawClient.open(await edge.listen(0))
  for (let i = 0; i < 3; i++) {
    await client.send(get('/early')).response()
    client.send(get('/early'))
    // The next look at the clock is due, and the connection has been silent for longer than it may.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600)
    assert.equal((await client.response()).body, 'early')
  }
  client.destroy()
})
