/**
 * Requests per second and latency at 64 connections: the same application code everywhere, two workers, the
 * same cores as the load.
 *
 * Runs in the process of `run.mjs`. Every contender is started anew in every round, warmed up, measured and
 * ended; a single answer that is not 2xx, or a socket error, makes its row invalid.
 */

// oxlint-disable no-await-in-loop -- measurements must not disturb one another.

import { appear, available } from './arena.mjs'
import { calibrate } from './applications/burn.mjs'
import { contenders } from './contenders.mjs'
import { foreignTolerated, readUsage, usageBetween } from './cpu-usage.mjs'
import { easeInMs, load } from './load.mjs'
import { pidsOf } from './processes.mjs'
import { rotated, summarize, summarizeRatio } from './statistics.mjs'

const workers = 2
const connections = 64
const attempts = 3

/** Whose code is run. */
export const applications = ['hello', 'cpu-1ms']

const easesIn = new Set(['cpu-1ms'])

/** Who takes part, in the order of the table. */
export const wanted = [
  'threads',
  'heddle-direct',
  'heddle-edge',
  'cluster',
  'watt',
  'pm2',
  'haproxy',
  'process'
]

/** Rounds and seconds of load of a full and of a quick run. */
export const extent = {
  full: { rounds: 5, seconds: 4, minutes: 25 },
  quick: { rounds: 1, seconds: 2, minutes: 4 }
}

/** Which rows are divided by which: [above, below]. */
export const ratios = [
  ['heddle-direct', 'threads'],
  ['heddle-direct', 'watt'],
  ['heddle-direct', 'cluster'],
  ['heddle-edge', 'haproxy'],
  ['heddle-edge', 'heddle-direct']
]

function percent(share) {
  return `${(share * 100).toFixed(0)} %`
}

function once(contender, application, { seconds, env, easeIn, loadThreads: threads }) {
  return appear({ contender, application, workers, env }, async ({ group, port }) => {
    const order = { port, connections, threads, easeIn }
    const warmUp = await load({ ...order, seconds: Math.min(2, seconds) })
    const pids = pidsOf(group)
    const before = readUsage(pids)
    const measured = await load({ ...order, seconds })
    const usage = usageBetween(before, readUsage(pids))
    if (easeIn) usage.idle = Math.max(0, usage.idle - easeInMs / 1000 / seconds)
    const problems = [...warmUp.problems.map(text => `warm-up: ${text}`), ...measured.problems]
    return { ...measured, ...usage, problems }
  })
}

function rowOf(id, rounds, problems) {
  const present = rounds.filter(round => round !== null)
  return {
    title: contenders[id].title,
    valid: problems.length === 0 && present.length > 0,
    problems,
    requestsPerSecond: summarize(present.map(round => round.requestsPerSecond)),
    p50Ms: summarize(present.map(round => round.p50Ms)),
    p99Ms: summarize(present.map(round => round.p99Ms)),
    idle: summarize(present.map(round => round.idle)),
    foreign: summarize(present.map(round => round.foreign)),
    rounds
  }
}

function ratioRow(rows, [above, below]) {
  const numbers = (id, key) => rows[id].rounds.map(round => round?.[key] ?? null)
  return {
    above,
    below,
    valid: rows[above].valid && rows[below].valid,
    requestsPerSecond: summarizeRatio(
      numbers(above, 'requestsPerSecond'),
      numbers(below, 'requestsPerSecond')
    ),
    p50: summarizeRatio(numbers(above, 'p50Ms'), numbers(below, 'p50Ms')),
    p99: summarizeRatio(numbers(above, 'p99Ms'), numbers(below, 'p99Ms'))
  }
}

function conclude(raw, problems) {
  const rows = Object.fromEntries(Object.keys(raw).map(id => [id, rowOf(id, raw[id], problems[id])]))
  const comparable = ratios.filter(([above, below]) => rows[above] && rows[below])
  return { contenders: rows, ratios: comparable.map(pair => ratioRow(rows, pair)) }
}

// On a machine shared with others a round may be spoilt: it is played again, and the best of them counts,
// which is the one disturbed least, not the fastest.
async function leastDisturbed(contender, application, options) {
  let best = null
  for (let attempt = 0; attempt < attempts && Date.now() < options.until; attempt++) {
    const one = await once(contender, application, options)
    if (best === null || one.foreign < best.foreign) best = one
    if (best.foreign <= foreignTolerated) break
  }
  return best
}

async function measure(contender, application, options) {
  try {
    const value = await leastDisturbed(contender, application, options)
    return { value, problems: value?.problems ?? [] }
  } catch (error) {
    return { value: null, problems: [error.message] }
  }
}

function describe({ value, problems }) {
  if (value === null) return problems[0] ?? 'the time is over'
  const { requestsPerSecond, p99Ms, idle, foreign } = value
  const shares = `${percent(idle)} idle, ${percent(foreign)} foreign`
  return [`${requestsPerSecond.toFixed(0)}/s, p99 ${p99Ms.toFixed(1)} ms, ${shares}`, ...problems].join('; ')
}

async function compete(application, ready, options) {
  const raw = Object.fromEntries(ready.map(id => [id, []]))
  const problems = Object.fromEntries(ready.map(id => [id, []]))
  for (let round = 0; round < options.rounds && Date.now() < options.until; round++) {
    for (const id of rotated(ready, round)) {
      const measured = await measure(id, application, options)
      raw[id].push(measured.value)
      problems[id].push(...measured.problems.map(text => `round ${round + 1}: ${text}`))
      options.say(`${application}, round ${round + 1}, ${contenders[id].title}: ${describe(measured)}`)
    }
  }
  return conclude(raw, problems)
}

/**
 * Measures all contenders with both applications in interleaved rounds.
 * @param {import('./run.mjs').Options} options
 */
export async function run(options) {
  const { ready, missing } = available(wanted.filter(id => options.only?.includes(id) ?? true))
  const rounds = calibrate(1)
  const env = { BENCH_ROUNDS: `${rounds}` }
  const outcome = {}
  const begun = Date.now()
  const chosen = applications.filter(name => options.applications?.includes(name) ?? true)
  for (const [index, name] of chosen.entries()) {
    // Each application gets its own share of the time, so that a slow first one cannot starve the second.
    const until = begun + ((options.until - begun) * (index + 1)) / chosen.length
    const easeIn = easesIn.has(name)
    outcome[name] = await compete(name, ready, { ...options, env, easeIn, until })
  }
  const { seconds, loadThreads } = options
  return { workers, connections, seconds, loadThreads, cpuRounds: rounds, missing, applications: outcome }
}
