/**
 * Framing and the life of client connections, over real sockets through a real edge thread.
 */
import assert from 'node:assert/strict'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { after, before, test } from 'node:test'

import { RawClient, get, post, request } from './raw-client.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage

before(async () => {
  stage = await openStage({ workers: { api: 2 } })
})
after(() => stage.close())

test('EdgeServer answers requests one after the other on one connection', async () => {
  const client = await RawClient.open(stage.port)
  for (let i = 0; i < 5; i++) {
    const { status, headers, body } = await client.send(get('/hello')).response()
    assert.equal(status, 200)
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers['connection'], undefined)
    assert.match(body, /"worker":"api:\d"/)
  }
  client.destroy()
})

test('EdgeServer sends a complete response with a length and a streamed one in chunks', async () => {
  const client = await RawClient.open(stage.port)
  const whole = await client.send(get('/early')).response()
  assert.equal(whole.headers['content-length'], '5')
  assert.equal(whole.headers['transfer-encoding'], undefined)
  const streamed = await client.send(get('/chunks')).response()
  assert.equal(streamed.headers['content-length'], undefined)
  assert.equal(streamed.headers['transfer-encoding'], 'chunked')
  assert.equal(streamed.body, 'one two three')
  const declared = await client.send(get('/declared?length=4&body=ab&pieces')).response()
  assert.equal(declared.headers['content-length'], '4')
  assert.equal(declared.headers['transfer-encoding'], undefined)
  assert.equal(declared.body, 'abab')
  client.destroy()
})

test('EdgeServer answers pipelined requests in order when several come in one segment', async () => {
  const client = await RawClient.open(stage.port)
  client.send(
    get('/chunks') + post('/echo', 'first') + get('/early') + post('/echo', 'second') + get('/chunks')
  )
  const bodies: string[] = []
  for (let i = 0; i < 5; i++) bodies.push((await client.response()).body)
  assert.deepEqual(bodies, ['one two three', 'first', 'early', 'second', 'one two three'])
  client.destroy()
})

test('EdgeServer answers pipelined requests that are split anywhere', async () => {
  const client = await RawClient.open(stage.port)
  const bytes = Buffer.from(
    post('/echo', 'abc') +
      get('/early') +
      `${request('POST', '/echo', ['Transfer-Encoding: chunked'])}3\r\nxyz\r\n0\r\n\r\n`,
    'latin1'
  )
  for (let at = 1; at < bytes.byteLength; at += 7) {
    client.socket.write(bytes.subarray(0, at))
    await new Promise(resolve => setImmediate(resolve))
    client.socket.write(bytes.subarray(at))
    assert.equal((await client.response()).body, 'abc')
    assert.equal((await client.response()).body, 'early')
    assert.equal((await client.response()).body, 'xyz')
  }
  client.destroy()
})

test('EdgeServer answers a thousand requests pipelined at once', async () => {
  const client = await RawClient.open(stage.port)
  client.send(Array.from({ length: 1000 }, (_, i) => post('/echo', String(i))).join(''))
  for (let i = 0; i < 1000; i++) assert.equal((await client.response()).body, String(i))
  client.destroy()
})

test('EdgeServer sends no body to HEAD, with 204 and with 304', async () => {
  const client = await RawClient.open(stage.port)
  const head = await client.send(request('HEAD', '/declared?length=4&body=abcd')).response('HEAD')
  assert.equal(head.headers['content-length'], '4')
  const none = await client.send(get('/status?code=204&body=ignored')).response()
  assert.equal(none.headers['transfer-encoding'], undefined)
  const same = await client.send(get('/status?code=304&body=ignored')).response()
  assert.equal(same.headers['transfer-encoding'], undefined)
  const streamed = await client.send(request('HEAD', '/chunks')).response('HEAD')
  assert.equal(streamed.status, 200)
  assert.equal((await client.send(get('/early')).response()).body, 'early', 'the connection is in step')
  client.destroy()
})

test('EdgeServer closes after a response to HTTP/1.0 and ends its body so', async () => {
  const client = await RawClient.open(stage.port)
  const { headers, body } = await client.send('GET /chunks HTTP/1.0\r\n\r\n').response()
  assert.equal(headers['transfer-encoding'], undefined)
  assert.equal(headers['content-length'], undefined)
  assert.equal(headers['connection'], 'close')
  assert.equal(body, 'one two three')
  await client.closed
})

test('EdgeServer keeps an HTTP/1.0 connection that asks for it when the length is known', async () => {
  const client = await RawClient.open(stage.port)
  const ask = 'GET /early HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'
  const first = await client.send(ask).response()
  assert.equal(first.headers['connection'], 'keep-alive')
  assert.equal(first.headers['content-length'], '5')
  assert.equal((await client.send(ask).response()).body, 'early')
  const streamed = await client.send(ask.replace('early', 'chunks')).response()
  assert.equal(streamed.headers['connection'], 'close')
  assert.equal(streamed.body, 'one two three')
  await client.closed
})

test('EdgeServer closes when the client or the application says close', async () => {
  const byClient = await RawClient.open(stage.port)
  const asked = await byClient.send(get('/hello', 'Connection: close')).response()
  assert.equal(asked.headers['connection'], 'close')
  await byClient.closed
  const byApplication = await RawClient.open(stage.port)
  const told = await byApplication.send(get('/close')).response()
  assert.equal(told.headers['connection'], 'close')
  assert.equal(told.body, 'bye')
  await byApplication.closed
})

test('EdgeServer executes nothing after a request that closes the connection', async () => {
  const client = await RawClient.open(stage.port)
  client.send(get('/hello', 'Connection: close') + get('/early?behind-close'))
  assert.equal((await client.response()).status, 200)
  assert.equal(await client.rest(), '')
  assert.deepEqual(stage.sightings('/early?behind-close', 'begun'), [])
})

test('EdgeServer answers a client that said it would close and has closed its writing side', async () => {
  for (const text of [request('GET', '/chunks', ['Connection: close']), 'GET /chunks HTTP/1.0\r\n\r\n']) {
    const client = await RawClient.open(stage.port)
    client.socket.end(text, 'latin1')
    assert.equal((await client.response()).body, 'one two three')
    await client.closed
  }
})

test('EdgeServer tells the application at once of a client that meant to go on and has gone', async () => {
  // Waiting as for other half-closed clients, a second, it would never be at once. Where the machine stood still, the
  // client leaves once more.
  for (let attempt = 0, wasAtOnce = false; !wasAtOnce; attempt++) {
    const target = `/hang?left=${attempt}`
    const client = await RawClient.open(stage.port)
    client.send(get(target))
    await stage.sighting(target, 'begun')
    const leftAt = performance.now()
    client.socket.end()
    assert.equal((await stage.sighting(target, 'closed')).finished, false)
    wasAtOnce = performance.now() - leftAt < 900
    await client.closed
  }
})

test('EdgeServer sends early hints and 100 Continue before the response, not to HTTP/1.0', async () => {
  const client = await RawClient.open(stage.port)
  const hinted = await client.send(get('/hints')).response()
  assert.deepEqual([hinted.informational, hinted.body], [[103], 'after the hint'])
  client.send(request('POST', '/echo', ['Content-Length: 5', 'Expect: 100-continue']))
  assert.equal(await client.bytes(25), 'HTTP/1.1 100 Continue\r\n\r\n')
  assert.equal((await client.send('hello').response()).body, 'hello')
  const old = await client.send('GET /hints HTTP/1.0\r\n\r\n').response()
  assert.deepEqual([old.informational, old.body], [[], 'after the hint'])
  await client.closed
})

test('EdgeServer passes a refused expectation on without asking for the body', async () => {
  const client = await RawClient.open(stage.port)
  client.send(request('POST', '/refused', ['Content-Length: 5', 'Expect: 100-continue']))
  const { status, informational, body } = await client.response()
  assert.deepEqual([status, informational, body], [417, [], 'not that'])
  client.destroy()
})

test('EdgeServer passes trailers on in both directions', async () => {
  const client = await RawClient.open(stage.port)
  const down = await client.send(get('/trailers', 'TE: trailers')).response()
  assert.equal(down.body, 'body')
  assert.equal(down.headers['trailer'], 'x-sum')
  assert.deepEqual(down.trailers, ['x-sum: 42'])
  const head = request('POST', '/seen', ['Transfer-Encoding: chunked', 'Trailer: X-Check'])
  const up = await client.send(`${head}2\r\nhi\r\n0\r\nX-Check: 7\r\nHost: evil\r\n\r\n`).response()
  assert.deepEqual(JSON.parse(up.body).trailers, { 'x-check': '7' })
  client.destroy()
})

test('EdgeServer breaks the connection when the application gives a response up half way', async () => {
  for (const path of ['/half', '/half-chunked']) {
    const client = await RawClient.open(stage.port)
    await assert.rejects(client.send(get(path)).response(), /ended before the response was complete/)
    await client.closed
  }
})

test('EdgeServer breaks the connection of a response shorter than its Content-Length', async () => {
  for (const path of ['/declared?length=10&body=short', '/declared?length=20&body=short&pieces']) {
    const client = await RawClient.open(stage.port)
    await assert.rejects(client.send(get(path)).response(), /ended before the response was complete/)
  }
})

test('EdgeServer never sends more body than was declared', async () => {
  for (const path of ['/declared?length=2&body=toolong', '/declared?length=7&body=toolong&pieces']) {
    const client = await RawClient.open(stage.port)
    const all = await client.send(get(path)).rest()
    const length = Number(/length=(\d+)/.exec(path)?.[1])
    const end = all.indexOf('\r\n\r\n')
    const body = end === -1 ? '' : all.slice(end + 4)
    assert.ok(body.length <= length, `${path} gave ${JSON.stringify(body)}`)
    await client.closed
  }
})

test('EdgeServer answers 502 when the handler destroys its socket', async () => {
  const client = await RawClient.open(stage.port)
  const { status, headers, body } = await client.send(get('/destroy')).response()
  assert.equal(status, 502)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.equal(JSON.parse(body).statusCode, 502)
  client.destroy()
})

test('EdgeServer tells the handler of a client that is gone', async () => {
  const waiting = await RawClient.open(stage.port)
  waiting.send(get('/hang?gone'))
  await stage.sighting('/hang?gone', 'begun')
  waiting.socket.resetAndDestroy()
  assert.equal((await stage.sighting('/hang?gone', 'closed')).finished, false)

  const reading = await RawClient.open(stage.port)
  reading.send(get('/first?gone'))
  await reading.bytes(15)
  reading.socket.resetAndDestroy()
  assert.equal((await stage.sighting('/first?gone', 'closed')).finished, false)

  const sending = await RawClient.open(stage.port)
  sending.send(`${request('POST', '/hash?gone', ['Content-Length: 10'])}12345`)
  await stage.sighting('/hash?gone', 'begun')
  sending.destroy()
  assert.equal((await stage.sighting('/hash?gone', 'closed')).finished, false)
  await stage.sighting('/hash?gone', 'request closed')
})

test('EdgeServer tells the sockets of a connection that it is closed, and no others', async () => {
  const client = await RawClient.open(stage.port)
  const other = await RawClient.open(stage.port)
  for (const each of [client, other]) await each.send(get('/early')).response()
  const target = '/watched?closed'
  // Each worker has a socket of its own for the connection.
  for (let i = 0; i < 6; i++) await client.send(get(target)).response()
  await other.send(get('/watched?open')).response()
  client.destroy()
  await stage.sighting(target, 'socket closed')
  assert.deepEqual(stage.sightings('/watched?open', 'socket closed'), [])
  assert.equal((await other.send(get('/watched?open')).response()).status, 200)
  other.destroy()
  await stage.sighting('/watched?open', 'socket closed')
})

test('EdgeServer gives clients of node:http what they expect', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (let i = 0; i < 3; i++) {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = httpRequest({ port: stage.port, path: '/echo', method: 'POST', agent }, resolve)
      call.on('error', reject)
      call.write('pass')
      call.end('ed on')
    })
    assert.equal(response.statusCode, 200)
    assert.equal(Buffer.concat(await response.toArray()).toString(), 'passed on')
  }
  agent.destroy()
})

test('EdgeServer keeps header names, order and repeated lines of a response', async () => {
  const client = await RawClient.open(stage.port)
  const { head } = await client.send(get('/header?Set-Cookie=a%3D1&X-Odd=b&Set-Cookie=c%3D2')).response()
  const lines = head.split('\r\n').filter(line => /^(?:set-cookie|x-odd)/i.test(line))
  assert.deepEqual(lines, ['Set-Cookie: a=1', 'Set-Cookie: c=2', 'X-Odd: b'])
  client.destroy()
})

test('EdgeServer leaves nothing in flight behind', () => stage.settled())
