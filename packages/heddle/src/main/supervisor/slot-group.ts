/**
 * Starts, stages and stops several slots of one application together: all of them, or none.
 *
 * Main thread only. Keeps nothing.
 */
import { availableParallelism } from 'node:os'

import { HeddleError } from '../../errors.ts'
import type { ReplaceReason } from '../../events.ts'
import { Deadline } from '../../shared/deadline.ts'
import { Limiter } from './limiter.ts'
import type { Staged } from './occupant.ts'
import type { Slot } from './slot.ts'
import type { Surroundings } from './surroundings.ts'
import { describeEnd } from './thread-life.ts'
import type { WorkerHandle } from './worker-handle.ts'

/** One slot of an application. */
export type WorkerSlot = Slot<WorkerHandle>

/** What is to be known of an application whose slots are started. */
export interface StartTerms {
  /** Whether its workers listen themselves, on a port the first of them may have to find. */
  readonly findsPort: boolean
  /** Whether the server is not being stopped. */
  readonly isWanted: () => boolean
}

/**
 * Threads of one application that start at a time, beside two for each CPU. Each one is made by the main thread, which
 * does nothing else meanwhile, and all compete for the CPUs with those that answer requests.
 */
const startingMax = 8

/**
 * Starts the first threads of slots, as many at a time as the machine stands, and resolves when all are ready. What was
 * started stays when one fails: the caller stops it.
 *
 * @throws HEDDLE_APPLICATION_FAILED with the application's own error as its cause.
 */
export async function startAll(
  slots: readonly WorkerSlot[],
  surroundings: Surroundings,
  terms: StartTerms
): Promise<void> {
  const { clock, config, publicPort } = surroundings
  const deadline = new Deadline(clock, config.startTimeout)
  const startFirst = async (slot: WorkerSlot): Promise<void> => {
    const sitting = await startOne(slot, deadline, terms)
    if (sitting === null) throw failed(slot, `was not ready within ${config.startTimeout} ms`, null)
    publicPort.number ||= sitting.introduction?.port ?? 0
  }
  const [first] = slots
  let waiting = slots
  try {
    if (first !== undefined && terms.findsPort && publicPort.number === 0) {
      // With a port of the system's choice the first worker finds out which; the others share it.
      await startFirst(first)
      waiting = slots.slice(1)
    }
    await startFew(waiting, startFirst)
  } finally {
    deadline.cancel()
  }
}

/** Begins no more when one has failed. */
async function startFew(
  slots: readonly WorkerSlot[],
  start: (slot: WorkerSlot) => Promise<void>
): Promise<void> {
  const waiting = [...slots]
  const startNext = async (): Promise<void> => {
    try {
      // oxlint-disable-next-line no-await-in-loop -- One after another, beside others who do the same.
      for (let slot = waiting.shift(); slot !== undefined; slot = waiting.shift()) await start(slot)
    } catch (error) {
      waiting.length = 0
      throw error
    }
  }
  const most = startingMax + 2 * availableParallelism()
  await Promise.all(Array.from({ length: Math.min(most, slots.length) }, startNext))
}

/**
 * Brings in fresh threads beside those that sit there, so many at a time, and adds each to `staged`.
 *
 * @throws HEDDLE_APPLICATION_FAILED for the first that does not become ready; the caller undoes the others.
 */
export async function stageAll(
  slots: readonly WorkerSlot[],
  concurrency: number,
  staged: Staged[]
): Promise<void> {
  const failures: HeddleError[] = []
  const limiter = new Limiter(() => concurrency)
  const stageOne = async (slot: WorkerSlot): Promise<void> => {
    if (failures.length > 0) return
    const outcome = await slot.stage({ reason: 'reload', detail: null })
    if ('done' in outcome) failures.push(failed(slot, outcome.words, outcome.error))
    else staged.push(outcome)
  }
  await Promise.all(slots.map(slot => limiter.run(() => stageOne(slot))))
  const [failure] = failures
  if (failure !== undefined) throw failure
}

/** The failure of the first that was staged and is gone again; `null` when all are still there. */
export function lostAgain(staged: readonly Staged[]): HeddleError | null {
  for (const each of staged) {
    const end = each.loss()
    if (end !== null)
      return appFailure(each.worker, `was ready and then ${describeEnd(end.reason, end.code)}`, end.error)
  }
  return null
}

/** A worker that could not be replaced. `reason` follows its name. */
export interface NotReplaced {
  readonly worker: string
  readonly reason: string
  readonly error: Error | null
}

/**
 * Puts fresh threads in the place of all, as the limiter lets them; stops at the first that fails, returns what did.
 * Those that are replaced have gone then, unless their files have changed: who waits for that to be in force does not
 * wait for requests under way.
 */
export async function restartAll(
  slots: readonly WorkerSlot[],
  limiter: Limiter,
  reason: ReplaceReason
): Promise<readonly NotReplaced[]> {
  const failed: NotReplaced[] = []
  const restartOne = async (slot: WorkerSlot): Promise<void> => {
    if (failed.length > 0) return
    const outcome = await slot.replace({ reason, detail: null })
    if (outcome.done) await (reason === 'changed' ? null : outcome.left)
    else failed.push({ worker: slot.fact.worker, reason: outcome.words, error: outcome.error })
  }
  await Promise.all(slots.map(slot => limiter.run(() => restartOne(slot))))
  return failed
}

/** Whether nobody here takes requests: the worker is lost and its successor not ready, or it was taken out. */
export function isOut({ current }: WorkerSlot): boolean {
  return current?.life.state !== 'ready'
}

/** Whoever has these slots finishes what it has; they can be given to others at once. See `Slot.clear`. */
export async function clearAll(slots: readonly WorkerSlot[], deadline: Deadline): Promise<void> {
  await Promise.all(slots.map(slot => slot.clear(deadline)))
}

/** Ends everybody in these slots; see `Slot.stop`. */
export async function stopAll(slots: readonly WorkerSlot[], deadline: Deadline): Promise<void> {
  await Promise.all(slots.map(slot => slot.stop(deadline)))
}

/** Starts one; `null` when it is not ready at the deadline. */
async function startOne(
  slot: WorkerSlot,
  deadline: Deadline,
  { isWanted }: StartTerms
): Promise<WorkerHandle | null> {
  if (!isWanted()) throw failed(slot, 'was not started: the server is stopping', null)
  let sitting: WorkerHandle
  try {
    sitting = slot.start()
  } catch (error) {
    throw failed(slot, 'could not be given a thread', error)
  }
  const outcome = await deadline.bound(sitting.ready)
  if (!outcome.inTime) return null
  if (outcome.value) return sitting
  const end = await sitting.life.gone
  throw failed(slot, describeEnd(end.reason, end.code), end.error)
}

function failed(slot: WorkerSlot, reason: string, cause: unknown): HeddleError {
  return appFailure(slot.fact, reason, cause)
}

function appFailure(
  { application, worker }: WorkerSlot['fact'],
  reason: string,
  cause: unknown
): HeddleError {
  const detail = { application: application ?? '', worker, reason }
  return new HeddleError('HEDDLE_APPLICATION_FAILED', detail, cause === null ? {} : { cause })
}
