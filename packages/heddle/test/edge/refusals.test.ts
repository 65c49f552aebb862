/**
 * What the edge answers when no application does, and what it does with requests that are made to be
 * read in two ways. Real sockets.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { RawClient, get, post, request } from './raw-client.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage

before(async () => {
  stage = await openStage({
    entrypoint: null,
    workers: { api: 1, plain: 1 },
    server: { maxBodySize: 1000 },
    routes: [
      { host: 'localhost', prefix: '/', application: 'api', stripPrefix: false, requestTimeout: null },
      { host: 'localhost', prefix: '/hang', application: 'api', stripPrefix: false, requestTimeout: 300 },
      { host: 'gone.example', prefix: '/', application: 'plain', stripPrefix: false, requestTimeout: null },
      { host: '*.wild.example', prefix: '/', application: 'api', stripPrefix: false, requestTimeout: null }
    ]
  })
  await stage.worker('plain:0').member.withdraw()
})
after(() => stage.close())

const smuggled = 'GET /early?smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'

const attacks: readonly (readonly [string, string])[] = [
  [
    'a length beside chunked',
    `${request('POST', '/echo', ['Content-Length: 6', 'Transfer-Encoding: chunked'])}0\r\n\r\n`
  ],
  ['two lengths', request('POST', '/echo', ['Content-Length: 0', 'Content-Length: 100'])],
  ['a length with a plus', request('POST', '/echo', ['Content-Length: +0'])],
  ['a coding behind a vertical tab', request('POST', '/echo', ['Transfer-Encoding:\x0bchunked'])],
  ['a folded coding', request('POST', '/echo', ['Transfer-Encoding:\r\n chunked'])],
  ['a coding with a space before its colon', request('POST', '/echo', ['Transfer-Encoding : chunked'])],
  [
    'a chunk longer than its size',
    `${request('POST', '/echo', ['Transfer-Encoding: chunked'])}1\r\nabc\r\n0\r\n\r\n`
  ],
  ['a chunk size with a sign', `${request('POST', '/echo', ['Transfer-Encoding: chunked'])}+0\r\n\r\n`],
  ['a bare LF after a chunk size', `${request('POST', '/echo', ['Transfer-Encoding: chunked'])}0\n\r\n`],
  ['two hosts', request('GET', '/early', ['Host: other'])],
  ['a bare CR in a value', request('GET', '/early', ['X-A: b\rContent-Length: 5'])]
]

describe('EdgeServer answers 400 and runs nothing behind', () => {
  for (const [what, bytes] of attacks) {
    test(what, async () => {
      const client = await RawClient.open(stage.port)
      client.send(bytes + smuggled)
      const { status, headers } = await client.response()
      assert.equal(status, 400)
      assert.equal(headers['connection'], 'close')
      assert.equal(await client.rest(), '')
      assert.deepEqual(stage.sightings('/early?smuggled', 'begun'), [])
    })
  }
})

test('EdgeServer answers 501 to codings it does not know and closes', async () => {
  const client = await RawClient.open(stage.port)
  client.send(request('POST', '/echo', ['Transfer-Encoding: gzip, chunked']) + smuggled)
  const { status, headers } = await client.response()
  assert.deepEqual([status, headers['connection']], [501, 'close'])
  assert.equal(await client.rest(), '')
})

test('EdgeServer answers 413 to a body beyond the limit, declared or not', async () => {
  const declared = await RawClient.open(stage.port)
  declared.send(post('/hash?declared', 'x'.repeat(1001)))
  assert.equal((await declared.response()).status, 413)
  assert.deepEqual(stage.sightings('/hash?declared', 'begun'), [])
  const chunked = await RawClient.open(stage.port)
  chunked.send(
    `${request('POST', '/hash?chunked', ['Transfer-Encoding: chunked'])}3e8\r\n${'x'.repeat(1000)}\r\n`
  )
  await stage.sighting('/hash?chunked', 'begun')
  chunked.send('1\r\nx\r\n')
  assert.equal((await chunked.response()).status, 413)
  assert.equal((await stage.sighting('/hash?chunked', 'closed')).finished, false)
})

test('EdgeServer answers 404 when no route claims a request', async () => {
  const client = await RawClient.open(stage.port)
  const { status, headers, body } = await client.send('GET /x HTTP/1.1\r\nHost: other\r\n\r\n').response()
  assert.equal(status, 404)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.equal(headers['cache-control'], 'no-store')
  const page = JSON.parse(body) as Record<string, unknown>
  assert.equal(page['statusCode'], 404)
  assert.match(String(page['message']), /no application answers other\/x/)
  assert.match(String(page['requestId']), /^[0-9a-f]{16}-\d+$/)
})

test('EdgeServer shows an HTML page to who asks for HTML first, with everything escaped', async () => {
  const client = await RawClient.open(stage.port)
  const ask = 'GET /<script>"&\' HTTP/1.1\r\nHost: other\r\nAccept: text/html, application/json;q=0.5\r\n\r\n'
  const { headers, body } = await client.send(ask).response()
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  assert.match(body, /<h1>404 Not Found<\/h1>/)
  assert.doesNotMatch(body, /<script>/)
})

test('EdgeServer sends the head of its own answers alone to HEAD', async () => {
  const client = await RawClient.open(stage.port)
  const all = await client.send('HEAD /x HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n').rest()
  assert.match(all, /^HTTP\/1\.1 404 Not Found\r\n/)
  assert.ok(all.endsWith('\r\n\r\n'))
})

test('EdgeServer answers 503 with Retry-After when no worker is ready, and keeps the connection', async () => {
  const client = await RawClient.open(stage.port)
  for (let i = 0; i < 2; i++) {
    const { status, headers } = await client.send('GET / HTTP/1.1\r\nHost: gone.example\r\n\r\n').response()
    assert.deepEqual([status, headers['retry-after'], headers['connection']], [503, '1', undefined])
  }
  client.destroy()
})

test('EdgeServer answers 504 when the application does not answer in time', async () => {
  const client = await RawClient.open(stage.port)
  assert.equal((await client.send(get('/hang')).response()).status, 504)
  assert.equal((await client.send(get('/early')).response()).body, 'early', 'the connection goes on')
  client.destroy()
})

test('EdgeServer routes by the host of an absolute target and hands its path on', async () => {
  const client = await RawClient.open(stage.port)
  for (const target of [
    'http://localhost/seen?a',
    'http://x.wild.example:80/seen?a',
    'HTTP://LOCALHOST/seen?a'
  ]) {
    client.send(`GET ${target} HTTP/1.1\r\nHost: other\r\n\r\n`)
    assert.equal((JSON.parse((await client.response()).body) as { url: string }).url, '/seen?a')
  }
  client.send('GET http://localhost?q HTTP/1.1\r\nHost: other\r\n\r\n')
  await client.response()
  assert.equal((await stage.seen('/?q', 'begun', 1)).length, 1)
  client.destroy()
})

test('EdgeServer routes by host and by wildcard, and hands OPTIONS * on', async () => {
  const client = await RawClient.open(stage.port)
  client.send('GET /early HTTP/1.1\r\nHost: a.b.wild.example:80\r\n\r\n')
  assert.equal((await client.response()).body, 'early')
  await client.send('OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n').response()
  assert.equal((await stage.seen('*', 'begun', 1)).length, 1)
  client.destroy()
})

test('EdgeServer leaves nothing in flight behind its refusals', () => stage.settled())
