/**
 * What a client is told of failures, as tables. Pure.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { LoadSheddingError, MeshError } from '../../src/errors.ts'
import { errorPage, refusalOf } from '../../src/http1/error-page.ts'
import { parseHead, type RequestHead } from '../../src/http1/request-head.ts'

const host = 'api'
const worker = 'api:0'

const cases: readonly (readonly [string, Error, number, number?])[] = [
  ['an upstream that is late', new MeshError('MESH_TIMEOUT', { host, worker, afterMs: 300 }), 504],
  [
    'a request that has waited its whole time for a worker',
    new MeshError('MESH_TIMEOUT', { host, worker: 'Nobody', afterMs: 300 }),
    503,
    1
  ],
  ['nobody ready', new MeshError('MESH_NO_UPSTREAM', { host }), 503, 1],
  ['a full queue', new MeshError('MESH_QUEUE_FULL', { host, max: 10 }), 503, 2],
  ['a vain wait', new MeshError('MESH_QUEUE_TIMEOUT', { host, afterMs: 10_000 }), 503, 5],
  [
    'an open circuit',
    new MeshError('MESH_CIRCUIT_OPEN', { from: 'edge:0', host, retryAfterMs: 6001 }),
    503,
    7
  ],
  [
    'a circuit about to let calls through',
    new MeshError('MESH_CIRCUIT_OPEN', { from: 'edge:0', host, retryAfterMs: 0 }),
    503,
    1
  ],
  ['an application that is stopped', new MeshError('MESH_UNKNOWN_HOST', { host }), 503, 10],
  ['an edge that leaves', new MeshError('MESH_CLOSED', { name: 'edge:0' }), 503, 5],
  ['load that is shed', new LoadSheddingError(host), 503, 1],
  ['a lost upstream', new MeshError('MESH_UPSTREAM_LOST', { host, worker, begun: true }), 502],
  ['a broken response', new MeshError('MESH_RESPONSE_ABORTED', { host, worker, reason: 'x' }), 502],
  ['a forbidden call', new MeshError('MESH_DENIED', { from: 'edge:0', host }), 403],
  ['a bad request', new MeshError('MESH_INVALID_REQUEST', { what: 'path', offered: 'x' }), 400],
  ['anything else', new Error('Something went wrong.'), 502]
]

describe('refusalOf() says what a failure is to a client', () => {
  for (const [what, error, status, retryAfter] of cases) {
    test(`${what}: ${status}`, () => {
      const refusal = refusalOf(error)
      assert.deepEqual([refusal.status, refusal.retryAfter], [status, retryAfter])
      assert.doesNotMatch(refusal.reason, /\.$/)
    })
  }
})

test('refusalOf() names the worker, the application and the time of a late answer', () => {
  const { reason } = refusalOf(new MeshError('MESH_TIMEOUT', { host, worker, afterMs: 300 }))
  assert.equal(reason, 'api:0 did not begin its response for api within 300 ms')
})

test('refusalOf() does not blame a worker for a request that none had', () => {
  const { reason } = refusalOf(new MeshError('MESH_TIMEOUT', { host, worker: 'Nobody', afterMs: 300 }))
  assert.equal(reason, 'no worker of api became ready within the 300 ms the request may take')
})

function headOf(text: string): RequestHead {
  const head = parseHead(text, {
    maxHeaderSize: 1000,
    maxHeadersCount: 10,
    maxUrlSize: 100,
    maxBodySize: 0
  })
  assert.ok('method' in head)
  return head
}

const facts = { requestId: 'r-1', keepAlive: true }

test('errorPage() tells the client when to come back, and which request it was', () => {
  const { head, body } = errorPage(
    { status: 503, reason: 'no worker is ready', retryAfter: 5 },
    headOf('GET / HTTP/1.1\r\nHost: a'),
    facts
  )
  assert.match(head, /^HTTP\/1\.1 503 Service Unavailable\r\n/)
  assert.match(head, /\r\nRetry-After: 5\r\n/)
  assert.match(head, new RegExp(`\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`))
  assert.doesNotMatch(head, /\r\nConnection:/)
  assert.deepEqual(JSON.parse(body), {
    statusCode: 503,
    error: 'Service Unavailable',
    message: 'no worker is ready',
    requestId: 'r-1'
  })
})

test('errorPage() has the length of a body it does not send to HEAD', () => {
  const refusal = { status: 504, reason: 'late' }
  const get = errorPage(refusal, headOf('GET / HTTP/1.1\r\nHost: a'), facts)
  const head = errorPage(refusal, headOf('HEAD / HTTP/1.1\r\nHost: a'), facts)
  assert.equal(head.body, '')
  const length = /\r\nContent-Length: (\d+)\r\n/
  assert.equal(length.exec(head.head)?.[1], length.exec(get.head)?.[1])
  assert.doesNotMatch(head.head, /Retry-After/)
})

test('errorPage() says what becomes of the connection as its client has to be told', () => {
  const refusal = { status: 502, reason: 'lost' }
  const old = headOf('GET / HTTP/1.0\r\nConnection: keep-alive')
  assert.match(errorPage(refusal, old, facts).head, /\r\nConnection: keep-alive\r\n/)
  assert.match(errorPage(refusal, null, { ...facts, keepAlive: false }).head, /\r\nConnection: close\r\n/)
})
