/**
 * Those who judge, judged: servers that lose requests in every way there is, and what the driver says of each.
 */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'

import { HttpConnection, Lost } from '../chaos/clients/http-connection.mjs'
import { ResponseReader } from '../chaos/clients/response-reader.mjs'
import { closeCode, closePayload, encodeFrame, FrameReader, opcodes } from '../chaos/frames.mjs'
import { countBegun, isExcused, isSevered, judge } from '../chaos/judge.mjs'
import { Ledger } from '../chaos/ledger.mjs'

const driver = join(import.meta.dirname, '../chaos/driver.mjs')
/** What is over only when something is wrong. */
const longMs = 60_000
const okay = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

async function listen(t, answer) {
  const sockets = new Set()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', chunk => answer(socket, chunk.toString('latin1')))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return server.address().port
}

for (const { what, answer, kind } of [
  { what: 'a reset', answer: socket => socket.resetAndDestroy(), kind: 'ECONNRESET' },
  { what: 'an end before the answer', answer: socket => socket.end(), kind: 'closed' },
  {
    what: 'an end in the middle of the head',
    answer: socket => socket.end('HTTP/1.1 200 OK\r\ncontent-'),
    kind: 'truncated'
  },
  {
    what: 'an end in the middle of the body',
    answer: socket => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok'),
    kind: 'truncated'
  },
  {
    what: 'an end between two chunks',
    answer: socket => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n'),
    kind: 'truncated'
  },
  { what: 'silence', answer: () => {}, kind: 'timeout' },
  { what: 'something else', answer: socket => socket.end('hello\r\n\r\n'), kind: 'nonsense' }
]) {
  test(`a connection calls ${what} ${kind}`, async t => {
    const port = await listen(t, answer)
    const connection = await HttpConnection.open(port, longMs)
    const timeoutMs = kind === 'timeout' ? 50 : longMs
    await assert.rejects(
      connection.exchange({ head: 'GET / HTTP/1.1\r\nhost: a', timeoutMs }),
      error => error instanceof Lost && error.kind === kind
    )
    assert.equal(connection.open, false)
  })
}

test('a connection is used again until the server says that it closes', async t => {
  let answers = 0
  const last = okay.replace('content-length', 'connection: close\r\ncontent-length')
  const port = await listen(t, socket => socket.write(++answers === 1 ? okay : last))
  const connection = await HttpConnection.open(port, longMs)
  const ask = () => connection.exchange({ head: 'GET / HTTP/1.1\r\nhost: a', timeoutMs: longMs })
  assert.equal((await ask()).status, 200)
  assert.equal(connection.open, true)
  assert.equal((await ask()).body.toString(), 'ok')
  assert.equal(connection.open, false)
})

test('ResponseReader reads chunks that come byte by byte, and leaves what is behind them', () => {
  const bytes = Buffer.from(
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nx'
  )
  const reader = new ResponseReader()
  const answer = [...bytes].map(byte => reader.push(Buffer.from([byte]))).find(one => one !== null)
  assert.equal(answer.status, 200)
  assert.equal(answer.body.toString(), 'abc')
})

for (const isClient of [true, false]) {
  test(`FrameReader reads what a ${isClient ? 'client' : 'server'} wrote, cut anywhere`, () => {
    const long = Buffer.alloc(300, 'x')
    const bytes = Buffer.concat([
      encodeFrame(opcodes.text, Buffer.from('hello'), isClient),
      encodeFrame(opcodes.text, long, isClient),
      encodeFrame(opcodes.close, closePayload(1012, 'again'), isClient)
    ])
    const reader = new FrameReader()
    const frames = [...bytes].flatMap(byte => reader.push(Buffer.from([byte])))
    assert.deepEqual(
      frames.map(({ opcode, payload }) => [opcode, payload.length]),
      [
        [opcodes.text, 5],
        [opcodes.text, 300],
        [opcodes.close, 7]
      ]
    )
    assert.equal(closeCode(frames[2].payload), 1012)
  })
}

test('a ledger gives each request one verdict and knows the longest silence, an open one included', () => {
  let now = 0
  const ledger = new Ledger(() => now)
  ledger.enter('steady')
  const first = ledger.begin('get', 'g1')
  now = 30
  first.ok({ counts: true })
  assert.throws(() => first.lost({ kind: 'timeout' }), /two verdicts/)
  const second = ledger.begin('get', 'g2')
  now = 100
  ledger.enter('event')
  second.lost({ kind: 'closed' })
  const { phases, losses, open } = ledger.report()
  assert.equal(phases.steady.longestGapMs, 70)
  assert.equal(phases.steady.p50Ms, 30)
  assert.deepEqual(phases.steady.losses, { 'get closed': 1 })
  assert.deepEqual([losses.length, losses[0].phase, open], [1, 'steady', 0])
})

test('isExcused() wants a proof that the request had begun', () => {
  assert.equal(isExcused({ type: 'post', kind: '502' }, 1), true)
  assert.equal(isExcused({ type: 'post', kind: '502' }, 0), false)
  assert.equal(isExcused({ type: 'post', kind: 'closed' }, 1), false)
  assert.equal(isExcused({ type: 'get', kind: '502' }, 1), false)
  assert.equal(isExcused({ type: 'stream', kind: 'truncated' }, 1), true)
  assert.equal(isExcused({ type: 'socket', kind: 'cut' }, 1), true)
  assert.equal(isExcused({ type: 'socket', kind: 'timeout' }, 1), false)
})

test("isSevered() takes a connection for a worker's when it had answered before or had begun", () => {
  assert.equal(isSevered({ kind: 'closed', fresh: false }, 0), true)
  assert.equal(isSevered({ kind: 'ECONNRESET', fresh: true }, 1), true)
  assert.equal(isSevered({ kind: 'ECONNRESET', fresh: true }, 0), false)
  assert.equal(isSevered({ kind: 'ECONNREFUSED', fresh: false }, 0), false)
  assert.equal(isSevered({ kind: '503', fresh: false }, 1), false)
})

test('judge() counts POSTs that ran twice, and excuses nothing where no worker dies', () => {
  const phase = { requests: { post: 3 }, losses: { 'post 502': 1 }, p50Ms: 1, p99Ms: 2, maxMs: 3 }
  const losses = [{ type: 'post', id: 'p1', kind: '502' }]
  const report = { losses, phases: { steady: phase, event: { ...phase, losses: {} } }, versions: [1] }
  const begun = countBegun(['p1', 'p2', 'p2', 'g3', 'g3', 'g3'])
  const calm = judge({ report, begun, hasDeaths: false })
  assert.deepEqual(
    [calm.requests, calm.failed, calm.excused, calm.duplicates, calm.begunAgain],
    [6, 1, 0, 1, 1]
  )
  const deadly = judge({ report, begun, hasDeaths: true })
  assert.deepEqual([deadly.failed, deadly.excused, deadly.excusedByKind], [0, 1, { 'post 502': 1 }])
})

test('the driver notices a server that loses every fifth request', async t => {
  let asked = 0
  const lost = []
  const port = await listen(t, (socket, text) => {
    const id = /[?&]id=(\w+)/.exec(text)?.[1]
    const body = `{"id":"${id}"}`
    if (++asked % 5 !== 0) socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    else {
      lost.push(id)
      socket.resetAndDestroy()
    }
    if (asked === 100) child.send({ type: 'stop' })
  })
  const child = fork(driver, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  t.after(() => child.kill('SIGKILL'))
  child.send({ type: 'start', port, load: { keepAlive: 2 }, timeoutMs: longMs, seed: 1 })
  const heard = Promise.withResolvers()
  child.on('message', message => {
    if (message.type === 'report') heard.resolve(message.report)
  })
  const { losses, phases, open } = await heard.promise
  assert.equal(open, 0)
  assert.ok(lost.length >= 20)
  const resets = losses.filter(({ kind }) => kind === 'ECONNRESET').map(({ id }) => id)
  assert.deepEqual(new Set(resets), new Set(lost))
  // What is posted has a checksum that this server does not answer with.
  assert.ok(phases['warm-up'].losses['post wrong'] > 0)
})
