/** What clients do that servers forget: each of these once went wrong. Main thread of a test; real threads and sockets. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

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

test('the edge refuses a second request on a connection with its status', async () => {
  const c = await RawClient.open(stage.port)
  await c.send(get('/early')).response()
  assert.equal((await c.send('GET / HTTP/1.1\r\n\r\n').response()).status, 400)
})

test('the edge keeps a connection open after a 404', async () => {
  const s = await openStage({ entrypoint: null })
  try {
    const c = await RawClient.open(s.port)
    const r = await c.send(get('/x')).response()
    assert.equal(r.status, 404)
    assert.equal(r.headers['connection'], undefined)
  } finally {
    await s.close()
  }
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
  const r = await Promise.race([
    c
      .send(
        `POST /hash HTTP/1.1\r\nHost: b.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nContent-Length: 5\r\n\r\nhello`
      )
      .response(),
    sleep(2000, null, { ref: false })
  ])
  c.destroy()
  assert.ok(r !== null, 'no answer')
  assert.equal(JSON.parse(r.body).size, 5, r.head + r.body)
})

test('the edge ends the body of a request that offered h2c', async () => {
  const c = await RawClient.open(stage.port)
  const r = await Promise.race([
    c
      .send(
        `GET /hash HTTP/1.1\r\nHost: b.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n`
      )
      .response(),
    sleep(2000, null, { ref: false })
  ])
  c.destroy()
  assert.ok(r !== null, 'no answer')
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
      await sleep(4500)
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
    const r = await Promise.race([c.send(post('/echo', 'again')).response(), sleep(1500, null)])
    c.destroy()
    assert.ok(r !== null, `no answer after ${kb} KB`)
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
  const r = await Promise.race([stage.sighting('/hang?fin', 'closed'), sleep(1500, null)])
  assert.ok(r !== null)
})

test('the edge keeps no answers in memory for a client that asks on without reading', async () => {
  const base = process.memoryUsage().rss
  const c = connect({ port: stage.port, host: '127.0.0.1' })
  c.on('error', () => {})
  c.pause()
  const many = Buffer.from(get('/big?size=60000').repeat(1000))
  let top = 0
  for (let i = 0; i < 40; i++) {
    if (!c.write(many)) await Promise.race([new Promise(r => c.once('drain', r)), sleep(200)])
    top = Math.max(top, process.memoryUsage().rss - base)
  }
  for (let i = 0; i < 20; i++) {
    await sleep(100)
    top = Math.max(top, process.memoryUsage().rss - base)
  }
  c.resetAndDestroy()
  assert.ok(top < 100e6, `${top}`)
})

test('the edge closes a connection that sends nothing but line ends', { timeout: 20000 }, async () => {
  const s = await openStage({ server: { headersTimeout: 500, keepAliveTimeout: 500 } })
  try {
    const c = await RawClient.open(s.port)
    const t = setInterval(() => c.send('\r\n'), 200)
    const r = await Promise.race([c.closed.then(() => 1), sleep(3000, 0)])
    clearInterval(t)
    c.destroy()
    assert.equal(r, 1)
  } finally {
    await s.close()
  }
})

test('the edge ignores a line end too much after a request', async () => {
  const s = await openStage({ server: { headersTimeout: 500, keepAliveTimeout: 10000 } })
  try {
    const c = await RawClient.open(s.port)
    await c.send(post('/echo', 'abc') + '\r\n').response()
    await sleep(1800)
    assert.equal((await c.send(post('/echo', 'abc')).response()).status, 200)
  } finally {
    await s.close()
  }
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
  const s = await openStage({ server: { keepAliveTimeout: 1000 } })
  try {
    const c = connect({ port: s.port, host: '127.0.0.1' })
    c.on('error', () => {})
    c.write(get('/big?size=4000000&length'))
    await sleep(300)
    c.pause()
    let n = 0
    await sleep(3000)
    c.on('data', d => {
      n += d.length
      if (n > 4000000) c.destroy()
    })
    c.resume()
    await new Promise(r => c.on('close', r))
    assert.ok(n > 4000000, `got ${n}`)
  } finally {
    await s.close()
  }
})

test('the edge answers a second head that comes too slowly with 408', async () => {
  const s = await openStage({ server: { headersTimeout: 300 } })
  try {
    const c = await RawClient.open(s.port)
    await c.send(get('/early')).response()
    assert.equal((await c.send('GET / HT').response()).status, 408)
  } finally {
    await s.close()
  }
})
