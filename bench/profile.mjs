/**
 * Where the time of the edge path goes: a CPU profile of each thread of Heddle under load.
 *
 * Runs in the process of `run.mjs`. The profiler of each thread is started through the inspector when the
 * contender is warm, so that loading and compiling are not in the picture; the raw profiles are kept in
 * results/raw for tools that open `.cpuprofile` files.
 */

// oxlint-disable no-await-in-loop -- measurements must not disturb one another.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { appear, available } from './arena.mjs'
import { contenders } from './contenders.mjs'
import { Inspector } from './inspector.mjs'
import { load } from './load.mjs'
import { results } from './place.mjs'
import { sourceLookup } from './bundle-sections.mjs'
import { selfTimes } from './self-time.mjs'

const connections = 64
const workers = 2
const samplingUs = 250
const functionsShown = 25
const partsShown = 15

/** Who can be profiled; without `--only` it is the first. */
export const wanted = ['heddle-edge', 'heddle-direct', 'threads', 'cluster']

/** Seconds under load of a full and of a quick run. */
export const extent = {
  full: { rounds: 1, seconds: 8, minutes: 5 },
  quick: { rounds: 1, seconds: 2, minutes: 3 }
}

/** What a thread is, told from the file it began with. */
export function roleOf({ title, url }) {
  if (title === 'main') return 'main'
  return /\/edge\/boot\.[jt]s$/.test(url) ? 'edge' : 'worker'
}

function keep(id, threads) {
  const directory = join(results, 'raw')
  mkdirSync(directory, { recursive: true })
  for (const [index, thread] of threads.entries()) {
    const file = join(directory, `${id}-${index}-${roleOf(thread)}.cpuprofile`)
    writeFileSync(file, JSON.stringify(thread.profile))
  }
}

function inspectorAddress(group) {
  const found = /Debugger listening on (ws:\S+)/.exec(group.output())
  if (found === null) throw new Error(`The process printed no inspector address: ${group.output()}`)
  return found[1]
}

async function sample({ group, port }, seconds) {
  await load({ port, connections, seconds: Math.max(1, Math.ceil(seconds / 4)) })
  const inspector = new Inspector()
  await inspector.open(inspectorAddress(group))
  try {
    let loaded = null
    const threads = await inspector.profile(samplingUs, async () => {
      loaded = await load({ port, connections, seconds })
    })
    return { loaded, threads }
  } finally {
    inspector.close()
  }
}

async function one(id, seconds) {
  const part = { contender: id, application: 'hello', workers, nodeArgs: ['--inspect=127.0.0.1:0'] }
  const { loaded, threads } = await appear(part, live => sample(live, seconds))
  keep(id, threads)
  const sourceAt = sourceLookup()
  const sums = threads.map(thread => {
    const { busy, functions, parts } = selfTimes(thread.profile, sourceAt)
    return {
      role: roleOf(thread),
      title: thread.title,
      busy,
      functions: functions.slice(0, functionsShown),
      parts: parts.slice(0, partsShown)
    }
  })
  return {
    requestsPerSecond: loaded.requestsPerSecond,
    p99Ms: loaded.p99Ms,
    problems: loaded.problems,
    threads: sums
  }
}

/**
 * Profiles Heddle's edge mode, or the contenders asked for, with hello world at 64 connections.
 * @param {import('./run.mjs').Options} options
 */
export async function run(options) {
  const chosen = options.only ? wanted.filter(id => options.only.includes(id)) : wanted.slice(0, 1)
  const { ready, missing } = available(chosen)
  const outcome = {}
  for (const id of ready) {
    const { title } = contenders[id]
    try {
      const measured = await one(id, options.seconds)
      outcome[id] = { title, valid: measured.problems.length === 0, ...measured }
      options.say(`${title}: ${measured.threads.length} threads profiled`)
    } catch (error) {
      outcome[id] = { title, valid: false, problems: [error.message], threads: [] }
      options.say(`${title}: ${error.message}`)
    }
  }
  return { workers, connections, seconds: options.seconds, missing, contenders: outcome }
}
