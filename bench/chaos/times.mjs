/**
 * How long things take when a worker fails: from a block to its ejection, from a crash to a ready replacement,
 * a stop with everything idle, and what still answers when every worker is stuck in native code.
 *
 * Runs in the process of the benchmark. Only of Heddle: the others announce none of these moments.
 */

// oxlint-disable no-await-in-loop -- measurements must not disturb one another.

import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { node } from '../place.mjs'
import { ask, firstAnswer, freePorts } from '../probe.mjs'
import { createGroup, end, launch } from '../processes.mjs'
import { summarize } from '../statistics.mjs'
import { HttpConnection } from './clients/http-connection.mjs'
import { headOf } from './clients/clients.mjs'
import { chaosContenders } from './contenders.mjs'
import { furnish, onStage } from './stage.mjs'

const settleMs = 500
const bootMs = 500
const stuckMs = 12_000
const stopTimeoutMs = 3000
const token = 'a-token-of-the-benchmark-0123456789'

/** Who takes part. */
export const wanted = ['heddle-edge', 'heddle-handoff']

/** Rounds of a full and of a quick run. */
export const extent = {
  full: { rounds: 5, seconds: 0, minutes: 15 },
  quick: { rounds: 1, seconds: 0, minutes: 5 }
}

const loud = { logger: { level: 'debug', format: 'json' } }

/** Milliseconds from the end of the cause to the event, which is waited for from before. */
async function timeAfter(cause, event) {
  // Whichever fails is told; the other must not fail unheard.
  event.catch(() => {})
  await cause()
  const startedAt = performance.now()
  await event
  return performance.now() - startedAt
}

function ejection(part) {
  return onStage({ ...part, workers: 4, config: loud }, async ({ harm, output }) => {
    await delay(settleMs)
    return timeAfter(() => harm('block', 3000), output.next(/"to":"ejected"/, 10_000))
  })
}

function replacement(part) {
  const env = { CHAOS_BOOT_MS: `${bootMs}` }
  return onStage({ ...part, workers: 4, env }, async ({ harm, output }) => {
    await delay(settleMs)
    return timeAfter(() => harm('exit'), output.next(/"msg":"Worker was replaced\."/, 30_000))
  })
}

/** The application's own boot: a bare worker thread, in a process that is warm, until it listens. */
async function ownBoot() {
  const group = createGroup()
  const [port] = await freePorts(1)
  const { directory, env } = furnish()
  try {
    const entry = join(directory, 'application.mjs')
    const args = [join(import.meta.dirname, 'peers', 'boot.mjs'), entry]
    launch(group, { command: node, args, env: { ...env, PORT: `${port}`, CHAOS_BOOT_MS: `${bootMs}` } })
    await firstAnswer(group, port, 30_000)
    await delay(settleMs)
    return Number(/own boot (\d+\.?\d*)/.exec(group.output())?.[1])
  } finally {
    await end(group)
  }
}

function idleStop(part) {
  return onStage({ ...part, workers: 4 }, async ({ kill, exited }) => {
    await delay(settleMs)
    return timeAfter(() => kill('SIGTERM'), exited)
  })
}

async function blockAll(harm) {
  const places = new Set()
  for (let turn = 0; turn < 20 && places.size < 4; turn++) places.add(await harm('native', stuckMs))
  if (places.size < 4) throw new Error(`Only ${places.size} of 4 workers could be made to block.`)
}

async function timeStatus(port) {
  const startedAt = performance.now()
  const connection = await HttpConnection.open(port, 5000)
  const head = headOf('GET', '/api/v1/status', { authorization: `Bearer ${token}`, connection: 'close' })
  const { status } = await connection.exchange({ head, timeoutMs: 5000 })
  connection.close()
  if (status !== 200) throw new Error(`The status was answered with ${status}.`)
  return performance.now() - startedAt
}

async function timeProbes(port) {
  const slowest = { probe: 0, status: 0 }
  for (let turn = 0; turn < 50; turn++) {
    const startedAt = performance.now()
    const { status } = await ask(port, '/livez')
    if (status !== 200) throw new Error(`The liveness probe was answered with ${status}.`)
    slowest.probe = Math.max(slowest.probe, performance.now() - startedAt)
    slowest.status = Math.max(slowest.status, await timeStatus(port))
    await delay(10)
  }
  return slowest
}

function allBlocked(part) {
  const config = { gracefulShutdown: { timeout: stopTimeoutMs } }
  return onStage({ ...part, workers: 4, config, token }, async ({ harm, adminPort, kill, exited }) => {
    await delay(settleMs)
    await blockAll(harm)
    const slowest = await timeProbes(adminPort)
    return { ...slowest, stop: await timeAfter(() => kill('SIGTERM'), exited) }
  })
}

// Each by itself: what one cannot measure, the others still do.
const measures = {
  ejection: async part => ({ ejectionMs: await ejection(part) }),
  replacement: async part => {
    const ownBootMs = await ownBoot()
    const replacementMs = await replacement(part)
    return { ownBootMs, replacementMs, replacementRatio: replacementMs / ownBootMs }
  },
  stop: async part => ({ idleStopMs: await idleStop(part) }),
  'all blocked': async part => {
    const { probe, status, stop } = await allBlocked(part)
    return { blockedProbeMs: probe, blockedStatusMs: status, blockedStopMs: stop }
  }
}

function conclude(series, problems, contender) {
  const figures = Object.entries(series).map(([name, values]) => [name, summarize(values)])
  return { title: chaosContenders[contender].title, problems, figures: Object.fromEntries(figures) }
}

async function measureInto(row, part) {
  for (const [what, measure] of Object.entries(measures)) {
    try {
      for (const [name, value] of Object.entries(await measure(part))) (row.series[name] ??= []).push(value)
    } catch (error) {
      row.problems.push(`${what}: ${error.message}`)
    }
  }
}

/**
 * Measures all of it in interleaved rounds.
 * @param {import('../run.mjs').Options} options
 */
export async function run(options) {
  const ids = wanted.filter(id => options.only?.includes(id) ?? true)
  const nodeArgs = options.source ? ['--conditions=@heddle/source'] : []
  const raw = Object.fromEntries(ids.map(id => [id, { series: {}, problems: [] }]))
  let rounds = 0
  for (; rounds < options.rounds && Date.now() < options.until; rounds++) {
    for (const id of ids) {
      await measureInto(raw[id], { contender: id, nodeArgs })
      options.say(`round ${rounds + 1}, ${id}: ${JSON.stringify(raw[id])}`)
    }
  }
  const contenders = ids.map(id => [id, conclude(raw[id].series, raw[id].problems, id)])
  return { rounds, bootMs, stopTimeoutMs, contenders: Object.fromEntries(contenders) }
}
