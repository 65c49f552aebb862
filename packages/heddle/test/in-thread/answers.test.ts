/** What applications on the thread of the tests answer, how they end, and how their start fails. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { startInThread } from '../../src/index.ts'
import { applications, assertAsBefore, start, surroundings } from './stage.ts'

test('gives requests and answers as they are', async t => {
  const application = await start(t, 'in-thread/app.mjs')
  const cookies = await application.inject({ path: '/cookies', headers: { host: 'shop.example' } })
  assert.equal(cookies.status, 201)
  assert.deepEqual(cookies.headers['set-cookie'], ['a=1', 'b=2'])
  assert.equal(cookies.body, 'shop.example')
  const json = await application.inject({ method: 'POST', path: '/echo', json: { price: '1 €' } })
  assert.deepEqual(json.json(), { price: '1 €' })
  const bytes = Buffer.from([0, 255, 128])
  assert.deepEqual((await application.inject({ method: 'PUT', path: '/echo', body: bytes })).bytes, bytes)
  assert.equal((await application.inject({ method: 'POST', path: '/echo', body: pieces() })).body, 'one two')
  await assert.rejects(application.inject('/gone'), { code: 'ECONNRESET' })
  await assert.rejects(application.inject({ path: '/', signal: AbortSignal.abort() }), { name: 'AbortError' })
  await assert.rejects(application.inject('echo'), /begins with a slash/)
})

test('fetches whatever host is asked for, follows redirects within, and never leaves the application', async t => {
  const application = await start(t, 'in-thread/app.mjs', { id: 'shop' })
  const response = await application.fetch('http://shop.example:8080/cookies')
  assert.deepEqual([response.status, await response.text()], [201, 'shop.example:8080'])
  assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2'])
  const away = await application.fetch(new URL('http://shop.example/away'))
  assert.deepEqual([away.url, away.redirected, away.status], ['http://shop.example/', true, 200])
  assert.equal((await application.fetch('/cookies')).url, 'http://shop.heddle.local/cookies')
  const echoed = await application.fetch(
    new Request('http://a.example/echo', { method: 'POST', body: 'hello' })
  )
  assert.equal(await echoed.text(), 'hello')
  await assert.rejects(application.fetch('/far'), error => {
    assert.ok(error instanceof TypeError)
    assert.match(String(error.cause), /redirects to http:\/\/elsewhere\.example/)
    return true
  })
})

test('asks the checks of the application', async t => {
  const well = await start(t, 'in-thread/app.mjs')
  assert.deepEqual(await well.checks(), { health: null, readiness: null })
  const ill = await start(t, 'in-thread/app.mjs', { env: { STAGE: 'ill' } })
  assert.match(String((await ill.checks()).health), /says no/)
  const busy = await start(t, 'in-thread/app.mjs', { env: { STAGE: 'busy' } })
  assert.match(String((await busy.checks()).readiness), /too much to do/)
})

test('runs the close hooks once and waits for requests in flight', async t => {
  const closed: string[] = []
  Reflect.set(globalThis, 'closed', closed)
  t.after(() => Reflect.deleteProperty(globalThis, 'closed'))
  const application = await start(t, 'in-thread/app.mjs', { id: 'shop' })
  const body = new TransformStream<Uint8Array, Uint8Array>()
  const writer = body.writable.getWriter()
  const answer = application.fetch('/echo', {
    method: 'POST',
    body: body.readable,
    duplex: 'half'
  } as RequestInit)
  await writer.write(Buffer.from('a'))
  const response = await answer
  const closing = Promise.all([application.close(), application[Symbol.asyncDispose]()])
  await writer.write(Buffer.from('b'))
  await writer.close()
  assert.equal(await response.text(), 'ab')
  await closing
  assert.deepEqual(closed, ['shop:0'])
  await assert.rejects(application.inject('/'), /is closed/)
})

test('tells what went wrong at the close, and closes all the same', async () => {
  const before = surroundings()
  const application = await startInThread(new URL('hooks/app.cjs', applications))
  assert.deepEqual((await application.inject('/')).json<{ events: string[] }>().events, [
    'function',
    'promise'
  ])
  await assert.rejects(application.close(), error => {
    assert.ok(error instanceof AggregateError)
    assert.match(error.message, /close hook/)
    assert.match(String(Reflect.get(error.errors[0] as Error, 'cause')), /broken on purpose/)
    return true
  })
  assertAsBefore(before)
  const stuck = await startInThread(new URL('hooks/stuck.mjs', applications), { closeTimeout: 20 })
  await assert.rejects(stuck.close(), /did not finish within the 20 ms/)
})

async function* pieces(): AsyncGenerator<string> {
  yield 'one '
  yield 'two'
}

const failures = [
  { entry: 'throws/app.mjs', reason: /could not be loaded/, cause: /./ },
  { entry: 'hooks/rejected.mjs', reason: /could not be loaded/, cause: /no licence/ },
  { entry: 'factory-wrong/app.mjs', reason: /could not be loaded/, cause: /factory/ },
  { entry: 'in-thread/exits.cjs', reason: /called process\.exit\(7\)/, cause: /process\.exit\(7\)/ },
  { entry: 'in-thread/nowhere.mjs', reason: /there is no file/, cause: null },
  { entry: '.', reason: /there is no entry/, cause: null }
]

for (const { entry, reason, cause } of failures) {
  test(`rejects for ${entry} with HEDDLE_APPLICATION_FAILED`, async () => {
    const starting = startInThread(new URL(entry, applications))
    await assert.rejects(starting, error => {
      assert.equal(Reflect.get(error as Error, 'code'), 'HEDDLE_APPLICATION_FAILED')
      assert.match(String(error), reason)
      if (cause !== null) assert.match(String((error as Error).cause), cause)
      return true
    })
  })
}

test('ends an application that calls process.exit(), and not the tests', async t => {
  const application = await start(t, 'in-thread/app.mjs')
  await assert.rejects(application.inject('/exit'), { code: 'ECONNRESET' })
  await assert.rejects(application.inject('/'), /has ended: it called process\.exit\(3\)/)
})

test('gives up an application that never becomes ready, and goes on with the next', async t => {
  const entry = new URL('in-thread/slow.mjs', applications)
  const starting = startInThread(entry, { startTimeout: 50 })
  await assert.rejects(starting, { code: 'HEDDLE_APPLICATION_FAILED', message: /not ready within 50 ms/ })
  assert.equal((await start(t, 'listener-esm')).kind, 'listener')
})

test('finds the entry of a directory, loads preloads, and knows a background job', async t => {
  const directory = fileURLToPath(new URL('preload', applications))
  Reflect.set(globalThis, 'preloaded', [])
  t.after(() => Reflect.deleteProperty(globalThis, 'preloaded'))
  const first = fileURLToPath(new URL('in-thread/before.mjs', applications))
  const application = await startInThread(directory, { preload: [first, '#second'] })
  t.after(() => application.close())
  const { preloaded } = (await application.inject('/')).json<{ preloaded: string[] }>()
  assert.deepEqual(preloaded, ['before', 'second'])
  assert.equal(application.id, 'preload')
  const job = await start(t, 'in-thread/job.mjs')
  assert.equal(job.kind, 'background')
  await assert.rejects(job.inject('/'), /has no server/)
})

test('knows a background job whatever is due in the thread when it starts', async t => {
  setImmediate(() => setImmediate(() => {}))
  setImmediate(() => {})
  const entry = new URL('in-thread/short-job.mjs', applications)
  const job = await startInThread(entry, { startTimeout: 60_000 })
  t.after(() => job.close())
  assert.equal(job.kind, 'background')
})
