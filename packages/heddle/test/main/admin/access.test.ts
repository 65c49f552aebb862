/** Who may ask the administrative port, as a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isLoopback, judgeHost, judgeOrigin } from '../../../src/main/admin/access.ts'

const names = {
  hostname: 'Admin.internal',
  machine: 'box7',
  allowedHosts: ['ops.example.com', '*.corp.example']
}

const hosts: readonly (readonly [host: string | undefined, isGood: boolean])[] = [
  [undefined, true],
  ['localhost', true],
  ['LOCALHOST:9090', true],
  ['app.localhost:9090', true],
  ['127.0.0.1:9090', true],
  ['10.1.2.3', true],
  ['[::1]:9090', true],
  ['[fe80::1]', true],
  ['admin.internal:80', true],
  ['box7:9090', true],
  ['ops.example.com', true],
  ['ops.example.com.:9090', true],
  ['a.corp.example', true],
  ['a.b.corp.example:1', true],
  ['corp.example', false],
  ['evilcorp.example', false],
  ['ops.example.com.evil.test', false],
  ['evil.test', false],
  ['evil.test:9090', false],
  ['localhost.evil.test', false],
  ['127.0.0.1.evil.test', false],
  ['localhost@evil.test', false],
  ['[::1].evil.test', false],
  ['localhost:9090:80', false],
  ['localhost/', false],
  ['.', false],
  ['a b', false]
]

for (const [host, isGood] of hosts) {
  test(`judgeHost() ${isGood ? 'takes' : 'refuses'} ${host}`, () => {
    const reason = judgeHost({ host, origin: undefined, site: undefined }, names)
    if (isGood) assert.equal(reason, null)
    else assert.match(reason ?? '', /is no name of this server: add it to admin\.allowedHosts/)
  })
}

const origins: readonly (readonly [origin: string | undefined, site: string | undefined, isGood: boolean])[] =
  [
    [undefined, undefined, true],
    [undefined, 'none', true],
    [undefined, 'same-origin', true],
    ['http://localhost:9090', 'same-origin', true],
    ['https://localhost:9090', undefined, true],
    ['http://localhost:9090', 'cross-site', false],
    [undefined, 'cross-site', false],
    [undefined, 'same-site', false],
    ['http://localhost:3000', undefined, false],
    ['http://localhost', undefined, false],
    ['http://evil.test', undefined, false],
    ['null', undefined, false],
    ['', undefined, false]
  ]

for (const [origin, site, isGood] of origins) {
  test(`judgeOrigin() ${isGood ? 'takes' : 'refuses'} a page of ${origin} that is ${site}`, () => {
    assert.equal(judgeOrigin({ host: 'localhost:9090', origin, site }) === null, isGood)
  })
}

test('isLoopback() knows the addresses of this machine alone', () => {
  for (const own of ['127.0.0.1', '127.8.8.8', '::1', 'localhost', 'a.localhost'])
    assert.ok(isLoopback(own), own)
  for (const open of ['0.0.0.0', '::', '10.0.0.1', '127.example.com', 'box7'])
    assert.ok(!isLoopback(open), open)
})
