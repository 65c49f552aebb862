/**
 * What applications are told about the client, over real sockets; whom the edge trusts, as a table.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { clientAddress, createTrust } from '../../src/edge/forwarding.ts'
import { RawClient, get } from './raw-client.ts'
import { openStage } from './stage.ts'

/** An id made by the edge, as opposed to one a client may send. */
const made = /^[0-9a-f]{16}-\d+$/

/** What the application sees of a request, on an edge with these settings. */
interface Seen {
  readonly url: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly remoteAddress: string
}

const claims = [
  'X-Forwarded-For: 203.0.113.7',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: shop.example',
  'X-Request-Id: claimed-1'
]

test('EdgeServer replaces what an untrusted client claims about itself', async t => {
  const stage = await openStage({
    routes: [{ host: null, prefix: '/v1', application: 'api', stripPrefix: true, requestTimeout: null }]
  })
  t.after(() => stage.close())
  const client = await RawClient.open(stage.port)
  const { url, headers, remoteAddress } = JSON.parse(
    (await client.send(get('/v1/seen?x', ...claims)).response()).body
  ) as Seen
  assert.equal(url, '/seen?x')
  assert.equal(remoteAddress, '127.0.0.1')
  assert.equal(headers['x-forwarded-for'], '127.0.0.1')
  assert.equal(headers['x-forwarded-proto'], 'http')
  assert.equal(headers['x-forwarded-host'], 'localhost')
  assert.equal(headers['x-forwarded-prefix'], '/v1')
  assert.match(headers['x-request-id'] ?? '', made)
  client.destroy()
})

test('EdgeServer believes a trusted proxy and adds to what it says', async t => {
  const stage = await openStage({ server: { trustProxy: ['127.0.0.0/8'] } })
  t.after(() => stage.close())
  const client = await RawClient.open(stage.port)
  const seen = async (...lines: readonly string[]): Promise<Seen['headers']> =>
    (JSON.parse((await client.send(get('/seen', ...lines)).response()).body) as Seen).headers
  const told = await seen(...claims)
  assert.equal(told['x-forwarded-for'], '203.0.113.7, 127.0.0.1')
  assert.equal(told['x-forwarded-proto'], 'https')
  assert.equal(told['x-forwarded-host'], 'shop.example')
  assert.equal(told['x-request-id'], 'claimed-1')
  const untold = await seen()
  assert.notEqual(untold['x-request-id'], (await seen())['x-request-id'])
  assert.equal(untold['x-forwarded-for'], '127.0.0.1')
  assert.equal(untold['x-forwarded-proto'], 'http')
  assert.match(untold['x-request-id'] ?? '', made)
  assert.match((await seen('X-Request-Id: two words'))['x-request-id'] ?? '', made)
  assert.match((await seen(`X-Request-Id: ${'x'.repeat(201)}`))['x-request-id'] ?? '', made)
  client.destroy()
})

const trust: readonly (readonly [readonly string[], string, boolean])[] = [
  [[], '127.0.0.1', false],
  [['127.0.0.1'], '127.0.0.1', true],
  [['127.0.0.1'], '127.0.0.2', false],
  [['10.0.0.0/8'], '10.255.0.1', true],
  [['10.0.0.0/8'], '11.0.0.1', false],
  [['10.0.0.0/8'], '::ffff:10.1.2.3', true],
  [['::1'], '::1', true],
  [['fd00::/8'], 'fd12::1', true],
  [['fd00::/8'], '10.0.0.1', false],
  [['10.0.0.0/8', '192.168.1.1'], '192.168.1.1', true]
]

describe('createTrust()', () => {
  for (const [entries, address, expected] of trust) {
    test(`${expected ? 'trusts' : 'does not trust'} ${address} among [${entries.join(' ')}]`, () => {
      assert.equal(createTrust(entries)(address), expected)
    })
  }
})

describe('clientAddress()', () => {
  const trust = createTrust(['127.0.0.1', '10.0.0.0/8', '::1'])
  const cases: readonly [peer: string, forwardedFor: string, client: string][] = [
    ['127.0.0.1', '', '127.0.0.1'],
    ['127.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['127.0.0.1', '198.51.100.1, 203.0.113.7', '203.0.113.7'],
    ['127.0.0.1', '198.51.100.1, 203.0.113.7, 10.1.2.3', '203.0.113.7'],
    ['127.0.0.1', '10.9.9.9, 10.1.2.3', '10.9.9.9'],
    ['127.0.0.1', '203.0.113.7:4711', '203.0.113.7'],
    ['::1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['::1', '[2001:db8::1]', '2001:db8::1'],
    ['::1', '2001:db8::1', '2001:db8::1'],
    ['127.0.0.1', 'unknown', '127.0.0.1'],
    ['127.0.0.1', '203.0.113.7, "quoted"', '127.0.0.1'],
    ['127.0.0.1', '203.0.113.7, 10.1.2.3, ', '127.0.0.1'],
    ['203.0.113.9', '198.51.100.1', '203.0.113.9']
  ]
  for (const [address, forwardedFor, client] of cases) {
    test(`takes ${client} for the client when ${address} says "${forwardedFor}"`, () => {
      const peer = { address, trusted: trust(address), firstLine: '', line: '' }
      assert.equal(clientAddress(peer, forwardedFor, trust), client)
    })
  }
})
