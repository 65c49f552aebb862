/**
 * What clients notice of workers that block, end or are being replaced, and of an edge that stops:
 * as little as can be. Real threads and sockets.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, test, type TestContext } from 'node:test'

import { RawClient, get, post, request } from './raw-client.ts'
import { openStage, type Stage } from './stage.ts'

async function stageOf(t: TestContext): Promise<Stage> {
  const stage = await openStage()
  t.after(() => stage.close())
  return stage
}

describe('EdgeServer whose workers are terminated, one in each test,', () => {
  let stage: Stage
  before(async () => {
    stage = await openStage({ workers: { api: 4 } })
  })
  after(() => stage.close())

  test('has a GET answered by another worker when its own is terminated', async () => {
    const client = await RawClient.open(stage.port)
    client.send(get('/block'))
    const { worker } = await stage.sighting('/block', 'begun')
    await stage.worker(worker).thread.terminate()
    const seen = await stage.seen('/block', 'begun', 2)
    for (const each of stage.workers) each.unblock()
    const { status, body } = await client.response()
    assert.deepEqual([status, body], [200, 'unblocked'])
    assert.equal(new Set(seen.map(sighting => sighting.worker)).size, 2)
    client.destroy()
    await stage.settled()
  })

  test('answers 502 to a POST whose worker was terminated after it began', async () => {
    const client = await RawClient.open(stage.port)
    client.send(post('/hang?post', 'body'))
    const { worker } = await stage.sighting('/hang?post', 'begun')
    await stage.worker(worker).thread.terminate()
    assert.equal((await client.response()).status, 502)
    assert.equal(stage.sightings('/hang?post', 'begun').length, 1)
    assert.equal((await client.send(get('/early')).response()).body, 'early', 'the connection goes on')
    client.destroy()
    await stage.settled()
  })

  test('breaks a response whose worker is terminated half way', async () => {
    const client = await RawClient.open(stage.port)
    client.send(get('/first?half'))
    const { worker } = await stage.sighting('/first?half', 'begun')
    const status = 'HTTP/1.1 200 OK'
    assert.equal(await client.bytes(status.length), status)
    await stage.worker(worker).thread.terminate()
    assert.doesNotMatch(await client.rest(), /0\r\n\r\n$/, 'the client must not take it for whole')
    assert.equal(stage.sightings('/first?half', 'begun').length, 1)
  })

  test('resets a connection whose broken response would look whole', async () => {
    const socket = connect(stage.port, '127.0.0.1')
    const failed = once(socket, 'error')
    const begun = once(socket, 'data')
    // HTTP/1.0: the body ends with the connection.
    socket.write('GET /first?reset HTTP/1.0\r\n\r\n')
    const { worker } = await stage.sighting('/first?reset', 'begun')
    await begun
    await stage.worker(worker).thread.terminate()
    const [error] = (await failed) as [NodeJS.ErrnoException]
    assert.equal(error.code, 'ECONNRESET')
  })
})

describe('EdgeServer', () => {
  let stage: Stage
  before(async () => {
    stage = await openStage({ workers: { api: 2 } })
  })
  after(() => stage.close())

  test('sends new requests past a blocked worker', async () => {
    const stuck = await RawClient.open(stage.port)
    stuck.send(get('/block'))
    const { worker } = await stage.sighting('/block', 'begun')
    const client = await RawClient.open(stage.port)
    for (let i = 0; i < 20; i++) {
      const { body } = await client.send(get('/hello')).response()
      assert.notEqual((JSON.parse(body) as { worker: string }).worker, worker)
    }
    // None of them has waited for the blocked worker.
    stage.worker(worker).unblock()
    assert.equal((await stuck.response()).body, 'unblocked')
    for (const each of [stuck, client]) each.destroy()
    await stage.settled()
  })

  test('takes requests back that a blocked worker has not begun', async () => {
    const stuck = await RawClient.open(stage.port)
    stuck.send(get('/block?back'))
    const { worker } = await stage.sighting('/block?back', 'begun')
    const clients = await Promise.all(Array.from({ length: 8 }, () => RawClient.open(stage.port)))
    const answers = await Promise.all(
      clients.map((client, i) => client.send(post('/echo', `${i}`)).response())
    )
    assert.deepEqual(
      answers.map(({ body }) => body),
      ['0', '1', '2', '3', '4', '5', '6', '7']
    )
    // No answer has waited until the worker was free.
    stage.worker(worker).unblock()
    assert.equal((await stuck.response()).body, 'unblocked')
    for (const client of [stuck, ...clients]) client.destroy()
  })

  test('sends nothing to a worker that is withdrawn', async () => {
    const client = await RawClient.open(stage.port)
    await stage.worker('api:0').member.withdraw()
    for (let i = 0; i < 10; i++) {
      const { body } = await client.send(get('/hello')).response()
      assert.equal((JSON.parse(body) as { worker: string }).worker, 'api:1')
    }
    client.destroy()
    await stage.worker('api:0').member.publish()
  })
})

test('EdgeServer that drains answers with Connection: close, pipelines to their end, and takes connections', async t => {
  const stage = await stageOf(t)
  const old = await RawClient.open(stage.port)
  const client = await RawClient.open(stage.port)
  for (const each of [old, client]) await each.send(get('/early')).response()
  stage.tell({ type: 'drain' })
  await stage.configure({})
  const last = await old.send(get('/early')).response()
  assert.deepEqual([last.body, last.headers['connection']], ['early', 'close'])
  const fresh = await RawClient.open(stage.port)
  assert.equal((await fresh.send(get('/early')).response()).headers['connection'], 'close')
  client.send(get('/chunks') + post('/echo', 'second') + get('/early'))
  const answers = [await client.response(), await client.response(), await client.response()]
  assert.deepEqual(
    answers.map(({ body, headers }) => [body, headers['connection']]),
    [
      ['one two three', undefined],
      ['second', undefined],
      ['early', 'close']
    ]
  )
  await client.closed
})

test('EdgeServer that closes answers a request that is on its way, and tells its client to go', async t => {
  const stage = await stageOf(t)
  const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(stage.port)))
  // Half of them have had an answer, the others only the connection.
  const used = clients.slice(10)
  await Promise.all(used.map(client => client.send(get('/early')).response()))
  for (const [i, client] of clients.entries()) client.send(post('/echo', `${i}`))
  stage.tell({ type: 'close', timeoutMs: 60_000 })
  for (const [i, client] of clients.entries()) {
    const { body, headers } = await client.response()
    assert.deepEqual([body, headers['connection']], [`${i}`, 'close'])
  }
})

/** Milliseconds within which a client has to ask again, or its connection is taken for idle; a little less. */
const promptMs = 200

/**
 * Asks on and on, until it is told to go. Resolves with whether it was prompt all the time: one that held still may find
 * its connection closed, as any may on which nothing has been sent for a while.
 */
async function askOn(client: RawClient, onAnswer: () => void): Promise<boolean> {
  for (let askedAt = performance.now(); ;) {
    const isPrompt = performance.now() - askedAt < promptMs
    askedAt = performance.now()
    try {
      // oxlint-disable-next-line no-await-in-loop -- One request after another is what this is about.
      const { status, headers } = await client.send(post('/echo', 'again')).response()
      assert.equal(status, 200)
      onAnswer()
      if (headers['connection'] === 'close') return true
    } catch (error) {
      if (isPrompt) throw error
      return false
    }
  }
}

test('EdgeServer that closes loses no request of clients that go on and on', async t => {
  for (let wasPrompt = false; !wasPrompt;) {
    const stage = await stageOf(t)
    const clients = await Promise.all(Array.from({ length: 16 }, () => RawClient.open(stage.port)))
    let answers = 0
    const closed = stage.hears('closed')
    const all = clients.map(client =>
      askOn(client, () => {
        if (++answers === 500) stage.tell({ type: 'close', timeoutMs: 60_000 })
      })
    )
    wasPrompt = (await Promise.all(all)).every(Boolean)
    await closed
    await stage.settled()
  }
})

test('EdgeServer that closes ends idle connections, finishes requests and ends tunnels', async t => {
  const stage = await stageOf(t)
  const idle = await RawClient.open(stage.port)
  await idle.send(get('/early')).response()
  const fresh = await RawClient.open(stage.port)
  const tunnel = await RawClient.open(stage.port)
  await tunnel.send(get('/ws', 'Connection: Upgrade', 'Upgrade: echo')).response()
  const busy = await RawClient.open(stage.port)
  busy.send(`${request('POST', '/hash', ['Content-Length: 6'])}abc`)
  await stage.sighting('/hash', 'begun')
  const closed = stage.hears('closed')
  stage.tell({ type: 'close', timeoutMs: 400 })
  await Promise.all([idle.closed, fresh.closed, tunnel.closed])
  await assert.rejects(RawClient.open(stage.port), { code: 'ECONNREFUSED' })
  const { body, headers } = await busy.send('def').response()
  assert.match(body, /"size":6/)
  assert.equal(headers['connection'], 'close')
  await closed
  await stage.settled()
})
