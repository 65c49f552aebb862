/**
 * Time limits and counts of the public server, each with a small value. Real sockets; the edge looks at
 * its clocks twice a second.
 */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'

import { joinMesh } from '@heddle/mesh'

import { createEdgeCounts } from '../../src/channel/edge-counts.ts'
import { EdgeServer } from '../../src/edge/edge-server.ts'
import { RawClient, get, request } from './raw-client.ts'
import { generous, openStage, type Stage } from './stage.ts'

/**
 * Everything that is said to a client. Nothing is, when all its time is over before it has sent anything: one that was
 * held up begins again.
 */
async function inTime(port: number, begin: (client: RawClient) => unknown): Promise<string> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- One after another, as long as they are held up.
    const client = await RawClient.open(port)
    begin(client)
    // oxlint-disable-next-line no-await-in-loop -- As above.
    const said = await client.rest()
    if (said !== '') return said
  }
}

describe('EdgeServer whose clients have little time for a head', { concurrency: true }, () => {
  let stage: Stage
  before(async () => {
    stage = await openStage({ server: { headersTimeout: 200 } })
  })
  after(() => stage.close())

  test('answers 408 when a head does not arrive within headersTimeout', async () => {
    const said = await inTime(stage.port, client => client.send('GET / HTTP/1.1\r\nHost:'))
    assert.match(said, /^HTTP\/1\.1 408 [\s\S]*\r\nConnection: close\r\n/)
  })

  test('answers 408 to a head that trickles in', async () => {
    const said = await inTime(stage.port, client => {
      client.send('GET / HTTP/1.1\r\nHost: a\r\nX-A: ')
      const drip = setInterval(() => client.send('x'), 100)
      void client.closed.then(() => clearInterval(drip))
    })
    assert.match(said, /^HTTP\/1\.1 408 /)
  })

  test('closes a connection that never sends anything', async () => {
    const client = await RawClient.open(stage.port)
    assert.equal(await client.rest(), '')
  })
})

const short = { bodyTimeout: 200, keepAliveTimeout: 200, clientTimeout: 400, tunnelTimeout: 300 }

describe('EdgeServer whose connections may be quiet for a moment', { concurrency: true }, () => {
  let stage: Stage
  before(async () => {
    stage = await openStage({ server: short })
  })
  after(async () => {
    await stage.settled()
    await stage.close()
  })

  test('answers 408 when a body pauses longer than bodyTimeout, and tells the handler', async () => {
    // A worker that stood still all that time knows nothing of the request.
    for (let i = 0, hasBegun = false; !hasBegun; i++) {
      const target = `/hash?slow=${i}`
      const client = await RawClient.open(stage.port)
      client.send(`${request('POST', target, ['Content-Length: 10'])}12345`)
      assert.equal((await client.response()).status, 408)
      await stage.told()
      hasBegun = stage.sightings(target, 'begun').length > 0
      if (hasBegun) assert.equal((await stage.sighting(target, 'closed')).finished, false)
    }
  })

  test('closes an idle connection after keepAliveTimeout without a word', async () => {
    const client = await RawClient.open(stage.port)
    assert.equal((await client.send(get('/early')).response()).body, 'early')
    assert.equal(await client.rest(), '')
  })

  test('gives a client up that takes nothing for clientTimeout, and tells the handler', async () => {
    const socket = connect(stage.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.pause()
    const path = `/big?size=${100 * 1024 * 1024}`
    socket.write(get(path))
    assert.equal((await stage.sighting(path, 'closed')).finished, false)
  })

  test('closes a silent tunnel after tunnelTimeout', async () => {
    const client = await RawClient.open(stage.port)
    client.send(get('/ws', 'Connection: Upgrade', 'Upgrade: echo'))
    assert.equal((await client.response()).status, 101)
    await client.closed
    await stage.sighting('/ws', 'tunnel closed')
  })
})

describe('EdgeServer', () => {
  let stage: Stage
  before(async () => {
    stage = await openStage()
  })
  after(() => stage.close())

  test('takes no more connections than maxConnections', async () => {
    await stage.configure({ server: { maxConnections: 2 } })
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

  test('closes a connection after maxRequestsPerSocket requests', async () => {
    await stage.configure({ server: { maxRequestsPerSocket: 2 } })
    const client = await RawClient.open(stage.port)
    client.send(get('/early') + get('/early') + get('/early?third'))
    assert.equal((await client.response()).headers['connection'], undefined)
    assert.equal((await client.response()).headers['connection'], 'close')
    assert.equal(await client.rest(), '')
    assert.deepEqual(stage.sightings('/early?third', 'begun'), [])
  })
})

test('EdgeServer counts what has arrived as in time, also when it comes late to reading it', async t => {
  const stage = await openStage()
  t.after(() => stage.close())
  const { ticket } = stage.registry.admit({ name: 'edge:here', hostname: null })
  const mesh = joinMesh(ticket)
  const keepAliveTimeout = 300
  // In this thread, which can be held up.
  const edge = new EdgeServer(
    {
      index: 0,
      name: 'edge:here',
      ticket,
      server: { ...generous, keepAliveTimeout },
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
  const port = await edge.listen(0)
  for (let times = 0; times < 2;) {
    const client = await RawClient.open(port)
    const begunAt = performance.now()
    await client.send(get('/early')).response()
    // Held up by others, it may have been silent for too long already.
    if (performance.now() - begunAt < keepAliveTimeout / 2) {
      client.send(get('/early'))
      // The next look at the clock is due, and the connection has been silent for longer than it may.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600)
      assert.equal((await client.response()).body, 'early')
      times++
    }
    client.destroy()
  }
})
