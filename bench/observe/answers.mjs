/**
 * How long answers take when all is quiet, when every worker is blocked in JavaScript, and when every worker is stuck
 * in native code.
 *
 * Runs in the process of `run.mjs`. One server is asked in all states, one state after the other in an order that
 * turns from round to round, so that what disturbs one disturbs all. A worker that burns a processor also takes it
 * from whoever asks; what comes of that alone is seen when as many other processes burn and all workers are idle.
 */

// oxlint-disable no-await-in-loop -- one question is asked after the other.

import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

import { node } from '../place.mjs'
import { createGroup, end, launch } from '../processes.mjs'
import { median, percentile, rotated, summarize, summarizeRatio } from '../statistics.mjs'
import { questions, timeOf } from './questions.mjs'
import { actors, onStage, presence } from './stage.mjs'

const pauseMs = 5
const settleMs = 400
const limitMs = 2000
const cpus = availableParallelism()

/** The states, all is quiet first. `way`: how every worker is blocked. */
export const states = {
  idle: { title: 'idle' },
  loop: { title: 'JavaScript, a loop', way: 'loop', burns: true },
  wait: { title: 'JavaScript, Atomics.wait', way: 'wait' },
  hash: { title: 'native, pbkdf2Sync', way: 'hash', burns: true },
  child: { title: 'native, execSync', way: 'child' },
  busy: { title: 'idle, others burn', others: true }
}

/** How many workers there are: as many as Heddle starts by itself, and twice as many as processors. */
export const casts = {
  usual: { title: 'CPUs − 1', workers: Math.max(1, cpus - 1), leavesOne: true },
  many: { title: '2 × CPUs', workers: 2 * cpus }
}

// `first`: who is asked first, by place. One who does not answer leaves no time for the others until the next round.
async function sample(live, { ids, first }, untilMs) {
  const times = Object.fromEntries(ids.map(id => [id, []]))
  for (let turn = 0; Date.now() < untilMs; turn++) {
    for (const id of rotated(ids, first + turn)) {
      if (turn % (questions[id].every ?? 1) !== 0 || Date.now() >= untilMs) continue
      times[id].push(await timeOf(id, live, limitMs))
      await delay(pauseMs)
    }
  }
  return times
}

async function whileBlocked(live, asked, { way, windowMs }) {
  await live.blocks.begin(way, windowMs + limitMs + settleMs)
  const times = await sample(live, asked, Date.now() + windowMs)
  const ended = live.blocks.ended()
  if (ended > 0) throw new Error(`${way}: ${ended} workers turned again before the last answer.`)
  await live.blocks.over()
  await delay(settleMs)
  return times
}

async function whileOthersBurn(live, asked, windowMs) {
  const group = createGroup()
  try {
    for (let index = 0; index < live.wish.workers; index++) {
      launch(group, { command: node, args: ['-e', 'for (;;);'] })
    }
    await delay(settleMs)
    return await sample(live, asked, Date.now() + windowMs)
  } finally {
    await end(group)
  }
}

function inState(state, live, { asked, windowMs }) {
  const { way, others } = states[state]
  if (way !== undefined) return whileBlocked(live, asked, { way, windowMs })
  return others ? whileOthersBurn(live, asked, windowMs) : sample(live, asked, Date.now() + windowMs)
}

// What was never answered has no time: the limit stands for it, and a count says so.
function within(value) {
  return Number.isFinite(value) ? value : limitMs
}

function medianOf(list) {
  return list.length === 0 ? null : within(median(list))
}

function p99Of(lists) {
  const all = lists.flat()
  return all.length === 0 ? null : within(percentile(all, 0.99))
}

/** The figures of one question: a list of its times for each round, by state. */
export function rowOf(rounds) {
  const medians = state => rounds[state].map(medianOf)
  const cells = Object.entries(rounds).map(([state, lists]) => {
    const all = lists.flat()
    const cell = {
      count: all.length,
      late: all.filter(value => !Number.isFinite(value)).length,
      medianMs: summarize(medians(state).filter(value => value !== null)),
      p99Ms: p99Of(lists),
      ratio: summarizeRatio(medians(state), medians('idle')),
      p99Ratio:
        all.length === 0 || rounds.idle.flat().length === 0 ? null : p99Of(lists) / p99Of(rounds.idle),
      ratioToBusy: summarizeRatio(medians(state), medians('busy'))
    }
    return [state, cell]
  })
  return Object.fromEntries(cells)
}

// Rounds stay in step: of one that breaks off what was not measured is missing, and the next begins beside it.
async function playRound(times, { actor, cast, round, options }) {
  const nodeArgs = options.source ? ['--conditions=@heddle/source'] : []
  const ids = Object.keys(times)
  const windowMs = options.seconds * 1000
  await onStage({ actor, workers: casts[cast].workers, nodeArgs }, async live => {
    // The first answers of a process are slow for reasons of their own.
    const asked = { ids, first: round }
    await sample(live, asked, Date.now() + settleMs)
    for (const state of rotated(Object.keys(states), round)) {
      const found = await inState(state, live, { asked, windowMs })
      for (const id of ids) times[id][state] = found[id]
      const said = ids.map(id => `${id} ${median(found[id]).toFixed(2)}`).join(', ')
      options.say(
        `round ${round + 1}, ${actors[actor].title}, ${casts[cast].title}, ${states[state].title}: ${said}`
      )
    }
  })
}

function eachState(value) {
  return Object.fromEntries(Object.keys(states).map(state => [state, value()]))
}

function questionsTo(actor) {
  return Object.keys(questions).filter(id => actor in questions[id].titles)
}

async function playInto(part, round, options) {
  const times = Object.fromEntries(Object.keys(part.rounds).map(id => [id, eachState(() => [])]))
  try {
    await playRound(times, { ...part, round, options })
  } catch (error) {
    part.problems.push(`round ${round + 1}: ${error.message}`)
    options.say(`${part.actor}, ${part.cast}: ${error.message}`)
  }
  for (const [id, byState] of Object.entries(part.rounds)) {
    for (const state of Object.keys(states)) byState[state].push(times[id][state])
  }
}

/**
 * Measures all of it in interleaved rounds.
 * @param {import('../run.mjs').Options} options
 */
export async function measure(options) {
  const { present, missing } = presence(options)
  const parts = Object.keys(casts).flatMap(cast => present.map(actor => ({ cast, actor, problems: [] })))
  for (const part of parts) {
    part.rounds = Object.fromEntries(questionsTo(part.actor).map(id => [id, eachState(() => [])]))
  }
  let rounds = 0
  for (; rounds < options.rounds && Date.now() < options.until; rounds++) {
    for (const part of parts) await playInto(part, rounds, options)
  }
  return { rounds, limitMs, missing, rows: parts.map(part => conclude(part)) }
}

function conclude({ cast, actor, rounds, problems }) {
  const { workers } = casts[cast]
  const asked = Object.entries(rounds).map(([id, byState]) => [id, rowOf(byState)])
  return { cast, workers, actor, problems, questions: Object.fromEntries(asked) }
}
