/**
 * Scaling rules in virtual time: `npm run bench -- scaling`. Whether it tells the truth is for `real.mjs` to say.
 *
 * Runs in the process of `run.mjs`. Nothing here depends on the machine.
 */
import { median } from '../statistics.mjs'
import { rules } from './rules.mjs'
import { randomShape, shapes } from './shapes.mjs'
import { simulate } from './world.mjs'

/** Rules, for `--only`. */
export const wanted = Object.keys(rules)

/** Shapes, for `--scenarios`. */
export const scenarios = Object.keys(shapes)

/** Seeds of each shape and, ten for each of them, random shapes; seconds are virtual and therefore not asked for. */
export const extent = {
  full: { rounds: 3, seconds: 0, minutes: 30 },
  quick: { rounds: 1, seconds: 0, minutes: 10 }
}

/** Random shapes for each seed. None of them was looked at while the rule was made. */
const randomPerRound = 10
const firstRandom = 1001

function played(shape, rule, seeds) {
  const runs = seeds.map(seed => simulate(shape, rules[rule].make, seed))
  const middle = pick => median(runs.map(pick))
  return {
    workerSeconds: middle(run => run.workerSeconds),
    lateSeconds: middle(run => run.lateSeconds),
    changes: middle(run => run.changes.length),
    kills: middle(run => run.kills),
    most: middle(run => Math.max(0, ...run.changes.map(({ to }) => to)))
  }
}

function playShape(shape, chosen, seeds) {
  const outcome = Object.fromEntries(chosen.map(rule => [rule, played(shape, rule, seeds)]))
  return { title: shape.title, seconds: shape.seconds, rules: outcome }
}

function playRandom(count, chosen, say) {
  const sums = Object.fromEntries(
    chosen.map(rule => [rule, { workerSeconds: 0, lateSeconds: 0, changes: 0, kills: 0 }])
  )
  let seconds = 0
  const better = { late: 0, both: 0 }
  for (let index = 0; index < count; index++) {
    const shape = randomShape(firstRandom + index)
    const { rules: runs } = playShape(shape, chosen, [1])
    seconds += shape.seconds
    for (const [rule, run] of Object.entries(runs)) {
      for (const key of Object.keys(sums[rule])) sums[rule][key] += run[key]
    }
    if (runs.heddle !== undefined && runs.watt !== undefined) {
      const isLess = runs.heddle.lateSeconds <= runs.watt.lateSeconds / 2
      better.late += isLess ? 1 : 0
      better.both += isLess && runs.heddle.workerSeconds <= runs.watt.workerSeconds ? 1 : 0
    }
    say(`random ${firstRandom + index}: ${describe(runs)}`)
  }
  return { title: `${count} random shapes`, count, seconds, rules: sums, better }
}

function describe(runs) {
  return Object.entries(runs)
    .map(([rule, { workerSeconds, lateSeconds, changes }]) => {
      return `${rule} ${Math.round(workerSeconds)} worker-s, ${lateSeconds} late, ${changes} changes`
    })
    .join('; ')
}

/**
 * Plays all shapes with all rules.
 * @param {import('../run.mjs').Options} options
 */
export function run(options) {
  const chosen = wanted.filter(id => options.only?.includes(id) ?? true)
  const named = options.scenarios ?? scenarios
  const seeds = Array.from({ length: options.rounds }, (_, index) => index + 1)
  const outcome = { titles: {}, shapes: {}, random: null }
  for (const rule of chosen) outcome.titles[rule] = rules[rule].title
  for (const id of named) {
    outcome.shapes[id] = playShape(shapes[id], chosen, seeds)
    options.say(`${id}: ${describe(outcome.shapes[id].rules)}`)
  }
  if (options.scenarios === null) {
    outcome.random = playRandom(options.rounds * randomPerRound, chosen, options.say)
  }
  return outcome
}
