/** Applications on the thread of the tests: every form, their surroundings, and what is left of them. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { suite, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { startInThread } from '../../src/index.ts'
import { forms } from '../forms.ts'
import { applications, assertAsBefore, look, start, surroundings } from './stage.ts'
import type { Seen } from './stage.ts'

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

test('knows whose request it is that comes through a socket', async t => {
  const one = await start(t, 'in-thread/app.mjs', { id: 'one', env: { STAGE: 'first' }, listen: true })
  const two = await start(t, 'in-thread/app.mjs', { id: 'two', env: { STAGE: 'second' }, listen: true })
  for (const [application, later] of [
    [one, 'first'],
    [two, 'second'],
    [one, 'first']
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- One after the other, on connections that are kept.
    const seen = (await (await fetch(String(application.url))).json()) as Seen
    assert.deepEqual([seen.identity.application, seen.later], [application.id, later])
  }
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
  const seen = await look(application)
  assert.equal(seen.visits, before + 1)
  assert.equal(state.visit(), before + 2)
  assert.equal(seen.identity.name, `${application.id}:0`)
  const required = await start(t, 'in-thread/required.cjs', { fresh: false, id: 'shared' })
  const { identity } = (await required.inject('/')).json<Seen>()
  assert.equal(identity.name, 'shared:0')
})

test('runs applications where a runner of tests forbids hooks of modules', async t => {
  const nodeModule = createRequire(import.meta.url)('node:module') as { registerHooks: () => void }
  const { registerHooks } = nodeModule
  nodeModule.registerHooks = () => {
    throw new Error('not in this runner')
  }
  syncBuiltinESMExports()
  t.after(() => {
    nodeModule.registerHooks = registerHooks
    syncBuiltinESMExports()
  })
  const application = await start(t, 'script-async/server.cjs')
  assert.equal((await application.inject('/')).body, 'script-async')
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
