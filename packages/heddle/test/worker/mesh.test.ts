/** Applications that call each other, each in a worker of its own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startInMesh } from './mesh-caller.ts'
import { startWorker } from './worker-harness.ts'

test('an application reaches another one with fetch, node:http and the mesh client', async t => {
  const caller = startInMesh(t, 'caller/app.mjs')
  const target = startWorker(t, 'script-http/server.mjs', { registry: caller.registry, hostname: 'target' })
  await target.next('ready')
  await target.member.publish()
  await caller.next('ready')
  assert.equal((await caller.call('/')).text, 'script-http script-http script-http')
})

test('an HTTP/2 server answers requests of the mesh as it does those of HTTP/1 clients', async t => {
  const running = startInMesh(t, 'http2/server.mjs')
  assert.equal((await running.next('ready')).kind, 'listen')
  assert.deepEqual(await running.call('/'), { status: 200, text: 'http2' })
})
