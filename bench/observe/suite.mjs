/**
 * Whether a server can be looked at when it matters, and what looking costs: `npm run bench -- observe`.
 *
 * Runs in the process of `run.mjs`. The parts are independent of one another; `--only` names some of them.
 */

// oxlint-disable no-await-in-loop -- measurements must not disturb one another.

import { measure as measureAnswers } from './answers.mjs'
import { measure as measureLogs } from './logs.mjs'
import { measure as measurePath } from './path.mjs'
import { measure as measureScrape } from './scrape.mjs'

/** The parts by id. Each is told the options of a run with its own share of the time. */
const parts = {
  answers: measureAnswers,
  path: measurePath,
  logs: measureLogs,
  scrape: measureScrape
}

/** Parts, for `--only`. */
export const wanted = Object.keys(parts)

/** Rounds, and seconds each state is looked at and each load lasts, of a full and of a quick run. */
export const extent = {
  full: { rounds: 6, seconds: 3, minutes: 45 },
  quick: { rounds: 1, seconds: 1, minutes: 10 }
}

async function attempt(measure, options) {
  try {
    return await measure(options)
  } catch (error) {
    options.say(error.message)
    return { error: error.message }
  }
}

/**
 * Measures all parts, one after the other.
 * @param {import('../run.mjs').Options} options
 */
export async function run(options) {
  const chosen = wanted.filter(id => options.only?.includes(id) ?? true)
  const outcome = {}
  for (const [index, id] of chosen.entries()) {
    // What one part does not use of its share is the next one's.
    const until = Date.now() + (options.until - Date.now()) / (chosen.length - index)
    outcome[id] = await attempt(parts[id], { ...options, until })
  }
  return outcome
}
