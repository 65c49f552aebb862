/**
 * Counts verdicts in a row, and the failures between good answers: when a worker is taken out of balancing, when
 * it comes back, when it is replaced.
 *
 * Pure: values in, values out.
 */
import type { ResolvedHealth } from '../../config/resolved.ts'
import { median } from './judge.ts'

/** What is remembered of a worker from one check to the next. */
export interface Tally {
  /** Bad checks in a row. */
  readonly bad: number
  /** Good checks in a row. */
  readonly good: number
  /** Whether it should get no requests: from `fall` bad checks in a row to `rise` good ones. */
  readonly out: boolean
  /** Whether this check was the one after which it is to be replaced. */
  readonly replace: boolean
}

/** Of a worker that was not judged yet. */
export const freshTally: Tally = { bad: 0, good: 0, out: false, replace: false }

/**
 * Counts one check. A replacement that failed is tried again after as many further bad checks as the first took,
 * since the worker stays bad and nobody else will do anything about it.
 */
export function countCheck(tally: Tally, isGood: boolean, rules: ResolvedHealth): Tally {
  if (isGood) {
    const good = tally.good + 1
    return { bad: 0, good, out: tally.out && good < rules.rise, replace: false }
  }
  const bad = tally.bad + 1
  return {
    bad,
    good: 0,
    out: tally.out || bad >= rules.fall,
    replace: bad % rules.maxUnhealthyChecks === 0
  }
}

/** What is remembered of how a worker answers those who ask it. */
export interface Streak {
  /** Until when it is out for its failures, on the clock of who asks; `null` while it is not. */
  readonly until: number | null
  /** When it last came back. */
  readonly backAt: number
  /** How often it has been taken out lately. */
  readonly times: number
  /** Failures there were when it came back: older ones do not count a second time. */
  readonly forgiven: number
}

/** Of a worker that has not failed yet. */
export const cleanStreak: Streak = { until: null, backAt: 0, times: 0, forgiven: 0 }

/** What senders have counted by now. */
export interface Failures {
  readonly total: number
  readonly inRow: number
}

/** The longest ejection, in those of the first time. It is also how long a worker has to do well to start anew. */
const longest = 10

/**
 * Looks at the failures of a worker: after `maxFailures` in a row it is out for `ejectFor`, twice as long each
 * time, up to ten times as long. When most others fail as well it is none of its business.
 *
 * @param others Failures in a row of the other workers that take requests.
 */
export function watchStreak(
  streak: Streak,
  seen: Failures & { readonly now: number; readonly others: readonly number[] },
  rules: ResolvedHealth
): Streak {
  const { now, total, inRow, others } = seen
  if (streak.until !== null) {
    return now < streak.until ? streak : { ...streak, until: null, backAt: now, forgiven: total }
  }
  if (rules.maxFailures === 0) return streak
  const isForgotten = streak.times > 0 && now - streak.backAt >= longest * rules.ejectFor
  const times = isForgotten ? 0 : streak.times
  // Counts wrap at 2^32.
  const own = Math.min(inRow, (total - streak.forgiven) >>> 0)
  if (own < rules.maxFailures || (median(others) ?? 0) * 2 >= own) return { ...streak, times }
  const forMs = rules.ejectFor * Math.min(longest, 2 ** times)
  return { ...streak, times: times + 1, until: now + forMs }
}
