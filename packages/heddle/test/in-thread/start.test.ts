/** Applications on the thread of the tests: every form, their surroundings, their end, and what is left of them. */
import assert from 'node:assert/strict'
import { createServer, Server } from 'node:http'
import { createRequire } from 'node:module'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { startInThread } from '../../src/index.ts'
import type { InThreadApplication, StartInThreadOptions } from '../../src/index.ts'

const applications = new URL('../fixtures/applications/', import.meta.url)

async function start(
  t: TestContext,
  path: string,
  options: StartInThreadOptions = {}
): Promise<InThreadApplication> {
  const application = await startInThread(new URL(path, applications), options)
  t.after(() => application.close())
  return application
}

interface Seen {
  readonly identity: { readonly name: string; readonly application: string }
  readonly isHeddle: boolean
  readonly publicUrl: string | null
  readonly isReady: boolean
  readonly stage?: string
  readonly later?: string
  readonly names: readonly string[]
  readonly isMain: boolean
  readonly visits: number
}

async function look(application: InThreadApplication): Promise<Seen> {
  return (await application.inject('/')).json<Seen>()
}

/** What a thread has that an application on it might leave changed: things by their identity, and values as text. */
function surroundings(): Readonly<Record<string, unknown>> {
  const { env, argv } = process
  const nodeModule = createRequire(import.meta.url)('node:module') as { _cache: object }
  const mine = Object.keys(nodeModule._cache).filter(file => file.includes('/applications/'))
  return {
    env,
    exit: Reflect.get(process, 'exit'),
    emit: Reflect.get(process, 'emit'),
    listen: Reflect.get(Server.prototype, 'listen') as unknown,
    cache: nodeModule._cache,
    fetch: globalThis.fetch,
    log: Reflect.get(console, 'log'),
    write: Reflect.get(process.stdout, 'write'),
    main: Object.getOwnPropertyDescriptor(process, 'mainModule')?.value as unknown,
    variables: JSON.stringify(env),
    argv: JSON.stringify(argv),
    argument: JSON.stringify(Object.getOwnPropertyDescriptor(argv, '1')),
    modules: JSON.stringify(mine),
    worker: Symbol.for('heddle.worker') in globalThis,
    listeners: JSON.stringify(process.eventNames().map(name => [String(name), process.listenerCount(name)]))
  }
}

function assertAsBefore(before: Readonly<Record<string, unknown>>): void {
  const now = surroundings()
  // Not deeply: the cache of modules knows everything.
  const changed = Object.keys(before).filter(name => !Object.is(before[name], now[name]))
  assert.deepEqual(
    changed.map(name => [name, before[name], now[name]]),
    []
  )
}

const forms = [
  { entry: 'script-http/server.mjs', kind: 'listen' },
  { entry: 'script-express/server.cjs', kind: 'listen' },
  { entry: 'script-fastify/server.mjs', kind: 'fastify' },
  { entry: 'script-koa/server.mjs', kind: 'listen' },
  { entry: 'script-hono/server.mjs', kind: 'listen' },
  { entry: 'script-main/server.cjs', kind: 'listen' },
  { entry: 'script-argv/server.mjs', kind: 'listen' },
  { entry: 'listener-esm/app.mjs', kind: 'listener' },
  { entry: 'listener-cjs/app.cjs', kind: 'listener' },
  { entry: 'server-export/app.mjs', kind: 'listen' },
  { entry: 'fastify-export/app.mjs', kind: 'fastify' },
  { entry: 'express-export/app.cjs', kind: 'express' },
  { entry: 'koa-export/app.mjs', kind: 'koa' },
  { entry: 'hono-export/app.mjs', kind: 'fetch' },
  { entry: 'fetch-function/app.mjs', kind: 'fetch' },
  { entry: 'factory-create/app.cjs', kind: 'listen' },
  { entry: 'factory-build/app.mjs', kind: 'fastify' },
  { entry: 'typescript/app.ts', kind: 'listener' },
  { entry: 'typescript-script/server.ts', kind: 'listen' }
]

const body = 'x'.repeat(300_000)

suite('startInThread()', () => {
  const before = surroundings()

  for (const { entry, kind } of forms) {
    const name = entry.slice(0, entry.indexOf('/'))

    test(`runs ${entry} as ${kind}, twice from the beginning, and answers inject() and fetch()`, async t => {
      for (const listen of [false, true]) {
        // oxlint-disable-next-line no-await-in-loop -- One after the other: that the second is none of the first.
        const application = await start(t, entry, { listen })
        assert.equal(application.kind, kind)
        assert.equal(application.url === null, !listen)
        const { status, body: text } = await application.inject('/')
        assert.deepEqual([status, text], [200, name])
        const headers = { 'content-type': 'application/octet-stream' }
        const echo = await application.inject({ method: 'POST', path: '/echo', headers, body })
        assert.equal(echo.body, body)
        const fetched = await application.fetch('/echo', { method: 'POST', headers, body })
        assert.equal(await fetched.text(), body)
        if (application.url !== null) assert.equal(await (await fetch(application.url)).text(), name)
        await application.close()
      }
      assertAsBefore(before)
    })
  }
})

test('leaves nothing behind, whatever became of the applications', async t => {
  const before = surroundings()
  const first = await start(t, 'in-thread/app.mjs', { env: { STAGE: 'one' } })
  await assert.rejects(startInThread(new URL('throws/app.mjs', applications)))
  assert.notEqual(process.env, before['env'])
  assert.equal(process.env['WRITTEN'], undefined)
  await first.close()
  await assert.rejects(startInThread(new URL('in-thread/exits.cjs', applications)))
  assertAsBefore(before)
})

test('gives each of several at once its own modules, environment and heddle/worker', async t => {
  process.env['STAGE'] = 'the tests'
  t.after(() => delete process.env['STAGE'])
  const [one, two, hidden] = await Promise.all([
    start(t, 'in-thread/app.mjs', { id: 'one', env: { STAGE: 'first' } }),
    start(t, 'in-thread/app.mjs', { id: 'two' }),
    start(t, 'in-thread/app.mjs', { id: 'three', env: { STAGE: undefined } })
  ])
  assert.equal(process.env['STAGE'], 'the tests')
  const facts = { isHeddle: true, publicUrl: null, isReady: true, isMain: true }
  const names = ['STAGE', 'WRITTEN']
  await look(one)
  const identity = { application: 'one', slot: 0, name: 'one:0', workers: 1 }
  assert.deepEqual(await look(one), { ...facts, identity, stage: 'first', later: 'first', names, visits: 2 })
  const second = await look(two)
  assert.deepEqual([second.identity.name, second.stage, second.visits], ['two:0', 'the tests', 1])
  const third = await look(hidden)
  assert.deepEqual([third.stage, third.later, third.names], [undefined, undefined, ['WRITTEN']])
})

test('gives each CommonJS application its own modules and heddle/worker, and the tests theirs', async t => {
  const require = createRequire(import.meta.url)
  const counter = fileURLToPath(new URL('in-thread/counter.cjs', applications))
  const mine = require(counter) as { count: number }
  mine.count = 100
  const one = await start(t, 'in-thread/required.cjs', { id: 'one' })
  const two = await start(t, 'in-thread/required.cjs', { id: 'two' })
  await one.inject('/')
  const { file, ...seen } = (await one.inject('/')).json<{ file: string }>()
  assert.equal(file, fileURLToPath(new URL('in-thread/required.cjs', applications)))
  const identity = { application: 'one', slot: 0, name: 'one:0', workers: 1 }
  assert.deepEqual(seen, { identity, isHeddle: true, count: 2 })
  assert.equal((await two.inject('/')).json<{ count: number }>().count, 1)
  assert.equal(require(counter), mine)
  assert.equal(mine.count, 100)
})

test('shares the modules of the application with the tests when they are not to be fresh', async t => {
  const state = (await import(new URL('in-thread/state.mjs', applications).href)) as { visit(): number }
  const before = state.visit()
  const application = await start(t, 'in-thread/app.mjs', { fresh: false })
  assert.equal((await look(application)).visits, before + 1)
  assert.equal(state.visit(), before + 2)
})

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

test('leaves the servers of the tests alone', async t => {
  await start(t, 'in-thread/app.mjs')
  const server = createServer((_request, response) => response.end('mine')).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await new Promise(resolve => server.once('listening', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const response = await fetch(`http://127.0.0.1:${address.port}`, { headers: { connection: 'close' } })
  assert.equal(await response.text(), 'mine')
  assert.equal(pathToFileURL(process.argv[1] ?? '').href, import.meta.url)
})
