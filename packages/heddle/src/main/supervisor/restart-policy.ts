/**
 * Decides how long to wait before a thread that is gone is replaced.
 *
 * Pure: no timers, no clock and no dice of its own. It never gives up: a database that is away for an
 * hour must not leave a server without workers for ever. It never spins either: the wait doubles with
 * each failure in a row up to a limit, less a part left to chance so that slots do not march in step.
 */
import type { ResolvedRestart } from '../../config/resolved.ts'

/** What is remembered about a slot from one failure to the next. */
export interface RestartRecord {
  /** Failures in a row, that is, without a good run between them. */
  readonly failures: number
}

/** The record of a slot that has not failed yet. */
export const cleanRecord: RestartRecord = { failures: 0 }

/** What is known about the thread that is gone. */
export interface EndedRun {
  /** Milliseconds for which it was ready; `null` when it never was. */
  readonly readyMs: number | null
}

/** When to start the replacement, and what to remember until the next failure. */
export interface RestartDecision {
  /** Milliseconds to wait; 0 is at once. */
  readonly delayMs: number
  readonly record: RestartRecord
}

/**
 * Decides about one thread that is gone. The first failure after a good run is answered at once.
 *
 * @param chance A number from 0 up to 1, drawn by the caller.
 */
export function nextRestart(
  policy: ResolvedRestart,
  record: RestartRecord,
  run: EndedRun,
  chance: number
): RestartDecision {
  const wasGood = run.readyMs !== null && run.readyMs >= policy.resetAfter
  const failures = wasGood ? 1 : record.failures + 1
  if (failures === 1) return { delayMs: 0, record: { failures } }
  const wait = Math.min(policy.backoffMax, policy.backoffMin * 2 ** (failures - 2))
  return { delayMs: Math.round(wait * (1 - policy.jitter * chance)), record: { failures } }
}
