/**
 * Keeps what has gone wrong with each application last, in development, and tells it to whoever shows it.
 *
 * Main thread only. It listens to events and changes nothing. It reads the sources a failure lies in.
 */
import { randomUUID } from 'node:crypto'

import type { ApplicationCondition, ApplicationFailure } from '../../channel/failure.ts'
import { HeddleError } from '../../errors.ts'
import type { Events, ExitReason } from '../../events.ts'
import { explainError } from '../../shared/explained-error.ts'
import type { ExplainOptions } from '../../shared/explained-error.ts'

/** What it needs. */
export interface FailuresOptions extends ExplainOptions {
  readonly events: Pick<Events, 'on'>
  /** Is given the condition of all applications that have had a failure or a change, at each change of one. */
  readonly show: (conditions: readonly ApplicationCondition[]) => void
}

/** Begins to listen. */
export function watchFailures({ events, show, base, read }: FailuresOptions): void {
  const conditions = new Map<string, ApplicationCondition>()
  // A page that has outlived a server does not take the next one's first version for its own.
  const life = randomUUID()
  let count = 0
  const nextVersion = (): string => `${life}.${++count}`
  const healthy = (application: string): ApplicationCondition => ({
    application,
    version: nextVersion(),
    broken: null,
    crashed: null
  })
  const put = (condition: ApplicationCondition): void => {
    conditions.set(condition.application, condition)
    show([...conditions.values()])
  }
  const isAnew = ({ application }: { readonly application: string }): void => put(healthy(application))
  const explain = (
    stage: ApplicationFailure['stage'],
    worker: string | null,
    thrown: Error
  ): ApplicationFailure => ({
    stage,
    worker,
    at: Date.now(),
    error: explainError(applicationError(thrown), { base, read })
  })
  events.on('application:broken', ({ application, error }) =>
    put({ ...healthy(application), broken: explain('start', workerOf(error), error) })
  )
  events.on('application:updated', isAnew)
  events.on('application:mended', isAnew)
  events.on('restart:finished', ({ applications }) => {
    for (const application of applications) isAnew({ application })
  })
  events.on('reload:finished', () => {
    for (const application of [...conditions.keys()]) isAnew({ application })
  })
  events.on('application:removed', ({ application }) => {
    conditions.delete(application)
    show([...conditions.values()])
  })
  // The same version: a page that loaded itself anew for it would have the same request do the same again.
  const crash = (application: string, crashed: ApplicationFailure): void => {
    const { version, broken } = conditions.get(application) ?? healthy(application)
    put({ application, version, broken, crashed })
  }
  /** Workers that have said themselves why they end. */
  const explained = new Set<string>()
  events.on('worker:crashed', ({ application, worker, origin, error }) => {
    if (application === null) return
    explained.add(worker)
    crash(application, explain(origin === 'processExit' ? 'exit' : 'run', worker, error))
  })
  events.on('worker:exited', ({ application, worker, reason, code, error, readyMs }) => {
    const isExplained = explained.delete(worker)
    // What is over before it was ready is told as broken, and what was wanted or is stuck is no failure of the code.
    if (application === null || isExplained || readyMs === null || !isOwnEnd(reason)) return
    crash(application, explain('exit', worker, endError(reason, code, error)))
  })
}

/** Whether a thread ended because of what its application did. */
function isOwnEnd(reason: ExitReason): boolean {
  return reason === 'out-of-memory' || reason === 'crashed' || reason === 'exited'
}

/** Of memory that ran out the engine names no place that would help; of an end without a word there is nothing else. */
function endError(reason: ExitReason, code: number | null, error: Error | null): Error {
  const isFull = reason === 'out-of-memory'
  if (error !== null && !isFull) return error
  const told = isFull
    ? new Error('The heap of the worker ran full; limits.oldGeneration says how large it may grow.')
    : new Error(`The thread of the worker ended${code === null ? '' : ` with code ${code}`}.`)
  told.name = isFull ? 'OutOfMemory' : 'WorkerExit'
  // The way here is nobody's business.
  told.stack = `${told.name}: ${told.message}`
  return told
}

/** What the application itself threw, where Heddle only says what came of it. */
export function applicationError(error: Error): Error {
  return error instanceof HeddleError && error.cause instanceof Error ? error.cause : error
}

function workerOf(error: Error): string | null {
  if (!(error instanceof HeddleError) || !('worker' in error.detail)) return null
  return error.detail.worker
}
