/** What passes from one connection to the next, and what a length may say. Pure. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { networkHead, networkTrailers, responseBlock } from '../../src/client/address-head.ts'
import { parseAddress } from '../../src/client/address-pool.ts'
import type { MeshRequest } from '../../src/client/exchange.ts'
import { LATIN1, MORE, UPGRADE, UTF8 } from '../../src/wire/frames.ts'

const host = 'host: api.local\r\n'
const own = ['Connection', 'keep-alive']

function requestOf(changes: Partial<MeshRequest>): MeshRequest {
  const request = {
    hostname: 'api',
    method: 'GET',
    path: '/',
    headers: host,
    flags: 0,
    body: null,
    peer: null
  }
  return { ...request, timeoutMs: 0, idempotent: true, accept: null, ...changes }
}

const heads: readonly [string, Partial<MeshRequest>, readonly string[], number][] = [
  ['no body', {}, own, 0],
  ['no body, but a method that has one', { method: 'POST' }, [...own, 'Content-Length', '0'], 0],
  ['a length of nothing', { headers: `${host}content-length: 0\r\n` }, [...own, 'Content-Length', '0'], 0],
  ['a body at hand', { flags: UTF8, body: 'é' }, [...own, 'Content-Length', '2'], 2],
  [
    'the same length twice',
    { flags: LATIN1, body: 'ab', headers: `${host}content-length: 2\r\nContent-Length: 2\r\n` },
    [...own, 'Content-Length', '2'],
    2
  ],
  [
    'a stream',
    { flags: MORE, method: 'POST', headers: `${host}transfer-encoding: chunked\r\n` },
    [...own, 'Transfer-Encoding', 'chunked'],
    -1
  ],
  [
    'a stream of known length',
    { flags: MORE, method: 'PUT', headers: `${host}content-length: 9\r\n` },
    [...own, 'Content-Length', '9'],
    9
  ],
  ['a stream of a GET', { flags: MORE }, [...own, 'Transfer-Encoding', 'chunked'], -1],
  ['announced trailers that cannot come', { headers: `${host}Trailer: x\r\n` }, own, 0],
  [
    'announced trailers',
    { flags: MORE, headers: `${host}Trailer: x\r\n` },
    ['Trailer', 'x', ...own, 'Transfer-Encoding', 'chunked'],
    -1
  ],
  [
    'a wish for trailers',
    { headers: `${host}te: gzip, trailers\r\n` },
    ['Connection', 'TE, keep-alive', 'TE', 'trailers'],
    0
  ],
  [
    'what belongs to a connection',
    {
      headers: `${host}Connection: X-Hop, close\r\nx-hop: 1\r\nKeep-Alive: 1\r\nproxy-connection: 1\r\nupgrade: h2c\r\nhttp2-settings: 1\r\n`
    },
    own,
    0
  ],
  [
    'what a connection cannot claim',
    { headers: `${host}connection: host, cookie\r\ncookie: a=b\r\n` },
    ['cookie', 'a=b', ...own],
    0
  ],
  [
    'an upgrade',
    { flags: MORE | UPGRADE, headers: `${host}Connection: Upgrade\r\nUpgrade: websocket\r\n` },
    ['Connection', 'Upgrade', 'Upgrade', 'websocket'],
    0
  ],
  [
    'names as they are written, repeated ones too',
    { headers: `${host}X-A: 1\r\nx-a: 2\r\n` },
    ['X-A', '1', 'x-a', '2', ...own],
    0
  ]
]

test('networkHead passes on what is not of a connection, and frames the body anew', () => {
  for (const [what, changes, headers, length] of heads) {
    const expected = { headers: ['host', 'api.local', ...headers], length }
    assert.deepEqual(networkHead(requestOf(changes)), expected, what)
  }
})

test('networkHead names the host of a request that has none', () => {
  assert.deepEqual(networkHead(requestOf({ headers: '' })).headers.slice(0, 2), ['host', 'api'])
})

const refused: readonly [string, Partial<MeshRequest>][] = [
  ['a line break in a method', { method: 'GET / HTTP/1.1\r\nx: y' }],
  ['a tunnel', { method: 'CONNECT' }],
  ['a line break in a path', { path: '/ HTTP/1.1\r\nx: y' }],
  ['a space in a path', { path: '/a b' }],
  ['no path', { path: '' }],
  ['a bare line feed in a value', { headers: `${host}a: b\nc: d\r\n` }],
  ['a bare carriage return in a value', { headers: `${host}a: b\rc: d\r\n` }],
  ['a zero byte', { headers: `${host}a: \0\r\n` }],
  ['a character beyond a byte', { headers: `${host}a: \u0100\r\n` }],
  ['a space in a name', { headers: `${host}a b: c\r\n` }],
  ['no name', { headers: `${host}: c\r\n` }],
  ['a line that is no header', { headers: `${host}abc\r\nd: e\r\n` }],
  ['two hosts', { headers: `${host}${host}` }],
  [
    'two lengths',
    { flags: LATIN1, body: 'ab', headers: `${host}content-length: 2\r\ncontent-length: 3\r\n` }
  ],
  ['a list of lengths', { flags: LATIN1, body: 'ab', headers: `${host}content-length: 2, 2\r\n` }],
  ['a signed length', { flags: LATIN1, body: 'ab', headers: `${host}content-length: +2\r\n` }],
  ['a length that is too short', { flags: LATIN1, body: 'ab', headers: `${host}content-length: 1\r\n` }],
  ['a length that is too long', { flags: LATIN1, body: 'ab', headers: `${host}content-length: 3\r\n` }],
  ['more than is to come', { flags: MORE | LATIN1, body: 'ab', headers: `${host}content-length: 1\r\n` }],
  ['an upgrade to nothing', { flags: UPGRADE | MORE }]
]

test('networkHead refuses what would be read as something else', () => {
  for (const [what, changes] of refused) {
    assert.throws(() => networkHead(requestOf(changes)), { code: 'MESH_INVALID_REQUEST' }, what)
  }
})

test('responseBlock leaves out what belongs to the connection', () => {
  const raw = [
    'X-A',
    '1',
    'Connection',
    'close, x-hop',
    'x-hop',
    '1',
    'Transfer-Encoding',
    'chunked',
    'x-a',
    '2'
  ]
  assert.equal(responseBlock(raw), 'X-A: 1\r\nx-a: 2\r\n')
  assert.equal(responseBlock(['Connection', 'set-cookie', 'Set-Cookie', 'a=b']), 'Set-Cookie: a=b\r\n')
})

test('networkTrailers leaves out what would change the head, and refuses what is no field', () => {
  const trailers = networkTrailers(
    'X-Sum: 1\r\ncontent-length: 5\r\nTransfer-Encoding: chunked\r\nhost: b\r\n'
  )
  assert.deepEqual(trailers, [['X-Sum', '1']])
  assert.throws(() => networkTrailers('a: b\nc: d\r\n'), { code: 'MESH_INVALID_REQUEST' })
})

function read(address: string): object {
  return parseAddress(address).options
}

test('parseAddress reads hosts, ports and paths', () => {
  assert.deepEqual(read('http://a.example:8080'), { host: 'a.example', port: 8080 })
  assert.deepEqual(read('http://[::1]/'), { host: '::1', port: 80 })
  assert.deepEqual(read('https://a.example'), { host: 'a.example', port: 443, servername: 'a.example' })
  assert.deepEqual(read('https://127.0.0.1:1'), { host: '127.0.0.1', port: 1, servername: '' })
  assert.deepEqual(read('unix:/run/a.sock'), { socketPath: '/run/a.sock' })
})

test('parseAddress refuses what is none', () => {
  const wrong = [
    '',
    'a:80',
    'unix:a',
    'ftp://a',
    'http://a/b',
    'http://a/?b',
    'http://u:p@a',
    'http://a/#b',
    'http://a:99999'
  ]
  for (const address of wrong) assert.throws(() => parseAddress(address), TypeError, address)
})
