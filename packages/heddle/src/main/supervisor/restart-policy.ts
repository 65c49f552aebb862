/**
 * Decides how long to wait before a thread that is gone is replaced.
 *
 * Pure: no timers, no clock and no dice of its own. It never gives up: a database that is away for an
 * hour must not leave a server without workers for ever. It never spins either: the wait doubles with
 * each failure in a row up to a limit, less a part left to chance so that slots do not march in step; and
 * where failures are many within a window, its circuit lets only one try through at a time.
 *
 * Waiting is for workers that fail by themselves. One that has worked and then failed may have been given something
 * it cannot take, and its application would be out for longer than it was up: it waits no longer than a quarter of
 * the time it was ready, and counts for no circuit. Measured without that: 28 such requests in 16 s left four slots
 * waiting for 7 to 12 s each, and the only worker of an application, ended every 3 s by a request, was out for 23 s.
 */
import type { ResolvedRestart } from '../../config/resolved.ts'

/**
 * The circuit of one slot. `closed`: failures are answered with a restart, sooner or later. `open`: there were
 * too many, nothing is tried for a while. `half-open`: one restart is being tried.
 */
export type RestartCircuit = 'closed' | 'open' | 'half-open'

/** What is remembered about a slot from one failure to the next. */
export interface RestartRecord {
  /** Failures in a row, that is, without a good run between them. */
  readonly failures: number
  /** When the latest ones were, on the caller's clock: no more than the policy looks at. */
  readonly recent: readonly number[]
  readonly circuit: RestartCircuit
}

/** The record of a slot that has not failed yet. */
export const cleanRecord: RestartRecord = { failures: 0, recent: [], circuit: 'closed' }

/** What is known about the thread that is gone. */
export interface EndedRun {
  /** Milliseconds for which it was ready; `null` when it never was. */
  readonly readyMs: number | null
  /** When it was lost, on the clock of {@link RestartRecord.recent}. */
  readonly at: number
}

/** When to start the replacement, and what to remember until the next failure. */
export interface RestartDecision {
  /** Milliseconds to wait; 0 is at once. */
  readonly delayMs: number
  readonly record: RestartRecord
}

/** Milliseconds after which a thread that was ready has worked: what PM2 takes for a stable run too (`min_uptime`). */
export const workedMs = 1000

/**
 * Decides about one thread that is gone. The first failure after a good run is answered at once, unless the
 * circuit opens.
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
  const within = record.recent.filter(at => at > run.at - policy.window)
  const hasWorked = run.readyMs !== null && run.readyMs >= workedMs
  const recent = hasWorked ? within : [...within, run.at].slice(-Math.max(policy.maxFailures, 1))
  const isTooMany = policy.maxFailures > 0 && !hasWorked && recent.length >= policy.maxFailures
  const isOpen = isTooMany || record.circuit !== 'closed'
  const wait = isOpen ? policy.openFor : Math.min(backoff(policy, failures), longestWait(policy, run))
  return {
    delayMs: Math.round(wait * (1 - policy.jitter * chance)),
    record: { failures, recent, circuit: isOpen ? 'open' : 'closed' }
  }
}

/** The record once the wait is over and a restart is being tried. */
export function tried(record: RestartRecord): RestartRecord {
  return record.circuit === 'open' ? { ...record, circuit: 'half-open' } : record
}

/**
 * The record once a restart has succeeded. The failures stay on it, so that one that succeeds only to fail again
 * waits as long as before; a good run takes them off.
 */
export function succeeded(record: RestartRecord): RestartRecord {
  return record.circuit === 'closed' ? record : { ...record, circuit: 'closed' }
}

function longestWait({ backoffMin }: ResolvedRestart, { readyMs }: EndedRun): number {
  if (readyMs === null) return Number.POSITIVE_INFINITY
  return Math.max(backoffMin, readyMs >= workedMs ? readyMs / 4 : readyMs)
}

function backoff({ backoffMin, backoffMax }: ResolvedRestart, failures: number): number {
  return failures === 1 ? 0 : Math.min(backoffMax, backoffMin * 2 ** (failures - 2))
}
