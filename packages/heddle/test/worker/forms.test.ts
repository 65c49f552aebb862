/** Every form an application may have, unmodified, in a real worker thread, over a real connection. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { forms } from '../forms.ts'
import { startInMesh } from './mesh-caller.ts'
import { direct, readyUrl, startWorker } from './worker-harness.ts'

const body = 'x'.repeat(300_000)

/** One for each way in which a form comes to its port: it asks for it itself, or is given one. */
const portForms = new Set([
  'script-http/server.mjs',
  'script-fastify/server.mjs',
  'listener-esm/app.mjs',
  'server-export/app.mjs',
  'fastify-export/app.mjs',
  'express-export/app.cjs',
  'hono-export/app.mjs',
  'factory-build/app.mjs'
])

// Several at a time: most of the time of each goes into starting its thread.
suite('an unmodified application', { concurrency: 4 }, () => {
  for (const { entry, kind } of forms) {
    test(`${entry} answers through the mesh as ${kind} without a port, takes a body, and stops`, async t => {
      const running = startInMesh(t, entry)
      assert.deepEqual(await running.next('ready'), { type: 'ready', kind, hasServer: true, port: null })
      assert.deepEqual(await running.call('/'), { status: 200, text: entry.slice(0, entry.indexOf('/')) })
      assert.deepEqual(await running.call('/echo', body), { status: 200, text: body })
      running.tell({ type: 'stop', timeoutMs: 60_000 })
      await running.next('stopped')
    })
  }

  for (const { entry, kind } of forms.filter(each => portForms.has(each.entry))) {
    test(`${entry} answers on a port of its own as ${kind}, streams a body back, and stops`, async t => {
      const running = startWorker(t, entry, { boot: direct })
      const ready = await running.next('ready')
      assert.equal(ready.kind, kind)
      assert.equal(ready.hasServer, true)
      const url = `http://127.0.0.1:${ready.port}`
      assert.equal(await (await fetch(url)).text(), entry.slice(0, entry.indexOf('/')))
      const headers = { 'content-type': 'application/octet-stream', connection: 'close' }
      const echo = await fetch(`${url}/echo`, { method: 'POST', body, headers })
      assert.equal(await echo.text(), body)
      running.tell({ type: 'stop', timeoutMs: 60_000 })
      await running.next('stopped')
      await assert.rejects(fetch(url))
    })
  }
})

test('boot waits for a listen() that comes after something slow', async t => {
  const url = await readyUrl(startWorker(t, 'script-async/server.cjs', { boot: direct }))
  assert.equal(await (await fetch(url)).text(), 'script-async')
})

test('boot says ready again when what looked like a background job listens', async t => {
  const running = startWorker(t, 'script-late-http/server.cjs', { boot: direct })
  assert.equal((await running.next('ready')).hasServer, false)
  const again = await running.next('ready')
  assert.equal(again.hasServer, true)
  assert.equal(await (await fetch(`http://127.0.0.1:${again.port}`)).text(), 'script-late-http')
})

for (const entry of ['background/job.mjs', 'background-declared/job.mjs']) {
  test(`${entry} is ready without a server and stops`, async t => {
    const running = startWorker(t, entry)
    const ready = await running.next('ready')
    assert.deepEqual(ready, { type: 'ready', kind: 'background', hasServer: false, port: null })
    running.tell({ type: 'stop', timeoutMs: 60_000 })
    await running.next('stopped')
  })
}

test('boot fails an entry that offers nothing, and says what it exports and what is accepted', async t => {
  const running = startWorker(t, 'nothing/app.mjs')
  const { error } = await running.next('failed')
  assert.match(error.message, /nothing\/app\.mjs exports settings, version, never called listen\(\)/)
  assert.match(error.message, /Accepted are a default export, .* request listener, .* hasServer = false/)
  assert.equal(await running.exited, 1)
})

test('boot fails a program that is server and thread in one, and says why', async t => {
  const running = startWorker(t, 'server-and-thread/app.mjs')
  const { error } = await running.next('failed')
  assert.match(
    error.message,
    /never called listen\(\).* It asks for isMainThread, which is false in a worker: put/
  )
  assert.equal(await running.exited, 1)
})

test('boot fails a factory that returns nothing usable', async t => {
  const { error } = await startWorker(t, 'factory-wrong/app.mjs').next('failed')
  assert.match(error.message, /factory create\(\) returned an object with listeners/)
})

test('boot passes on what the entry throws, with its code, stack and cause', async t => {
  const running = startWorker(t, 'throws/app.mjs')
  const { error } = await running.next('failed')
  assert.equal(error.message, 'no database')
  assert.equal(error.code, 'EDATABASE')
  assert.match(error.stack ?? '', /throws\/app\.mjs:1[\s\S]*caused by: Error: refused/)
  assert.equal(await running.exited, 1)
})

test('a fetch application sets several cookies, sees the node request, and answers 500 when it throws', async t => {
  const url = await readyUrl(startWorker(t, 'hono-export/app.mjs', { boot: direct }))
  const response = await fetch(url)
  assert.deepEqual(response.headers.getSetCookie(), ['one=1; Path=/', 'two=2; Path=/'])
  assert.equal(await (await fetch(`${url}/method`)).text(), 'GET')
  assert.equal((await fetch(`${url}/fails`)).status, 500)
  assert.equal((await fetch(`${url}/missing`)).status, 404)
})

test('a fetch function hears that its client has gone, and survives its own mistakes', async t => {
  const url = await readyUrl(startWorker(t, 'fetch-function/app.mjs', { boot: direct }))
  const controller = new AbortController()
  const response = await fetch(`${url}/slow`, { signal: controller.signal })
  const reader = response.body?.getReader()
  assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), 'first')
  controller.abort()
  for (let count = '0'; count === '0';) count = await (await fetch(`${url}/aborted`)).text()
  assert.equal((await fetch(`${url}/nothing`)).status, 500)
  assert.equal((await fetch(`${url}/fails`)).status, 500)
})
