/** Tests of whole servers in this process: real threads and sockets, with stand-ins for worker and edge. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { BroadcastChannel } from 'node:worker_threads'

import type { ResolvedApplication } from '../../src/config/resolved.ts'
import { createCoordinator } from '../../src/main/coordinator.ts'
import type { Coordinator } from '../../src/main/coordinator.ts'
import { createLog } from '../../src/shared/log.ts'
import { bareEnv } from '../bare-env.ts'
import { exampleApplication, exampleConfig } from './example-config.ts'
import type { ConfigChanges } from './example-config.ts'
import { fixtureFiles, order } from './fixtures/files.ts'
import { nextEvent, stopAtOnce } from './server-under-test.ts'

interface Setting {
  readonly server: Coordinator
  readonly lines: Record<string, unknown>[]
  readonly orders: BroadcastChannel
  readonly kills: number[]
}

let channels = 0

/** Applications get a channel of their own in their environment, so that tests do not hear each other. */
function setUp(t: TestContext, changes: ConfigChanges = {}): Setting {
  const name = `orders-${process.pid}-${channels++}`
  const orders = new BroadcastChannel(name)
  const named: ResolvedApplication[] = []
  for (const application of changes.applications ?? [exampleApplication()]) {
    named.push({ ...application, env: { ORDERS: name, ...application.env } })
  }
  const lines: Record<string, unknown>[] = []
  const log = createLog({ level: 'trace', format: 'json', colour: false }, {}, line =>
    lines.push(JSON.parse(line))
  )
  const kills: number[] = []
  process.env.ORDERS = name
  const config = exampleConfig({ ...changes, applications: named })
  const server = createCoordinator(config, { log, files: fixtureFiles, kill: () => kills.push(1) })
  t.after(async () => {
    await stopAtOnce(server)
    orders.close()
  })
  return { server, lines, orders, kills }
}

async function get(url: string): Promise<string> {
  const response = await fetch(url, { headers: { connection: 'close' } })
  return response.text()
}

test('Coordinator starts applications level by level and opens the port last', async t => {
  const { server } = setUp(t, {
    applications: [
      exampleApplication({ id: 'front', workers: 2, dependencies: ['api'] }),
      exampleApplication({ id: 'api', workers: 1 })
    ]
  })
  const order: string[] = []
  server.events.on('worker:ready', ({ worker }) => order.push(worker))
  server.events.on('server:listening', () => order.push('listening'))
  const report = await server.start()
  assert.deepEqual(report.applications, [
    { id: 'api', workers: 1, kind: 'fake' },
    { id: 'front', workers: 2, kind: 'fake' }
  ])
  assert.equal(report.url, `http://127.0.0.1:${report.port}`)
  assert.equal(await get(report.url), 'edge:0')
  const workers = order.filter(name => name !== 'edge:0')
  assert.deepEqual(
    [workers[0], workers.slice(1, 3).toSorted(), workers[3]],
    ['api:0', ['front:0', 'front:1'], 'listening']
  )
  assert.equal(server.status().phase, 'running')
})

test('Coordinator takes everything down when an application cannot start, and passes its error on', async t => {
  const { server, lines } = setUp(t, {
    applications: [
      exampleApplication({ id: 'good' }),
      exampleApplication({ id: 'bad', env: { ...bareEnv, MODE: 'fail' }, dependencies: ['good'] })
    ]
  })
  await assert.rejects(server.start(), error => {
    assert.ok(error instanceof Error && error.cause instanceof Error)
    assert.equal(error.message, 'The application bad could not start: worker bad:0 could not be loaded.')
    assert.match(error.cause.stack ?? '', /RangeError: the database is not there\n.*fixtures\/worker\.ts/)
    return true
  })
  assert.equal(server.status().phase, 'stopped')
  assert.ok(lines.some(({ worker, reason }) => worker === 'good:0' && reason === 'stopped'))
})

test('Coordinator names what an application did instead of starting', async t => {
  const table: readonly [mode: string, message: RegExp, startTimeout: number][] = [
    ['exit', /ended by itself with code 3/, 30_000],
    ['throw', /threw an error that nobody caught/, 30_000],
    ['never', /was not ready within 700 ms/, 700]
  ]
  for (const [mode, message, startTimeout] of table) {
    const { server } = setUp(t, {
      startTimeout,
      applications: [exampleApplication({ env: { ...bareEnv, MODE: mode } })]
    })
    await assert.rejects(server.start(), message)
  }
})

test('Coordinator replaces workers that crash, exit or run out of memory', async t => {
  const limits = { oldGenerationMb: 24, youngGenerationMb: 4, stackMb: null }
  const { server, orders } = setUp(t, { applications: [exampleApplication({ workers: 4, limits })] })
  await server.start()
  const acts = ['throw', 'report-crash', 'exit', 'out-of-memory'] as const
  const reasons = ['crashed', 'crashed', 'exited', 'out-of-memory']
  for (const [slot, act] of acts.entries()) {
    const exited = nextEvent(server.events, 'worker:exited')
    const restarted = nextEvent(server.events, 'worker:restarted')
    order(orders, `api:${slot}`, act)
    assert.partialDeepStrictEqual(await exited, { slot, reason: reasons[slot] })
    assert.partialDeepStrictEqual(await restarted, { slot, restarts: 1 })
  }
  const [api] = server.status().applications
  // On a machine that is busy enough the health watch has one of them out for a moment.
  assert.ok(api?.workers.every(({ state, restarts }) => restarts === 1 && /^(ready|ejected)$/.test(state)))
})

test('Coordinator puts fresh threads in the place of running ones, and keeps their slots', async t => {
  const { server } = setUp(t, { applications: [exampleApplication({ workers: 2 })] })
  await server.start()
  const happened: string[] = []
  server.events.on('worker:replaced', ({ worker, reason }) => happened.push(`${worker} ${reason}`))
  server.events.on('worker:exited', ({ worker, reason }) => happened.push(`${worker} ${reason}`))
  await server.operations.restart(['api'])
  assert.deepEqual(happened, ['api:0 restart', 'api:0 stopped', 'api:1 restart', 'api:1 stopped'])
  await server.operations.scale('api', 3)
  await server.operations.restartWorker('api', 2)
  const [api] = server.status().applications
  assert.deepEqual(
    api?.workers.map(({ restarts }) => restarts),
    [1, 1, 1]
  )
})

test('Coordinator replaces an edge thread that crashed, on the same port', async t => {
  const { server, orders } = setUp(t)
  const { url } = await server.start()
  const restarted = nextEvent(server.events, 'worker:restarted')
  order(orders, 'edge:0', 'exit')
  assert.partialDeepStrictEqual(await restarted, { worker: 'edge:0', restarts: 1 })
  assert.equal(await get(url), 'edge:0')
})

test('Coordinator shares one port among several edge threads', async t => {
  const { server } = setUp(t, { server: { threads: 2 } })
  const { url } = await server.start()
  const seen = new Set<string>()
  while (seen.size < 2) seen.add(await get(url))
  assert.deepEqual([...seen].toSorted(), ['edge:0', 'edge:1'])
})

test('Coordinator lets the workers of the entrypoint share the port in direct mode', async t => {
  const { server, orders } = setUp(t, {
    server: { mode: 'direct' },
    applications: [exampleApplication({ workers: 2 }), exampleApplication({ id: 'db' })]
  })
  const { url, port } = await server.start()
  const seen = new Set<string>()
  while (seen.size < 2) seen.add(await get(url))
  assert.deepEqual([...seen].toSorted(), ['api:0', 'api:1'])
  const restarted = nextEvent(server.events, 'worker:restarted')
  order(orders, 'api:0', 'exit')
  await restarted
  assert.equal(server.status().url, `http://127.0.0.1:${port}`)
  assert.equal(server.status().edges.length, 0)
})

test('Coordinator says which port is busy', async t => {
  const other = createServer()
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const address = other.address()
  assert.ok(typeof address === 'object' && address !== null)
  const { port } = address
  for (const changes of [{ threads: 1 }, { threads: 2 }, { mode: 'direct' as const }]) {
    const { server } = setUp(t, { server: { port, ...changes } })
    await assert.rejects(server.start(), {
      code: 'HEDDLE_LISTEN_FAILED',
      message: `The public port 127.0.0.1:${port} could not be opened: another program uses it.`
    })
  }
})

/** Stops a server. False when nothing could be asked in the time in which it drains: then that was too short. */
async function stopsInOrder(t: TestContext, drainDelay: number): Promise<boolean> {
  const { server, orders, kills } = setUp(t, {
    gracefulShutdown: { drainDelay },
    applications: [
      exampleApplication({ id: 'front', dependencies: ['api'] }),
      exampleApplication({ id: 'api' })
    ]
  })
  const happened: string[] = []
  orders.addEventListener('message', event => happened.push(event.data.stopped))
  const { url } = await server.start()
  const held = await fetch(`${url}/held`)
  const stopped = server.stop('test')
  assert.equal(server.status().phase, 'stopping')
  const answers: (string | null)[] = []
  const ask = async (): Promise<void> => {
    const response = await fetch(url)
    answers.push(response.headers.get('connection'))
    await response.text()
  }
  // Until the port is closed.
  await t.waitFor(() => assert.rejects(ask), { interval: 10, timeout: 60_000 })
  order(orders, 'edge:0', 'answer')
  assert.equal(await held.text(), 'edge:0')
  await stopped
  await t.waitFor(() => assert.deepEqual(happened, ['front:0', 'api:0']), { timeout: 60_000 })
  assert.equal(server.status().phase, 'stopped')
  assert.deepEqual(kills, [])
  return answers.includes('close')
}

test('Coordinator stops in order: drained, requests finished, workers in reverse dependency order', async t => {
  for (const drainDelay of [100, 1000, 10_000]) if (await stopsInOrder(t, drainDelay)) return
  assert.fail('nothing was answered while it drained')
})

test('Coordinator cuts what is in flight soon when it is hurried, and skips the drain delay', async t => {
  const { server } = setUp(t, { gracefulShutdown: { drainDelay: 600_000, timeout: 600_000 } })
  const { url } = await server.start()
  const held = await fetch(`${url}/held`)
  const stopped = server.stop('test')
  server.hurry()
  await assert.rejects(held.text())
  await stopped
})

test('Coordinator can be stopped while it starts, and is not started again', async t => {
  const { server } = setUp(t, { applications: [exampleApplication({ env: { ...bareEnv, MODE: 'never' } })] })
  const starting = nextEvent(server.events, 'application:starting')
  const started = assert.rejects(server.start(), { code: 'HEDDLE_STOPPED' })
  await starting
  await server.stop('changed my mind')
  await started
  assert.equal(server.status().phase, 'stopped')
  assert.deepEqual(server.status().applications[0]?.workers[0]?.state, 'exited')

  const early = setUp(t, { admin: { enabled: true } }).server
  const rejected = assert.rejects(early.start(), { code: 'HEDDLE_STOPPED' })
  await early.stop('at once')
  await rejected
  await assert.rejects(setUpStopped(t).start(), { code: 'HEDDLE_STOPPED' })
})

function setUpStopped(t: TestContext): Coordinator {
  const { server } = setUp(t)
  void server.stop('before it was started')
  return server
}

test('Coordinator answers probes and the status from its start to its stop', async t => {
  const { server, orders } = setUp(t, {
    admin: { enabled: true, token: 'secret' },
    applications: [exampleApplication({ env: { ...bareEnv, MODE: 'asked' } })],
    gracefulShutdown: { drainDelay: 600_000 }
  })
  const listening = nextEvent(server.events, 'admin:listening')
  const waits = once(orders, 'message')
  const started = server.start()
  const { url } = await listening
  await waits
  assert.equal((await fetch(`${url}/startupz`)).status, 503)
  assert.equal((await fetch(`${url}/livez`)).status, 200)
  order(orders, 'api:0', 'start')
  const report = await started
  assert.equal(report.adminUrl, url)
  // On a busy machine threads may stand still for a moment.
  const look = async (): Promise<void> => {
    assert.equal(await get(`${url}/readyz`), 'ok\n')
    const status = await fetch(`${url}/api/v1/status`, { headers: { authorization: 'Bearer secret' } })
    assert.partialDeepStrictEqual(await status.json(), {
      phase: 'running',
      url: report.url,
      applications: [{ id: 'api', ready: 1, workers: [{ name: 'api:0', state: 'ready', restarts: 0 }] }]
    })
  }
  await t.waitFor(look, { timeout: 60_000 })
  const stopped = server.stop('test')
  const readiness = await fetch(`${url}/readyz`)
  assert.deepEqual([readiness.status, await readiness.text()], [503, '[-] server: stopping\n'])
  server.hurry()
  await stopped
  await assert.rejects(fetch(url))
})
