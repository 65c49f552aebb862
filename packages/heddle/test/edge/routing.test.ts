/**
 * Which application gets which request, as tables. Pure; no sockets.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { ResolvedRoute } from '../../src/config/resolved.ts'
import { createRouter } from '../../src/edge/routing.ts'

const route = (
  host: string | null,
  prefix: string,
  application: string,
  stripPrefix = false
): ResolvedRoute => ({
  host,
  prefix,
  application,
  stripPrefix,
  requestTimeout: null
})

const routes: readonly ResolvedRoute[] = [
  route(null, '/api', 'api', true),
  route(null, '/api/admin', 'admin'),
  route(null, '/files/', 'files', true),
  route('shop.example', '/', 'shop'),
  route('shop.example', '/cart', 'cart', true),
  route('*.example', '/', 'tenants'),
  route('*.deep.example', '/', 'deep')
]

// host, path, application, path it sees, prefix taken off
const cases: readonly (readonly [string, string, string | null, string?, string?])[] = [
  ['other', '/api', 'api', '/', '/api'],
  ['other', '/api/', 'api', '/', '/api'],
  ['other', '/api/users?x=1', 'api', '/users?x=1', '/api'],
  ['other', '/api?x=1', 'api', '/?x=1', '/api'],
  ['other', '/apis', 'main', '/apis'],
  ['other', '/API', 'main', '/API'],
  ['other', '/api/admin/1', 'admin', '/api/admin/1'],
  ['other', '/api/administration', 'api', '/administration', '/api'],
  ['other', '/files', 'files', '/', '/files'],
  ['other', '/files/a/b', 'files', '/a/b', '/files'],
  ['other', '/filesystem', 'main', '/filesystem'],
  ['other', '/', 'main', '/'],
  ['other', '*', 'main', '*'],
  ['', '/x', 'main', '/x'],
  ['shop.example', '/', 'shop', '/'],
  ['SHOP.Example:8080', '/x', 'shop', '/x'],
  ['shop.example.', '/x', 'shop', '/x'],
  ['a.example.:80', '/x', 'tenants', '/x'],
  ['shop.example', '/cart/1', 'cart', '/1', '/cart'],
  ['shop.example', '/api/users', 'shop', '/api/users'],
  ['shop.example', '*', 'shop', '*'],
  ['a.example', '/x', 'tenants', '/x'],
  ['a.b.example:80', '/x', 'tenants', '/x'],
  ['a.deep.example', '/', 'deep', '/'],
  ['deep.example', '/', 'tenants', '/'],
  ['example', '/x', 'main', '/x'],
  ['notexample', '/x', 'main', '/x'],
  ['[::1]:80', '/x', 'main', '/x']
]

describe('createRouter()', () => {
  const router = createRouter({ routes, entrypoint: 'main', requestTimeout: 30 })
  for (const [host, path, application, seen = path, strippedPrefix = ''] of cases) {
    test(`sends ${host}${path} to ${application} as ${seen}`, () => {
      const expected = { application, path: seen, strippedPrefix, timeoutMs: 30, isLogged: true }
      assert.deepEqual(router(host, path), expected)
    })
  }
})

test('createRouter() gives everything to the entrypoint when there are no routes', () => {
  assert.deepEqual(createRouter({ routes: [], entrypoint: 'main', requestTimeout: 30 })('h', '/x'), {
    application: 'main',
    path: '/x',
    strippedPrefix: '',
    timeoutMs: 30,
    isLogged: true
  })
})

test('createRouter() finds nothing without a route or an entrypoint', () => {
  assert.equal(createRouter({ routes: [], entrypoint: null, requestTimeout: 0 })('h', '/x'), null)
  assert.equal(createRouter({ routes, entrypoint: null, requestTimeout: 0 })('h', '/x'), null)
})

test('createRouter() finds an IPv6 host with and without its port', () => {
  const router = createRouter({
    routes: [route('[::1]', '/', 'loop')],
    entrypoint: null,
    requestTimeout: 0
  })
  assert.equal(router('[::1]:3000', '/')?.application, 'loop')
  assert.equal(router('[::1]', '/')?.application, 'loop')
  assert.equal(router('[::2]', '/'), null)
})

test('createRouter() gives each route its own time, and the others that of the server', () => {
  const router = createRouter({
    routes: [
      { ...route(null, '/slow', 'main'), requestTimeout: 5000 },
      { ...route(null, '/for-ever', 'main'), requestTimeout: 0 },
      route(null, '/plain', 'main')
    ],
    entrypoint: 'main',
    requestTimeout: 30
  })
  const times = ['/slow/x', '/for-ever', '/plain', '/other'].map(path => router('h', path)?.timeoutMs)
  assert.deepEqual(times, [5000, 0, 30, 30])
})

test('createRouter() keeps the requests of single routes out of the access log', () => {
  const router = createRouter({
    routes: [
      { ...route(null, '/health', 'main'), accessLog: false },
      { ...route(null, '/stripped', 'main', true), accessLog: false },
      route(null, '/plain', 'main')
    ],
    entrypoint: 'main',
    requestTimeout: 30
  })
  const logged = ['/health/x', '/stripped/x', '/plain', '/other'].map(path => router('h', path)?.isLogged)
  assert.deepEqual(logged, [false, false, true, true])
})
