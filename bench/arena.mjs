/**
 * One appearance of one contender: start it, see that it truly answers, let a measurement happen, end it.
 *
 * Runs in the process of `run.mjs`. A contender never outlives {@link appear}, whatever goes wrong in it.
 */

// oxlint-disable no-await-in-loop -- what answers late must be waited for before the next starts.

import { contenders } from './contenders.mjs'
import { applicationEntry } from './place.mjs'
import { allWorkersAnswer, assertAnswer, firstAnswer, freePorts } from './probe.mjs'
import { createGroup, end, launch } from './processes.mjs'

const startDeadlineMs = 30_000

/** What each application must answer on `/`. */
export const answers = { hello: /^Hello, world!\n$/, 'cpu-1ms': /^\d+\n$/ }

async function startAll(group, orders) {
  let startedAt = null
  for (const order of orders) {
    const launched = launch(group, order)
    startedAt ??= launched.startedAt
    if (order.answersOn !== undefined) await firstAnswer(group, order.answersOn, startDeadlineMs)
  }
  return startedAt
}

/**
 * Starts a contender on a free port, waits until all its workers have given a right answer, calls
 * `measure`, and ends it.
 * @param {{ contender: string, application: string, workers: number, env?: Record<string, string>,
 *   nodeArgs?: string[] }} part
 * @param {(live: { group: import('./processes.mjs').Group, port: number, firstAnswerMs: number,
 *   allWorkersMs: number }) => Promise<T>} measure times are counted from the start of the first process
 * @returns {Promise<T>} what `measure` returned
 * @template T
 * @throws {Error} when it does not start, answers wrongly, or has too few workers.
 */
export async function appear(part, measure) {
  const { orders, single } = contenders[part.contender]
  const workers = single ? 1 : part.workers
  const [port] = await freePorts(1)
  const wish = {
    entry: applicationEntry(part.application),
    workers,
    port,
    env: part.env ?? {},
    nodeArgs: part.nodeArgs
  }
  const group = createGroup()
  try {
    const startedAt = await startAll(group, await orders(wish))
    const firstAt = await firstAnswer(group, port, startDeadlineMs)
    const allAt = await allWorkersAnswer(group, port, { workers, deadlineMs: startDeadlineMs })
    await assertAnswer({ port, expected: answers[part.application] })
    return await measure({ group, port, firstAnswerMs: firstAt - startedAt, allWorkersMs: allAt - startedAt })
  } finally {
    await end(group)
  }
}

/** The ids among `wanted` that can be started here, and for the others the reason why not. */
export function available(wanted) {
  const ready = []
  const missing = {}
  for (const id of wanted) {
    const reason = contenders[id].missing()
    if (reason === null) ready.push(id)
    else missing[id] = reason
  }
  return { ready, missing }
}
