/**
 * What clients are told while no worker takes their requests, and when their time is over. Real threads and
 * sockets.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test, type TestContext } from 'node:test'

import type { ResolvedRoute } from '../../src/config/resolved.ts'
import { RawClient, get, post, request, type RawResponse } from './raw-client.ts'
import { openStage, type Stage } from './stage.ts'

const route = (prefix: string, requestTimeout: number | null, application = 'api'): ResolvedRoute => ({
  host: null,
  prefix,
  application,
  stripPrefix: false,
  requestTimeout
})

// Each test that lets requests wait takes the worker out of service, and puts it back.
let stage: Stage

before(async () => {
  stage = await openStage({
    workers: { api: 1, plain: 1 },
    routes: [
      route('/early?ping', null, 'plain'),
      route('/brief', 300),
      route('/hang', 200),
      route('/stopped', null, 'stopped'),
      route('/', null)
    ]
  })
})
after(() => stage.close())

/** Gives the application a queue and, until the test is over, nobody who takes requests. */
async function makeWait(t: TestContext, queue: { max: number; timeoutMs: number }): Promise<void> {
  const { member } = stage.worker('api:0')
  t.after(async () => {
    await member.publish()
    await stage.registry.forget('api')
  })
  await stage.registry.expect('api', { queue })
  await member.withdraw()
}

/** Resolves when the edge has read what all clients have sent so far. */
async function settleEdge(): Promise<void> {
  const client = await RawClient.open(stage.port)
  assert.equal((await client.send(get('/early?ping')).response()).body, 'early')
  client.destroy()
}

function pageOf({ body }: RawResponse): { message: string; requestId: string } {
  return JSON.parse(body) as { message: string; requestId: string }
}

test('EdgeServer lets requests wait until a worker is ready, and answers them all', async t => {
  await makeWait(t, { max: 100, timeoutMs: 10_000 })
  const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(stage.port)))
  for (const [i, client] of clients.entries()) client.send(post(`/echo?${i}`, `${i}`))
  await settleEdge()
  assert.deepEqual(stage.sightings('/echo?0', 'begun'), [])
  await stage.worker('api:0').member.publish()
  for (const [i, client] of clients.entries()) {
    assert.equal((await client.response()).body, `${i}`)
    assert.equal((await stage.seen(`/echo?${i}`, 'begun', 1)).length, 1)
    client.destroy()
  }
  await stage.settled()
})

test('EdgeServer holds the body of a request back that waits', async t => {
  await makeWait(t, { max: 10, timeoutMs: 10_000 })
  const size = 32 * 1024 * 1024
  const body = Buffer.alloc(size, 'x')
  const client = await RawClient.open(stage.port)
  client.send(request('POST', '/hash?big', [`Content-Length: ${size}`])).send(body)
  // Each of them gives the edge a turn in which it could read on.
  for (let i = 0; i < 50; i++) await settleEdge()
  assert.ok(client.socket.writableLength > size / 4, `${client.socket.writableLength} bytes are held back`)
  await stage.worker('api:0').member.publish()
  const hash = createHash('sha256').update(body).digest('hex')
  assert.deepEqual(JSON.parse((await client.response()).body), { size, hash })
  client.destroy()
  await stage.settled()
})

test('EdgeServer answers 503 with Retry-After when the queue is full, and keeps the connection', async t => {
  await makeWait(t, { max: 1, timeoutMs: 10_000 })
  const first = await RawClient.open(stage.port)
  first.send(get('/early'))
  await settleEdge()
  const second = await RawClient.open(stage.port)
  const refused = await second.send(get('/early')).response()
  assert.deepEqual(
    [refused.status, refused.headers['retry-after'], refused.headers['connection']],
    [503, '2', undefined]
  )
  assert.match(pageOf(refused).message, /^No worker of api is ready, and 1 requests? wait/)
  assert.notEqual(pageOf(refused).requestId, '')
  await stage.worker('api:0').member.publish()
  assert.equal((await first.response()).body, 'early')
  assert.equal((await second.send(get('/early')).response()).body, 'early')
  for (const client of [first, second]) client.destroy()
})

test('EdgeServer answers 503 with Retry-After when nobody came in the time of the queue', async t => {
  await makeWait(t, { max: 10, timeoutMs: 200 })
  const client = await RawClient.open(stage.port)
  const late = await client.send(get('/early')).response()
  assert.deepEqual([late.status, late.headers['retry-after']], [503, '5'])
  assert.match(pageOf(late).message, /within the 200 ms a request may wait$/)
  assert.equal((await client.send(get('/early')).response()).status, 503)
  const upload = await RawClient.open(stage.port)
  upload.send(`${request('POST', '/hash', ['Content-Length: 10'])}12345`)
  const broken = await upload.response()
  assert.deepEqual([broken.status, broken.headers['connection']], [503, 'close'])
  client.destroy()
})

test('EdgeServer counts the time in the queue, and says that it was spent there', async t => {
  await makeWait(t, { max: 10, timeoutMs: 10_000 })
  const client = await RawClient.open(stage.port)
  const late = await client.send(get('/brief')).response()
  assert.deepEqual([late.status, late.headers['retry-after']], [503, '1'])
  assert.equal(pageOf(late).message, 'no worker of api became ready within the 300 ms the request may take')
  client.destroy()
})

test('EdgeServer takes the request of a client that has gone out of the queue', async t => {
  await makeWait(t, { max: 1, timeoutMs: 10_000 })
  const gone = await RawClient.open(stage.port)
  gone.send(post('/echo?gone', 'never'))
  await settleEdge()
  const before = stage.counts().ended['client-aborted']
  gone.destroy()
  while (stage.counts().ended['client-aborted'] === before) await settleEdge()
  // Its place is free.
  const next = await RawClient.open(stage.port)
  next.send(get('/early?next'))
  await settleEdge()
  await stage.worker('api:0').member.publish()
  assert.equal((await next.response()).body, 'early')
  assert.deepEqual(stage.sightings('/echo?gone', 'begun'), [])
  next.destroy()
  await stage.settled()
})

test('EdgeServer lets an upgrade wait as well', async t => {
  await makeWait(t, { max: 10, timeoutMs: 10_000 })
  const client = await RawClient.open(stage.port)
  client.send(`${get('/ws', 'Connection: Upgrade', 'Upgrade: echo')}early bytes`)
  await settleEdge()
  await stage.worker('api:0').member.publish()
  assert.equal((await client.response()).status, 101)
  assert.equal(await client.bytes(11), 'early bytes')
  client.destroy()
})

test('EdgeServer answers 503 for an application that is stopped', async () => {
  const client = await RawClient.open(stage.port)
  const answer = await client.send(get('/stopped')).response()
  assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '10'])
  assert.match(pageOf(answer).message, /stopped/)
  client.destroy()
})

test('EdgeServer gives each route its own time, counts it against the worker, and goes on', async () => {
  const { failures } = stage.worker('api:0').member.counts()
  const client = await RawClient.open(stage.port)
  let times = 0
  for (let hasBegun = false; !hasBegun;) {
    const target = `/hang?late=${++times}`
    const late = await client.send(get(target)).response()
    assert.deepEqual([late.status, late.headers['retry-after']], [504, undefined])
    assert.equal(pageOf(late).message, 'api:0 did not begin its response for api within 200 ms')
    assert.notEqual(pageOf(late).requestId, '')
    // A worker that stood still all that time knows nothing of it.
    await stage.told()
    hasBegun = stage.sightings(target, 'begun').length > 0
    if (hasBegun) assert.equal((await stage.sighting(target, 'closed')).finished, false)
  }
  const head = await client.send(request('HEAD', '/hang?head')).response('HEAD')
  assert.equal(head.status, 504)
  assert.equal((await client.send(get('/block?ms=300')).response()).body, 'unblocked', 'another route')
  assert.equal(stage.worker('api:0').member.counts().failures - failures, times + 1)
  client.destroy()
  await stage.settled()
})

test('EdgeServer says when to come back while a circuit is open', async t => {
  const breaker = { errorRatio: 0.5, volume: 2, windowMs: 60_000, openMs: 60_500, probes: 1 }
  const own = await openStage({ mesh: { breaker } })
  t.after(() => own.close())
  const client = await RawClient.open(own.port)
  for (let i = 0; i < 2; i++) {
    const { status, headers } = await client.send(get('/status?code=503')).response()
    assert.deepEqual([status, headers['retry-after']], [503, undefined], 'the answer of the application')
  }
  const broken = await client.send(get('/early?broken')).response()
  assert.equal(broken.status, 503)
  const seconds = Number(broken.headers['retry-after'])
  assert.ok(Number.isInteger(seconds) && seconds > 0 && seconds <= 61, `${seconds}`)
  assert.match(pageOf(broken).message, /^Too many calls from edge:0 to api have failed/)
  assert.deepEqual(own.sightings('/early?broken', 'begun'), [])
  client.destroy()
})
