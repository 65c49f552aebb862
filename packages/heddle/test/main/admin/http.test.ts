/** Clients that hold a server up, or speak no HTTP, over a real port. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { closeHttp, createHttp } from '../../../src/main/admin/http.ts'
import { systemClock } from '../../../src/shared/clock.ts'

/** So little time that whoever waits for its end does not wait for long. */
const quick = { headMs: 100, requestMs: 200, lookMs: 20 }

async function setUp(
  t: TestContext,
  answer: Parameters<typeof createHttp>[0],
  limits?: typeof quick
): Promise<[Server, number]> {
  const server = createHttp(answer, limits)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    if (server.listening) await closeHttp(server, systemClock)
  })
  return [server, (server.address() as AddressInfo).port]
}

/** Sends this and nothing more, and resolves with all that comes until the server closes the connection. */
async function send(port: number, bytes: string): Promise<{ head: string; body: string }> {
  const socket = connect(port, '127.0.0.1')
  socket.write(bytes)
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
  return { head, body }
}

const cases: readonly (readonly [title: string, bytes: string, status: number, detail: RegExp])[] = [
  ['a head that does not end', 'GET / HTTP/1.1\r\nhost: a\r\n', 408, /took too long to arrive/],
  [
    'a body that does not end',
    'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{',
    408,
    /took too long/
  ],
  [
    'an expectation',
    'GET / HTTP/1.1\r\nhost: a\r\nexpect: more\r\nconnection: close\r\n\r\n',
    417,
    /100-continue/
  ],
  ['no HTTP', 'hello\r\n\r\n', 400, /cannot be read/],
  ['a head without end', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}`, 431, /cannot be read/]
]

for (const [title, bytes, status, detail] of cases) {
  test(`createHttp() answers ${status} to ${title}, as a problem`, async t => {
    const [, port] = await setUp(t, request => void request.resume(), status === 408 ? quick : undefined)
    const { head, body } = await send(port, bytes)
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} `))
    assert.match(head, /content-type: application\/problem\+json/)
    const problem: { readonly status: number; readonly detail: string } = JSON.parse(body)
    assert.equal(problem.status, status)
    assert.match(problem.detail, detail)
  })
}

test('createHttp() closes the connection of a client it has refused and that stays', async t => {
  const [server, port] = await setUp(t, () => assert.fail('There is no request.'), quick)
  const accepted = once(server, 'connection')
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.after(() => socket.destroy())
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n')
  const [other] = (await accepted) as [Socket]
  socket.resume()
  await once(other, 'close')
})

test('createHttp() answers nothing in the middle of another answer', async t => {
  const [, port] = await setUp(t, (_request, response) => void response.write('half'))
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  let received = ''
  socket.on('data', data => {
    received += data.toString()
    if (received.endsWith('half\r\n')) socket.write('hello\r\n\r\n')
  })
  await once(socket, 'close').catch(() => null)
  assert.doesNotMatch(received, /400/)
})

test('closeHttp() lets an answer that is under way end', async t => {
  const asked = Promise.withResolvers<() => void>()
  const [server, port] = await setUp(t, (_request, response) => asked.resolve(() => response.end('whole')))
  const answered = send(port, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  const answer = await asked.promise
  const closed = closeHttp(server, systemClock)
  answer()
  assert.match((await answered).body, /whole/)
  await closed
})

test('closeHttp() cuts what does not end', async t => {
  const asked = Promise.withResolvers<void>()
  const [server, port] = await setUp(t, (_request, response) => {
    response.write('half')
    asked.resolve()
  })
  const answered = send(port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n').catch(
    (error: NodeJS.ErrnoException) => error.code
  )
  await asked.promise
  await closeHttp(server, systemClock)
  assert.ok((await answered) !== undefined)
})

test('A connection that cannot be accepted for want of a descriptor is nothing but a connection', async t => {
  const [server, port] = await setUp(t, (_request, response) => response.end('here'))
  // As node says it when accept(2) fails.
  server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
  const { body } = await send(port, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  assert.match(body, /here/)
})
