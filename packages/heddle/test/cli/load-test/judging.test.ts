/** What is made of numbers: targets, public addresses, the server's own view, the report. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { codeFor } from '../../../src/cli/commands/bench.ts'
import { typedTargets } from '../../../src/cli/commands/typed-targets.ts'
import { chartLines, chartRows } from '../../../src/cli/load-test/chart.ts'
import { Histogram } from '../../../src/cli/load-test/histogram.ts'
import { divide, mergeCounts } from '../../../src/cli/load-test/load-test.ts'
import type { LoadCounts, LoadPlan } from '../../../src/cli/load-test/messages.ts'
import { publicAddress } from '../../../src/cli/load-test/public-address.ts'
import { reportLines, reportValue, warningsOf } from '../../../src/cli/load-test/report.ts'
import { readSamples, viewOf } from '../../../src/cli/load-test/server-view.ts'
import { failures, judgeTargets, requestsPerSecond } from '../../../src/cli/load-test/targets.ts'
import type { Target } from '../../../src/cli/load-test/targets.ts'

const plan: LoadPlan = {
  request: { url: 'http://127.0.0.1:3000/', method: 'GET', headers: {}, body: null },
  connections: 10,
  pipelining: 1,
  rate: null,
  amount: null,
  durationMs: 2000,
  warmUpMs: 0,
  timeoutMs: 10_000
}

function counts(changes: Partial<LoadCounts> = {}, times: readonly number[] = [1, 2, 3, 4]): LoadCounts {
  const histogram = new Histogram()
  for (const time of times) histogram.record(time)
  return {
    sent: 4,
    answered: 4,
    bytes: 400,
    statuses: { 200: 4 },
    errors: {},
    unsent: 0,
    seconds: [1, 3],
    elapsedMs: 2000,
    latency: histogram.data,
    service: histogram.data,
    lateMs: 0,
    busy: 0.1,
    ...changes
  }
}

const nothing = counts({ sent: 0, answered: 0, statuses: {}, seconds: [], elapsedMs: 0 }, [])

test('targets are met up to their limit', () => {
  const failing = counts({
    sent: 8,
    statuses: { 200: 2, 404: 1, 503: 1 },
    errors: { timeout: 3, unanswered: 1 }
  })
  const table: readonly (readonly [Target, LoadCounts, number | null, boolean])[] = [
    [{ name: 'p50', limit: 2.1 }, counts(), 2, true],
    [{ name: 'p50', limit: 1.9 }, counts(), 2, false],
    [{ name: 'p99', limit: 4 }, counts(), 4, true],
    [{ name: 'p999', limit: 3 }, counts(), 4, false],
    [{ name: 'p99', limit: 1000 }, nothing, null, false],
    [{ name: 'rps', limit: 2 }, counts(), 2, true],
    [{ name: 'rps', limit: 3 }, counts(), 2, false],
    [{ name: 'rps', limit: 0 }, nothing, null, false],
    [{ name: 'errors', limit: 0 }, counts(), 0, true],
    [{ name: 'errors', limit: 4 }, failing, 5, false],
    [{ name: 'errors', limit: 5 }, failing, 5, true],
    [{ name: 'errors', limit: 0.6, isShare: true }, failing, 0.625, false],
    [{ name: 'errors', limit: 0 }, nothing, null, false]
  ]
  for (const [target, measured, actual, isMet] of table) {
    const [verdict] = judgeTargets([target], measured)
    assert.equal(verdict?.isMet, isMet, JSON.stringify(target))
    const read = verdict?.actual ?? null
    if (actual === null || read === null) assert.equal(read, actual)
    else assert.ok(Math.abs(read - actual) <= actual * 0.004, JSON.stringify(verdict))
  }
  assert.equal(failures(failing), 5)
  assert.equal(requestsPerSecond(nothing), null)
})

const judged = (measured: LoadCounts, limit: number | null): Parameters<typeof codeFor>[0] => ({
  counts: measured,
  verdicts: judgeTargets(limit === null ? [] : [{ name: 'errors', limit }], measured),
  isInterrupted: false
})

const plain = (_style: string, text: string): string => text

test('the code tells whether targets were met, and of a test that nobody answered that it failed', () => {
  const silent = counts({ answered: 0, statuses: {}, errors: { timeout: 4 } }, [])
  const table: readonly (readonly [Parameters<typeof codeFor>[0], number, number])[] = [
    [judged(counts(), null), 0, 0],
    [judged(counts({ errors: { closed: 2 } }), 1), 0, 99],
    [judged(silent, null), 0, 99],
    [judged(silent, 1000), 0, 99],
    [{ ...judged(silent, null), isInterrupted: true }, 0, 130],
    [{ ...judged(counts(), null), isInterrupted: true }, 143, 143]
  ]
  for (const [report, ending, code] of table) assert.equal(codeFor(report, ending), code)
  const report = { ...judged(silent, null), plan, server: null }
  assert.equal(reportLines(report, 80, plain).at(-1), '✘ no request was answered')
  assert.doesNotMatch(reportLines({ ...report, isInterrupted: true }, 80, plain).join('\n'), /✘/)
})

const read = (options: Record<string, string>): unknown => typedTargets({ words: [], options })

test('targets are read from options', () => {
  assert.deepEqual(read({ p99: '20', rps: '5000', errors: '0' }), [
    { name: 'p99', limit: 20 },
    { name: 'rps', limit: 5000 },
    { name: 'errors', limit: 0 }
  ])
  assert.deepEqual(read({ errors: '0.5%' }), [{ name: 'errors', limit: 0.005, isShare: true }])
  for (const options of [{ p50: 'fast' }, { rps: '-1' }, { errors: '0.5' }, { errors: '101%' }]) {
    assert.throws(() => read(options), { code: 'HEDDLE_COMMAND_INVALID' })
  }
})

const found = (path: string, host: string | null = null): object => ({
  found: true,
  address: { path, host }
})

test('an application is found behind the public port by the routes that lead to it', () => {
  const routes = [
    { host: 'shop.example.com', prefix: '/', application: 'shop', stripPrefix: false },
    { host: '*.example.net', prefix: '/', application: 'wild', stripPrefix: false },
    { host: null, prefix: '/api', application: 'api', stripPrefix: false },
    { host: null, prefix: '/files', application: 'files', stripPrefix: true },
    { host: null, prefix: '/api', application: 'shadowed', stripPrefix: false }
  ]
  const routing = { routes, entrypoint: 'web' }
  const table: readonly (readonly [string, string | null, object | RegExp])[] = [
    ['web', null, found('/')],
    ['web', '/x?y=1', found('/x?y=1')],
    ['web', '/api/x', /^gets no public requests for that path$/],
    ['api', null, found('/api')],
    ['api', '/api/users', found('/api/users')],
    ['api', '/users', /its routes begin with \/api$/],
    ['files', null, found('/files')],
    ['files', '/a.txt', found('/files/a.txt')],
    ['shop', '/cart', found('/cart', 'shop.example.com')],
    ['wild', null, found('/', 'www.example.net')],
    ['shadowed', null, /its routes begin with \/api$/],
    ['hidden', null, /no route leads to it, and it is not the entrypoint$/]
  ]
  for (const [application, path, wanted] of table) {
    const outcome = publicAddress(routing, application, path)
    if (wanted instanceof RegExp) assert.match(outcome.found ? '' : outcome.reason, wanted, application)
    else assert.deepEqual(outcome, wanted, `${application} ${path}`)
  }
})

const scrape = (requests: readonly number[], active: readonly number[], queued: number): string => `
# HELP heddle_http_requests_total Requests.
${requests.map((value, worker) => `heddle_http_requests_total{application="api",worker="${worker}",status="2xx"} ${value}`).join('\n')}
heddle_http_requests_total{application="other \\"x\\"",worker="0",status="2xx"} 77
${active.map((value, worker) => `heddle_worker_event_loop_active_seconds_total{application="api",worker="${worker}"} ${value}`).join('\n')}
heddle_http_queue_time_seconds_bucket{application="api",worker="0",le="0.001"} 0
heddle_http_queue_time_seconds_bucket{application="api",worker="0",le="0.002"} ${queued}
heddle_http_queue_time_seconds_bucket{application="api",worker="0",le="+Inf"} ${queued}
heddle_http_queue_time_seconds_sum{application="api",worker="0"} ${queued * 0.0015}
heddle_http_queue_time_seconds_count{application="api",worker="0"} ${queued}
heddle_process_cpu_seconds_total{mode="user"} ${active.reduce((a, b) => a + b, 0) + 1}
`

test('what the server saw is the difference between two scrapes', () => {
  const before = readSamples(scrape([100, 50], [1, 1], 10))
  const after = readSamples(scrape([400, 150], [2.5, 2], 30))
  const view = viewOf('api', { before, after, elapsedMs: 2000 })
  assert.equal(view.requests, 400)
  assert.deepEqual(
    view.workers.map(({ name, requests, share, busy }) => [name, requests, share, busy]),
    [
      ['api:0', 300, 0.75, 0.75],
      ['api:1', 100, 0.25, 0.5]
    ]
  )
  assert.equal(view.processCpus, 1.25)
  // 20 of 400 have waited: the 99th percentile is among them.
  assert.ok(Math.abs((view.queue.p99 ?? 0) - 1.8) < 1e-9, String(view.queue.p99))
  assert.ok(Math.abs((view.queue.mean ?? 0) - 0.075) < 1e-9)
  assert.deepEqual(view.response, { mean: null, p99: null, isBelow: false })
  const calm = viewOf('api', { before, after: before, elapsedMs: 2000 })
  assert.deepEqual(calm.queue, { mean: null, p99: null, isBelow: false })
})

test('threads share connections, requests and rate, and nothing is lost in dividing', () => {
  const parts = divide({ ...plan, connections: 10, amount: 1001, rate: 300 }, 4)
  assert.deepEqual(
    parts.map(({ connections, amount, rate }) => [connections, amount, rate]),
    [
      [3, 251, 75],
      [3, 250, 75],
      [2, 250, 75],
      [2, 250, 75]
    ]
  )
  assert.equal(divide({ ...plan, connections: 2 }, 8).length, 2)
  assert.equal(divide({ ...plan, amount: 1 }, 8).length, 1)
  assert.equal(divide({ ...plan, rate: 0.5 }, 8).length, 1)
  const whole = mergeCounts([counts(), null, counts({ seconds: [1, 1, 5], elapsedMs: 2500 })])
  assert.deepEqual([whole.sent, whole.seconds, whole.elapsedMs], [8, [2, 4, 5], 2500])
  assert.deepEqual(whole.statuses, { 200: 8 })
})

test('the chart has every time in exactly one row, and fits the width', () => {
  for (const times of [
    [0.05],
    [1, 1, 1],
    [0.2, 90, 45_000],
    Array.from({ length: 500 }, (_, at) => at / 7 + 0.01)
  ]) {
    const histogram = new Histogram()
    for (const time of times) histogram.record(time)
    const rows = chartRows(histogram)
    assert.equal(
      rows.reduce((sum, { count }) => sum + count, 0),
      times.length
    )
    assert.ok(rows.length <= 16, `${rows.length} rows`)
    for (const width of [40, 80, 200]) {
      assert.ok(chartLines(histogram, width).every(line => line.length <= width))
    }
  }
  assert.deepEqual(chartLines(new Histogram(), 80), [])
})

test('the report says what was measured, and what makes it worth less', () => {
  const verdicts = judgeTargets([{ name: 'p99', limit: 2 }], counts())
  const report = { plan, counts: counts(), verdicts, server: null, isInterrupted: false }
  const lines = reportLines(report, 80, (_style, text) => text)
  assert.ok(lines.includes('Requests  4 answered, 2.0/s (± 1.0, from 1.0 to 3.0)'), lines.join('\n'))
  assert.ok(lines.includes('Status    200 4'))
  assert.ok(
    lines.includes('✘ p99: 4.0 ms, wanted at most 2.00 ms') ||
      lines.includes('✘ p99: 4.0 ms, wanted at most 2.0 ms')
  )
  assert.deepEqual(warningsOf({ plan, counts: counts({ busy: 0.99, lateMs: 100, unsent: 3 }) }).length, 1)
  const paced = { ...plan, rate: 100 }
  assert.deepEqual(
    warningsOf({ plan: paced, counts: counts({ busy: 0.99, lateMs: 100, unsent: 3 }) }).length,
    3
  )
  const value = reportValue({ ...report, plan: paced })
  assert.deepEqual([value['sent'], value['failed'], value['requestsPerSecond']], [4, 0, 2])
  const columns = [200, 60, 40].map(width => {
    const times = reportLines(report, width, plain).filter(line => /p50|Latency/.test(line))
    for (const line of times) assert.ok(line.length <= width, line)
    return times[0]?.trim().split(/ +/)
  })
  assert.deepEqual(columns, [
    ['p50', 'p75', 'p90', 'p97.5', 'p99', 'p99.9', 'max', 'mean', '±'],
    ['p50', 'p90', 'p99', 'p99.9', 'max', 'mean'],
    ['p50', 'p90', 'p99', 'max']
  ])
  const empty = reportLines({ ...report, counts: nothing, verdicts: [] }, 80, (_style, text) => text)
  assert.ok(empty.includes('Status    none'))
})
