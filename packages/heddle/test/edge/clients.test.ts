/** What clients do that servers forget: each of these once went wrong. Main thread of a test; real threads and sockets. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import type { ResolvedServer } from '../../src/config/resolved.ts'
import { get, post, RawClient, request } from './raw-client.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage
const routes = [
  { host: 'b.example', prefix: '/', application: 'plain', stripPrefix: false, requestTimeout: null },
  { host: 'c.example', prefix: '/api', application: 'api', stripPrefix: true, requestTimeout: null }
]
before(async () => {
  stage = await openStage({ workers: { api: 1, plain: 1 }, routes })
})
after(() => stage.close())

/** Puts settings in force for all connections, also those that are open; without any those the tests begin with. */
const configure = (server: Partial<ResolvedServer> = {}, entrypoint: 'api' | null = 'api'): Promise<void> =>
  stage.configure({ server, entrypoint, routes })

/** How often the edge looks at its time limits; no limit is exceeded by more than that. */
const sweepMs = 600

/** Milliseconds a client may take to close when it was sent everything. */
const lingerMs = 2000

test('the edge refuses a second request on a connection with its status', async () => {
  const c = await RawClient.open(stage.port)
  await c.send(get('/early')).response()
  assert.equal((await c.send('GET / HTTP/1.1\r\n\r\n').response()).status, 400)
})

test('the edge keeps a connection open after a 404', async () => {
  await configure({}, null)
  const c = await RawClient.open(stage.port)
  const r = await c.send(get('/x')).response()
  assert.equal(r.status, 404)
  assert.equal(r.headers['connection'], undefined)
  await configure()
})

test('the edge leaves nothing in flight when an upgrade is not taken', async () => {
  const c = await RawClient.open(stage.port)
  const r = await c
    .send(
      `GET /early HTTP/1.1\r\nHost: b.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n`
    )
    .response()
  assert.equal(r.body, 'early')
  await stage.settled()
})

test('the edge ignores an offer of h2c on a request with a body', async () => {
  const c = await RawClient.open(stage.port)
  const r = await c
    .send(
      `POST /hash HTTP/1.1\r\nHost: b.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nContent-Length: 5\r\n\r\nhello`
    )
    .response()
  c.destroy()
  assert.equal(JSON.parse(r.body).size, 5, r.head + r.body)
})

test('the edge ends the body of a request that offered h2c', async () => {
  const c = await RawClient.open(stage.port)
  const r = await c
    .send(
      `GET /hash HTTP/1.1\r\nHost: b.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n`
    )
    .response()
  c.destroy()
  assert.equal(JSON.parse(r.body).size, 0)
})

test('the edge sends a slow reader all of a response before it closes', async () => {
  // Sizes from below to above what the kernel buffers: for some of them the last bytes wait in the edge.
  const sizes = Array.from({ length: 24 }, (_, i) => 2_000_000 + i * 250_000)
  const got = await Promise.all(
    sizes.map(async size => {
      const c = connect({ port: stage.port, host: '127.0.0.1' })
      c.on('error', () => {})
      c.pause()
      c.write(get(`/big?size=${size}&length`, 'Connection: close'))
      // Longer than a client may take to close that was sent everything.
      await sleep(lingerMs + 2 * sweepMs)
      let n = 0
      c.on('data', d => {
        n += d.length
      })
      c.resume()
      await new Promise(r => c.on('close', r))
      return n
    })
  )
  const cut = sizes.filter((size, i) => (got[i] ?? 0) < size)
  assert.deepEqual(cut, [])
})

test('the edge replaces Host by the host of an absolute target', async () => {
  const c = await RawClient.open(stage.port)
  const r = await c.send(`GET http://b.example/seen HTTP/1.1\r\nHost: a.example\r\n\r\n`).response()
  assert.equal(JSON.parse(r.body).headers.host, 'b.example')
})

test('the edge removes what an untrusted client says about itself', async () => {
  const c = await RawClient.open(stage.port)
  const r = await c
    .send(
      get(
        '/seen',
        'Forwarded: for=1.2.3.4',
        'X-Real-IP: 1.2.3.4',
        'X-Forwarded-Port: 443',
        'X-Forwarded-Prefix: /evil'
      )
    )
    .response()
  const h = JSON.parse(r.body).headers
  assert.deepEqual(
    [h.forwarded, h['x-real-ip'], h['x-forwarded-port'], h['x-forwarded-prefix']],
    [undefined, undefined, undefined, undefined]
  )
})

test('the edge closes the connection of a refused expectation', async () => {
  const c = await RawClient.open(stage.port)
  const r = await c
    .send(request('POST', '/refused', ['Content-Length: 50', 'Expect: 100-continue']))
    .response()
  assert.equal(r.headers['connection'], 'close')
})

test('the edge takes the next request after a body nobody read', async () => {
  for (const kb of [400, 500, 512, 513, 520, 576, 600, 700, 1100]) {
    const c = await RawClient.open(stage.port)
    c.send(post('/early', 'x'.repeat(kb * 1024)))
    assert.equal((await c.response()).body, 'early')
    assert.equal((await c.send(post('/echo', 'again')).response()).body, 'again')
    c.destroy()
  }
})

test('the edge answers every request of a pipeline whose client has closed its side', async () => {
  const c = await RawClient.open(stage.port)
  const last = request('GET', '/chunks', ['Connection: close'])
  c.socket.end(get('/chunks') + get('/chunks') + last, 'latin1')
  for (let i = 0; i < 3; i++) assert.equal((await c.response()).body, 'one two three')
})

test('the edge tells the handler when a waiting client is gone', async () => {
  const c = await RawClient.open(stage.port)
  c.send(get('/hang?fin'))
  await stage.sighting('/hang?fin', 'begun')
  c.destroy()
  await stage.sighting('/hang?fin', 'closed')
})

test('the edge asks for no more answers for a client that asks on without reading', async () => {
  const target = '/big?size=60000'
  const c = connect({ port: stage.port, host: '127.0.0.1' })
  c.on('error', () => {})
  c.pause()
  c.write(get(target).repeat(5000))
  await stage.sighting(target, 'begun')
  const begun = (): number => stage.sightings(target, 'begun').length
  // It stands still between two looks, and the edge has turned often in between.
  for (let seen = -1; seen !== begun();) {
    seen = begun()
    for (let i = 0; i < 20; i++) {
      const other = await RawClient.open(stage.port)
      await other.send(get('/early', 'Connection: close')).rest()
    }
    await stage.told()
  }
  c.resetAndDestroy()
  // What the system buffers on the way is some ten megabytes.
  assert.ok(begun() < 1000, `${begun()}`)
})

test('the edge closes a connection that sends nothing but line ends', async () => {
  await configure({ headersTimeout: 500, keepAliveTimeout: 500 })
  const c = await RawClient.open(stage.port)
  const t = setInterval(() => c.send('\r\n'), 200)
  await c.closed
  clearInterval(t)
  await configure()
})

test('the edge ignores a line end too much after a request', async () => {
  const c = await RawClient.open(stage.port)
  await c.send(post('/echo', 'abc') + '\r\n').response()
  await configure({ headersTimeout: 300 })
  await sleep(300 + sweepMs)
  assert.equal((await c.send(post('/echo', 'abc')).response()).status, 200)
  await configure()
})

test('the edge leaves out a Content-Length of an application that is no number', async () => {
  const c = await RawClient.open(stage.port)
  const r = await c.send(get('/header?Content-Length=abc')).response()
  assert.ok(!(r.headers['content-length'] && r.headers['transfer-encoding']), r.head)
})

test('the edge removes whole header lines only', async () => {
  const c = await RawClient.open(stage.port)
  const r = await c.send(get('/header?X-Connection=close&X-Other=1&Connection=close')).response()
  assert.equal(r.headers['x-connection'], 'close')
  assert.equal(r.headers['x-other'], '1', r.head)
  assert.equal(r.headers['connection'], 'close')
})

test('the edge does not take a connection with unread bytes for an idle one', async () => {
  await configure({ keepAliveTimeout: 500 })
  const c = connect({ port: stage.port, host: '127.0.0.1' })
  c.on('error', () => {})
  c.pause()
  const target = '/big?size=4000000&length'
  c.write(get(target))
  await stage.sighting(target, 'begun')
  let n = 0
  await sleep(500 + 2 * sweepMs)
  c.on('data', d => {
    n += d.length
    if (n > 4000000) c.destroy()
  })
  c.resume()
  await new Promise(r => c.on('close', r))
  assert.ok(n > 4000000, `got ${n}`)
  await configure()
})

test('the edge answers a second head that comes too slowly with 408', async () => {
  const c = await RawClient.open(stage.port)
  await c.send(get('/early')).response()
  await configure({ headersTimeout: 300 })
  assert.equal((await c.send('GET / HT').response()).status, 408)
  await configure()
})
