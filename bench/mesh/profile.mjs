/**
 * Where a request's time goes: a CPU profile of the client's and of the server's thread, by self time.
 *
 * Runs in the process of `run.mjs`. Both threads are sampled while they are warm and under load. Sampling costs
 * time itself: the figures of the suite `mesh` are the ones to quote, the shares here say what they consist of.
 */

// oxlint-disable no-await-in-loop -- measurements must not disturb one another.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { sourceLookup } from '../bundle-sections.mjs'
import { results } from '../place.mjs'
import { selfTimes } from '../self-time.mjs'
import { play } from './stage.mjs'
import { players, settingsOf, sides as titles } from './suite.mjs'
import { floors, workloads } from './workloads.mjs'

const samplingUs = 200
const shown = 20
const all = { ...workloads, ...floors }
const usual = ['get', 'fetch']

/** Rows, for `--only`; without it `get` and `fetch` are profiled. */
export const wanted = Object.keys(all)

/** Sides, for `--sides`; without it the mesh is profiled. */
export const sides = titles

/** Seconds under load of a full and of a quick run. */
export const extent = {
  full: { rounds: 1, seconds: 5, minutes: 15 },
  quick: { rounds: 1, seconds: 1, minutes: 5 }
}

function keep(name, profile) {
  const directory = join(results, 'raw')
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, `mesh-${name}.cpuprofile`), JSON.stringify(profile))
}

/**
 * Sums up one thread.
 * @param {object} profile
 * @param {number} requests answered while it was taken
 * @param {(url: string, line: number) => string | null} sourceAt
 */
export function threadOf(profile, requests, sourceAt) {
  const { busy, busyUs, parts, functions } = selfTimes(profile, sourceAt)
  const each = ({ name, share }) => ({ name, share, us: (share * busyUs) / requests })
  return {
    busy,
    us: busyUs / requests,
    parts: parts.map(each),
    functions: functions.slice(0, shown).map(each)
  }
}

async function one(id, side, { seconds, settings }) {
  const order = {
    side: players[side] ?? side,
    settings: settings[side] ?? {},
    workload: all[id],
    seconds,
    warmUpSeconds: Math.max(1, seconds * 0.4),
    samplingUs
  }
  const { requests, rate, profiles } = await play('measure.mjs', order, { lastsMs: seconds * 4000 })
  const sourceAt = sourceLookup()
  const threads = Object.entries(profiles).map(([role, profile]) => {
    keep(`${id}-${side}-${role}`, profile)
    return [role, threadOf(profile, requests, sourceAt)]
  })
  return { rate, threads: Object.fromEntries(threads) }
}

/**
 * Profiles the mesh, or the sides asked for.
 * @param {import('../run.mjs').Options} options
 */
export async function run(options) {
  const settings = settingsOf(options)
  const outcome = []
  const chosen = options.only ?? usual
  const appearances = chosen.flatMap(id =>
    (all[id].side ? [all[id].side] : (options.sides ?? ['mesh'])).map(side => ({ id, side }))
  )
  for (const { id, side } of appearances) {
    const what = { id, title: all[id].title, side: titles[side] }
    try {
      outcome.push({ ...what, problem: null, ...(await one(id, side, { ...options, settings })) })
      options.say(`${id}, ${titles[side]}: profiled`)
    } catch (error) {
      outcome.push({ ...what, problem: error.message, rate: null, threads: {} })
      options.say(`${id}, ${titles[side]}: ${error.message}`)
    }
  }
  return { seconds: options.seconds, profiles: outcome }
}
