/** The management API over the socket for commands, in front of operations that only take notes. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

import { HeddleError } from '../../../src/errors.ts'
import { introduction, report, setUp } from './api-stage.ts'

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

async function ask(
  socketPath: string,
  method: string,
  path: string,
  options: { readonly body?: string; readonly accept?: string } = {}
): Promise<Answer> {
  const { body, accept = '*/*' } = options
  const outgoing = request({ socketPath, method, path, headers: { accept }, agent: new Agent() })
  outgoing.end(body)
  const [response] = await once(outgoing, 'response')
  // Node.js 22 reports the write of a long body as failed although all of it was read.
  outgoing.on('error', () => {})
  return {
    status: response.statusCode,
    type: String(response.headers['content-type']),
    body: await text(response)
  }
}

test('Api asks for every operation with what the request says', async t => {
  const { operations, control } = setUp(t)
  const socket = await control.open(introduction)
  const requests: readonly (readonly [method: string, path: string, body?: unknown])[] = [
    ['POST', '/restart'],
    ['POST', '/restart', { applications: ['api'] }],
    ['POST', '/reload', { reason: 'a test' }],
    ['POST', '/stop'],
    ['POST', '/applications', { id: 'mail', path: './mail', env: { A: 'b' } }],
    ['DELETE', '/applications/mail'],
    ['POST', '/applications/mail/start'],
    ['POST', '/applications/mail/stop'],
    ['POST', '/applications/mail/restart'],
    ['POST', '/applications/mail/scale', { workers: 3 }],
    ['POST', '/applications/mail/workers/2/restart'],
    ['POST', '/applications/mail/workers/2/drain'],
    ['POST', '/applications/mail/workers/2/ready']
  ]
  for (const [method, path, body] of requests) {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const { status } = await ask(socket, method, `/api/v1${path}`, sent)
    assert.equal(status, 200, path)
  }
  assert.deepEqual(operations.calls, [
    ['restart', undefined],
    ['restart', ['api']],
    ['reload', 'a test'],
    ['stop', 'asked for through the management API'],
    ['addApplication', 'mail', { path: './mail', env: { A: 'b' } }],
    ['removeApplication', 'mail'],
    ['startApplication', 'mail'],
    ['stopApplication', 'mail'],
    ['restart', ['mail']],
    ['scale', 'mail', 3],
    ['restartWorker', 'mail', 2],
    ['drainWorker', 'mail', 2],
    ['readyWorker', 'mail', 2]
  ])
  const status = await ask(socket, 'GET', '/api/v1/status')
  assert.deepEqual([status.status, JSON.parse(status.body)], [200, report])
})

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
  ['POST', '/restart', '['.repeat(30_000), 400, /more than 100 objects or lists inside one another/],
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
  ['POST', '/applications/a/inject', '{"path":"/","bodyBase64":"Y"}', 400, /"bodyBase64" is no Base64/],
  ['POST', '/applications/a/inject', '{"path":"/","headers":{"a":1}}', 400, /"headers" has to be an object/],
  ['POST', '/applications/a/workers/0/profile', '{"type":"cpu","durationMs":5}', 400, /from 10 to 300000/],
  ['POST', '/applications/a/workers/0/inspect', '{"port":70000}', 400, /from 0 to 65535/],
  ['GET', '/metrics?aplication=a', '', 400, /"aplication" is unknown here; known are application/],
  ['GET', '/logs?tail=-1', '', 400, /"tail" has to be a whole number from 0 to 100000/],
  ['GET', '/logs?follow=perhaps', '', 400, /"follow" has to be true or false/],
  ['GET', '/logs?level=warn&level=info', '', 400, /"level" is given more than once/],
  ['GET', '/events?since=yesterday', '', 400, /"since" has to be a whole number of at least 0/],
  ['POST', '/applications', '{"path":"x"}', 400, /"id" is missing/],
  ['POST', '/applications/a/scale', '{"workers":0}', 400, /"workers" has to be a whole number/],
  ['POST', '/applications/a/scale', '{"workers":"2"}', 400, /"workers" has to be a whole number/],
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

test('Api tells a failure by its code, its facts and what the application said', async t => {
  const { operations, control } = setUp(t)
  const socket = await control.open(introduction)
  const cause = new RangeError('no database')
  cause.stack = 'RangeError: no database\n    at connect (app.js:1:1)'
  const detail = { application: 'web', worker: 'web:0', reason: 'could not be loaded' }
  const failed = new HeddleError('HEDDLE_APPLICATION_FAILED', detail, { cause })
  operations.next = () =>
    Promise.reject(new HeddleError('HEDDLE_RELOAD_FAILED', { reason: failed.message }, { cause: failed }))
  const { status, body } = await ask(socket, 'POST', '/api/v1/reload')
  assert.equal(status, 500)
  assert.deepEqual(JSON.parse(body), {
    type: 'about:blank',
    title: 'Internal Server Error',
    status: 500,
    detail: `The reload failed, and everything runs on as it was: ${failed.message}`,
    code: 'HEDDLE_RELOAD_FAILED',
    facts: { reason: failed.message },
    cause: cause.stack
  })
  operations.next = () =>
    Promise.reject(new HeddleError('HEDDLE_BUSY', { asked: 'restart', running: 'reload', runningMs: 1200 }))
  const busy = await ask(socket, 'POST', '/api/v1/restart')
  assert.deepEqual([busy.status, JSON.parse(busy.body).code], [409, 'HEDDLE_BUSY'])
  operations.next = () => Promise.reject(new TypeError('a mistake of ours'))
  const mistake = await ask(socket, 'POST', '/api/v1/restart')
  assert.deepEqual([mistake.status, JSON.parse(mistake.body).code], [500, 'INTERNAL_ERROR'])
})

test('Api streams what happens until the operation is done, or has failed', async t => {
  const { operations, control, announce } = setUp(t)
  const socket = await control.open(introduction)
  const accept = 'application/x-ndjson'
  operations.next = async () => {
    announce('worker:replaced', { worker: 'api:0' })
    announce('worker:replacement-failed', { error: new Error('no') })
  }
  const done = await ask(socket, 'POST', '/api/v1/reload', { accept })
  assert.deepEqual([done.status, done.type], [200, accept])
  const lines: unknown[] = done.body
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.partialDeepStrictEqual(lines, [
    { event: 'worker:replaced', fact: { worker: 'api:0' } },
    { event: 'worker:replacement-failed', fact: { error: { name: 'Error', message: 'no' } } },
    { done: { changes: ['routes: changed'], warnings: [], reloadMs: 12 } }
  ])
  operations.next = () =>
    Promise.reject(new HeddleError('HEDDLE_NOT_RUNNING', { asked: 'restart', phase: 'stopping' }))
  const failed = await ask(socket, 'POST', '/api/v1/restart', { accept })
  assert.equal(failed.status, 200)
  assert.partialDeepStrictEqual(JSON.parse(failed.body), {
    problem: { code: 'HEDDLE_NOT_RUNNING', status: 409 }
  })
})

test('An operation goes on when who asked for it has gone', async t => {
  const { operations, control } = setUp(t)
  const socketPath = await control.open(introduction)
  const begun = Promise.withResolvers<void>()
  const over = Promise.withResolvers<void>()
  operations.next = () => {
    begun.resolve()
    return over.promise
  }
  const outgoing = request({ socketPath, method: 'POST', path: '/api/v1/restart', agent: false })
  const gone = once(outgoing, 'error')
  outgoing.end()
  await begun.promise
  outgoing.destroy(new Error('gone'))
  await gone
  over.resolve()
  assert.equal((await ask(socketPath, 'GET', '/api/v1/status')).status, 200)
})
