/**
 * How long until the first answer, and how much memory: hello world with 1, 2 and 4 workers.
 *
 * Runs in the process of `run.mjs`. Time counts from the spawn to the first 200 on the public port. Memory is
 * that of all processes of the contender, once when every worker has answered and once after a short load.
 */

// oxlint-disable no-await-in-loop -- measurements must not disturb one another.

import { setTimeout as delay } from 'node:timers/promises'

import { appear, available } from './arena.mjs'
import { contenders } from './contenders.mjs'
import { load } from './load.mjs'
import { memoryOf } from './processes.mjs'
import { rotated, slope, summarize, summarizeRatio } from './statistics.mjs'

const workerCounts = [1, 2, 4]
const settleMs = 300

/** Who takes part; the first is what the others are compared with. */
export const wanted = ['threads', 'heddle-edge', 'heddle-direct', 'pm2', 'watt']

/** Rounds and seconds of load of a full and of a quick run. */
export const extent = {
  full: { rounds: 7, seconds: 1, minutes: 15 },
  quick: { rounds: 2, seconds: 1, minutes: 4 }
}

function once(contender, workers, seconds) {
  return appear({ contender, application: 'hello', workers }, async live => {
    await delay(settleMs)
    const idle = memoryOf(live.group)
    const { problems } = await load({ port: live.port, connections: 16, seconds })
    if (problems.length > 0) throw new Error(problems.join('; '))
    await delay(settleMs)
    const { firstAnswerMs, allWorkersMs } = live
    return { firstAnswerMs, allWorkersMs, idle, loaded: memoryOf(live.group) }
  })
}

function summary(rounds, base) {
  const of = pick => rounds.map(round => (round === null ? null : pick(round)))
  const present = pick => of(pick).filter(value => value !== null)
  const baseFirst = base.map(round => round?.firstAnswerMs ?? null)
  return {
    firstAnswerMs: summarize(present(round => round.firstAnswerMs)),
    allWorkersMs: summarize(present(round => round.allWorkersMs)),
    ratioToBare: summarizeRatio(
      of(round => round.firstAnswerMs),
      baseFirst
    ),
    processes: present(round => round.idle.processes)[0] ?? null,
    idleRssMb: summarize(present(round => round.idle.rssMb)),
    idlePssMb: summarize(present(round => round.idle.pssMb)),
    loadedRssMb: summarize(present(round => round.loaded.rssMb)),
    loadedPssMb: summarize(present(round => round.loaded.pssMb))
  }
}

function perWorker(byWorkers, key) {
  const points = workerCounts.flatMap(count => {
    const found = byWorkers[count]?.[key]
    return found ? [[count, found.median]] : []
  })
  return points.length < 2 ? null : slope(points)
}

function conclude(raw, problems) {
  const result = {}
  for (const [id, byCount] of Object.entries(raw)) {
    const workers = {}
    for (const count of workerCounts) {
      workers[count] = summary(byCount[count], raw[wanted[0]]?.[count] ?? [])
    }
    result[id] = {
      title: contenders[id].title,
      valid: problems[id].length === 0,
      problems: problems[id],
      workers,
      perFurtherWorkerMb: {
        idleRss: perWorker(workers, 'idleRssMb'),
        idlePss: perWorker(workers, 'idlePssMb'),
        loadedRss: perWorker(workers, 'loadedRssMb'),
        loadedPss: perWorker(workers, 'loadedPssMb')
      }
    }
  }
  return result
}

async function measure(contender, { workers, round, seconds }) {
  try {
    return { value: await once(contender, workers, seconds), problem: null }
  } catch (error) {
    return { value: null, problem: `round ${round + 1}, ${workers} workers: ${error.message}` }
  }
}

function describe({ value, problem }) {
  return problem ?? `${value.firstAnswerMs.toFixed(0)} ms, ${value.idle.rssMb.toFixed(0)} MB`
}

/**
 * Measures all contenders in interleaved rounds.
 * @param {import('./run.mjs').Options} options
 */
export async function run(options) {
  const { ready, missing } = available(wanted.filter(id => options.only?.includes(id) ?? true))
  const raw = {}
  const problems = {}
  for (const id of ready) {
    raw[id] = Object.fromEntries(workerCounts.map(count => [count, []]))
    problems[id] = []
  }
  let rounds = 0
  for (; rounds < options.rounds && Date.now() < options.until; rounds++) {
    const order = rotated(ready, rounds)
    const appearances = workerCounts.flatMap(workers => order.map(id => ({ id, workers })))
    for (const { id, workers } of appearances) {
      const measured = await measure(id, { workers, round: rounds, seconds: options.seconds })
      raw[id][workers].push(measured.value)
      if (measured.problem !== null) problems[id].push(measured.problem)
      options.say(`round ${rounds + 1}, ${workers} workers, ${contenders[id].title}: ${describe(measured)}`)
    }
  }
  return { rounds, workerCounts, missing, contenders: conclude(raw, problems) }
}
