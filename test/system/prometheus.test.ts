/**
 * A real Prometheus scrapes a real server under a load that is known, and is asked for rates and percentiles: they
 * are those of the load that was sent. Its own tool finds nothing wrong with the metrics.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { durationBoundsMs } from '@heddle/mesh'

import { startHeddle } from '../../packages/heddle/test/system/heddle-process.ts'

const entry = join(import.meta.dirname, '../../packages/heddle/test/fixtures/applications/metrics/timed.cjs')

/** Seconds of load, and of those the last ones that are asked for. */
const loadS = 22
const windowS = 15

/** What is sent, evenly, whatever becomes of it. */
const load = [
  { path: '/quick?ms=3', perSecond: 40, status: 200 },
  { path: '/slow?ms=115', perSecond: 10, status: 200 },
  { path: '/missing?ms=1&status=404', perSecond: 5, status: 404 }
]

interface Answer {
  /** When it was there, as `Date.now()`, and how long it took. */
  readonly at: number
  readonly ms: number
  readonly status: number
}

/** Milliseconds for which this process may stand still while it sends: then the load was not the one that is known. */
const stillMs = 500

/** Sends the load and resolves with every answer, or with null when this process has stood still meanwhile. */
async function send(url: string): Promise<readonly Answer[] | null> {
  let longestGapMs = 0
  let turnedAt = performance.now()
  const answers: Answer[] = []
  const pending = new Set<Promise<void>>()
  const ask = async (path: string): Promise<void> => {
    const sentAt = performance.now()
    const response = await fetch(`${url}${path}`)
    await response.arrayBuffer()
    answers.push({ at: Date.now(), ms: performance.now() - sentAt, status: response.status })
  }
  const startedAt = performance.now()
  const due = load.map(() => 0)
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setInterval(() => {
    const now = performance.now()
    longestGapMs = Math.max(longestGapMs, now - turnedAt)
    turnedAt = now
    const seconds = (now - startedAt) / 1000
    for (const [index, { path, perSecond }] of load.entries()) {
      for (; (due[index] ?? 0) < seconds * perSecond; due[index] = (due[index] ?? 0) + 1) {
        const asking = ask(path)
        pending.add(asking)
        void asking.finally(() => pending.delete(asking))
      }
    }
    if (seconds >= loadS) resolve()
  }, 5)
  await promise
  clearInterval(timer)
  await Promise.all(pending)
  return longestGapMs > stillMs ? null : answers
}

/** Sends the load until it went out as it should have, three times at most. */
async function sendEvenly(url: string): Promise<readonly Answer[]> {
  for (let i = 0; i < 3; i++) {
    // oxlint-disable-next-line no-await-in-loop -- Again only when it was uneven.
    const answers = await send(url)
    if (answers !== null) return answers
  }
  throw new Error(`This machine stood still for more than ${stillMs} ms in each of three loads.`)
}

interface Prometheus {
  /** The value of an expression that has one, at that time (seconds since 1970). */
  readonly ask: (expression: string, at: number) => Promise<number>
}

async function startPrometheus(t: TestContext, target: string): Promise<Prometheus> {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-prometheus-'))
  const file = join(directory, 'prometheus.yml')
  const settings = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [{ job_name: 'heddle', static_configs: [{ targets: [new URL(target).host] }] }]
  }
  // YAML takes JSON.
  writeFileSync(file, JSON.stringify(settings))
  const args = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    '--web.listen-address=127.0.0.1:0'
  ]
  const child = spawn('prometheus', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await exited
    rmSync(directory, { recursive: true, force: true })
  })
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', line => {
      const address = /msg="Listening on" address=(\S+)/.exec(line)?.[1]
      if (address !== undefined) resolve(`http://${address}`)
    })
    exited.then(() => reject(new Error('Prometheus has ended.')), reject)
  })
  return {
    ask: async (expression, at) => {
      const query = new URLSearchParams({ query: expression, time: String(at) })
      const response = await fetch(`${url}/api/v1/query?${query.toString()}`)
      const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } }
      assert.equal(data.result.length, 1, `${expression}: ${JSON.stringify(data)}`)
      return Number(data.result[0]?.value[1])
    }
  }
}

function isNear(value: number, expected: number, part: number, what: string): void {
  assert.ok(Math.abs(value - expected) <= part * expected, `${what}: ${value}, and ${expected} was sent`)
}

/** The bounds in seconds between which a time was counted. */
function bucketOf(ms: number): readonly [from: number, to: number] {
  const index = durationBoundsMs.findIndex(bound => ms <= bound)
  return [(durationBoundsMs[index - 1] ?? 0) / 1000, (durationBoundsMs[index] ?? Infinity) / 1000]
}

async function startServer(t: TestContext): Promise<{ url: string; adminUrl: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-scraped-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const config = join(directory, 'heddle.json')
  const bounds = durationBoundsMs.filter(bound => Number.isFinite(bound)).map(ms => ms / 1000)
  const written = {
    applications: { shop: { path: '.', entry, workers: 2 } },
    metrics: { buckets: bounds }
  }
  writeFileSync(config, JSON.stringify(written))
  const { url, line } = await startHeddle(t, '--config', config)
  const { url: adminUrl } = await line('Administrative server is listening.')
  return { url, adminUrl: String(adminUrl) }
}

test('Prometheus sees the load that was sent', async t => {
  const { url, adminUrl } = await startServer(t)
  const prometheus = await startPrometheus(t, adminUrl)
  const answers = await sendEvenly(url)
  const at = Math.max(...answers.map(answer => answer.at)) / 1000
  const recent = answers.filter(answer => answer.at / 1000 > at - windowS)
  const rateOf = (status: number): number =>
    recent.filter(answer => answer.status === status).length / windowS

  const rate = (name: string, labels: string): string => `sum(rate(${name}{${labels}}[${windowS}s]))`
  const sent: readonly (readonly [expression: string, expected: number])[] = [
    [rate('heddle_http_requests_total', 'application="shop",status="2xx"'), rateOf(200)],
    [rate('heddle_http_requests_total', 'application="shop",status="4xx"'), rateOf(404)],
    [rate('heddle_http_request_duration_seconds_count', 'application="shop"'), recent.length / windowS],
    [rate('heddle_edge_responses_total', 'status="2xx"'), rateOf(200)],
    [rate('heddle_mesh_requests_total', 'from="edge",to="shop"'), recent.length / windowS],
    // What the application has counted itself.
    [rate('shop_answers_total', 'application="shop"'), recent.length / windowS]
  ]
  for (const [expression, expected] of sent) {
    // oxlint-disable-next-line no-await-in-loop -- One question after another.
    isNear(await prometheus.ask(expression, at), expected, 0.1, expression)
  }

  const times = recent.map(({ ms }) => ms).toSorted((a, b) => a - b)
  // Handlers take that long by themselves, but for what a timer comes early; clients wait for the way there and back too.
  for (const [part, takesMs] of [
    [0.5, 3],
    [0.9, 115]
  ] as const) {
    const buckets = `sum by (le) (rate(heddle_http_response_time_seconds_bucket{application="shop"}[${windowS}s]))`
    // oxlint-disable-next-line no-await-in-loop -- As above.
    const seen = await prometheus.ask(`histogram_quantile(${part}, ${buckets})`, at)
    const measured = times[Math.floor(part * times.length)] ?? 0
    const [from] = bucketOf(takesMs - 1)
    const [, to] = bucketOf(measured)
    assert.ok(seen >= from && seen <= to * 1.1, `${part}: ${seen}, and clients waited ${measured} ms`)
  }
  assert.equal(await prometheus.ask('min(max_over_time(up[5s]))', at), 1)
  assert.equal(await prometheus.ask('min(heddle_application_metrics_up)', at), 1)
})

test('promtool finds nothing wrong with the metrics', async t => {
  const { url, adminUrl } = await startServer(t)
  await (await fetch(`${url}/quick?ms=1`)).text()
  const scraped = await (await fetch(`${adminUrl}/metrics`)).text()
  assert.match(scraped, /^heddle_http_requests_total\{application="shop",worker="\d",status="2xx"\} 1$/m)
  const child = spawn('promtool', ['check', 'metrics'], { stdio: 'pipe' })
  child.stdin.end(scraped)
  const [out, problems] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  assert.deepEqual([child.exitCode, out, problems], [0, '', ''])
})
