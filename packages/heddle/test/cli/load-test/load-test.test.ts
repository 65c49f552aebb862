/** Load tests with autocannon against real servers: what is sent, what is counted, however the server behaves. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { exitCodes } from '../../../src/cli/exit-codes.ts'
import { codeOf } from '../../../src/cli/failure.ts'
import { findAutocannon, isKnown, placesOf } from '../../../src/cli/load-test/autocannon.ts'
import { Histogram } from '../../../src/cli/load-test/histogram.ts'
import { assertReachable, runLoadTest } from '../../../src/cli/load-test/load-test.ts'
import type { LoadCounts, LoadPlan, LoadRequest } from '../../../src/cli/load-test/messages.ts'

const autocannon = findAutocannon(placesOf(import.meta.dirname))

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** A server of which a test writes every byte. */
async function serveBytes(
  t: TestContext,
  onRequest: (socket: Socket, count: number) => void
): Promise<string> {
  let count = 0
  const sockets = new Set<Socket>()
  const server = createTcpServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', () => onRequest(socket, ++count))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

interface Changes extends Partial<Omit<LoadPlan, 'request'>> {
  readonly request?: Partial<LoadRequest>
  readonly threads?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (counts: LoadCounts) => void
}

function run(url: string, changes: Changes): Promise<LoadCounts> {
  const { request, threads = 1, signal = new AbortController().signal, onProgress, ...limits } = changes
  const plan: LoadPlan = {
    connections: 2,
    pipelining: 1,
    rate: null,
    amount: null,
    durationMs: 300,
    warmUpMs: 0,
    timeoutMs: 10_000,
    ...limits,
    request: { url, method: 'GET', headers: {}, body: null, ...request }
  }
  const end = { signal, graceMs: 50 }
  return runLoadTest({
    plan,
    threads,
    autocannon,
    ...end,
    ...(onProgress === undefined ? {} : { onProgress })
  })
}

test('exactly as many requests are sent as wanted, over all threads, with all that belongs to them', async t => {
  const seen: string[] = []
  const url = await serve(t, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method, headers } = request
      seen.push(
        `${method} ${request.url} ${String(headers['x-test'])} ${headers.host} ${Buffer.concat(chunks).toString()}`
      )
      response.writeHead(seen.length === 1 ? 503 : 201).end('done')
    })
  })
  const request = {
    url: `${url}users?x=1`,
    method: 'POST',
    headers: { 'x-test': 'yes', host: 'shop.example.com' },
    body: Buffer.from('{"a":1}')
  }
  const counts = await run(url, { amount: 31, connections: 4, pipelining: 3, threads: 2, request })
  assert.deepEqual(new Set(seen), new Set(['POST /users?x=1 yes shop.example.com {"a":1}']))
  assert.equal(seen.length, 31)
  assert.deepEqual([counts.sent, counts.answered, counts.errors], [31, 31, {}])
  assert.deepEqual(counts.statuses, { 201: 30, 503: 1 })
  const histogram = new Histogram()
  histogram.add(counts.latency)
  assert.equal(histogram.count, 31)
  assert.ok(counts.seconds.reduce((sum, answers) => sum + answers, 0) === 31 && counts.bytes > 0)
})

test('what is sent while it warms up counts nowhere', async t => {
  let requests = 0
  const url = await serve(t, (_request, response) => {
    requests += 1
    response.end()
  })
  // Where the machine is so slow that nothing was sent in the time it was to warm up, it gets more.
  for (let warmUpMs = 200; requests <= 5; warmUpMs *= 2) {
    requests = 0
    const counts = await run(url, { amount: 5, warmUpMs })
    assert.deepEqual([counts.sent, counts.statuses], [5, { 200: 5 }])
    assert.ok(warmUpMs < 30_000, 'It does not warm up.')
  }
})

test('connections that the server closes in good order are no errors, whichever way an answer ends', async t => {
  const announced = await serve(t, (_request, response) => {
    response.setHeader('connection', 'close')
    response.end('bye')
  })
  const first = await run(announced, { amount: 9 })
  assert.deepEqual([first.answered, first.statuses, first.errors], [9, { 200: 9 }, {}])
  const unmeasured = await serveBytes(t, socket =>
    socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end')
  )
  const second = await run(unmeasured, { amount: 9 })
  assert.deepEqual([second.answered, second.statuses, second.errors], [9, { 200: 9 }, {}])
})

test('a connection that ends before the answer is an error, and those after it are measured by themselves', async t => {
  const url = await serveBytes(t, (socket, count) => {
    if (count === 2) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot all')
    else if (count === 4) socket.resetAndDestroy()
    else socket.write('HTTP/1.1 204 No Content\r\n\r\n')
  })
  const counts = await run(url, { amount: 8, connections: 1 })
  assert.deepEqual(counts.statuses, { 204: 6 })
  assert.deepEqual(counts.errors, { closed: 1, ECONNRESET: 1 })
  assert.deepEqual([counts.sent, counts.answered], [8, 6])
})

test('HEAD and answers with information before them are understood', async t => {
  const url = await serve(t, (request, response) => {
    if (request.method === 'GET') response.writeEarlyHints({ link: '</a.css>; rel=preload' })
    response.setHeader('content-length', 5)
    response.end('hello')
  })
  for (const method of ['HEAD', 'GET']) {
    const counts = await run(url, { amount: 6, request: { method } })
    assert.deepEqual([counts.answered, counts.statuses, counts.errors], [6, { 200: 6 }, {}], method)
  }
})

test('a request without an answer is one that was slow', async t => {
  const url = await serve(t, () => {})
  const counts = await run(url, { amount: 3, connections: 3, timeoutMs: 250 })
  assert.deepEqual([counts.sent, counts.answered, counts.errors], [3, 0, { timeout: 3 }])
  const histogram = new Histogram()
  histogram.add(counts.latency)
  // A histogram is exact to within 0.4 %.
  assert.ok((histogram.least ?? 0) >= 248, String(histogram.least))
})

test('at a rate the requests a standing server holds up count with the time they have waited', async t => {
  let requests = 0
  const url = await serve(t, (_request, response) => {
    requests += 1
    if (requests === 10) setTimeout(() => response.end(), 400)
    else response.end()
  })
  const counts = await run(url, { rate: 100, amount: 60, connections: 1 })
  const [latency, service] = [new Histogram(), new Histogram()]
  latency.add(counts.latency)
  service.add(counts.service)
  assert.equal(counts.answered, 60)
  // One was answered late, but forty were due meanwhile: half of them waited for more than 150 ms.
  assert.ok(latency.countBetween(150, Infinity) >= 20, String(latency.countBetween(150, Infinity)))
  assert.ok((service.percentile(0.5) ?? 0) < (latency.percentile(0.5) ?? 0))
  assert.ok(counts.elapsedMs >= 590, String(counts.elapsedMs))
})

test('a test that is ended early tells what there is', async t => {
  const ending = new AbortController()
  let requests = 0
  const url = await serve(t, (_request, response) => {
    requests += 1
    if (requests % 2 === 0) response.end()
    if (requests === 40) ending.abort()
  })
  const told: LoadCounts[] = []
  const counts = await run(url, {
    durationMs: 600_000,
    connections: 30,
    threads: 2,
    signal: ending.signal,
    onProgress: each => told.push(each)
  })
  assert.ok(counts.answered >= 10 && (counts.errors['unanswered'] ?? 0) > 0, JSON.stringify(counts.errors))
  assert.ok(counts.elapsedMs < 600_000)
})

test('a wrong address is told at once', async t => {
  const url = await serve(t, (_request, response) => response.end())
  await assertReachable(url)
  const server = createTcpServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  await assert.rejects(assertReachable(`http://127.0.0.1:${port}/`), {
    code: 'HEDDLE_LOAD_UNREACHABLE',
    message: `Nobody answers at http://127.0.0.1:${port}/: the connection was refused.`
  })
})

test('autocannon is found beside the project, and missed where it is not', t => {
  assert.match(autocannon, /autocannon/)
  const empty = mkdtempSync(join(tmpdir(), 'heddle-bench-'))
  t.after(() => rmSync(empty, { recursive: true }))
  const find = (): string => findAutocannon([join(empty, 'package.json')])
  assert.throws(find, (error: Error) => {
    assert.match(error.message, /npm install --save-dev autocannon$/)
    assert.deepEqual(codeOf(error), exitCodes.packageMissing.code)
    return true
  })
  assert.equal(isKnown({}), false)
})

test('a thread that fails is told with its reason', async t => {
  const url = await serve(t, (_request, response) => response.end())
  await assert.rejects(run(url, { amount: 1, request: { method: 'BREW' } }), {
    code: 'HEDDLE_LOAD_TEST_FAILED'
  })
})
