/**
 * Judges what was measured by what was asked for. Main thread of a command; pure.
 */
import { Histogram } from './histogram.ts'
import type { LoadCounts } from './messages.ts'

/** What can be asked for, by the name of its option. */
export type TargetName = 'p50' | 'p90' | 'p99' | 'p999' | 'rps' | 'errors'

/** One thing that was asked for. */
export interface Target {
  readonly name: TargetName
  /** Milliseconds, requests a second, or requests; with `isShare` a part of all requests, 0 to 1. */
  readonly limit: number
  readonly isShare?: boolean
}

/** What came of it. */
export interface Verdict extends Target {
  /** In the unit of the limit; `null` when nothing was measured. */
  readonly actual: number | null
  readonly isMet: boolean
}

/** The percentiles that can be asked for. */
export const percentileOf: Readonly<Record<Exclude<TargetName, 'rps' | 'errors'>, number>> = {
  p50: 0.5,
  p90: 0.9,
  p99: 0.99,
  p999: 0.999
}

/** Judges each. What was not measured is not met. */
export function judgeTargets(targets: readonly Target[], counts: LoadCounts): readonly Verdict[] {
  return targets.map(target => {
    const actual = actualOf(target, counts)
    const isMet = actual !== null && (target.name === 'rps' ? actual >= target.limit : actual <= target.limit)
    return { ...target, actual, isMet }
  })
}

function actualOf({ name, isShare = false }: Target, counts: LoadCounts): number | null {
  if (name === 'rps') return requestsPerSecond(counts)
  if (name === 'errors') {
    const failed = failures(counts)
    if (isShare) return counts.sent === 0 ? null : failed / counts.sent
    return counts.sent === 0 ? null : failed
  }
  const latency = new Histogram()
  latency.add(counts.latency)
  return latency.percentile(percentileOf[name])
}

/** Answers a second, over the time that counts; `null` when there was none. */
export function requestsPerSecond({ seconds, elapsedMs }: LoadCounts): number | null {
  if (elapsedMs <= 0) return null
  return (seconds.reduce((sum, answers) => sum + answers, 0) * 1000) / elapsedMs
}

/** Requests without an answer, or with a status of 400 or more; not those that were left when the test was ended. */
export function failures({ errors, statuses }: LoadCounts): number {
  const lost = Object.entries(errors).filter(([kind]) => kind !== 'unanswered')
  const bad = Object.entries(statuses).filter(([status]) => Number(status) >= 400)
  return [...lost, ...bad].reduce((sum, [, count]) => sum + count, 0)
}
