/**
 * Whether logging holds up the thread that everything is answered from: 50 000 lines a second from four workers, how late
 * the event loop of the main thread is meanwhile, and how many of the lines come out.
 *
 * Runs in the process of `run.mjs`. Lines go through a pipe to a reader that writes them to a file, as a supervisor of
 * services does it.
 */

// oxlint-disable no-await-in-loop -- measurements must not disturb one another.

import { createReadStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

import { bench, heddle, node, scratch } from '../place.mjs'
import { allWorkersAnswer, firstAnswer, freePorts } from '../probe.mjs'
import { createGroup, end, launch, pidsOf } from '../processes.mjs'
import { percentile, summarize } from '../statistics.mjs'
import { presence } from './stage.mjs'

const workers = 4
const linesPerSecond = 50_000
const startDeadlineMs = 60_000
const settleMs = 1500
const application = join(import.meta.dirname, 'chatty.mjs')
const probe = pathToFileURL(join(import.meta.dirname, 'loop-probe.mjs')).href
const wattpm = join(bench, 'node_modules', 'wattpm', 'bin', 'cli.js')
let stages = 0

/** What is measured, by id. `follows`: somebody reads the whole log through the management API meanwhile. */
export const cases = {
  'heddle-quiet': { actor: 'heddle', title: 'Heddle, no lines', lines: 0 },
  heddle: { actor: 'heddle', title: 'Heddle', lines: linesPerSecond },
  'heddle-file': { actor: 'heddle', title: 'Heddle, to a file as well', lines: linesPerSecond, toFile: true },
  'heddle-followed': {
    actor: 'heddle',
    title: 'Heddle, followed by `logs -f`',
    lines: linesPerSecond,
    follows: true
  },
  'watt-quiet': { actor: 'watt', title: 'Watt, no lines', lines: 0 },
  watt: { actor: 'watt', title: 'Watt', lines: linesPerSecond }
}

function orderOf({ actor, toFile = false }, { directory, port, adminPort, nodeArgs }) {
  const imports = ['--import', probe]
  if (actor === 'watt') {
    return {
      args: [...imports, wattpm, 'start'],
      cwd: join(import.meta.dirname, 'watt-logs'),
      env: { BENCH_ENTRY: application, BENCH_WORKERS: `${workers}`, BENCH_METRICS_PORT: `${adminPort}` }
    }
  }
  const config = {
    applications: { chatty: { entry: application } },
    workers,
    server: { port, hostname: '127.0.0.1' },
    admin: { port: adminPort, hostname: '127.0.0.1' },
    logger: {
      level: 'info',
      format: 'json',
      ...(toFile ? { file: { path: 'heddle.log', maxSize: '20MB' } } : {})
    }
  }
  writeFileSync(join(directory, 'heddle.json'), JSON.stringify(config))
  return {
    args: [...imports, ...nodeArgs, heddle, 'start', '--config', join(directory, 'heddle.json')],
    cwd: directory
  }
}

/** Reads the whole log of Heddle as `heddle logs -f` does; returns how to stop, and what it has read. */
function follow(runtime) {
  const seen = { lines: 0, lost: 0 }
  const socket = pidsOf(runtime.group)
    .map(pid => join(runtime.directory, 'heddle', `${pid}.sock`))
    .find(existsSync)
  if (socket === undefined) throw new Error('there is no socket of Heddle to follow its log at')
  const request = httpRequest({ socketPath: socket, path: '/api/v1/logs?tail=0', agent: false })
  request.once('response', response => {
    response.setEncoding('latin1')
    response.on('data', text => {
      seen.lines += text.split('\ndata: {"time"').length - 1
      for (const [, lost] of text.matchAll(/event: lost\ndata: \{"lines":(\d+)/g)) seen.lost += Number(lost)
    })
  })
  // It ends with the server.
  request.on('error', () => {})
  request.end()
  return () => {
    request.destroy()
    return seen
  }
}

/** How many lines of the application were printed within the time, in the output of a contender. */
async function countLines(file, from, to) {
  let count = 0
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const at = Number(/chatty \d+ (\d+)/.exec(line)?.[1] ?? 0)
    if (at >= from && at < to) count++
  }
  return count
}

/**
 * The worst, and the 99th percentile over time: a loop that stood still for 100 ms would have been late at each of these
 * milliseconds, by less and less.
 */
export function lateness(delays, lastsMs) {
  const each = delays.flatMap(delayMs => Array.from({ length: Math.ceil(delayMs) }, (_, ms) => delayMs - ms))
  const onTime = Array.from({ length: Math.max(0, Math.round(lastsMs) - each.length) }, () => 0)
  return { maxMs: Math.max(0, ...delays), p99Ms: percentile([...each, ...onTime], 0.99) }
}

function readLateness(file, from, to) {
  if (!existsSync(file)) throw new Error('the main thread did not say how late it was')
  const lines = readFileSync(file, 'utf8').split('\n')
  const late = lines.map(line => line.split(' ').map(Number))
  return late.filter(([at]) => at >= from && at < to).map(([, delayMs]) => delayMs)
}

async function playOnce(one, options) {
  const directory = join(scratch, `logs-${++stages}`)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const [port, adminPort] = await freePorts(2)
  const nodeArgs = options.source ? ['--conditions=@heddle/source'] : []
  const order = orderOf(one, { directory, port, adminPort, nodeArgs })
  const [output, loop] = [join(directory, 'output'), join(directory, 'loop')]
  const group = createGroup()
  let seen = null
  let [from, to] = [0, 0]
  try {
    launch(group, {
      command: 'sh',
      args: ['-c', '"$0" "$@" | cat >"$OBSERVE_OUTPUT"', node, ...order.args],
      cwd: order.cwd,
      env: {
        ...order.env,
        PORT: `${port}`,
        XDG_RUNTIME_DIR: directory,
        OBSERVE_OUTPUT: output,
        OBSERVE_LOOP: loop,
        OBSERVE_LINES: `${one.lines / workers}`
      }
    })
    await firstAnswer(group, port, startDeadlineMs)
    await allWorkersAnswer(group, port, { workers, deadlineMs: startDeadlineMs })
    const stop = one.follows === true ? follow({ directory, group }) : () => null
    await delay(settleMs)
    from = Date.now()
    await delay(options.seconds * 1000)
    to = Date.now()
    seen = stop()
    await delay(settleMs)
  } finally {
    await end(group)
  }
  const lines = await countLines(output, from, to)
  return {
    ...lateness(readLateness(loop, from, to), to - from),
    linesPerSecond: (lines / (to - from)) * 1000,
    seen
  }
}

/** The figures of one case. */
export function logsRow(id, rounds, problems) {
  const of = key => summarize(rounds.map(round => round[key]))
  const seen = rounds.flatMap(round => round.seen ?? [])
  return {
    title: cases[id].title,
    wantedPerSecond: cases[id].lines,
    valid: problems.length === 0 && rounds.length > 0,
    problems,
    maxMs: of('maxMs'),
    p99Ms: of('p99Ms'),
    linesPerSecond: of('linesPerSecond'),
    followed: seen.length === 0 ? null : { lines: sum(seen, 'lines'), lost: sum(seen, 'lost') }
  }
}

function sum(list, key) {
  return list.reduce((total, each) => total + each[key], 0)
}

/**
 * Measures all cases in interleaved rounds.
 * @param {import('../run.mjs').Options} options
 */
export async function measure(options) {
  const { present, missing } = presence(options)
  const chosen = Object.entries(cases).filter(([, { actor }]) => present.includes(actor))
  const raw = Object.fromEntries(chosen.map(([id]) => [id, { rounds: [], problems: [] }]))
  let rounds = 0
  for (; rounds < options.rounds && Date.now() < options.until; rounds++) {
    for (const [id, one] of chosen) {
      try {
        const played = await playOnce(one, options)
        raw[id].rounds.push(played)
        const { maxMs, p99Ms, linesPerSecond: rate } = played
        options.say(
          `round ${rounds + 1}, ${one.title}: ${Math.round(rate)} lines/s, loop late by ${maxMs} ms at most, p99 ${p99Ms} ms`
        )
      } catch (error) {
        raw[id].problems.push(`round ${rounds + 1}: ${error.message}`)
        options.say(`round ${rounds + 1}, ${one.title}: ${error.message}`)
      }
    }
  }
  const rows = Object.entries(raw).map(([id, of]) => [id, logsRow(id, of.rounds, of.problems)])
  return { rounds, workers, missing, rows: Object.fromEntries(rows) }
}
