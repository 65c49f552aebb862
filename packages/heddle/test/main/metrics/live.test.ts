/** The metrics of whole servers: real threads and sockets, real clients, applications with prom-client. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

import { Agent, request } from 'undici'

import type { ResolvedApplication, ResolvedConfig } from '../../../src/config/resolved.ts'
import type { HeddleEvents } from '../../../src/events.ts'
import type { StatusReport } from '../../../src/main/admin/report.ts'
import { createCoordinator } from '../../../src/main/coordinator.ts'
import type { Coordinator } from '../../../src/main/coordinator.ts'
import { metricFacts } from '../../../src/main/metrics/facts.ts'
import { createLog } from '../../../src/shared/log.ts'
import { exampleApplication, exampleConfig } from '../example-config.ts'
import { readSamples, sumOf } from './readings.ts'

const applications = new URL('../../fixtures/applications/', import.meta.url)

interface Live {
  readonly server: Coordinator
  readonly scrape: (application?: string) => Promise<string>
  /** Resolves with the status. */
  readonly get: (path: string) => Promise<number>
  readonly next: <Name extends keyof HeddleEvents>(name: Name) => Promise<HeddleEvents[Name]>
}

interface Wanted {
  readonly workers?: number
  readonly entry?: string
  readonly mode?: ResolvedConfig['server']['mode']
  readonly metrics?: Partial<ResolvedConfig['metrics']>
  /** Instead of one with `workers` and `entry`. */
  readonly applications?: readonly ResolvedApplication[]
}

async function start(t: TestContext, wanted: Wanted = {}): Promise<Live> {
  const { workers = 2, entry = 'metrics/prom.mjs', mode = 'edge', metrics } = wanted
  const application = exampleApplication({
    path: fileURLToPath(applications),
    entry: fileURLToPath(new URL(entry, applications)),
    workers
  })
  const config = exampleConfig({ applications: wanted.applications ?? [application], server: { mode } })
  const log = createLog({ level: 'silent', format: 'json', colour: false })
  const server = createCoordinator(
    { ...config, metrics: { ...config.metrics, ...metrics } },
    { log, kill: () => {} }
  )
  const agent = new Agent({ connections: 8 })
  t.after(async () => {
    await agent.destroy()
    const stopped = server.stop('the test is over')
    server.hurry()
    await stopped
  })
  const { url } = await server.start()
  return {
    server,
    scrape: application => server.operations.metrics(application === undefined ? {} : { application }),
    get: async path => {
      const { statusCode, body } = await request(`${url}${path}`, { dispatcher: agent })
      await body.dump()
      return statusCode
    },
    next: name =>
      new Promise(resolve => {
        const off = server.events.on(name, fact => {
          off()
          resolve(fact)
        })
      })
  }
}

async function times(count: number, act: () => Promise<unknown>): Promise<void> {
  const one = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop -- Each client sends one after another.
    for (let left = count / 4; left > 0; left--) await act()
  }
  await Promise.all([one(), one(), one(), one()])
}

/** Shared memory announces nothing: it is looked at until it says what is waited for. */
async function until(scrape: () => Promise<string>, isThere: (text: string) => boolean): Promise<string> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- One look after another.
    const text = await scrape()
    if (isThere(text)) return text
    // oxlint-disable-next-line no-await-in-loop -- As above.
    await new Promise(resolve => setImmediate(resolve))
  }
}

test('the metrics are those of the requests that were sent, by status, and of every kind there is', async t => {
  const { scrape, get } = await start(t)
  await times(400, () => get('/'))
  await times(40, () => get('/?status=404'))
  await times(20, () => get('/?status=503'))
  // The edge counts a request when it has let go of it, after its client.
  const text = await until(scrape, seen => sumOf(seen, 'heddle_edge_requests_total') === 460)
  const count = (name: string, labels: Readonly<Record<string, string>> = {}): number =>
    sumOf(text, name, labels)
  const api = { application: 'api' }
  assert.deepEqual(
    ['2xx', '4xx', '5xx'].map(status => count('heddle_http_requests_total', { ...api, status })),
    [400, 40, 20]
  )
  assert.equal(count('heddle_http_requests_failed_total', api), 20)
  for (const name of ['response_time', 'request_duration', 'queue_time']) {
    assert.equal(count(`heddle_http_${name}_seconds_count`, api), 460, name)
    assert.equal(count(`heddle_http_${name}_seconds_bucket`, { ...api, le: '+Inf' }), 460, name)
  }
  assert.ok(count('heddle_http_response_time_seconds_sum') > 0)
  assert.equal(count('heddle_http_response_body_bytes_total', api), 460 * 'hello'.length)
  assert.equal(count('heddle_mesh_requests_total', { from: 'edge', to: 'api' }), 460)
  assert.equal(count('heddle_http_requests_in_flight'), 0)
  for (const worker of ['0', '1']) {
    assert.equal(count('heddle_worker_state', { ...api, worker, state: 'ready' }), 1)
    assert.ok(count('heddle_http_requests_total', { ...api, worker }) > 100)
    assert.ok(count('heddle_worker_cpu_seconds_total', { ...api, worker }) > 0)
    assert.ok(count('heddle_worker_heap_used_bytes', { ...api, worker }) > 1e6)
    assert.ok(count('heddle_worker_event_loop_active_seconds_total', { ...api, worker }) > 0)
  }
  assert.ok(count('heddle_edge_event_loop_active_seconds_total', { edge: '0' }) > 0)
  assert.equal(count('heddle_edge_responses_total', { status: '2xx' }), 400)
  assert.equal(count('heddle_edge_requests_total', { reason: 'completed' }), 460)
  assert.ok(count('heddle_edge_connections_total') >= 4)
  assert.equal(count('heddle_application_workers_ready', api), 2)
  assert.equal(count('heddle_build_info'), 1)
  assert.ok(count('heddle_process_cpu_seconds_total') > 0)
  assert.ok(count('heddle_process_resident_memory_bytes') > 1e7)
  assert.ok(count('heddle_events_total', { event: 'worker:ready' }) >= 2)
  // What has not happened yet has no samples. What there is of a machine is for the machine to say.
  const absent = Object.keys(metricFacts).filter(
    name => !text.includes(`# TYPE ${name} `) && !name.startsWith('heddle_machine_')
  )
  assert.deepEqual(absent, [
    'heddle_mesh_circuits_open',
    'heddle_edge_restarts_total',
    'heddle_scaling_decisions_total',
    'heddle_worker_restarts_total',
    'heddle_worker_ejections_total',
    'heddle_worker_connections',
    'heddle_worker_connections_total',
    'heddle_worker_upgraded_connections',
    'heddle_reload_last_duration_seconds'
  ])
})

function applicationOf(id: string, entry: string): ResolvedApplication {
  return exampleApplication({ id, entry: fileURLToPath(new URL(entry, applications)) })
}

function callsIn(text: string, from: string, to: string): number {
  return sumOf(text, 'heddle_mesh_requests_total', { from, to })
}

test('calls between applications are counted by who called whom', async t => {
  const { server, scrape, get } = await start(t, {
    applications: [applicationOf('front', 'caller/app.mjs'), applicationOf('target', 'listener-esm/app.mjs')]
  })
  await times(8, () => get('/'))
  const text = await scrape()
  assert.deepEqual([callsIn(text, 'edge', 'front'), callsIn(text, 'front', 'target')], [8, 24])
  assert.equal(sumOf(text, 'heddle_http_requests_total', { application: 'target', status: '2xx' }), 24)
  await server.operations.restart()
  await times(4, () => get('/'))
  const later = await scrape()
  assert.deepEqual([callsIn(later, 'edge', 'front'), callsIn(later, 'front', 'target')], [12, 36])
})

test('counters go on over restarts of a worker, asked for and not', async t => {
  const { server, scrape, get, next } = await start(t, { workers: 1 })
  await times(40, () => get('/'))
  await server.operations.restart()
  await times(40, () => get('/'))
  const restarted = next('worker:restarted')
  await get('/exit').catch(() => null)
  await restarted
  await times(40, () => get('/'))
  const text = await scrape()
  const answered = sumOf(text, 'heddle_http_requests_total', { status: '2xx' })
  assert.ok(answered === 120 || answered === 121, String(answered))
  assert.equal(sumOf(text, 'heddle_worker_restarts_total', { reason: 'restart' }), 1)
  assert.equal(sumOf(text, 'heddle_worker_restarts_total', { reason: 'exited' }), 1)
  assert.ok(sumOf(text, 'heddle_worker_boot_seconds', { worker: '0' }) > 0)
})

test('two scrapers see the same, and no counter ever goes back', async t => {
  const { scrape, get } = await start(t)
  let before = new Map<string, number>()
  for (let round = 0; round < 5; round++) {
    // oxlint-disable-next-line no-await-in-loop -- One round after another.
    await times(40, () => get('/'))
    // oxlint-disable-next-line no-await-in-loop -- As above.
    const [one, other] = await Promise.all([scrape(), scrape()])
    const counters = countersOf(one)
    for (const [series, value] of countersOf(other)) {
      if (series.startsWith('heddle_http')) assert.equal(value, counters.get(series), series)
    }
    for (const [series, value] of before) {
      assert.ok((counters.get(series) ?? -1) >= value, `${series} went back from ${value}`)
    }
    before = counters
  }
})

function countersOf(text: string): Map<string, number> {
  const ours = readSamples(text).filter(({ name }) => /^heddle_.*_(?:total|bucket|sum|count)$/.test(name))
  return new Map(ours.map(({ name, labels, value }) => [`${name} ${JSON.stringify(labels)}`, value]))
}

test('a blocked worker costs a scrape nothing but its own metrics', async t => {
  const { scrape, get } = await start(t, { metrics: { applicationTimeout: 60_000 } })
  await times(20, () => get('/'))
  let turnsAgain = false
  const blocked = get('/block?ms=4000').finally(() => (turnsAgain = true))
  const text = await until(scrape, seen => sumOf(seen, 'heddle_worker_heartbeat_age_seconds') > 0.5)
  assert.equal(turnsAgain, false)
  assert.equal(sumOf(text, 'heddle_http_requests_total', { status: '2xx' }), 20)
  assert.equal(sumOf(text, 'heddle_http_requests_in_flight'), 1)
  assert.equal(sumOf(text, 'heddle_application_metrics_up'), 1)
  const told = readSamples(text).filter(({ name }) => name === 'shop_stock')
  assert.equal(told.length, 1)
  assert.equal(await blocked, 200)
})

test('the last worker gets requests although it stands still, and is not told to be ready', async t => {
  const { scrape, get } = await start(t, { workers: 1 })
  const blocked = get('/block?ms=2000')
  const text = await until(scrape, seen => sumOf(seen, 'heddle_worker_heartbeat_age_seconds') > 0.6)
  assert.equal(sumOf(text, 'heddle_worker_state', { state: 'ready' }), 1)
  assert.equal(sumOf(text, 'heddle_application_workers_ready'), 0)
  assert.equal(await blocked, 200)
  await until(scrape, seen => sumOf(seen, 'heddle_application_workers_ready') === 1)
})

test('metrics of applications are there with their labels, and a slow one loses only its own', async t => {
  const { scrape, get } = await start(t, { metrics: { applicationTimeout: 200 } })
  await times(20, () => get('/'))
  const text = await until(scrape, seen => sumOf(seen, 'heddle_application_metrics_up') === 2)
  assert.equal(sumOf(text, 'shop_requests_total', { application: 'api', exported_worker: 'counter' }), 20)
  assert.equal(text.match(/^# TYPE shop_requests_total counter$/gm)?.length, 1)
  assert.equal(sumOf(text, 'shop_stock', { worker: '0' }) + sumOf(text, 'shop_stock', { worker: '1' }), 14)
  assert.equal(text.includes('\nprocess_'), false)
  await get('/slow')
  const slow = await scrape()
  assert.equal(sumOf(slow, 'heddle_application_metrics_up'), 1)
  assert.equal(sumOf(slow, 'shop_stock'), 7)
  assert.equal(sumOf(slow, 'heddle_http_requests_total', { status: '2xx' }), 21)
})

test('a scrape of one application has its series alone', async t => {
  const { scrape } = await start(t, { workers: 1 })
  const text = await until(
    () => scrape('api'),
    seen => seen.includes('shop_stock')
  )
  const others = readSamples(text).filter(({ labels }) => labels['application'] !== 'api')
  assert.deepEqual(others, [])
  await assert.rejects(scrape('nobody'), /nobody/)
})

/** Sums are looked at anew for a status every 50 ms at most. */
async function changed(server: Coordinator, rate: number): Promise<StatusReport['applications'][number]> {
  for (;;) {
    const [application] = server.status().applications
    if (application !== undefined && application.recent.requestsPerSecond > rate) return application
    // oxlint-disable-next-line no-await-in-loop -- One look after another.
    await new Promise(resolve => setImmediate(resolve))
  }
}

test('the status tells how the last seconds were', async t => {
  const { server, get } = await start(t)
  await times(100, () => get('/'))
  const { recent, workers } = await changed(server, 0)
  assert.ok(recent.windowMs > 0 && recent.requestsPerSecond > 0, JSON.stringify(recent))
  assert.ok(recent.p50Ms !== null && recent.p99Ms !== null && recent.p50Ms <= recent.p99Ms)
  assert.equal(recent.errorRate, 0)
  assert.ok(recent.elu !== null && recent.elu > 0 && recent.elu <= 1, JSON.stringify(recent))
  const rates = workers.map(worker => worker.recent.requestsPerSecond)
  assert.equal(rates.length, 2)
  assert.ok(
    rates.every(rate => rate > 0),
    rates.join()
  )
})

test('without metrics there are none, and workers do not count for them', async t => {
  const { server, scrape, get } = await start(t, { metrics: { enabled: false } })
  await times(20, () => get('/'))
  assert.deepEqual(readSamples(await scrape()), [])
  assert.ok((await changed(server, 0)).recent.requestsPerSecond > 0)
})

test('answers on connections of its own are counted once, in direct mode', async t => {
  const { server, scrape, get } = await start(t, { mode: 'direct' })
  await times(60, () => get('/'))
  const text = await scrape()
  assert.equal(sumOf(text, 'heddle_http_requests_total', { status: '2xx' }), 60)
  assert.equal(sumOf(text, 'heddle_http_response_time_seconds_count'), 60)
  const open = sumOf(text, 'heddle_worker_connections')
  assert.ok(open > 0 && open <= 8, String(open))
  assert.equal(sumOf(text, 'heddle_worker_connections_total'), open)
  const requests = server.status().applications[0]?.workers.map(worker => worker.requests) ?? []
  assert.equal(
    requests.reduce((sum, count) => sum + count, 0),
    60
  )
  const before = sumOf(text, 'heddle_worker_connections_total', { worker: '1' })
  await server.operations.scale('api', 1)
  const left = readSamples(await scrape()).find(
    ({ name, labels }) => name === 'heddle_worker_connections_total' && labels['worker'] === '1'
  )
  assert.equal(left?.value, before)
})
