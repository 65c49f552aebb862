/** Tests of the administrative server over a real port. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { AdminServer } from '../../../src/main/admin/admin-server.ts'
import type { StatusReport } from '../../../src/main/admin/report.ts'
import { systemClock } from '../../../src/shared/clock.ts'
import { setUpApi } from './api-stage.ts'
import { api, report as exampleReport } from './example-report.ts'

const report: StatusReport = {
  ...exampleReport,
  maxZombies: 8,
  applications: [{ ...api, ready: 0, workers: [] }]
}

interface Settings {
  readonly announced?: unknown[]
  readonly hostname?: string
  readonly token?: string | null
  readonly port?: number
  readonly portChosen?: boolean
}

function setUp(t: TestContext, settings: Settings = {}): AdminServer {
  const { hostname = '127.0.0.1', token = null, port = 0, portChosen = false } = settings
  const { operations, api: managed } = setUpApi(report)
  const admin = new AdminServer({
    settings: { enabled: true, hostname, port, portChosen, token, allowedHosts: ['ops.example.com'] },
    operations,
    api: managed,
    clock: systemClock,
    announce: (name, fact) => settings.announced?.push([name, fact])
  })
  t.after(() => admin.close())
  return admin
}

async function ask(port: number, path: string, init: RequestInit = {}): Promise<[number, string, Headers]> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
  return [response.status, await response.text(), response.headers]
}

test('AdminServer answers probes without a token, with reasons when asked for or when not good', async t => {
  const { port } = await setUp(t).listen()
  assert.deepEqual((await ask(port, '/livez')).slice(0, 2), [200, 'ok\n'])
  const alive = '[+] main thread: turns\n[+] zombies: 0 threads stuck in native code for good, 8 are borne\n'
  assert.deepEqual((await ask(port, '/livez?verbose')).slice(0, 2), [200, alive])
  assert.deepEqual((await ask(port, '/startupz')).slice(0, 2), [200, 'ok\n'])
  assert.deepEqual((await ask(port, '/readyz')).slice(0, 2), [503, '[-] api: 0 of 0 workers ready\n'])
  const verbose = '[+] server: running\n[-] api: 0 of 0 workers ready\n'
  assert.deepEqual((await ask(port, '/readyz?verbose=1')).slice(0, 2), [503, verbose])
  assert.deepEqual((await ask(port, '/livez', { method: 'HEAD' })).slice(0, 2), [200, ''])
})

test('AdminServer shows the status only to whoever has the token', async t => {
  const { port } = await setUp(t, { token: 'secret' }).listen()
  const path = '/api/v1/status'
  const [status, body, headers] = await ask(port, path)
  assert.deepEqual([status, JSON.parse(body).detail], [401, 'A bearer token is needed.'])
  assert.equal(headers.get('content-type'), 'application/problem+json')
  assert.equal(headers.get('www-authenticate'), 'Bearer realm="heddle"')
  for (const authorization of ['Bearer wrong', 'Bearer secret2', 'Basic secret', 'secret']) {
    assert.equal((await ask(port, path, { headers: { authorization } }))[0], 401)
  }
  const [granted, json] = await ask(port, path, { headers: { authorization: 'Bearer secret' } })
  assert.deepEqual([granted, JSON.parse(json)], [200, report])
})

test('AdminServer keeps the API closed when no token is configured', async t => {
  const { port } = await setUp(t).listen()
  const [status, body] = await ask(port, '/api/v1/status', { headers: { authorization: 'Bearer ' } })
  assert.deepEqual([status, JSON.parse(body).title], [403, 'Forbidden'])
  assert.match(body, /admin\.token/)
})

test('AdminServer says what it does not have and what it does not do', async t => {
  const { port } = await setUp(t).listen()
  const [missing, body] = await ask(port, '/nothing')
  assert.equal(missing, 404)
  assert.match(
    JSON.parse(body).detail,
    /nothing at \/nothing; there are \/livez, \/readyz, .* \/api\/v1\/status/
  )
  const [status, , headers] = await ask(port, '/livez', { method: 'POST' })
  assert.deepEqual([status, headers.get('allow')], [405, 'GET, HEAD'])
})

test('AdminServer answers a probe of one application, and names those there are', async t => {
  const { port } = await setUp(t).listen()
  assert.deepEqual((await ask(port, '/livez?application=api')).slice(0, 2), [200, 'ok\n'])
  const one = '[+] server: running\n[-] api: 0 of 0 workers ready\n'
  assert.deepEqual((await ask(port, '/readyz?application=api&verbose')).slice(0, 2), [503, one])
  for (const path of ['/livez', '/readyz', '/startupz']) {
    const [status, body, headers] = await ask(port, `${path}?application=constructor`)
    assert.deepEqual([status, headers.get('content-type')], [404, 'application/problem+json'], path)
    const { code, facts }: { code: string; facts: unknown } = JSON.parse(body)
    assert.equal(code, 'HEDDLE_UNKNOWN_APPLICATION')
    assert.deepEqual(facts, { application: 'constructor', known: ['api'] })
  }
  const [status, body] = await ask(port, '/readyz?aplication=api')
  assert.deepEqual([status, JSON.parse(body).code], [400, 'HEDDLE_REQUEST_INVALID'])
})

test('AdminServer gives metrics to everybody', async t => {
  const { port } = await setUp(t, { token: 'secret' }).listen()
  const [status, body, headers] = await ask(port, '/metrics?application=api')
  assert.deepEqual([status, body], [200, 'heddle_up 1\n'])
  assert.equal(headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
})

/** Asks with just these headers: fetch lets nobody choose all of them. */
async function raw(port: number, path: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`GET ${path} HTTP/1.1\r\nconnection: close\r\n${lines.join('')}\r\n`)
  const answer = await text(socket)
  assert.ok(!answer.includes('secret'), 'the token is told')
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
}

const authorization = 'Bearer secret'
const visits: readonly (readonly [
  path: string,
  headers: Readonly<Record<string, string>>,
  status: number
])[] = [
  ['/api/v1/status', { host: 'localhost', authorization }, 200],
  ['/api/v1/status', { host: 'ops.example.com:9090', authorization }, 200],
  // A page of evil.test whose name points here now.
  ['/api/v1/status', { host: 'evil.test:9090', authorization }, 403],
  ['/api/v1/status', { host: 'evil.test:9090', origin: 'http://evil.test:9090', authorization }, 403],
  ['/metrics', { host: 'evil.test:9090' }, 403],
  ['/readyz?verbose', { host: 'evil.test:9090' }, 403],
  ['/metrics', { host: '10.0.0.7:9090' }, 200],
  // A page of evil.test that asks this address.
  ['/api/v1/status', { host: 'localhost', origin: 'http://evil.test', authorization }, 403],
  ['/api/v1/status', { host: 'localhost', origin: 'null', authorization }, 403],
  ['/api/v1/status', { host: 'localhost', 'sec-fetch-site': 'cross-site', authorization }, 403],
  ['/api/v1/status', { host: 'localhost', 'sec-fetch-site': 'none', authorization }, 200],
  ['/api/v1/status', { host: 'localhost:9090', origin: 'http://localhost:9090', authorization }, 200],
  // Nobody learns whether a token is right before that.
  ['/api/v1/status', { host: 'evil.test', authorization: 'Bearer wrong' }, 403],
  ['/api/v1/status', { host: 'localhost', authorization: 'Bearer wrong' }, 401],
  ['/api/v1/nothing', { host: 'localhost' }, 401]
]

test('AdminServer lets no web page in that is not its own', async t => {
  const { port } = await setUp(t, { token: 'secret' }).listen()
  for (const [path, headers, status] of visits) {
    assert.equal(await raw(port, path, headers), status, `${path} ${JSON.stringify(headers)}`)
  }
})

test('AdminServer tells of guesses, and not of each', async t => {
  const announced: unknown[] = []
  const { port } = await setUp(t, { token: 'secret', announced }).listen()
  const headers = { host: 'localhost', authorization: 'Bearer wrong' }
  for (let times = 0; times < 3; times++) assert.equal(await raw(port, '/api/v1/status', headers), 401)
  await raw(port, '/api/v1/status', { host: 'localhost' })
  await raw(port, '/metrics', { host: 'evil.test' })
  await raw(port, '/api/v1/status', { host: 'localhost', origin: 'http://evil.test' })
  const address = '127.0.0.1'
  assert.deepEqual(announced, [
    ['admin:refused', { reason: 'token', address, requests: 1 }],
    ['admin:refused', { reason: 'host', address, requests: 1 }],
    ['admin:refused', { reason: 'origin', address, requests: 1 }]
  ])
})

test('AdminServer that others can reach is open to them by any name, but for the API', async t => {
  const admin = setUp(t, { hostname: '0.0.0.0', token: 'secret' })
  const { port } = await admin.listen()
  const headers = { host: 'heddle.monitoring.svc:9090', authorization }
  assert.equal(await raw(port, '/metrics', headers), 200)
  assert.equal(await raw(port, '/livez', headers), 200)
  assert.equal(await raw(port, '/api/v1/status', headers), 403)
  admin.configure({ token: 'other secret', allowedHosts: ['*.svc'] })
  assert.equal(await raw(port, '/api/v1/status', headers), 401)
  assert.equal(await raw(port, '/api/v1/status', { ...headers, authorization: 'Bearer other secret' }), 200)
})

test('AdminServer survives a request target that is no path', async t => {
  const { port } = await setUp(t).listen()
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', path: '//' }, response => {
      void text(response).then(() => resolve(response.statusCode))
    })
    outgoing.on('error', reject).end()
  })
  assert.equal(status, 404)
})

test('AdminServer takes another port only when nobody chose the busy one', async t => {
  const { port } = await setUp(t).listen()
  const instead = await setUp(t, { port }).listen()
  assert.equal(instead.instead, port)
  assert.notEqual(instead.port, port)
  await assert.rejects(setUp(t, { port, portChosen: true }).listen(), {
    code: 'HEDDLE_LISTEN_FAILED',
    message: `The administrative port 127.0.0.1:${port} could not be opened: another program uses it.`
  })
})

test('AdminServer closes a port that is just being opened', async t => {
  const admin = setUp(t)
  const opened = admin.listen()
  await admin.close()
  const { port } = await opened
  await assert.rejects(ask(port, '/livez'))
})

test('AdminServer rehearses on its own port, where it has one, and leaves no connection behind', async t => {
  const admin = setUp(t)
  assert.equal(await admin.rehearse(), false)
  await admin.listen()
  assert.equal(await admin.rehearse(), true)
  await admin.close()
  assert.equal(await admin.rehearse(), false)
})
