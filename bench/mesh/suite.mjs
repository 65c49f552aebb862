/**
 * The mesh beside undici-thread-interceptor and beside HTTP over loopback: rate, latency and CPU time of
 * every workload.
 *
 * Runs in the process of `run.mjs`. Each side of each workload of each round has a process of its own; the
 * sides of a workload follow one another, in an order that turns, so that they share what disturbs them.
 */

// oxlint-disable no-await-in-loop -- measurements must not disturb one another.

import { rotated, summarize, summarizeRatio } from '../statistics.mjs'
import { commitBuild, distBuild, sourceBuild } from './builds.mjs'
import { leastDisturbed, play } from './stage.mjs'
import { floors, workloads } from './workloads.mjs'

const keys = ['rate', 'p50Us', 'p99Us', 'cpuUs', 'clientCpuUs', 'serverCpuUs', 'foreign']
const all = { ...workloads, ...floors }

/**
 * Who is measured, the mesh first. `before` joins in with `--before`; `facade`, the mesh through the interface of
 * the interceptor, with `--sides`.
 */
export const sides = {
  mesh: '@heddle/mesh',
  before: '@heddle/mesh, before',
  facade: '@heddle/mesh, createThreadInterceptor',
  interceptor: 'undici-thread-interceptor',
  loopback: 'undici → node:http, loopback',
  posts: 'bare posts',
  stub: 'no transport'
}

/** The script a side is played by, where it has another name. */
export const players = { before: 'mesh', facade: 'interceptor' }

const compared = ['mesh', 'interceptor', 'loopback']

/** Rows, for `--only`. */
export const wanted = Object.keys(all)

/** Rounds and seconds of load of a full and of a quick run. */
export const extent = {
  full: { rounds: 5, seconds: 2.5, minutes: 60 },
  quick: { rounds: 1, seconds: 1, minutes: 15 }
}

/**
 * The processes a run will start, workload by workload.
 * @param {import('../run.mjs').Options} options
 * @returns {{ id: string, workload: import('./workloads.mjs').Workload, sides: string[] }[]}
 */
export function planOf({ only, sides: chosen, before }) {
  const list = chosen ?? (before === null ? compared : ['mesh', 'before', ...compared.slice(1)])
  return wanted
    .filter(id => only?.includes(id) ?? true)
    .map(id => ({ id, workload: all[id], sides: all[id].side ? [all[id].side] : list }))
}

/** What the sides are told: which build of the mesh they are. */
export function settingsOf({ source, before }) {
  const mesh = { entry: source ? sourceBuild() : distBuild() }
  const settings = { mesh, facade: mesh }
  return before === null ? settings : { ...settings, before: { entry: commitBuild(before) } }
}

async function once(side, workload, { seconds, settings, isQuick, until }) {
  const order = {
    side: players[side] ?? side,
    settings: settings[side] ?? {},
    workload,
    seconds,
    warmUpSeconds: Math.max(0.5, seconds * 0.4)
  }
  const measure = () => play('measure.mjs', order, { lastsMs: seconds * 2000 })
  return isQuick ? measure() : leastDisturbed(measure, until)
}

/** Summaries of one side's rounds; a round is what `measure.mjs` wrote, or null. */
export function sideRow(side, rounds, problems) {
  const present = rounds.filter(round => round !== null)
  const summaries = Object.fromEntries(keys.map(key => [key, summarize(present.map(round => round[key]))]))
  const valid = problems.length === 0 && present.length > 0
  return { title: sides[side], valid, problems, ...summaries, rounds }
}

function values({ rounds }, key) {
  return rounds.map(round => round?.[key] ?? null)
}

/** Mesh ÷ another side, round by round. */
export function ratioOf(mesh, other) {
  const ratios = ['rate', 'p50Us', 'p99Us', 'cpuUs'].map(key => [
    key,
    summarizeRatio(values(mesh, key), values(other, key))
  ])
  return { valid: mesh.valid && other.valid, ...Object.fromEntries(ratios) }
}

function conclude({ id, workload, sides: list }, { raw, problems }) {
  const rows = Object.fromEntries(list.map(side => [side, sideRow(side, raw[side], problems[side])]))
  const others = rows.mesh ? list.filter(side => side !== 'mesh') : []
  const ratios = Object.fromEntries(others.map(side => [side, ratioOf(rows.mesh, rows[side])]))
  const { title, size = 0, shown = 'rate' } = workload
  return { id, title, size, shown, sides: rows, ratios }
}

function describe({ rate, p50Us, p99Us, cpuUs, clientCpuUs, serverCpuUs, foreign }) {
  const latency = `p50 ${p50Us.toFixed(0)} µs, p99 ${p99Us.toFixed(0)} µs`
  const threads = `${clientCpuUs.toFixed(1)} client, ${serverCpuUs.toFixed(1)} server`
  const cpu = `${cpuUs.toFixed(1)} µs CPU each (${threads})`
  return `${rate.toFixed(0)}/s, ${latency}, ${cpu}, ${(foreign * 100).toFixed(0)} % foreign`
}

async function attempt(side, workload, options) {
  try {
    const value = await once(side, workload, options)
    return { value, told: describe(value), problem: null }
  } catch (error) {
    return { value: null, told: error.message, problem: error.message }
  }
}

function emptyNotes(list) {
  return {
    raw: Object.fromEntries(list.map(side => [side, []])),
    problems: Object.fromEntries(list.map(side => [side, []]))
  }
}

/**
 * Measures all workloads in interleaved rounds.
 * @param {import('../run.mjs').Options} options
 */
export async function run(options) {
  const plan = planOf(options)
  const settings = settingsOf(options)
  const notes = new Map(plan.map(({ id, sides: list }) => [id, emptyNotes(list)]))
  let round = 0
  for (; round < options.rounds && Date.now() < options.until; round++) {
    const appearances = plan.flatMap((row, index) =>
      rotated(row.sides, round + index).map(side => ({ id: row.id, workload: row.workload, side }))
    )
    for (const { id, workload, side } of appearances) {
      const { value, told, problem } = await attempt(side, workload, { ...options, settings })
      const { raw, problems } = notes.get(id)
      raw[side].push(value)
      if (problem !== null) problems[side].push(`round ${round + 1}: ${problem}`)
      options.say(`${id}, round ${round + 1}, ${sides[side]}: ${told}`)
    }
  }
  const rows = Object.fromEntries(plan.map(row => [row.id, conclude(row, notes.get(row.id))]))
  return { rounds: round, seconds: options.seconds, sides, rows }
}
