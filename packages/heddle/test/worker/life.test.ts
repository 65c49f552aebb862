/** How a worker hears from its application before it is ready, while it crashes, and when it stops. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bareEnv } from '../bare-env.ts'
import { startInMesh } from './mesh-caller.ts'
import { direct, readyUrl, startWorker } from './worker-harness.ts'

test('heddle/worker tells an application who it is, from CommonJS too, and env is what main passed', async t => {
  const boot = { slot: 3, name: 'application:3', workers: 4, publicUrl: 'http://localhost:3000' }
  const running = startInMesh(t, 'hooks/app.cjs', { boot, env: { ONLY: 'this' } })
  await running.next('ready')
  assert.deepEqual(JSON.parse((await running.call('/')).text), {
    identity: { application: 'application', slot: 3, name: 'application:3', workers: 4 },
    isHeddle: true,
    publicUrl: 'http://localhost:3000',
    events: ['function', 'promise'],
    url: 'http://catalog.heddle.local',
    env: { ...bareEnv, ONLY: 'this' }
  })
})

test('a rejected readiness fails the start', async t => {
  const running = startWorker(t, 'hooks/rejected.mjs')
  assert.equal((await running.next('failed')).error.message, 'no licence')
  assert.equal(await running.exited, 1)
})

test('a close hook that never ends does not outlast the deadline of the stop', async t => {
  const running = startWorker(t, 'hooks/stuck.mjs')
  await running.next('ready')
  running.tell({ type: 'stop', timeoutMs: 50 })
  await running.next('stopped')
})

test('process.exit() in a close hook ends the stop and is no crash', async t => {
  const running = startWorker(t, 'exits/closing.mjs')
  await running.next('ready')
  running.tell({ type: 'stop', timeoutMs: 60_000 })
  await running.next('stopped')
  assert.equal(await running.exited, 0)
})

test('the worker reports process.exit() and ends with its code', async t => {
  const running = startWorker(t, 'exits/app.mjs', { boot: direct, env: { WAY: 'exit' } })
  await fetch(`${await readyUrl(running)}/end`).catch(() => null)
  const { origin, error } = await running.next('crashed')
  assert.equal(origin, 'processExit')
  assert.equal(error.message, 'The application called process.exit(7).')
  assert.match(error.stack ?? '', /exits\/app\.mjs/)
  assert.equal(await running.exited, 7)
  assert.deepEqual(running.errors, [])
})

for (const { way, origin, message } of [
  { way: 'throw', origin: 'uncaughtException', message: 'thrown' },
  { way: 'reject', origin: 'unhandledRejection', message: 'rejected' }
]) {
  test(`the worker reports an ${origin} once, and finishes what it has`, async t => {
    const running = startWorker(t, 'exits/app.mjs', { boot: direct, env: { WAY: way } })
    const url = await readyUrl(running)
    const other = await fetch(`${url}/slow`)
    await (await fetch(`${url}/end`)).text()
    const crashed = await running.next('crashed')
    assert.equal(crashed.origin, origin)
    assert.equal(crashed.error.message, message)
    assert.match(crashed.error.stack ?? '', /exits\/app\.mjs/)
    // Once more: it is logged, not reported.
    await (await fetch(`${url}/end`)).text()
    await (await fetch(`${url}/finish`)).text()
    assert.equal(await other.text(), 'slow')
    running.tell({ type: 'stop', timeoutMs: 60_000 })
    await running.next('stopped')
    assert.deepEqual(running.errors, [])
  })
}

for (const { way, upload } of [
  { way: 'sync', upload: false },
  { way: 'timer', upload: false },
  { way: 'promise', upload: false },
  { way: 'sync', upload: true },
  { way: 'promise', upload: true }
]) {
  test(`${upload ? 'an upload' : 'a request'} whose handler throws (${way}) is broken off at once, and others are answered`, async t => {
    const running = startInMesh(t, 'exits/handler.mjs')
    await running.next('ready')
    const other = running.call('/slow')
    await assert.rejects(running.call(`/${way}`, upload ? endless() : undefined))
    assert.partialDeepStrictEqual(await running.next('crashed'), { error: { message: way }, isolated: true })
    await running.call('/finish')
    assert.equal((await other).text, 'slow')
  })
}

test('a request whose handler calls process.exit() is broken off, and not taken for one its worker was lost with', async t => {
  const running = startInMesh(t, 'exits/handler.mjs')
  await running.next('ready')
  await assert.rejects(running.call('/exit'), ({ cause }: Error) => {
    assert.match(String(cause), /broke off its response .*: its handler called process\.exit\(\)/)
    return true
  })
  assert.partialDeepStrictEqual(await running.next('crashed'), { origin: 'processExit', isolated: true })
  assert.equal(await running.exited, 7)
})

test('what was answered before process.exit() arrives', async t => {
  const running = startInMesh(t, 'exits/handler.mjs')
  await running.next('ready')
  const other = running.call('/slow', 'a POST')
  assert.equal((await running.call('/answer-and-exit')).text, 'bye')
  assert.equal((await other).text, 'slow')
  assert.equal(await running.exited, 7)
})

test('listeners and capture callbacks of the application are not disturbed', async t => {
  const running = startWorker(t, 'exits/app.mjs', { boot: direct, env: { WAY: 'count' } })
  assert.equal(await (await fetch(`${await readyUrl(running)}/end`)).text(), '0')
})

test('an application that handles its uncaught errors goes on', async t => {
  const running = startWorker(t, 'exits/app.mjs', { boot: direct, env: { WAY: 'handled' } })
  const url = await readyUrl(running)
  await fetch(`${url}/end`)
  assert.equal(await (await fetch(url)).text(), 'exits')
  assert.deepEqual(running.errors, [])
})

/** A body that is still under way when the handler throws: such a request has no deadline. */
function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: controller => controller.enqueue(Buffer.from('first piece')) })
}
