/**
 * Starts the processes of a contender, finds all that came of them, weighs and ends them.
 *
 * Runs in the process of `run.mjs`. Every process it starts carries a mark in its environment, which its
 * children inherit: so a daemon that left its parent (PM2's) is still found in /proc, and nothing that
 * this run did not start is ever touched.
 */

// oxlint-disable no-await-in-loop -- polling waits between two looks.

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'

import { scratch } from './place.mjs'

const markName = 'HEDDLE_BENCH_MARK'
const run = randomUUID()
const outputKept = 8192
const termDeadlineMs = 4000
const killDeadlineMs = 2000
let groups = 0

/**
 * A set of processes started together, as one contender.
 * @typedef {object} Group
 * @property {string} mark what all of them carry in their environment
 * @property {import('node:child_process').ChildProcess[]} children
 * @property {() => string} output the last lines any of them printed
 * @property {() => string | null} failure why it cannot answer any more, or null
 */

/** Makes an empty group. @returns {Group} */
export function createGroup() {
  const mark = `${run}:${++groups}:`
  const group = { mark, children: [], printed: '', output: () => group.printed.trim(), failure: () => null }
  return group
}

/**
 * Starts one process in a group. Its environment is small and the same for every contender; a variable
 * set by the shell of whoever runs the benchmark changes nothing.
 * @param {Group} group
 * @param {{ command: string, args: string[], env?: Record<string, string>, cwd?: string, daemon?: boolean }} order
 *   `daemon` says that the command ends by itself once what it started is up.
 * @returns {{ child: import('node:child_process').ChildProcess, startedAt: number }} `startedAt` on the
 *   clock of `performance.now()`.
 */
export function launch(group, order) {
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: scratch,
    LANG: 'C.UTF-8',
    NODE_ENV: 'production',
    ...order.env,
    [markName]: group.mark
  }
  const startedAt = performance.now()
  const child = spawn(order.command, order.args, { cwd: order.cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  group.children.push(child)
  const fail = reason => {
    group.failure = () => `${order.command} ${reason}${group.printed === '' ? '' : `: ${group.output()}`}`
  }
  const keep = chunk => {
    group.printed = (group.printed + chunk).slice(-outputKept)
  }
  child.stdout.setEncoding('utf8').on('data', keep)
  child.stderr.setEncoding('utf8').on('data', keep)
  child.once('error', error => fail(`cannot be started (${error.message})`))
  child.once('exit', (code, signal) => {
    if (!(order.daemon && code === 0)) fail(`ended with ${signal ?? `code ${code}`}`)
  })
  return { child, startedAt }
}

function numericEntries() {
  return readdirSync('/proc').filter(name => name >= '0' && name <= '9999999')
}

/** Text of a file in `/proc/<pid>`, empty when the process is gone. */
export function readProcFile(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch {
    // A process may end between two looks: whatever cannot be read any more is simply not there.
    return ''
  }
}

/**
 * The fields of `/proc/<pid>/stat` from the state on; those before it are the id and a command name that may
 * itself hold spaces and brackets.
 */
export function statFields(pid) {
  const stat = readProcFile(pid, 'stat')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function marked(mark) {
  const wanted = `${markName}=${mark}`
  const own = String(process.pid)
  const found = []
  for (const pid of numericEntries()) {
    if (pid !== own && readProcFile(pid, 'environ').includes(wanted) && statFields(pid)[0] !== 'Z') {
      found.push(pid)
    }
  }
  return found
}

/** Ids of all processes of a group that live now. */
export function pidsOf(group) {
  return marked(group.mark)
}

/**
 * Resident memory of all processes of a group, in MB (1024 × 1024 bytes).
 * @param {Group} group
 * @returns {{ processes: number, rssMb: number, pssMb: number }} `rssMb` counts a page once for each
 *   process that has it, `pssMb` shares it among them.
 */
export function memoryOf(group) {
  const pids = pidsOf(group)
  let rss = 0
  let pss = 0
  for (const pid of pids) {
    const rollup = readProcFile(pid, 'smaps_rollup')
    rss += Number(/^Rss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0)
    pss += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0)
  }
  return { processes: pids.length, rssMb: rss / 1024, pssMb: pss / 1024 }
}

function signalAll(pids, name) {
  for (const pid of pids) {
    try {
      process.kill(Number(pid), name)
    } catch (error) {
      // It went by itself in the meantime, which is what was wanted.
      if (error.code !== 'ESRCH') throw error
    }
  }
}

// Only those without a parent in the group are asked: they know how to stop what they started.
function heads(pids) {
  return pids.filter(pid => !pids.includes(statFields(pid)[1]))
}

async function goneWithin(mark, deadlineMs) {
  const until = performance.now() + deadlineMs
  while (marked(mark).length > 0) {
    if (performance.now() > until) return false
    await delay(20)
  }
  return true
}

/**
 * Ends all processes of a group: asks first, then kills. Resolves when none is left.
 * @param {Group} group
 * @throws {Error} when one survives SIGKILL.
 */
export async function end(group) {
  signalAll(heads(marked(group.mark)), 'SIGTERM')
  if (await goneWithin(group.mark, termDeadlineMs)) return
  signalAll(marked(group.mark), 'SIGKILL')
  if (await goneWithin(group.mark, killDeadlineMs)) return
  throw new Error(`Processes ${marked(group.mark).join(', ')} could not be ended.`)
}

/** Kills everything this run has started, at once and synchronously: for exits that cannot wait. */
export function killEverything() {
  for (let turn = 0; turn < 3; turn++) signalAll(marked(`${run}:`), 'SIGKILL')
}

/** Has everything killed when this process ends, whether by itself, by Ctrl-C or by SIGTERM. */
export function killEverythingAtExit() {
  process.on('exit', killEverything)
  process.on('SIGINT', () => process.exit(130))
  process.on('SIGTERM', () => process.exit(143))
  process.on('SIGHUP', () => process.exit(129))
}
