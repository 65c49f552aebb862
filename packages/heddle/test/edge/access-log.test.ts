/**
 * The access log and the counts of an edge, with real clients and workers: what is in a line, which requests have
 * one, and that what is counted is what was sent.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'

import { WebSocket as WsClient } from 'ws'

import type { ResolvedRoute } from '../../src/config/resolved.ts'
import { AccessLogFile, type AccessRecord } from './access-log.ts'
import { RawClient, get, post, request } from './raw-client.ts'
import { generous, openStage, type Stage, type StageOptions } from './stage.ts'

async function logged(
  t: TestContext,
  options: StageOptions = {}
): Promise<{ stage: Stage; log: AccessLogFile; client: RawClient }> {
  const log = new AccessLogFile(t)
  const server = { accessLog: 'json', ...options.server } as const
  const stage = await openStage({ ...options, server, logger: log.logger })
  t.after(() => stage.close())
  const client = await RawClient.open(stage.port)
  t.after(() => client.destroy())
  return { stage, log, client }
}

function route(prefix: string, application: string, more: Partial<ResolvedRoute> = {}): ResolvedRoute {
  return { host: null, prefix, application, stripPrefix: false, requestTimeout: null, ...more }
}

function recordsOf(lines: readonly string[]): AccessRecord[] {
  return lines.map(line => JSON.parse(line) as AccessRecord)
}

test('EdgeServer logs who asked for what, who answered, how much and how long', async t => {
  const { log, client } = await logged(t, {
    workers: { api: 1, shop: 1 },
    routes: [route('/v1', 'shop', { stripPrefix: true })]
  })
  const before = Date.now()
  const lines = ['User-Agent: probe/1 (test)', 'Referer: http://a.dev/?q']
  const response = await client.send(post('/v1/echo?x=%20', 'hello body', ...lines)).response()
  assert.equal(response.body, 'hello body')
  const record = await log.only()
  const { time, requestId, queueMs, responseMs, totalMs, ...facts } = record
  assert.deepEqual(facts, {
    level: 'info',
    application: 'shop',
    worker: 'shop:0',
    msg: 'Request ended.',
    client: '127.0.0.1',
    method: 'POST',
    host: 'localhost',
    path: '/v1/echo?x=%20',
    protocol: 'HTTP/1.1',
    status: 200,
    bytesIn: 10,
    bytesOut: 10,
    retries: 0,
    reason: 'completed',
    phase: 'response-body',
    userAgent: 'probe/1 (test)',
    referer: 'http://a.dev/?q'
  })
  assert.match(requestId ?? '', /^[0-9a-f]{16}-\w+$/)
  assert.ok(Date.parse(time) >= before && Date.parse(time) <= Date.now())
  assert.equal(queueMs, 0)
  assert.ok(responseMs !== null && responseMs > 0 && totalMs >= responseMs)
})

test('EdgeServer logs each request of a pipeline, in order and once', async t => {
  const { stage, log, client } = await logged(t)
  const targets = ['/hello?1', '/status?code=304', '/chunks', '/trailers', '/hints', '/hello?2']
  client.send(targets.map(target => get(target)).join('') + request('HEAD', '/hello?3'))
  for (const target of targets) {
    const { status } = await client.response()
    assert.equal(status, target.startsWith('/status') ? 304 : 200)
  }
  await client.response('HEAD')
  const records = recordsOf(await log.reaches(7))
  assert.deepEqual(
    records.map(({ path, method, status, bytesOut }) => [path, method, status, bytesOut]),
    [
      ['/hello?1', 'GET', 200, 18],
      ['/status?code=304', 'GET', 304, 0],
      ['/chunks', 'GET', 200, 13],
      ['/trailers', 'GET', 200, 4],
      ['/hints', 'GET', 200, 14],
      ['/hello?2', 'GET', 200, 18],
      ['/hello?3', 'HEAD', 200, 0]
    ]
  )
  assert.equal(new Set(records.map(({ requestId }) => requestId)).size, 7)
  assert.deepEqual(stage.counts().responses, [0, 6, 1, 0, 0])
  assert.equal(stage.counts().ended.completed, 7)
})

test('EdgeServer logs the time in the queue, and the last of the workers that had a request', async t => {
  const { stage, log, client } = await logged(t, { workers: { api: 2 } })
  client.send(get('/hang?moved'))
  const { worker: first } = await stage.sighting('/hang?moved', 'begun')
  const moved = once(stage.worker(first === 'api:0' ? 'api:1' : 'api:0').thread, 'message')
  await stage.worker(first).thread.terminate()
  await moved
  client.destroy()
  const lost = await log.only()
  assert.deepEqual(
    [lost.worker, lost.retries, lost.reason, lost.phase],
    [first === 'api:0' ? 'api:1' : 'api:0', 1, 'client-aborted', 'response-head']
  )
  await stage.registry.expect('api', { queue: { max: 1, timeoutMs: 10_000 } })
  const { member } = stage.worker(lost.worker)
  await member.withdraw()
  const waiting = await RawClient.open(stage.port)
  waiting.send(get('/hello'))
  // Answered by the edge itself: what came before it has been read by then.
  const other = await RawClient.open(stage.port)
  await other.send('no request\r\n\r\n').rest()
  await member.publish()
  await waiting.response()
  waiting.destroy()
  const [, , waited] = recordsOf(await log.reaches(3))
  assert.deepEqual([waited?.worker, waited?.retries, waited?.status], [lost.worker, 0, 200])
  assert.ok(waited !== undefined && waited.queueMs > 0 && waited.totalMs >= waited.queueMs)
})

test('EdgeServer logs an upgraded connection when it is closed, and for how long it was one', async t => {
  const { stage, log } = await logged(t)
  const ws = new WsClient(`ws://127.0.0.1:${stage.port}/websocket`, { perMessageDeflate: false })
  await once(ws, 'open')
  assert.deepEqual(stage.counts().upgrades, { open: 1, total: 1 })
  ws.send('x'.repeat(100))
  await once(ws, 'message')
  assert.deepEqual(log.lines(), [])
  ws.close()
  await once(ws, 'close')
  const record = await log.only()
  assert.deepEqual(
    [record.status, record.reason, record.phase, record.worker, record.method],
    [101, 'completed', 'tunnel', 'api:0', 'GET']
  )
  assert.ok(record.tunnelMs !== undefined && record.tunnelMs > 0 && record.tunnelMs <= record.totalMs)
  // A frame of 100 bytes and an empty Close frame, both masked.
  assert.equal(record.bytesIn, 106 + 6)
  assert.ok(record.bytesOut > 104)
  assert.deepEqual(stage.counts().upgrades, { open: 0, total: 1 })
})

test('EdgeServer keeps what strangers send within their fields', async t => {
  const { stage, log } = await logged(t)
  const line = '\\" 200 1 "-" {"msg":"x"} \x9b2J'
  const attempts: readonly [bytes: string, status: number | null, path: RegExp][] = [
    [
      get('/"\\\xe4\x9b?{"level":"error"}', 'Connection: close', `User-Agent: ${line}`, `Referer: ${line}`),
      404,
      /^\/"\\x5C\\xE4\\x9B\?\{/
    ],
    [get('http://h"\xe4/x', 'Connection: close'), 400, /^http:\/\/h"\\xE4\/x$/],
    ['GET /a\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\n', 400, /^\/a\\x1B\[31m$/],
    ['GET /a HTTP/1.1\r\nHost: x\r\nX: a\nlevel=error\r\n\r\n', 400, /^\/a$/],
    ['{"level":"error"}\r\n\r\n', 400, /^\{"level":"error"\}$/],
    [`GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414, /^GET \/a{1019}$/]
  ]
  for (const [index, [bytes, status, path]] of attempts.entries()) {
    const client = await RawClient.open(stage.port)
    await client
      .send(bytes)
      .send('')
      .rest()
      .catch(() => '')
    const lines = await log.reaches(index + 1)
    assert.match(lines[index] ?? '', /^[\x20-\x7e]+$/)
    const [record] = recordsOf(lines.slice(index))
    assert.equal(record?.level, 'info')
    assert.equal(record.status, status)
    assert.match(record.path, path)
  }
})

test('EdgeServer hides in every form what must not be in a log', async t => {
  const file = new AccessLogFile(t)
  const logger = { ...file.logger, redact: ['query.token', 'client'] }
  const stage = await openStage({ server: { accessLog: 'combined' }, logger })
  t.after(() => stage.close())
  const client = await RawClient.open(stage.port)
  t.after(() => client.destroy())
  await client.send(get('/hello?token=s3cret&b=2', 'Referer: http://a.dev/?token=s3cret')).response()
  const [combined = ''] = await file.reaches(1)
  assert.match(combined, /^\[redacted\] - - .*"GET \/hello\?token=\[redacted\]&b=2 HTTP\/1\.1" 200 18 /)
  assert.match(combined, /"http:\/\/a\.dev\/\?token=\[redacted\]"/)
  assert.ok(!combined.includes('s3cret'))
  const configured = stage.hears('configured')
  const server = { ...generous, accessLog: 'json' } as const
  stage.tell({ type: 'configure', settings: { routes: [], entrypoint: 'api', server } })
  await configured
  await client.send(get('/hello?token=s3cret&b=2')).response()
  const record = await file.record(1)
  assert.deepEqual(
    [record.path, record.client, record.bytesOut],
    ['/hello?token=[redacted]&b=2', '[redacted]', 18]
  )
})

test('EdgeServer leaves routes out that say so, and begins and ends when it is configured', async t => {
  const routes = [route('/hello', 'api', { accessLog: false })]
  const { stage, log, client } = await logged(t, { routes })
  await client.send(get('/hello')).response()
  await client.send(get('/early?1')).response()
  const configure = async (accessLog: 'off' | 'json' | 'combined'): Promise<void> => {
    const configured = stage.hears('configured')
    stage.tell({
      type: 'configure',
      settings: { routes, entrypoint: 'api', server: { ...generous, accessLog } }
    })
    await configured
  }
  await configure('off')
  await client.send(get('/early?2')).response()
  await configure('combined')
  await client.send(get('/early?3', 'User-Agent: a"b')).response()
  const [first, second] = await log.reaches(2)
  assert.equal((JSON.parse(first ?? '') as AccessRecord).path, '/early?1')
  assert.match(
    second ?? '',
    /^127\.0\.0\.1 - - \[[^\]]+\] "GET \/early\?3 HTTP\/1\.1" 200 5 "-" "a\\x22b" id=\S+ host=localhost to=api:0 in=0 queue=0 response=[\d.]+ total=[\d.]+ retries=0 end=completed\/response-body$/
  )
  assert.equal(stage.counts().ended.completed, 4, 'what is not logged is counted')
})

test('EdgeServer logs the client that trusted proxies name', async t => {
  const { stage, log, client } = await logged(t, { server: { trustProxy: ['127.0.0.1', '10.0.0.0/8'] } })
  const lines = ['X-Forwarded-For: 198.51.100.9, 203.0.113.7, 10.1.1.1', 'X-Request-Id: from-the-proxy']
  await client.send(get('/hello', ...lines)).response()
  const record = await log.only()
  assert.deepEqual([record.client, record.requestId], ['203.0.113.7', 'from-the-proxy'])
  assert.equal(stage.counts().ended.completed, 1)
})

test('EdgeServer counts what was sent: connections, statuses and every byte', async t => {
  const stage = await openStage({ server: { maxConnections: 3 } })
  t.after(() => stage.close())
  const first = await RawClient.open(stage.port)
  const second = await RawClient.open(stage.port)
  await first.send(post('/echo', 'ä'.repeat(50))).response()
  await first.send(get('/chunks')).response()
  await first.send(request('HEAD', '/big?size=100000')).response('HEAD')
  await first.send(get('/big?size=300000&length')).response()
  await first.send(get('/hints')).response()
  await second.send(get('/status?code=503&body=%C3%A4')).response()
  const tunnel = await RawClient.open(stage.port)
  await tunnel.send(`${get('/ws', 'Connection: Upgrade', 'Upgrade: echo')}early`).response()
  await tunnel.send('late').bytes(9)
  const dropped = await RawClient.open(stage.port)
  assert.equal(await dropped.rest(), '')
  await second.send('rubbish\r\n\r\n').rest()
  assert.deepEqual(stage.counts().upgrades, { open: 1, total: 1 })
  tunnel.socket.end()
  await tunnel.closed
  const last = await first.send(get('/close')).rest()
  assert.match(last, /bye$/)
  stage.tell({ type: 'close', timeoutMs: 60_000 })
  await stage.hears('closed')
  const clients = [first, second, tunnel]
  const counts = stage.counts()
  const sum = (field: 'bytesRead' | 'bytesWritten'): number =>
    clients.reduce((total, { socket }) => total + socket[field], 0)
  assert.deepEqual([counts.bytesIn, counts.bytesOut], [sum('bytesWritten'), sum('bytesRead')])
  assert.deepEqual(counts.connections, { open: 0, total: 3, dropped: 1 })
  assert.deepEqual(counts.upgrades, { open: 0, total: 1 })
  assert.deepEqual(counts.responses, [1, 6, 0, 1, 1])
  assert.equal(counts.invalid, 1)
  assert.deepEqual(
    Object.entries(counts.ended).filter(([, count]) => count > 0),
    [
      ['completed', 8],
      ['refused', 1]
    ]
  )
})

test('EdgeServer writes the access log whatever the level of the log, unless that is silent', async t => {
  for (const [level, lines] of [
    ['error', 1],
    ['silent', 0]
  ] as const) {
    const log = new AccessLogFile(t)
    const logger = { ...log.logger, level }
    const stage = await openStage({ server: { accessLog: 'json' }, logger })
    t.after(() => stage.close())
    const client = await RawClient.open(stage.port)
    await client.send(get('/close')).rest()
    // It writes everything before it says so.
    stage.tell({ type: 'close', timeoutMs: 60_000 })
    await stage.hears('closed')
    assert.equal(log.lines().length, lines, level)
  }
})
