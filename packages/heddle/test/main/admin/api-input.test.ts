/** What requests to the management API may bring, and what they get for it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

import { introduction, setUp } from './api-stage.ts'
import { ask } from './ask.ts'

const refused: readonly (readonly [
  method: string,
  path: string,
  body: string,
  status: number,
  detail: RegExp
])[] = [
  ['GET', '/nothing', '', 404, /There is nothing at/],
  ['GET', '/restart', '', 405, /GET is not possible here/],
  ['POST', '/restart', '{', 400, /the body is not JSON/],
  ['POST', '/restart', '[]', 400, /the body is no object/],
  ['POST', '/restart', '{"application":"api"}', 400, /"application" is unknown here; known are applications/],
  [
    'POST',
    '/restart',
    '{"applications":"api"}',
    400,
    /"applications" has to be a list with at least one text/
  ],
  ['POST', '/restart', '{"applications":[]}', 400, /none of them empty; leave it out for all/],
  ['POST', '/restart', '{"applications":[""]}', 400, /none of them empty/],
  ['POST', '/restart', '['.repeat(30_000), 400, /the body is not JSON/],
  [
    'POST',
    '/restart',
    '['.repeat(30_000) + ']'.repeat(30_000),
    400,
    /more than 100 objects or lists inside one another/
  ],
  [
    'POST',
    '/applications',
    `{"id":"a","env":${'{"a":'.repeat(30_000)}1${'}'.repeat(30_001)}`,
    400,
    /more than 100/
  ],
  ['POST', '/restart?applications=api', '', 400, /"applications" is unknown here/],
  ['PUT', '/applications/a/log-level', '{"level":"loud"}', 400, /"level" has to be one of trace, debug/],
  ['PUT', '/applications/a/log-level', '', 400, /"level" is missing/],
  ['POST', '/applications/a/inject', '{"path":"x"}', 400, /"path" has to begin with a slash/],
  ['POST', '/applications/a/inject', '{"path":"/","body":"a","bodyBase64":"YQ=="}', 400, /one is enough/],
  [
    'POST',
    '/applications/a/inject',
    `{"path":"/","body":"${'x'.repeat(10_000_001)}"}`,
    413,
    /10000000 bytes/
  ],
  ['POST', '/applications/a/inject', '{"path":"/","bodyBase64":"Y"}', 400, /"bodyBase64" is no Base64/],
  ['POST', '/applications/a/inject', '{"path":"/","headers":{"a":1}}', 400, /"headers" has to be an object/],
  ['POST', '/applications/a/workers/0/profile', '{"type":"cpu","durationMs":5}', 400, /from 10 to 300000/],
  ['POST', '/applications/a/workers/0/inspect', '{"port":70000}', 400, /from 0 to 65535/],
  ['GET', '/metrics?aplication=a', '', 400, /"aplication" is unknown here; known are application/],
  ['GET', '/logs?worker=api', '', 400, /"worker" has to be application:slot or edge:index/],
  ['GET', '/logs?worker=nobody:0', '', 404, /There is no application "nobody"; there is api/],
  ['GET', '/logs?application=nobody', '', 404, /There is no application "nobody"/],
  ['GET', '/events?application=constructor', '', 404, /There is no application "constructor"/],
  ['GET', '/logs?tail=-1', '', 400, /"tail" has to be a whole number from 0 to 100000/],
  ['GET', '/logs?follow=perhaps', '', 400, /"follow" has to be true or false/],
  ['GET', '/logs?level=warn&level=info', '', 400, /"level" is given more than once/],
  ['GET', '/events?name=a,c', '', 400, /there is no event "c"; there are a:done, b:done/],
  ['GET', '/events?name=a:done,c:done', '', 400, /there is no event "c:done"; there are a:done, b:done/],
  ['GET', '/events?since=yesterday', '', 400, /"since" has to be a whole number of at least 0/],
  ['POST', '/applications', '{"path":"x"}', 400, /"id" is missing/],
  ['POST', '/applications/a/scale', '{"workers":0}', 400, /"workers" has to be a whole number/],
  ['POST', '/applications/a/scale', '{"workers":"2"}', 400, /"workers" has to be a whole number/],
  ['POST', '/applications/a/scale', '{"workers":"many"}', 400, /whole number from 1 to 256, or "auto"/],
  ['POST', '/reload', `{"reason":"${'x'.repeat(300_000)}"}`, 413, /The body is longer than 262144 bytes/]
]

test('Api refuses what it cannot understand, and does nothing', async t => {
  const { operations, control } = setUp(t)
  const socket = await control.open(introduction)
  for (const [method, path, body, wanted, detail] of refused) {
    const { status, type, body: text } = await ask(socket, method, `/api/v1${path}`, { body })
    assert.deepEqual([status, type], [wanted, 'application/problem+json'], path)
    const problem: { readonly status: number; readonly detail: string } = JSON.parse(text)
    assert.equal(problem.status, wanted)
    assert.match(problem.detail, detail)
  }
  assert.deepEqual(operations.calls, [])
})

test('Api takes the numbers that events of a real server have', async t => {
  const { control } = setUp(t)
  const path = `/api/v1/events?follow=false&since=${Date.now() * 1000}`
  assert.equal((await ask(await control.open(introduction), 'GET', path)).status, 200)
})

test('Api takes JSON alone, and gives what it has alone', async t => {
  const { operations, control } = setUp(t)
  const socket = await control.open(introduction)
  const scale = '/api/v1/applications/web/scale'
  const body = '{"workers":2}'
  const table: readonly (readonly [
    method: string,
    path: string,
    headers: Record<string, string>,
    status: number
  ])[] = [
    ['POST', scale, { 'content-type': 'text/plain' }, 415],
    ['POST', scale, { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['POST', scale, { 'content-type': 'application/json; charset=utf-8' }, 200],
    ['POST', scale, {}, 200],
    ['GET', '/api/v1/status', { accept: 'text/html' }, 406],
    ['GET', '/api/v1/status', { accept: 'text/html, */*;q=0.1' }, 200],
    ['GET', '/api/v1/metrics', { accept: 'application/json' }, 406],
    ['GET', '/api/v1/metrics', { accept: 'text/plain;version=0.0.4;q=0.3, */*;q=0.1' }, 200],
    ['GET', '/api/v1/events', { accept: 'application/json' }, 406],
    ['GET', '/api/v1/status', { accept: 'application/x-ndjson' }, 406],
    ['HEAD', '/api/v1/status', {}, 200],
    // As large as the numbers of events are.
    ['GET', '/api/v1/events?follow=false&since=1795000000000000', {}, 200]
  ]
  for (const [method, path, headers, status] of table) {
    const outgoing = request({ socketPath: socket, method, path, headers, agent: false })
    outgoing.end(method === 'POST' ? body : undefined)
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    assert.equal(response.statusCode, status, `${method} ${path} ${JSON.stringify(headers)}`)
    const answer = await text(response)
    if (method === 'HEAD') assert.equal(answer, '')
    else if (status >= 400) assert.equal(JSON.parse(answer).status, status)
  }
  assert.equal(operations.calls.filter(([name]) => name === 'scale').length, 2)
})

test('Api injects texts and bytes, and tells answers in the same way', async t => {
  const { operations, control } = setUp(t)
  const socket = await control.open(introduction)
  const path = '/api/v1/applications/web/inject'
  const inject = async (body: unknown): Promise<Record<string, unknown>> =>
    JSON.parse((await ask(socket, 'POST', path, { body: JSON.stringify(body) })).body)
  assert.partialDeepStrictEqual(await inject({ path: '/', method: 'PUT', body: 'grüß', worker: 0 }), {
    body: 'hello'
  })
  operations.injected = Uint8Array.of(0, 255)
  const bytes = await inject({ path: '/', bodyBase64: 'AP8=', headers: { a: ['b', 'c'] }, timeoutMs: 5 })
  assert.deepEqual([bytes['bodyBase64'], 'body' in bytes], ['AP8=', false])
  assert.deepEqual(operations.calls, [
    ['inject', 'web', { path: '/', method: 'PUT', body: Buffer.from('grüß'), worker: 0 }],
    ['inject', 'web', { path: '/', body: Buffer.of(0, 255), headers: { a: ['b', 'c'] }, timeoutMs: 5 }]
  ])
  const long = await ask(socket, 'POST', path, {
    body: JSON.stringify({ path: '/', body: 'x'.repeat(10_485_761) })
  })
  assert.deepEqual([long.status, JSON.parse(long.body).code], [413, 'CONTENT_TOO_LARGE'])
})
