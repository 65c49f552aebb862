/** Load tests and the server they are about say the same: of what was answered, and of where requests go. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { findAutocannon, placesOf } from '../../../src/cli/load-test/autocannon.ts'
import { runLoadTest } from '../../../src/cli/load-test/load-test.ts'
import type { LoadCounts } from '../../../src/cli/load-test/messages.ts'
import { publicAddress } from '../../../src/cli/load-test/public-address.ts'
import { readSamples, viewOf } from '../../../src/cli/load-test/server-view.ts'
import type { CheckedRoute } from '../../../src/config/checked.ts'
import { resolveRoutes } from '../../../src/config/relations.ts'
import { createRouter } from '../../../src/edge/routing.ts'
import { startServer } from '../../main/live-server.ts'

test('what a test has sent is what the server has answered, by all its workers', async t => {
  const { server, url } = await startServer(t, 'script-http/server.mjs', { workers: 2 })
  const scrape = async (): Promise<ReturnType<typeof readSamples>> =>
    readSamples(await server.operations.metrics({}))
  const before = await scrape()
  const load = (): Promise<LoadCounts> =>
    runLoadTest({
      plan: {
        request: { url: `${url}/`, method: 'GET', headers: {}, body: null },
        connections: 4,
        pipelining: 1,
        rate: null,
        amount: 60,
        durationMs: 0,
        warmUpMs: 0,
        timeoutMs: 60_000
      },
      threads: 1,
      autocannon: findAutocannon(placesOf(import.meta.dirname)),
      signal: new AbortController().signal
    })
  let answered = 0
  // Other threads count when they do; and a worker that stands still for a while gets nothing meanwhile.
  const look = async (): Promise<ReturnType<typeof viewOf>> => {
    for (;;) {
      const view = viewOf('api', { before, after: await scrape(), elapsedMs: 1000 })
      if (view.requests >= answered) return view
    }
  }
  let view = await look()
  while (answered === 0 || !view.workers.every(({ requests }) => requests > 0)) {
    const counts = await load()
    assert.equal(counts.answered, 60)
    answered += 60
    view = await look()
    assert.equal(view.requests, answered)
  }
  assert.deepEqual(
    view.workers.map(({ name }) => name),
    ['api:0', 'api:1']
  )
  assert.ok(view.response.mean !== null && view.response.p99 !== null && view.queue.mean !== null)
})

const route = (path: string, application: string, changes: Partial<CheckedRoute> = {}): CheckedRoute => ({
  path,
  application,
  stripPrefix: false,
  accessLog: true,
  ...changes
})

test('the edge sends the address of an application to that application, with the path that was meant', () => {
  const ids = ['web', 'api', 'files', 'shop', 'wild', 'deep']
  const routes = resolveRoutes(
    [
      route('/api', 'api'),
      route('/api/files', 'files', { stripPrefix: true }),
      route('/', 'shop', { host: 'Shop.example.com' }),
      route('/x', 'wild', { host: '*.example.com', stripPrefix: true }),
      route('/x/y', 'deep', { host: '*.example.com' })
    ],
    ids,
    []
  )
  const routing = { routes, entrypoint: 'web' }
  const edge = createRouter({ ...routing, requestTimeout: 0 })
  let found = 0
  for (const id of ids) {
    for (const path of [null, '/', '/a?b=1', '/api', '/api/a', '/api/files/a', '/x/a', '/x/y/z?q']) {
      const outcome = publicAddress(routing, id, path)
      if (!outcome.found) continue
      found += 1
      const { path: target, host } = outcome.address
      const destination = edge(host ?? '127.0.0.1:3000', target)
      assert.equal(destination?.application, id, `${id} ${path} at ${host} ${target}`)
      if (path !== null) assert.equal(destination?.path, path)
    }
  }
  assert.ok(found >= 30, String(found))
})
