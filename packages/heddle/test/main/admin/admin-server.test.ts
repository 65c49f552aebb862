/** Tests of the administrative server over a real port. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
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
    clock: systemClock
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
  assert.equal((await ask(port, '/nothing'))[0], 404)
  const [status, , headers] = await ask(port, '/livez', { method: 'POST' })
  assert.deepEqual([status, headers.get('allow')], [405, 'GET, HEAD'])
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
