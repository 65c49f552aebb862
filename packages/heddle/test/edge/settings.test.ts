/**
 * What changes of a running edge: routes, limits, the port. Real threads and sockets.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { RawClient, get, post } from './raw-client.ts'
import { openStage, type Stage } from './stage.ts'

// Each test puts settings in force with which it begins; the last one closes the edge.
let stage: Stage

before(async () => {
  stage = await openStage({ workers: { api: 1, web: 1 } })
})
after(() => stage.close())

/** To `api`, which does not see the prefix. */
const under = { host: null, application: 'api', stripPrefix: true } as const

async function whoAnswers(client: RawClient, path = '/hello'): Promise<string> {
  const { body } = await client.send(get(path)).response()
  return (JSON.parse(body) as { worker: string }).worker
}

test('EdgeServer sends the next request of an open connection by the new routes', async () => {
  const client = await RawClient.open(stage.port)
  assert.equal(await whoAnswers(client), 'api:0')
  await stage.configure({ entrypoint: 'web' })
  assert.equal(await whoAnswers(client), 'web:0')
  await stage.configure({
    entrypoint: null,
    routes: [
      { ...under, prefix: '/a', requestTimeout: null },
      { ...under, prefix: '/brief', requestTimeout: 200 }
    ]
  })
  assert.equal(await whoAnswers(client, '/a/hello'), 'api:0')
  assert.equal((await client.send(get('/hello')).response()).status, 404)
  assert.equal((await client.send(get('/brief/hang')).response()).status, 504)
  client.destroy()
})

test('EdgeServer holds the next request of an open connection to the new limits, not the one under way', async () => {
  await stage.configure({})
  const client = await RawClient.open(stage.port)
  const busy = await RawClient.open(stage.port)
  await client.send(get('/early')).response()
  const body = 'x'.repeat(1000)
  const whole = post('/echo?busy', body)
  busy.send(whole.slice(0, -500))
  await stage.sighting('/echo?busy', 'begun')
  await stage.configure({ server: { maxBodySize: 100, maxHeadersCount: 3 } })
  assert.equal((await busy.send(whole.slice(-500)).response()).body, body)
  assert.equal((await client.send(get('/early', 'A: 1', 'B: 2')).response()).status, 200)
  assert.equal((await client.send(post('/echo', body)).response()).status, 413)
  const next = await RawClient.open(stage.port)
  assert.equal((await next.send(get('/early', 'A: 1', 'B: 2', 'C: 3')).response()).status, 431)
  await Promise.all([client.closed, next.closed])
  busy.destroy()
})

test('EdgeServer closes a connection that has waited longer than it may now', async () => {
  await stage.configure({})
  const client = await RawClient.open(stage.port)
  await client.send(get('/early')).response()
  await stage.configure({ server: { keepAliveTimeout: 100 } })
  await client.closed
})

test('EdgeServer believes an open connection, or stops to, as the settings say', async () => {
  await stage.configure({})
  const client = await RawClient.open(stage.port)
  const seen = async (): Promise<unknown> => {
    const { body } = await client.send(get('/seen', 'X-Forwarded-For: 198.51.100.7')).response()
    return (JSON.parse(body) as { headers: Record<string, string> }).headers['x-forwarded-for']
  }
  assert.equal(await seen(), '127.0.0.1')
  await stage.configure({ server: { trustProxy: ['127.0.0.0/8'] } })
  assert.equal(await seen(), '198.51.100.7, 127.0.0.1')
  await stage.configure({})
  assert.equal(await seen(), '127.0.0.1')
  client.destroy()
})

async function stageListener(): Promise<number> {
  const answer = stage.hears('listening')
  stage.tell({ type: 'stage-listener', hostname: '127.0.0.1', port: 0 })
  const message = await answer
  assert.ok(message.type === 'listening')
  return message.port
}

async function answers(port: number): Promise<string> {
  const client = await RawClient.open(port)
  const { body } = await client.send(get('/early')).response()
  client.destroy()
  return body
}

/** Resolves when nobody listens on the port any more. */
async function closed(port: number): Promise<void> {
  for (;;) {
    try {
      ;(await RawClient.open(port)).destroy()
    } catch (error) {
      // Reset: it still waited to be accepted when the port was closed.
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ECONNREFUSED') return
      assert.equal(code, 'ECONNRESET')
    }
  }
}

test('EdgeServer stays on its port when the move is taken back, or not possible', async () => {
  await stage.configure({})
  const port = await stageListener()
  stage.tell({ type: 'settle-listener', keep: 'former' })
  await closed(port)
  assert.equal(await answers(stage.port), 'early')
  const failed = stage.hears('listen-failed')
  stage.tell({ type: 'stage-listener', hostname: '127.0.0.1', port: stage.port })
  const message = await failed
  assert.ok(message.type === 'listen-failed' && message.error.code === 'EADDRINUSE')
  stage.tell({ type: 'settle-listener', keep: 'former' })
  assert.equal(await answers(stage.port), 'early')
})

test('EdgeServer moves to another port, and keeps the connections of the former', async () => {
  await stage.configure({})
  const client = await RawClient.open(stage.port)
  await client.send(get('/early')).response()
  const port = await stageListener()
  assert.deepEqual([await answers(stage.port), await answers(port)], ['early', 'early'])
  stage.tell({ type: 'settle-listener', keep: 'staged' })
  await closed(stage.port)
  assert.equal((await client.send(get('/early')).response()).body, 'early')
  assert.equal(await answers(port), 'early')
  const end = stage.hears('closed')
  stage.tell({ type: 'close', timeoutMs: 60_000 })
  await Promise.all([client.closed, end])
  await closed(port)
})
