/**
 * One contender on a stage of its own: a directory with the application, the process, its output, and what can be
 * done to it. What is on a stage never outlives it.
 *
 * Runs in the process of the benchmark.
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { node, root, scratch } from '../place.mjs'
import { allWorkersAnswer, firstAnswer, freePorts } from '../probe.mjs'
import { createGroup, end, launch } from '../processes.mjs'
import { HttpConnection } from './clients/http-connection.mjs'
import { headOf } from './clients/clients.mjs'
import { chaosContenders } from './contenders.mjs'

const startDeadlineMs = 60_000
const operationDeadlineMs = 90_000
const harmDeadlineMs = 10_000
const parts = ['application.mjs', 'checksum.mjs', 'frames.mjs', 'graceful.mjs']
const run = promisify(execFile)
let stages = 0

/** A fresh directory with the application in it, and the environment the application needs. */
export function furnish() {
  const directory = join(scratch, `chaos-${++stages}`)
  mkdirSync(directory, { recursive: true })
  for (const part of parts) copyFileSync(join(import.meta.dirname, part), join(directory, part))
  // Where the application finds `heddle/worker`.
  mkdirSync(join(directory, 'node_modules'))
  symlinkSync(join(root, 'packages', 'heddle'), join(directory, 'node_modules', 'heddle'))
  changeCode(directory, 1)
  return { directory, env: { CHAOS_RECORDS: join(directory, 'records') } }
}

const brokenCode = "export const version = 0\nthrow new Error('chaos: this code does not start')\n"

function changeCode(directory, version) {
  const text = `/** Which edition of the application this is; written anew before each reload. */\nexport const version = ${version}\n`
  writeFileSync(join(directory, 'version.mjs'), text)
}

/** Everything a process prints, and whoever waits for a part of it. */
class Output {
  /** All of it. */
  text = ''
  #waiting = new Set()

  constructor(child) {
    const keep = chunk => {
      this.text += chunk
      for (const look of this.#waiting) look()
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('close', () => keep(''))
  }

  /** Resolves with what is printed from now on as soon as it matches; rejects after the deadline. */
  next(pattern, deadlineMs = operationDeadlineMs) {
    const from = this.text.length
    const { promise, resolve, reject } = Promise.withResolvers()
    const late = setTimeout(
      () => reject(new Error(`Nothing like ${pattern} within ${deadlineMs} ms.`)),
      deadlineMs
    )
    const look = () => {
      const text = this.text.slice(from)
      if (pattern.test(text)) resolve(text)
    }
    this.#waiting.add(look)
    return promise.finally(() => {
      clearTimeout(late)
      this.#waiting.delete(look)
    })
  }
}

// @returns the worker that is harmed
async function harm(port, kind, ms) {
  const connection = await HttpConnection.open(port, harmDeadlineMs)
  const head = headOf('POST', `/harm/${kind}?ms=${ms}`, { connection: 'close', 'content-length': 0 })
  try {
    const { status, body } = await connection.exchange({ head, timeoutMs: harmDeadlineMs })
    if (status !== 202) throw new Error(`${kind} was answered with ${status}.`)
    return JSON.parse(body.toString()).place
  } finally {
    connection.close()
  }
}

function readRecords(directory) {
  return readdirSync(directory).flatMap(file =>
    readFileSync(join(directory, file), 'latin1').split('\n').filter(Boolean)
  )
}

/**
 * Brings a contender up with all its workers, lets `play` have it, and ends it.
 * @param {{ contender: string, workers: number, nodeArgs?: string[], config?: object, env?: object,
 *   token?: string }} part `config`: further keys of Heddle's configuration; `token`: of its administrative server
 * @param {(live: { group: import('../processes.mjs').Group, port: number, adminPort: number, pid: number,
 *   exited: Promise<unknown>, output: Output, operate: (name: string, workers?: number) => Promise<unknown>,
 *   harm: (kind: string, ms?: number) => Promise<string>, changeCode: () => void,
 *   breakCode: () => void, kill: (signal: string) => void, records: () => string[] }) => Promise<T>} play
 * @returns {Promise<T>}
 * @template T
 */
export async function onStage(
  { contender, workers, nodeArgs = [], config = {}, env: own = {}, token },
  play
) {
  const { order, operations } = chaosContenders[contender]
  const { directory, env } = furnish()
  let version = 1
  const [port, adminPort] = await freePorts(2)
  const entry = join(directory, 'application.mjs')
  const wish = {
    entry,
    workers,
    port,
    adminPort,
    directory,
    nodeArgs,
    config,
    token,
    env: { ...env, ...own }
  }
  const group = createGroup()
  try {
    const { child } = launch(group, order(wish))
    const output = new Output(child)
    const exited = once(child, 'exit')
    const kill = signal => child.kill(signal)
    const command = async (args, further = {}) => {
      const environment = { PATH: process.env.PATH, HOME: scratch, LANG: 'C.UTF-8', ...further }
      const options = { cwd: directory, timeout: operationDeadlineMs, env: environment }
      const { stdout } = await run(node, args, options)
      return stdout
    }
    const line = pattern => output.next(pattern)
    await firstAnswer(group, port, startDeadlineMs)
    await allWorkersAnswer(group, port, { workers, deadlineMs: startDeadlineMs })
    return await play({
      group,
      port,
      adminPort,
      pid: child.pid,
      exited,
      output,
      operate: (name, count) => operations[name]({ wish, kill, pid: child.pid, command, line }, count),
      harm: (kind, ms = 0) => harm(port, kind, ms),
      changeCode: () => changeCode(directory, ++version),
      breakCode: () => writeFileSync(join(directory, 'version.mjs'), brokenCode),
      kill,
      records: () => readRecords(env.CHAOS_RECORDS)
    })
  } finally {
    await end(group)
  }
}
