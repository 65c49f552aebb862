/** Whole servers while an application has no worker that takes requests: what waits, and what is cut off. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import type { ResolvedApplication } from '../../src/config/resolved.ts'
import { createCoordinator } from '../../src/main/coordinator.ts'
import type { Coordinator } from '../../src/main/coordinator.ts'
import { createLog } from '../../src/shared/log.ts'
import { exampleApplication, exampleBreaker, exampleConfig } from './example-config.ts'
import { nextEvent, stopAfter } from './server-under-test.ts'

interface Started {
  readonly server: Coordinator
  readonly url: string
}

/** A server whose applications are these scripts by id; the first answers the public. */
async function start(
  t: TestContext,
  scripts: Readonly<Record<string, string>>,
  changes: { application?: Partial<ResolvedApplication>; breaker?: Partial<typeof exampleBreaker> } = {}
): Promise<Started> {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-waiting-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const applications = Object.entries(scripts).map(([id, script]) => {
    const entry = join(directory, `${id}.mjs`)
    writeFileSync(entry, script)
    return exampleApplication({ id, path: directory, entry, ...changes.application })
  })
  const example = exampleConfig({ applications })
  const breaker = { ...exampleBreaker, ...changes.breaker }
  const config = { ...example, mesh: { ...example.mesh, breaker } }
  const server = createCoordinator(config, {
    log: createLog({ level: 'silent', format: 'json', colour: false }, {}, () => undefined)
  })
  stopAfter(t, server)
  const { url } = await server.start()
  return { server, url }
}

const mortal = `
import { createServer } from 'node:http'
createServer((request, response) => {
  if (request.url === '/exit') process.exit(1)
  response.end('alive')
}).listen(3000)
`

test('requests wait for the only worker of an application while it is started again after a crash', async t => {
  const patient = { queue: { max: 1000, timeout: 100_000 } }
  const { server, url } = await start(t, { web: mortal }, { application: patient })
  const gone = nextEvent(server.events, 'worker:exited')
  const lost = await fetch(`${url}/exit`, { method: 'POST' })
  assert.equal(lost.status, 502, 'it was begun, and may not be sent again')
  await gone
  const answers = await Promise.all(['GET', 'POST', 'PUT'].map(method => fetch(url, { method })))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200]
  )
  assert.equal(server.status().applications[0]?.workers[0]?.restarts, 1)
})

test('a request that waits for longer than the queue allows is answered 503 with Retry-After', async t => {
  const { server, url } = await start(
    t,
    { web: mortal },
    { application: { queue: { max: 1, timeout: 200 }, restart: slowRestart } }
  )
  const exit = async (): Promise<void> => {
    const gone = nextEvent(server.events, 'worker:exited')
    const { status } = await fetch(`${url}/exit`)
    assert.equal(status, 502)
    await gone
  }
  // The first failure is answered at once, the second not at all.
  const back = nextEvent(server.events, 'worker:restarted')
  await exit()
  await back
  await exit()
  const answers = await Promise.all([fetch(url), fetch(url), fetch(url)])
  assert.deepEqual(
    answers.map(({ status }) => status),
    [503, 503, 503]
  )
  for (const { headers } of answers) assert.match(headers.get('retry-after') ?? '', /^\d+$/)
})

const slowRestart = {
  ...exampleApplication().restart,
  backoffMin: 600_000,
  backoffMax: 600_000,
  resetAfter: 600_000
}

const caller = `
import { createServer } from 'node:http'
createServer(async (request, response) => {
  try {
    const answer = await fetch('http://shaky.heddle.local' + request.url)
    response.end(String(answer.status))
  } catch (error) {
    response.end(error.cause?.code ?? String(error))
  }
}).listen(3000)
`

const shaky = `
import { createServer } from 'node:http'
createServer((request, response) => {
  response.writeHead(request.url === '/good' ? 200 : 503)
  response.end()
}).listen(3000)
`

test('calls between applications are cut off after too many failures, shown, and let through again', async t => {
  const { server, url } = await start(
    t,
    { web: caller, shaky },
    { breaker: { volume: 4, window: 600_000, openFor: 500, probes: 1 } }
  )
  const call = async (path: string): Promise<string> => (await fetch(`${url}${path}`)).text()
  const closed = (): Promise<unknown> =>
    nextEvent(server.events, 'mesh:circuit', ({ state }) => state === 'closed')
  // On a machine that stands still for long enough it is let through at once: then it begins again.
  for (let tries = 1, answer = ''; answer !== 'MESH_CIRCUIT_OPEN'; tries++) {
    assert.ok(tries <= 5)
    const opened = nextEvent(server.events, 'mesh:circuit', ({ state }) => state === 'open')
    for (let count = 0; count < 4; count++) assert.equal(await call('/bad'), '503')
    assert.deepEqual(await opened, { from: 'web:0', to: 'shaky', state: 'open' })
    assert.deepEqual(server.status().circuits, [{ from: 'web:0', to: 'shaky', state: 'open' }])
    const again = closed()
    answer = await call('/good')
    if (answer === '200') await again
  }
  const last = closed()
  await t.waitFor(async () => assert.equal(await call('/good'), '200'), { interval: 50, timeout: 60_000 })
  await last
  assert.deepEqual(server.status().circuits, [])
})

test('public requests have no circuit unless they are given one', async t => {
  const patient = await start(t, { shaky }, { breaker: { volume: 2 } })
  const statuses = [1, 2, 3, 4].map(async () => (await fetch(`${patient.url}/bad`)).status)
  assert.deepEqual(await Promise.all(statuses), [503, 503, 503, 503])
  assert.equal((await fetch(`${patient.url}/good`)).status, 200)
  const strict = await start(t, { shaky }, { breaker: { volume: 2, edge: true, openFor: 600_000 } })
  const opened = nextEvent(strict.server.events, 'mesh:circuit')
  await fetch(`${strict.url}/bad`)
  await fetch(`${strict.url}/bad`)
  assert.deepEqual(await opened, { from: 'edge:0', to: 'shaky', state: 'open' })
  const refused = await fetch(`${strict.url}/good`)
  assert.equal(refused.status, 503)
  assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/)
})
