/** Every operation of a server with real threads, over TCP: what is answered is what the description says. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'

import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv/dist/2020.js'

import { shapes } from '../../../src/control/answer-shapes.ts'
import { operations, pathOf } from '../../../src/control/contract.ts'
import type { OperationName, Place } from '../../../src/control/contract.ts'
import { objectSchema } from '../../../src/control/json-schema.ts'
import { operationFailures } from '../../../src/control/operation-failures.ts'
import { createHeddle } from '../../../src/index.ts'
import { bareEnv } from '../../bare-env.ts'
import { wholeFile } from '../whole-file.ts'
import type { Scope } from '../whole-file.ts'

const token = 'a token of its own'

/** The schemas of all shapes; closed, so that a field nobody has described is a mistake. */
function schemas(): ReadonlyMap<string, ValidateFunction> {
  const schemaIds = Object.entries(shapes).map(([name, shape]) => {
    const schema = objectSchema(shape, shapes)
    const text = JSON.stringify(shape.isOpen === true ? schema : { ...schema, additionalProperties: false })
    return [name, JSON.parse(text.replaceAll('#/components/schemas/', 'shape:'))] as const
  })
  const ajv = new Ajv2020({ formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ } })
  for (const [name, schema] of schemaIds) ajv.addSchema(schema, `shape:${name}`)
  return new Map(
    schemaIds.map(([name]) => {
      const validate = ajv.getSchema(`shape:${name}`)
      assert.ok(validate !== undefined)
      return [name, validate]
    })
  )
}

const validators = schemas()

function assertShaped(shape: string, value: unknown, about: string): void {
  const validate = validators.get(shape)
  assert.ok(validate !== undefined)
  assert.ok(validate(value), `${about}: ${JSON.stringify(validate.errors)}`)
}

/** A server with two applications; `mail` gets no public requests. */
async function startServer(t: Scope): Promise<string> {
  const cwd = mkdtempSync(join(tmpdir(), 'heddle-live-'))
  t.after(() => rmSync(cwd, { recursive: true }))
  mkdirSync(join(cwd, 'web'))
  const code = `export default (request, response) => {
    console.log('asked for', request.url)
    response.setHeader('x-who', 'web')
    response.end('you sent ' + request.method)
  }`
  writeFileSync(join(cwd, 'web/index.mjs'), code)
  const heddle = await createHeddle(
    {
      applications: { web: { path: './web', workers: 2 }, mail: { path: './web', workers: 1 } },
      entrypoint: 'web',
      server: { port: 0 },
      admin: { port: 0, token },
      // What the test lets the application say is for nobody's eyes.
      logger: { level: 'silent', stdout: false, file: { path: './log' } }
    },
    { env: { ...bareEnv, SECRET: 'do not tell' }, cwd }
  )
  t.after(() => heddle.stop())
  const { adminUrl } = await heddle.start()
  assert.ok(adminUrl !== null)
  assert.equal(heddle.status().adminUrl, adminUrl)
  return adminUrl
}

interface Asking {
  readonly place?: Place
  readonly body?: unknown
  readonly query?: string
}

/** Asks for an operation, and checks what comes against the contract. */
class Client {
  readonly asked = new Set<string>()
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async ask(name: OperationName, { place = {}, body, query = '' }: Asking = {}): Promise<Response> {
    const { method } = operations[name]
    return fetch(`${this.#url}${pathOf(name, place)}${query}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
  }

  async done(name: OperationName, asking: Asking = {}): Promise<unknown> {
    const { answer } = operations[name]
    const response = await this.ask(name, asking)
    const text = await response.text()
    assert.equal(response.status, 200, `${name}: ${text}`)
    this.asked.add(name)
    if (answer.form === 'text') {
      assert.equal(response.headers.get('content-type'), answer.type)
      return text
    }
    assert.equal(response.headers.get('content-type'), 'application/json')
    const value: unknown = JSON.parse(text)
    if (answer.form === 'value') assertShaped(answer.shape, value, name)
    return value
  }

  async failed(name: OperationName, status: number, asking: Asking = {}): Promise<string> {
    const response = await this.ask(name, asking)
    const problem = (await response.json()) as { readonly code: string }
    assertShaped('Problem', problem, name)
    assert.deepEqual(
      [response.status, response.headers.get('content-type')],
      [status, 'application/problem+json']
    )
    const codes: readonly string[] = operationFailures[name]
    assert.ok(codes.includes(problem.code), `${name} may not fail with ${problem.code}`)
    return problem.code
  }

  /** The messages of a stream that ends by itself. */
  async messages(name: 'events' | 'logs', query: string): Promise<readonly unknown[]> {
    const { answer } = operations[name]
    const response = await this.ask(name, { query })
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    this.asked.add(name)
    const data = [...(await response.text()).matchAll(/^data: (.*)$/gm)].map(([, text = '']) =>
      JSON.parse(text)
    )
    assert.ok(answer.form === 'events')
    for (const each of data) assertShaped(answer.shape, each, name)
    return data
  }
}

const file = wholeFile()
let url: string
before(async () => {
  url = await startServer(file)
})

const nowhere = ['..', 'a/b', '%2e%2e', 'x'.repeat(256), '__proto__', 'constructor', 'näh', ' ']

test('Operations on what is not there are told apart from paths that are not there', async () => {
  const client = new Client(url)
  const bodies: Readonly<Record<string, unknown>> = {
    scaleApplication: { workers: 1 },
    setLogLevel: { level: 'info' },
    inject: { path: '/' },
    profile: { type: 'cpu' }
  }
  for (const [name, { path }] of Object.entries(operations) as [OperationName, { path: string }][]) {
    if (!path.includes(':id')) continue
    for (const id of nowhere) {
      // Programs take a path of dots away before they send it.
      if (id === '..') continue
      const code = await client.failed(name, 404, { place: { id, slot: 0 }, body: bodies[name] })
      assert.equal(code, 'HEDDLE_UNKNOWN_APPLICATION', name)
    }
    if (!path.includes(':slot')) continue
    const code = await client.failed(name, 404, { place: { id: 'web', slot: 2 }, body: bodies[name] })
    assert.equal(code, 'HEDDLE_UNKNOWN_WORKER', name)
  }
  for (const id of nowhere) {
    // A word like any other, for an application.
    if (id === 'constructor') continue
    const code = await client.failed('addApplication', 422, { body: { id, path: './web' } })
    assert.equal(code, 'HEDDLE_CONFIG_INVALID')
  }
  assert.equal(
    await client.failed('metrics', 404, { query: '?application=nobody' }),
    'HEDDLE_UNKNOWN_APPLICATION'
  )
})

const mail = { id: 'mail' }
const first = { id: 'web', slot: 0 }

// The last one: it stops the server.
test('Every operation answers as it is described', async t => {
  const client = new Client(url)
  // On a busy machine a worker is not ready for a moment.
  const look = async (): Promise<void> =>
    assert.partialDeepStrictEqual(await client.done('status'), {
      phase: 'running',
      applications: [
        { id: 'web', required: true, ready: 2, desired: 2, minReady: 1 },
        { id: 'mail', required: false }
      ]
    })
  await t.waitFor(look, { timeout: 60_000 })
  const config = JSON.stringify(await client.done('config'))
  assert.ok(!config.includes(token) && !config.includes('do not tell'))
  assert.match(String(await client.done('metrics')), /^# HELP /m)
  assert.ok(
    !String(await client.done('metrics', { query: '?application=mail' })).includes('application="web"')
  )
  assert.partialDeepStrictEqual(await client.done('openapi'), { openapi: '3.1.1' })
  await client.done('setLogLevel', { place: { id: 'web' }, body: { level: 'info' } })
  const request = { method: 'PUT', path: '/a?b=c', headers: { 'x-a': ['b', 'c'] }, body: 'text', worker: 1 }
  assert.partialDeepStrictEqual(await client.done('inject', { place: { id: 'web' }, body: request }), {
    status: 200,
    body: 'you sent PUT',
    worker: 'web:1'
  })
  await client.done('drainWorker', { place: first })
  await client.done('readyWorker', { place: first })
  await client.done('restartWorker', { place: first })
  assert.ok(
    'nodes' in Object(await client.done('profile', { place: first, body: { type: 'cpu', durationMs: 20 } }))
  )
  assert.ok('snapshot' in Object(await client.done('heapSnapshot', { place: first })))
  await client.done('inspect', { place: first })
  await client.done('closeInspector', { place: first })
  await client.done('scaleApplication', { place: { id: 'web' }, body: { workers: 1 } })
  await client.done('restartApplication', { place: mail })
  await client.done('stopApplication', { place: mail })
  await client.done('startApplication', { place: mail })
  await client.done('restart', { body: { applications: ['mail'] } })
  await client.done('addApplication', { body: { id: 'more', path: './web', workers: 1 } })
  await client.done('removeApplication', { place: { id: 'more' } })
  await client.done('reload', { body: { reason: 'a test' } })
  const events = JSON.stringify(await client.messages('events', '?since=0&follow=false'))
  assert.match(events, /"operation":"scaleApplication","application":"web","slot":null,"via":"tcp"/)
  const lines = await client.messages('logs', '?follow=false&application=web')
  assert.match(JSON.stringify(lines), /asked for \/a\?b=c/)
  await client.done('stop')
  assert.deepEqual([...client.asked].toSorted(), Object.keys(operations).toSorted())
})
