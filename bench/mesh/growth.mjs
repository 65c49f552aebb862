/**
 * What becomes of the mesh with the number of its members: time to join, memory of a member and of a link, and
 * the cost of a request between two of them.
 *
 * Runs in the process of `run.mjs`. Beside undici-thread-interceptor, and beside workers that have no mesh, from
 * which the memory of a member is told.
 */

// oxlint-disable no-await-in-loop -- measurements must not disturb one another.

import { rotated, slope, summarize } from '../statistics.mjs'
import { leastDisturbed, play } from './stage.mjs'
import { players, settingsOf, sides as titles } from './suite.mjs'

const perMemberMs = 1500
const keys = [
  'upMs',
  'joinMs',
  'visitMs',
  'idleMb',
  'oneLinkMb',
  'allLinksMb',
  'linkKb',
  'rate',
  'p50Us',
  'p99Us',
  'cpuUs',
  'clientCpuUs',
  'serverCpuUs',
  'singleP50Us',
  'singleCpuUs',
  'foreign'
]

/** Numbers of members, for `--only`. */
export const wanted = ['2', '8', '32', '64']

/** Who is measured. */
export const sides = {
  mesh: titles.mesh,
  before: titles.before,
  interceptor: titles.interceptor,
  bare: 'workers alone'
}

/** Rounds and seconds of load of a full and of a quick run. */
export const extent = {
  full: { rounds: 3, seconds: 2, minutes: 30 },
  quick: { rounds: 1, seconds: 1, minutes: 10 }
}

function appearance(side, members, { seconds, settings, isQuick, until }) {
  const order = { side: players[side] ?? side, settings: settings[side] ?? {}, members, seconds }
  const lastsMs = seconds * 4000 + members * perMemberMs
  const once = () => play('crowd.mjs', order, { lastsMs, nodeArgs: ['--expose-gc'] })
  return isQuick ? once() : leastDisturbed(once, until)
}

/** Summaries of one side among so many members. */
export function crowdRow(side, rounds, problems) {
  const present = rounds.filter(round => round !== null)
  const of = key => present.map(round => round[key] ?? null).filter(value => value !== null)
  const valid = problems.length === 0 && present.length > 0
  return {
    title: sides[side],
    valid,
    problems,
    ...Object.fromEntries(keys.map(key => [key, summarize(of(key))]))
  }
}

/**
 * Memory of one further member in MB, its worker not counted: the slope of what a side takes more than workers
 * alone. `null` where there are fewer than two sizes.
 */
export function memberMb(rows, side, key) {
  const points = Object.entries(rows).flatMap(([members, row]) => {
    const [with_, without] = [row[side]?.[key], row.bare?.idleMb]
    return with_ && without ? [[Number(members), with_.median - without.median]] : []
  })
  return points.length < 2 ? null : slope(points)
}

function describe({ upMs, joinMs, linkKb, singleP50Us, rate, cpuUs, foreign }) {
  const told = [`up in ${upMs.toFixed(0)} ms`]
  if (joinMs !== null) told.push(`the last joined in ${joinMs.toFixed(1)} ms`)
  if (rate !== undefined) {
    told.push(`${rate.toFixed(0)}/s, ${cpuUs.toFixed(1)} µs CPU each, p50 alone ${singleP50Us.toFixed(0)} µs`)
  }
  if (linkKb) told.push(`${linkKb.toFixed(0)} KB a link`)
  return [...told, `${(foreign * 100).toFixed(0)} % foreign`].join(', ')
}

async function attempt(side, members, options) {
  try {
    const value = await appearance(side, members, options)
    return { value, told: describe(value), problem: null }
  } catch (error) {
    return { value: null, told: error.message, problem: error.message }
  }
}

/**
 * Measures all sizes in interleaved rounds.
 * @param {import('../run.mjs').Options} options
 */
export async function run(options) {
  const settings = settingsOf(options)
  const usual = Object.keys(sides).filter(side => side !== 'before' || options.before !== null)
  const list = options.sides ?? usual
  const sizes = options.only ?? wanted
  const notes = Object.fromEntries(sizes.map(size => [size, {}]))
  for (const size of sizes) for (const side of list) notes[size][side] = { raw: [], problems: [] }
  let round = 0
  for (; round < options.rounds && Date.now() < options.until; round++) {
    const plan = sizes.flatMap((size, index) => rotated(list, round + index).map(side => [size, side]))
    for (const [size, side] of plan) {
      const { value, told, problem } = await attempt(side, Number(size), { ...options, settings })
      notes[size][side].raw.push(value)
      if (problem !== null) notes[size][side].problems.push(`round ${round + 1}: ${problem}`)
      options.say(`${size} members, round ${round + 1}, ${sides[side]}: ${told}`)
    }
  }
  const rows = {}
  for (const size of sizes) {
    const entries = list.map(side => [
      side,
      crowdRow(side, notes[size][side].raw, notes[size][side].problems)
    ])
    rows[size] = Object.fromEntries(entries)
  }
  const perMember = list
    .filter(side => side !== 'bare')
    .map(side => {
      const [joinedMb, calledMb] = ['idleMb', 'oneLinkMb'].map(key => memberMb(rows, side, key))
      return [side, { joinedMb, calledMb }]
    })
  return { rounds: round, seconds: options.seconds, rows, perMember: Object.fromEntries(perMember) }
}
