/** Requests and answers over TCP and unix sockets are what was sent, both ways. */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'

import { BYTES, HTTP10, LATIN1, MORE, NO_BODY, UTF8, type BodyField } from '../../src/wire/frames.ts'
import { clientSockets, listen, listenRaw, listenUnix, networkOf, ask, send } from './network.ts'

const places: readonly [string, (t: TestContext, listener: RequestListener) => Promise<string>][] = [
  ['a port', listen],
  ['a unix socket', listenUnix]
]

/** Tells what it was asked, and returns the body. */
const echo: RequestListener = (request, response) => {
  const { 'content-length': length = '-', 'transfer-encoding': coding = '-' } = request.headers
  void text(request.setEncoding('latin1')).then(body => {
    response.setHeader('x-asked', `${request.method} ${request.url} ${length} ${coding}`)
    response.setHeader('x-trailers', request.rawTrailers.join(','))
    return response.end(body, 'latin1')
  })
}

const long = 'x'.repeat(100_000)
const bodies: readonly [string, string, number, BodyField, string, string][] = [
  ['none', 'GET', NO_BODY, null, '', '- -'],
  ['none', 'DELETE', NO_BODY, null, '', '- -'],
  ['none', 'POST', NO_BODY, null, '', '0 -'],
  ['of a method of WebDAV', 'PROPFIND', LATIN1, 'abc', 'abc', '3 -'],
  ['characters', 'POST', UTF8, 'é', 'Ã©', '2 -'],
  ['bytes in a string', 'PUT', LATIN1, '\xe9\0', '\xe9\0', '2 -'],
  ['bytes', 'PATCH', BYTES, new Uint8Array([0, 255]), '\0\xff', '2 -'],
  ['a long one', 'POST', LATIN1, long, long, '100000 -']
]

for (const [place, open] of places) {
  test(`a body sent at once arrives at ${place}`, async t => {
    const { client, inflight } = networkOf(t, [await open(t, echo)])
    for (const [what, method, flags, body, expected, framing] of bodies) {
      const answer = await ask(client, { method, path: '/a?b=%20', flags, body })
      assert.equal(answer.error, null, what)
      assert.equal(answer.body, expected, what)
      assert.match(answer.block, new RegExp(`x-asked: ${method} /a\\?b=%20 ${framing}\r\n`), what)
      assert.equal(inflight(), 0)
    }
  })

  test(`a streamed body arrives at ${place}, with its trailers`, async t => {
    const { client } = networkOf(t, [await open(t, echo)])
    const answer = send(client, { method: 'POST', flags: MORE | LATIN1, body: 'a' })
    answer.exchange?.write(UTF8, 'é')
    answer.exchange?.write(BYTES, new Uint8Array([33]))
    answer.exchange?.end('X-Sum: 1\r\n')
    await answer.over
    assert.equal(answer.body, 'aÃ©!')
    assert.match(answer.block, /x-asked: POST \/ - chunked\r\nx-trailers: X-Sum,1\r\n/)
  })
}

test('a streamed body of known length is sent with it', async t => {
  const { client } = networkOf(t, [await listen(t, echo)])
  const headers = 'host: api.local\r\ncontent-length: 2\r\n'
  const answer = send(client, { method: 'POST', flags: MORE, headers })
  answer.exchange?.write(LATIN1, 'ab')
  answer.exchange?.end()
  await answer.over
  assert.equal(answer.body, 'ab')
  assert.match(answer.block, /x-asked: POST \/ 2 -/)
})

test('a streamed body of another length than it says is refused, and never looks complete', async t => {
  const ends: Promise<string>[] = []
  const address = await listen(t, request => {
    ends.push(
      text(request).then(
        () => 'complete',
        () => 'broken off'
      )
    )
  })
  const { client, inflight } = networkOf(t, [address])
  const headers = 'host: api.local\r\ncontent-length: 5\r\n'
  for (const body of ['abc', 'abcdefg']) {
    const answer = send(client, { method: 'POST', flags: MORE, headers })
    answer.exchange?.write(LATIN1, body)
    answer.exchange?.end()
    await answer.over
    assert.equal(answer.error?.code, 'MESH_INVALID_REQUEST')
  }
  assert.equal(inflight(), 0)
  for (const end of ends) assert.equal(await end, 'broken off')
})

test('headers keep their case, order and repetitions, both ways; the host is that of the mesh', async t => {
  let raw: string[] = []
  const address = await listen(t, (request, response) => {
    raw = request.rawHeaders
    response.sendDate = false
    response.writeHead(200, [
      'X-Up',
      '1',
      'Set-Cookie',
      'a=b',
      'x-up',
      '2',
      'Set-Cookie',
      'c=d',
      'X-Hi',
      '\xe9'
    ])
    response.end()
  })
  const { client } = networkOf(t, [address])
  const answer = await ask(client, { headers: 'Host: api.local\r\nX-One: \xe9\r\nx-one: 2\r\n' })
  assert.deepEqual(raw, ['Host', 'api.local', 'X-One', '\xe9', 'x-one', '2', 'Connection', 'keep-alive'])
  const lines = 'X-Up: 1\r\nSet-Cookie: a=b\r\nx-up: 2\r\nSet-Cookie: c=d\r\nX-Hi: \xe9\r\n'
  assert.ok(answer.block.startsWith(lines), answer.block)
  assert.doesNotMatch(answer.block, /connection|transfer-encoding|keep-alive/i)
})

test('no header of an answer is left out, however many there are', async t => {
  const names = Array.from({ length: 3000 }, (_, index) => `x-${index}`)
  const address = await listen(t, (_request, response) => {
    response
      .writeHead(
        200,
        names.flatMap(name => [name, '1'])
      )
      .end()
  })
  const { block } = await ask(networkOf(t, [address]).client)
  assert.ok(block.startsWith(names.map(name => `${name}: 1\r\n`).join('')))
})

test('a request of an HTTP/1.0 client is one of HTTP/1.1 here', async t => {
  const address = await listen(t, (request, response) => response.end(request.httpVersion))
  const { client } = networkOf(t, [address])
  assert.equal((await ask(client, { flags: HTTP10, headers: '' })).body, '1.1')
})

const bodiless: readonly [string, string, number][] = [
  ['HEAD', 'content-length: 7', 200],
  ['GET', 'x-a: 1', 204],
  ['GET', 'content-length: 7', 304]
]

test('an answer without a body is complete with its head', async t => {
  const address = await listen(t, (request, response) => {
    const [name = '', value = ''] = String(request.headers['x-give']).split(': ')
    response.writeHead(Number(request.headers['x-status']), { [name]: value }).end()
  })
  const { client } = networkOf(t, [address])
  for (const [method, header, status] of bodiless) {
    const headers = `host: a\r\nx-status: ${status}\r\nx-give: ${header}\r\n`
    const answer = await ask(client, { method, headers })
    assert.deepEqual([answer.status, answer.body, answer.calls], [status, '', ['head']])
    assert.match(answer.block, new RegExp(header))
  }
})

test('a status message passes as it is', async t => {
  const address = await listen(t, (_request, response) => response.writeHead(299, 'Quite Fine').end())
  const { client } = networkOf(t, [address])
  const { status, message } = await ask(client)
  assert.deepEqual([status, message], [299, 'Quite Fine'])
})

test('a short answer is told in one call, a stream as it comes', async t => {
  const address = await listen(t, (request, response) => {
    if (request.url === '/short') response.end('short')
    else {
      response.write('a')
      request.once('end', () => response.end('b')).resume()
    }
  })
  const { client } = networkOf(t, [address])
  const short = await ask(client, { path: '/short' })
  assert.deepEqual([short.body, short.calls], ['short', ['head']])
  const long = send(client, { method: 'POST', path: '/long', flags: MORE })
  await long.next('data')
  assert.equal(long.body, 'a')
  long.exchange?.end()
  await long.over
  assert.equal(long.body, 'ab')
})

test('trailers of an answer arrive', async t => {
  const address = await listen(t, (_request, response) => {
    response.setHeader('Trailer', 'X-Sum')
    response.write('a')
    response.addTrailers([['X-Sum', '1']])
    response.end()
  })
  const { client } = networkOf(t, [address])
  const { body, trailers, block } = await ask(client)
  assert.deepEqual([body, trailers], ['a', 'X-Sum: 1\r\n'])
  assert.match(block, /Trailer: X-Sum/)
})

test('informational answers arrive before the final one', async t => {
  const address = await listen(t, (_request, response) => {
    response.writeProcessing()
    response.writeEarlyHints({ link: '</a.css>; rel=preload' })
    response.end('a')
  })
  const { client } = networkOf(t, [address])
  const { informations, calls, body } = await ask(client)
  assert.deepEqual(informations, [
    [102, ''],
    [103, 'Link: </a.css>; rel=preload\r\n']
  ])
  assert.deepEqual([calls, body], [['information', 'information', 'head'], 'a'])
})

test('a body that waits for 100 Continue is sent when it comes', async t => {
  const server = createServer()
  server.on('checkContinue', (request: IncomingMessage, response) => {
    response.writeContinue()
    request.pipe(response)
  })
  const { client } = networkOf(t, [await listen(t, server)])
  const headers = 'host: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n'
  const answer = send(client, { method: 'POST', flags: MORE, headers })
  await answer.next('information')
  answer.exchange?.write(LATIN1, 'ab')
  answer.exchange?.end()
  await answer.over
  assert.deepEqual([answer.informations, answer.body], [[[100, '']], 'ab'])
})

test('an answer instead of 100 Continue arrives, and the body need not follow', async t => {
  const server = createServer()
  server.on('checkContinue', (_request, response) => response.writeHead(413).end())
  const { client, inflight } = networkOf(t, [await listen(t, server)])
  const headers = 'host: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n'
  const answer = send(client, { method: 'POST', flags: MORE, headers })
  await answer.over
  assert.equal(answer.status, 413)
  answer.exchange?.abort('answered')
  assert.equal(inflight(), 0)
})

test('a body that ends with its connection arrives', async t => {
  const address = await listenRaw(t, socket => {
    socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\nx-a: 1\r\n\r\nall of it'))
  })
  const { client, inflight } = networkOf(t, [address])
  const { error, body, block } = await ask(client)
  assert.deepEqual([error, body, block], [null, 'all of it', 'x-a: 1\r\n'])
  assert.equal(inflight(), 0)
})

test('an idle connection is kept for four seconds, or one less than its server says', async t => {
  for (const [keepAliveTimeout, milliseconds] of [
    [60_000, 4000],
    [3000, 2000]
  ] as const) {
    const server = createServer({ keepAliveTimeout }, (_request, response) => response.end())
    const sockets = clientSockets(t)
    const { client } = networkOf(t, [await listen(t, server)])
    await ask(client)
    // On a connection that was given back and taken again, if it has not closed meanwhile.
    await ask(client)
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(sockets.at(-1)?.timeout, milliseconds)
  }
})

test('a thousand requests leave nothing behind once the client is closed', async t => {
  const server = createServer(echo)
  const sockets = clientSockets(t)
  const { client, inflight } = networkOf(t, [await listen(t, server)])
  for (let round = 0; round < 20; round++) {
    const asked = Array.from({ length: 50 }, () => ask(client, { method: 'PUT', flags: LATIN1, body: 'a' }))
    for (const { body } of await Promise.all(asked)) assert.equal(body, 'a')
  }
  assert.ok(sockets.length <= 100, `${sockets.length} connections`)
  client.close()
  assert.ok(sockets.every(({ destroyed }) => destroyed))
  assert.equal(inflight(), 0)
})
