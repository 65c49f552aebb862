/**
 * A server that is looked at: started in a directory of its own with all its workers up, ended afterwards whatever
 * happens.
 *
 * Runs in the process of `run.mjs`.
 */

// oxlint-disable no-await-in-loop -- polling waits between two looks.

import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { contenders as measured } from '../contenders.mjs'
import { bench, heddle, node, scratch } from '../place.mjs'
import { allWorkersAnswer, firstAnswer, freePorts } from '../probe.mjs'
import { createGroup, end, launch } from '../processes.mjs'

const startDeadlineMs = 60_000
const gatherDeadlineMs = 10_000
const pollMs = 10
const wattpm = join(bench, 'node_modules', 'wattpm', 'bin', 'cli.js')
let stages = 0

/**
 * What a contender is started with.
 * @typedef {{ directory: string, entry: string, workers: number, port: number, adminPort: number,
 *   env: Record<string, string>, nodeArgs: string[], config: object }} Wish `config`: further keys of Heddle's
 *   configuration.
 */

function fileOf({ directory }) {
  return join(directory, 'heddle.json')
}

function heddleOrder(wish) {
  const { entry, workers, port, adminPort, config } = wish
  const written = {
    applications: { hello: { entry } },
    workers,
    admin: { port: adminPort, hostname: '127.0.0.1' },
    logger: { level: 'warn' },
    ...config,
    server: { port, hostname: '127.0.0.1', ...config.server }
  }
  writeFileSync(fileOf(wish), JSON.stringify(written, null, 2))
  const args = [...wish.nodeArgs, heddle, 'start', '--config', fileOf(wish)]
  // What it logs is written, and read by nobody: a reader would take part in what is measured.
  const command = ['-c', 'exec "$0" "$@" >/dev/null', node, ...args]
  return { command: 'sh', args: command, cwd: wish.directory }
}

function wattOrder({ entry, workers, adminPort }) {
  const env = { BENCH_ENTRY: entry, BENCH_WORKERS: `${workers}`, BENCH_METRICS_PORT: `${adminPort}` }
  return { command: node, args: [wattpm, 'start'], env, cwd: join(import.meta.dirname, 'watt') }
}

/** Who can be put on a stage. `missing` says why it cannot be started here, or null. */
export const actors = {
  heddle: { title: 'Heddle', missing: measured['heddle-edge'].missing, order: heddleOrder },
  watt: { title: 'Watt', missing: measured.watt.missing, order: wattOrder }
}

/**
 * Who of the actors can be measured here, and why the others cannot.
 * @param {import('../run.mjs').Options} options
 */
export function presence({ source }) {
  const present = []
  const missing = {}
  for (const [id, actor] of Object.entries(actors)) {
    const reason = source && id === 'heddle' ? null : actor.missing()
    if (reason === null) present.push(id)
    else missing[actor.title] = reason
  }
  return { present, missing }
}

/** Orders all workers of application.mjs to block, and tells when they have begun and ended. */
export class Blocks {
  #file
  #workers
  #id = 0

  constructor(file, workers) {
    this.#file = file
    this.#workers = workers
  }

  /** Resolves when all workers are blocked. @throws {Error} when they are not within 10 s. */
  async begin(way, ms) {
    const order = { id: ++this.#id, way, until: Date.now() + ms }
    // Renamed into place: nobody reads half of it.
    writeFileSync(`${this.#file}.new`, JSON.stringify(order))
    renameSync(`${this.#file}.new`, this.#file)
    if (await this.#all('begin')) return
    throw new Error(`${this.#count('begin')} of ${this.#workers} workers were blocked within 10 s.`)
  }

  /** How many workers have come back from the last block by now. */
  ended() {
    return this.#count('end')
  }

  /** Resolves when all workers turn again, or 10 s later: one that was replaced meanwhile never tells. */
  async over() {
    await this.#all('end')
  }

  async #all(what) {
    const late = Date.now() + gatherDeadlineMs
    while (this.#count(what) < this.#workers && Date.now() < late) await delay(pollMs)
    return this.#count(what) >= this.#workers
  }

  #count(what) {
    const directory = `${this.#file}.records`
    if (!existsSync(directory)) return 0
    const line = `${this.#id} ${what}\n`
    const texts = readdirSync(directory).map(name => readFileSync(join(directory, name), 'latin1'))
    return texts.filter(text => text.includes(line)).length
  }
}

/**
 * Brings a contender up with all its workers, lets `play` have it, and ends it.
 * @param {{ actor: string, entry?: string, workers: number, nodeArgs?: string[], config?: object }} part
 * @param {(live: Live) => Promise<T>} play
 * @returns {Promise<T>}
 * @template T
 * @typedef {{ actor: string, wish: Wish, group: import('../processes.mjs').Group, port: number, adminPort: number, pid: number,
 *   socket: string, blocks: Blocks, command: (...args: string[]) => string[] }} Live `command`: a command of Heddle
 *   to this server, as words after `node`.
 */
export async function onStage({ actor, entry = applicationFile, workers, nodeArgs = [], config = {} }, play) {
  const directory = join(scratch, `observe-${++stages}`)
  const runtime = join(directory, 'run')
  mkdirSync(runtime, { recursive: true, mode: 0o700 })
  const [port, adminPort] = await freePorts(2)
  const orderFile = join(directory, 'order')
  const env = { PORT: `${port}`, OBSERVE_ORDER: orderFile, XDG_RUNTIME_DIR: runtime }
  const wish = { directory, entry, workers, port, adminPort, env, nodeArgs, config }
  const order = actors[actor].order(wish)
  const group = createGroup()
  try {
    const { child } = launch(group, { ...order, env: { ...env, ...order.env } })
    await firstAnswer(group, port, startDeadlineMs)
    await allWorkersAnswer(group, port, { workers, deadlineMs: startDeadlineMs })
    return await play({
      actor,
      wish,
      group,
      port,
      adminPort,
      pid: child.pid,
      socket: join(runtime, 'heddle', `${child.pid}.sock`),
      blocks: new Blocks(orderFile, workers),
      command: (...args) => [...nodeArgs, heddle, ...args, '--config', fileOf(wish)]
    })
  } finally {
    await end(group)
  }
}

/** The application that can be blocked. */
export const applicationFile = join(import.meta.dirname, 'application.mjs')
