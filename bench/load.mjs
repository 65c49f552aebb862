/**
 * Load from `wrk`, and what it says read back.
 *
 * Runs in the process of `run.mjs`; wrk is a process of its own; it uses one thread unless told otherwise,
 * since it shares the cores with the contender. Never more than 127.0.0.1 is loaded.
 */
import { join } from 'node:path'

import { bench } from './place.mjs'
import { createGroup, end, launch } from './processes.mjs'

/** How long connections wait before their first request when a load eases in; ease-in.lua says the same. */
export const easeInMs = 300

const unitMs = { us: 0.001, ms: 1, s: 1000, m: 60_000 }

function latencyMs(text, percentile) {
  const found = new RegExp(`^\\s+${percentile}%\\s+([\\d.]+)(us|ms|s|m)\\s*$`, 'm').exec(text)
  if (found === null) throw new Error(`wrk printed no ${percentile} % latency: ${text}`)
  return Number(found[1]) * unitMs[found[2]]
}

/**
 * Reads the report of `wrk --latency`.
 * @returns requests per second, latencies in milliseconds, and one sentence for each thing that went wrong.
 * @throws {Error} when the text is not such a report.
 */
export function parseWrk(text) {
  const rate = /^Requests\/sec:\s+([\d.]+)\s*$/m.exec(text)
  const total = /^\s*(\d+) requests in /m.exec(text)
  if (rate === null || total === null) throw new Error(`This is not a report of wrk: ${text}`)
  const problems = []
  const statuses = /^\s*Non-2xx or 3xx responses: (\d+)/m.exec(text)
  if (statuses !== null) problems.push(`${statuses[1]} answers were not 2xx`)
  const sockets = /^\s*Socket errors: (.+)$/m.exec(text)
  if (sockets !== null) problems.push(`socket errors: ${sockets[1].trim()}`)
  if (Number(total[1]) === 0) problems.push('no request was answered')
  return {
    requests: Number(total[1]),
    requestsPerSecond: Number(rate[1]),
    p50Ms: latencyMs(text, 50),
    p99Ms: latencyMs(text, 99),
    problems
  }
}

/**
 * Loads a port with GET / over keep-alive connections.
 * @param {{ port: number, connections: number, seconds: number, threads?: number, easeIn?: boolean }} order `easeIn` leaves
 *   300 ms between the connections and their first requests. Otherwise, when a handler is slow, p99 speaks of
 *   the one time a busy event loop takes in 64 connections; it costs wrk too much when handlers are fast.
 * @returns what {@link parseWrk} returns, the rate without those 300 ms.
 * @throws {Error} when wrk fails or takes 10 s longer than it was told.
 */
export async function load({ port, connections, seconds, threads = 1, easeIn = false }) {
  const group = createGroup()
  const address = `http://127.0.0.1:${port}/`
  const args = [`-t${threads}`, `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '5s', address]
  if (easeIn) args.unshift('-s', join(bench, 'ease-in.lua'))
  const env = { BENCH_CONNECTIONS: `${connections / threads}` }
  const { child } = launch(group, { command: 'wrk', args, env })
  const late = setTimeout(() => child.kill('SIGKILL'), (seconds + 10) * 1000)
  const { promise, resolve, reject } = Promise.withResolvers()
  child.once('error', reject)
  child.once('close', (code, signal) => {
    if (code === 0) resolve()
    else reject(new Error(`wrk ended with ${signal ?? `code ${code}`}: ${group.output()}`))
  })
  try {
    await promise
  } finally {
    clearTimeout(late)
    await end(group)
  }
  const measured = parseWrk(group.output())
  if (easeIn) measured.requestsPerSecond *= seconds / (seconds - easeInMs / 1000)
  return measured
}
