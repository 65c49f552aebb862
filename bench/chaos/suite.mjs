/**
 * All scenarios with all contenders: `npm run bench -- chaos`.
 *
 * Runs in the process of `run.mjs`. One after the other, each on a stage of its own, so that no scenario inherits
 * what another has broken.
 */

// oxlint-disable no-await-in-loop -- scenarios must not disturb one another.

import { chaosContenders } from './contenders.mjs'
import { play, usualLoad } from './play.mjs'
import { scenarios as known } from './scenarios.mjs'

/** Who takes part. */
export const wanted = Object.keys(chaosContenders)

/** What is played. */
export const scenarios = Object.keys(known)

/** Rounds and seconds of each event of a full and of a quick run. */
export const extent = {
  full: { rounds: 1, seconds: 60, minutes: 120 },
  quick: { rounds: 1, seconds: 3, minutes: 20 }
}

function describe({ failed, requests, excused, severed, duplicates, event, steady }) {
  return [
    `${failed} of ${requests} requests failed`,
    `${excused} excused, ${severed} severed, ${duplicates} POSTs ran twice`,
    `p99 ${steady.p99Ms?.toFixed(1)} → ${event.p99Ms?.toFixed(1)} ms`,
    `longest gap ${event.longestGapMs.toFixed(0)} ms`
  ].join('; ')
}

async function attempt({ contender, scenario, options }) {
  const nodeArgs = options.source ? ['--conditions=@heddle/source'] : []
  try {
    return await play({ contender, scenario, seconds: options.seconds, nodeArgs })
  } catch (error) {
    return { error: error.message }
  }
}

function isOffered(contender, scenario) {
  const { needs } = known[scenario]
  return needs === undefined || needs in chaosContenders[contender].operations
}

/**
 * Plays everything once.
 * @param {import('../run.mjs').Options} options
 */
export async function run(options) {
  const chosen = options.scenarios ?? scenarios
  const outcome = { seconds: options.seconds, load: usualLoad, missing: {}, contenders: {} }
  for (const contender of wanted.filter(id => options.only?.includes(id) ?? true)) {
    const { title, missing } = chaosContenders[contender]
    const reason = options.source ? null : missing()
    if (reason === null) outcome.contenders[contender] = { title, scenarios: {} }
    else outcome.missing[title] = reason
  }
  for (const scenario of chosen) {
    for (const [contender, row] of Object.entries(outcome.contenders)) {
      if (Date.now() >= options.until) continue
      const figures = isOffered(contender, scenario) ? await attempt({ contender, scenario, options }) : null
      row.scenarios[scenario] = figures
      const said = figures === null ? 'not offered' : (figures.error ?? describe(figures))
      options.say(`${known[scenario].title}, ${row.title}: ${said}`)
    }
  }
  return outcome
}
