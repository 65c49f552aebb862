/**
 * How large the metrics of a server with 64 workers are, and how long they take: made in the process itself, and
 * fetched over HTTP, when nothing happens and under load.
 *
 * Runs in the process of `run.mjs`; the server is `observed.mjs`, a process of its own.
 */

// oxlint-disable no-await-in-loop -- one scrape after the other.

import { once } from 'node:events'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { get } from 'node:http'

import { load } from '../load.mjs'
import { applicationEntry, node, scratch } from '../place.mjs'
import { allWorkersAnswer, freePorts } from '../probe.mjs'
import { createGroup, end, launch } from '../processes.mjs'
import { percentile, summarize, median } from '../statistics.mjs'
import { presence } from './stage.mjs'

const usualWorkers = 64
const quickWorkers = 8
const scrapes = 100
const pauseMs = 20
const connections = 128
const startDeadlineMs = 120_000

function fetchMetrics(port, headers = {}) {
  const { promise, resolve, reject } = Promise.withResolvers()
  const request = get({ host: '127.0.0.1', port, path: '/metrics', agent: false, headers }, response => {
    const chunks = []
    response.on('data', chunk => chunks.push(chunk))
    response.once('error', reject)
    response.once('end', () => {
      const body = Buffer.concat(chunks)
      if (response.statusCode === 200)
        resolve({ body, encoding: response.headers['content-encoding'] ?? null })
      else
        reject(
          new Error(`/metrics was answered with ${response.statusCode}: ${body.toString().slice(0, 200)}`)
        )
    })
  })
  request.once('error', reject)
  return promise
}

async function timeScrapes(port, count) {
  const times = []
  for (let turn = 0; turn < count; turn++) {
    const startedAt = performance.now()
    await fetchMetrics(port)
    times.push(performance.now() - startedAt)
    await delay(pauseMs)
  }
  return { medianMs: median(times), p99Ms: percentile(times, 0.99) }
}

/** How many series a text exposition has: its lines but comments and empty ones. */
export function countSeries(text) {
  return text.split('\n').filter(line => line !== '' && !line.startsWith('#')).length
}

async function sizeOf(port) {
  const { body } = await fetchMetrics(port)
  const packed = await fetchMetrics(port, { 'accept-encoding': 'gzip' })
  const isPacked = packed.encoding === 'gzip'
  if (isPacked) gunzipSync(packed.body)
  return {
    bytes: body.length,
    gzipBytes: isPacked ? packed.body.length : null,
    series: countSeries(body.toString())
  }
}

// Lines of the process, each an object; the first says where it listens.
function reader(child) {
  let text = ''
  const waiting = []
  child.stdout.on('data', chunk => {
    text += chunk
    for (let at = text.indexOf('\n'); at !== -1 && waiting.length > 0; at = text.indexOf('\n')) {
      const line = text.slice(0, at)
      text = text.slice(at + 1)
      waiting.shift()(JSON.parse(line))
    }
  })
  return () => new Promise(resolve => waiting.push(resolve))
}

async function playRound(workers, { source, seconds }) {
  const group = createGroup()
  const [port, adminPort] = await freePorts(2)
  const nodeArgs = source ? ['--conditions=@heddle/source'] : []
  const settings = { entry: applicationEntry('hello'), workers, port, adminPort, scrapes, pauseMs }
  const args = [...nodeArgs, join(import.meta.dirname, 'observed.mjs'), JSON.stringify(settings)]
  try {
    const { child } = launch(group, { command: node, args, env: { XDG_RUNTIME_DIR: scratch } })
    const next = reader(child)
    const failed = once(child, 'exit').then(() => {
      throw new Error(`The server has ended: ${group.output()}`)
    })
    failed.catch(() => {})
    await Promise.race([next(), failed, lateAfter(startDeadlineMs)])
    await allWorkersAnswer(group, port, { workers, deadlineMs: startDeadlineMs })
    await load({ port, connections, seconds })
    const measured = next()
    child.kill('SIGUSR2')
    const inProcess = await Promise.race([measured, failed, lateAfter(startDeadlineMs)])
    const size = await sizeOf(adminPort)
    const overHttp = await timeScrapes(adminPort, scrapes)
    const [underLoad] = await Promise.all([
      timeScrapes(adminPort, Math.ceil((seconds * 1000) / 100)),
      load({ port, connections, seconds })
    ])
    return { ...size, inProcess, overHttp, underLoad }
  } finally {
    await end(group)
  }
}

async function lateAfter(ms) {
  await delay(ms, undefined, { ref: false })
  throw new Error(`Nothing within ${ms} ms.`)
}

/** The figures of all rounds. */
export function scrapeRow(rounds, problems) {
  const of = pick => summarize(rounds.map(pick))
  const times = kind => ({
    medianMs: of(round => round[kind].medianMs),
    p99Ms: of(round => round[kind].p99Ms)
  })
  const last = rounds.at(-1)
  return {
    valid: problems.length === 0 && rounds.length > 0,
    problems,
    bytes: last?.bytes ?? null,
    gzipBytes: last?.gzipBytes ?? null,
    series: last?.series ?? null,
    firstMs: of(round => round.inProcess.firstMs),
    inProcess: times('inProcess'),
    overHttp: times('overHttp'),
    underLoad: times('underLoad')
  }
}

/**
 * Measures it round by round, each with a server of its own.
 * @param {import('../run.mjs').Options} options
 */
export async function measure(options) {
  const { present, missing } = presence(options)
  const workers = options.isQuick ? quickWorkers : usualWorkers
  const rounds = []
  const problems = present.includes('heddle') ? [] : [missing.Heddle]
  while (problems.length === 0 && rounds.length < options.rounds && Date.now() < options.until) {
    try {
      const one = await playRound(workers, options)
      rounds.push(one)
      const { series, bytes, inProcess, overHttp } = one
      options.say(
        `round ${rounds.length}, ${workers} workers: ${series} series, ${bytes} bytes; in the process ${inProcess.medianMs.toFixed(2)} ms, over HTTP ${overHttp.medianMs.toFixed(2)} ms`
      )
    } catch (error) {
      problems.push(`round ${rounds.length + 1}: ${error.message}`)
      options.say(`scrape: ${error.message}`)
    }
  }
  return { workers, rounds: rounds.length, ...scrapeRow(rounds, problems) }
}
