/** The management API over the socket for commands, in front of operations that only take notes. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { test } from 'node:test'

import { HeddleError } from '../../../src/errors.ts'
import { introduction, report, setUp } from './api-stage.ts'
import { ask } from './ask.ts'

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
    ['POST', '/applications/mail/scale', { workers: 'auto' }],
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
    ['scale', 'mail', 'auto'],
    ['restartWorker', 'mail', 2],
    ['drainWorker', 'mail', 2],
    ['readyWorker', 'mail', 2]
  ])
  const status = await ask(socket, 'GET', '/api/v1/status')
  assert.deepEqual([status.status, JSON.parse(status.body)], [200, report])
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

test('Api passes a document on piece by piece, and breaks off when it does', async t => {
  const { operations, control } = setUp(t)
  const socketPath = await control.open(introduction)
  const path = '/api/v1/applications/web/workers/0/heap-snapshot'
  const piece = 'x'.repeat(100_000)
  operations.document = () => Readable.from(Array.from({ length: 50 }, () => piece))
  const whole = await ask(socketPath, 'POST', path)
  assert.deepEqual([whole.status, whole.type, whole.body.length], [200, 'application/json', 5_000_000])
  operations.document = () => Readable.from(failing(0))
  const early = await ask(socketPath, 'POST', path)
  assert.deepEqual([early.status, JSON.parse(early.body).detail], [500, 'no more'])
  operations.document = () => Readable.from(failing(2))
  await assert.rejects(ask(socketPath, 'POST', path), { code: 'ECONNRESET' })
})

test('Api lets go of a document when its reader has gone', async t => {
  const { operations, control } = setUp(t)
  const socketPath = await control.open(introduction)
  const document = Readable.from(failing(Infinity))
  operations.document = () => document
  const path = '/api/v1/applications/web/workers/0/heap-snapshot'
  const outgoing = request({ socketPath, method: 'POST', path, agent: false })
  outgoing.end()
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  const closed = once(document, 'close')
  response.destroy()
  await closed
  assert.ok(document.destroyed)
})

async function* failing(after: number): AsyncGenerator<string> {
  for (let pieces = 0; pieces < after; pieces++) yield 'x'.repeat(100_000)
  throw new Error('no more')
}

test('Api announces who has changed what, and what came of it', async t => {
  const { operations, control, announced } = setUp(t)
  const socket = await control.open(introduction)
  await ask(socket, 'GET', '/api/v1/status')
  await ask(socket, 'POST', '/api/v1/applications/web/scale', { body: '{"workers":2}' })
  operations.next = () =>
    Promise.reject(new HeddleError('HEDDLE_UNKNOWN_WORKER', { application: 'web', slot: 7, workers: 2 }))
  await ask(socket, 'POST', '/api/v1/applications/web/workers/7/drain', { accept: 'application/x-ndjson' })
  await ask(socket, 'POST', '/api/v1/applications/web/scale', { body: '{}' })
  await ask(socket, 'POST', '/api/v1/applications', { body: '{"id":"mail"}' })
  assert.partialDeepStrictEqual(announced, [
    [
      'operation:finished',
      { operation: 'scaleApplication', application: 'web', slot: null, via: 'socket', address: null }
    ],
    [
      'operation:failed',
      { operation: 'drainWorker', application: 'web', slot: 7, via: 'socket', code: 'HEDDLE_UNKNOWN_WORKER' }
    ]
  ])
  assert.partialDeepStrictEqual(announced.slice(2), [
    ['operation:finished', { operation: 'addApplication', application: 'mail' }]
  ])
  assert.equal(announced.length, 3)
})
