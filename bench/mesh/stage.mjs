/**
 * Plays one measurement in a process of its own: one side, one workload, once.
 *
 * Runs in the process of `run.mjs`. Nothing of a side outlives its measurement, and none finds the machine
 * code, the heap or the open connections of another.
 */
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { foreignTolerated, readUsage, usageBetween } from '../cpu-usage.mjs'
import { node, scratch } from '../place.mjs'
import { createGroup, end, launch } from '../processes.mjs'

const attempts = 3
const startAndStopMs = 30_000
let played = 0

/**
 * @param {string} script of this directory
 * @param {object} order what the script is told
 * @param {{ lastsMs: number, nodeArgs?: string[] }} how `lastsMs`: how long the measuring itself takes
 * @returns what the script wrote, with `foreign`: the share of the machine others used meanwhile.
 * @throws {Error} with its last output when it ends badly, or 30 s too late.
 */
export async function play(script, order, { lastsMs, nodeArgs = [] }) {
  const file = join(scratch, `mesh-${++played}.json`)
  const group = createGroup()
  const args = [...nodeArgs, join(import.meta.dirname, script), JSON.stringify({ ...order, file })]
  const before = readUsage([])
  const { child } = launch(group, { command: node, args })
  const late = setTimeout(() => child.kill('SIGKILL'), lastsMs + startAndStopMs)
  try {
    const [code, signal] = await once(child, 'close')
    if (code !== 0) throw new Error(`ended with ${signal ?? `code ${code}`}: ${group.output()}`)
    const { foreign } = usageBetween(before, readUsage([]))
    return { ...JSON.parse(readFileSync(file, 'utf8')), foreign }
  } finally {
    clearTimeout(late)
    rmSync(file, { force: true })
    await end(group)
  }
}

/**
 * Plays what others disturbed again, up to twice, and keeps the one disturbed least.
 * @param {() => Promise<{ foreign: number }>} once
 * @param {number} until no further attempt begins after this moment of `Date.now()`
 */
export async function leastDisturbed(once, until) {
  let best = null
  for (let attempt = 0; attempt < attempts; attempt++) {
    // oxlint-disable-next-line no-await-in-loop -- measurements must not disturb one another.
    const one = await once()
    if (best === null || one.foreign < best.foreign) best = one
    if (best.foreign <= foreignTolerated || Date.now() > until) break
  }
  return best
}
