/** The metrics of whole servers: real threads and sockets, real clients, applications with prom-client. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

import type { ResolvedApplication } from '../../../src/config/resolved.ts'
import type { StatusReport } from '../../../src/main/admin/report.ts'
import type { Coordinator } from '../../../src/main/coordinator.ts'
import { metricFacts } from '../../../src/main/metrics/facts.ts'
import { exampleApplication } from '../example-config.ts'
import { releaseFile } from '../release-file.ts'
import { applications, start, times, until } from './metered-server.ts'
import { readSamples, sumOf } from './readings.ts'

const api = { application: 'api' }

test('the metrics are those of the requests that were sent, by status, and of every kind there is', async t => {
  const { scrape, get } = await start(t)
  await times(40, () => get('/'))
  await times(8, () => get('/?status=404'))
  await times(4, () => get('/?status=503'))
  const text = await until(t, scrape, seen => assertCounted(seen, [40, 8, 4]))
  const count = (name: string, labels: Readonly<Record<string, string>> = {}): number =>
    sumOf(text, name, labels)
  assert.equal(count('heddle_http_requests_failed_total', api), 4)
  assert.ok(count('heddle_http_response_time_seconds_sum') > 0)
  assert.equal(count('heddle_http_response_body_bytes_total', api), 52 * 'hello'.length)
  for (const worker of ['0', '1']) {
    assert.ok(count('heddle_http_requests_total', { ...api, worker }) > 0)
    assert.ok(count('heddle_worker_cpu_seconds_total', { ...api, worker }) > 0)
    assert.ok(count('heddle_worker_heap_used_bytes', { ...api, worker }) > 1e6)
    assert.ok(count('heddle_worker_event_loop_active_seconds_total', { ...api, worker }) > 0)
  }
  assert.ok(count('heddle_edge_event_loop_active_seconds_total', { edge: '0' }) > 0)
  assert.ok(count('heddle_edge_connections_total') >= 4)
  assert.equal(count('heddle_build_info'), 1)
  assert.ok(count('heddle_process_cpu_seconds_total') > 0)
  assert.ok(count('heddle_process_resident_memory_bytes') > 1e7)
  assert.ok(count('heddle_events_total', { event: 'worker:ready' }) >= 2)
  // What has not happened yet has no samples. What there is of a machine is for the machine to say, and on one that is
  // busy enough a worker is out for a moment.
  const absent = Object.keys(metricFacts).filter(
    name =>
      !text.includes(`# TYPE ${name} `) &&
      !name.startsWith('heddle_machine_') &&
      name !== 'heddle_worker_ejections_total'
  )
  assert.deepEqual(absent, [
    'heddle_mesh_circuits_open',
    'heddle_edge_restarts_total',
    'heddle_scaling_decisions_total',
    'heddle_worker_restarts_total',
    'heddle_worker_connections',
    'heddle_worker_connections_total',
    'heddle_worker_upgraded_connections',
    'heddle_reload_last_duration_seconds'
  ])
})

/** All threads have counted these answers, by class of status, and nothing is under way. */
function assertCounted(text: string, byStatus: readonly number[]): void {
  const sent = byStatus.reduce((sum, count) => sum + count, 0)
  const count = (name: string, labels: Readonly<Record<string, string>> = {}): number =>
    sumOf(text, name, labels)
  assert.deepEqual(
    ['2xx', '4xx', '5xx'].map(status => count('heddle_http_requests_total', { ...api, status })),
    byStatus
  )
  for (const name of ['response_time', 'request_duration', 'queue_time']) {
    assert.equal(count(`heddle_http_${name}_seconds_count`, api), sent, name)
    assert.equal(count(`heddle_http_${name}_seconds_bucket`, { ...api, le: '+Inf' }), sent, name)
  }
  assert.equal(count('heddle_mesh_requests_total', { from: 'edge', to: 'api' }), sent)
  assert.equal(count('heddle_http_requests_in_flight'), 0)
  assert.equal(count('heddle_edge_responses_total', { status: '2xx' }), byStatus[0])
  assert.equal(count('heddle_edge_requests_total', { reason: 'completed' }), sent)
  assert.equal(count('heddle_application_workers_ready', api), 2)
  for (const worker of ['0', '1']) {
    assert.equal(count('heddle_worker_state', { ...api, worker, state: 'ready' }), 1)
  }
}

/** So many requests were answered by `front`, with three calls each. */
function assertCalls(text: string, count: number): void {
  const calls = (from: string, to: string): number => sumOf(text, 'heddle_mesh_requests_total', { from, to })
  assert.deepEqual([calls('edge', 'front'), calls('front', 'target')], [count, count * 3])
  const answered = { application: 'target', status: '2xx' }
  assert.equal(sumOf(text, 'heddle_http_requests_total', answered), count * 3)
}

function applicationOf(id: string, entry: string): ResolvedApplication {
  return exampleApplication({ id, entry: fileURLToPath(new URL(entry, applications)) })
}

test('calls between applications are counted by who called whom', async t => {
  const { server, scrape, get } = await start(t, {
    applications: [applicationOf('front', 'caller/app.mjs'), applicationOf('target', 'listener-esm/app.mjs')]
  })
  await times(8, () => get('/'))
  await until(t, scrape, text => assertCalls(text, 8))
  await server.operations.restart()
  await times(4, () => get('/'))
  await until(t, scrape, text => assertCalls(text, 12))
})

test('counters go on over restarts of a worker, asked for and not', async t => {
  const { server, scrape, get, next } = await start(t, { workers: 1 })
  await times(8, () => get('/'))
  await server.operations.restart()
  await times(8, () => get('/'))
  const restarted = next('worker:restarted')
  await get('/exit')
  await restarted
  await times(8, () => get('/'))
  await until(t, scrape, text => {
    const answered = sumOf(text, 'heddle_http_requests_total', { status: '2xx' })
    // Its last answer may have been lost with it, and have been counted all the same.
    assert.ok(answered === 24 || answered === 25, String(answered))
    assert.equal(sumOf(text, 'heddle_worker_restarts_total', { reason: 'restart' }), 1)
    assert.equal(sumOf(text, 'heddle_worker_restarts_total', { reason: 'exited' }), 1)
    assert.ok(sumOf(text, 'heddle_worker_boot_seconds', { worker: '0' }) > 0)
  })
})

test('two scrapers see the same, no counter ever goes back, and the status tells of the last seconds', async t => {
  const { server, scrape, get } = await start(t)
  let before = new Map<string, number>()
  for (let round = 1; round <= 3; round++) {
    await times(8, () => get('/'))
    // Nobody counts any more.
    await until(t, scrape, text => assertCounted(text, [round * 8, 0, 0]))
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
  await status(t, server, async ({ recent, workers }) => {
    // On a machine that stood still for long these are not of the last seconds any more.
    await times(8, () => get('/'))
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
})

function countersOf(text: string): Map<string, number> {
  const ours = readSamples(text).filter(({ name }) => /^heddle_.*_(?:total|bucket|sum|count)$/.test(name))
  return new Map(ours.map(({ name, labels, value }) => [`${name} ${JSON.stringify(labels)}`, value]))
}

/** Looks at the status of the application until it is as it has to be: sums are looked at anew every 50 ms at most. */
async function status(
  t: TestContext,
  server: Coordinator,
  isThere: (application: StatusReport['applications'][number]) => Promise<void>
): Promise<void> {
  const look = async (): Promise<void> => isThere(server.status().applications[0] ?? assert.fail())
  await t.waitFor(look, { interval: 60, timeout: 60_000 })
}

test('a blocked worker costs a scrape nothing but its own metrics; the last one gets requests, and is not told to be ready', async t => {
  const { server, scrape, get } = await start(t, { metrics: { applicationTimeout: 60_000 } })
  await times(20, () => get('/'))
  const one = releaseFile(t)
  const blocked = get(`/block?until=${one.query}`)
  await until(t, scrape, text => {
    assert.ok(sumOf(text, 'heddle_worker_heartbeat_age_seconds') > 0.5)
    assert.equal(sumOf(text, 'heddle_http_requests_total', { status: '2xx' }), 20)
    assert.equal(sumOf(text, 'heddle_http_requests_in_flight'), 1)
    assert.equal(sumOf(text, 'heddle_application_metrics_up'), 1)
    assert.equal(readSamples(text).filter(({ name }) => name === 'shop_stock').length, 1)
  })
  one.release()
  assert.equal(await blocked, 200)

  await server.operations.scale('api', 1)
  const last = releaseFile(t)
  const waiting = get(`/block?until=${last.query}`)
  await until(t, scrape, text => {
    assert.ok(sumOf(text, 'heddle_worker_heartbeat_age_seconds', { worker: '0' }) > 0.6)
    assert.equal(sumOf(text, 'heddle_worker_state', { state: 'ready' }), 1)
    assert.equal(sumOf(text, 'heddle_application_workers_ready'), 0)
  })
  last.release()
  assert.equal(await waiting, 200)
  await until(t, scrape, text => assert.equal(sumOf(text, 'heddle_application_workers_ready'), 1))
})

test('metrics of applications are there with their labels, by application, and a slow one loses only its own', async t => {
  const { scrape, get } = await start(t)
  await times(20, () => get('/'))
  const text = await until(t, scrape, seen => assert.equal(sumOf(seen, 'heddle_application_metrics_up'), 2))
  assert.equal(sumOf(text, 'shop_requests_total', { application: 'api', exported_worker: 'counter' }), 20)
  assert.equal(text.match(/^# TYPE shop_requests_total counter$/gm)?.length, 1)
  assert.equal(sumOf(text, 'shop_stock', { worker: '0' }) + sumOf(text, 'shop_stock', { worker: '1' }), 14)
  assert.equal(text.includes('\nprocess_'), false)

  const ofApi = await until(
    t,
    () => scrape('api'),
    seen => assert.match(seen, /shop_stock/)
  )
  assert.deepEqual(
    readSamples(ofApi).filter(({ labels }) => labels['application'] !== 'api'),
    []
  )
  await assert.rejects(scrape('nobody'), /nobody/)

  await get('/slow')
  await until(t, scrape, slow => {
    assert.equal(sumOf(slow, 'heddle_application_metrics_up'), 1)
    assert.equal(sumOf(slow, 'shop_stock'), 7)
    assert.equal(sumOf(slow, 'heddle_http_requests_total', { status: '2xx' }), 21)
  })
})

test('without metrics there are none, and workers do not count for them', async t => {
  const { server, scrape, get } = await start(t, { workers: 1, metrics: { enabled: false } })
  await get('/')
  assert.deepEqual(readSamples(await scrape()), [])
  await status(t, server, async ({ recent }) => {
    await get('/')
    assert.ok(recent.requestsPerSecond > 0)
  })
})

test('answers on connections of its own are counted once, in direct mode', async t => {
  const { server, scrape, get } = await start(t, { mode: 'direct' })
  await times(60, () => get('/'))
  const text = await until(t, scrape, seen => {
    assert.equal(sumOf(seen, 'heddle_http_requests_total', { status: '2xx' }), 60)
    assert.equal(sumOf(seen, 'heddle_http_response_time_seconds_count'), 60)
    const requests = server.status().applications[0]?.workers.map(worker => worker.requests) ?? []
    assert.equal(
      requests.reduce((sum, count) => sum + count, 0),
      60
    )
  })
  const open = sumOf(text, 'heddle_worker_connections')
  assert.ok(open > 0 && open <= 8, String(open))
  assert.equal(sumOf(text, 'heddle_worker_connections_total'), open)
  const before = sumOf(text, 'heddle_worker_connections_total', { worker: '1' })
  await server.operations.scale('api', 1)
  const left = readSamples(await scrape()).find(
    ({ name, labels }) => name === 'heddle_worker_connections_total' && labels['worker'] === '1'
  )
  assert.equal(left?.value, before)
})
