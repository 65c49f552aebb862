/**
 * How the last seconds of a slot were, or of several together: from sums at two times to rates and percentiles.
 *
 * Main thread only. Pure.
 */
import { percentileMs } from '@heddle/mesh'

import type { RecentReportLine } from '../../control/answers.ts'
import { minus, sumOf } from './counts.ts'
import type { Totals } from './slot-totals.ts'

/** A slot over a time. */
export interface Window {
  readonly windowMs: number
  readonly later: Totals
  /** `null` when nothing had been counted before. */
  readonly earlier: Totals | null
  /** How late its event loop is, 99th percentile as of now. */
  readonly loopDelayMs: number | null
}

/** How several slots were; of one it is the same. `null` when nothing was seen of any. */
export function recentOf(windows: readonly Window[]): RecentReportLine | null {
  const windowMs = Math.max(0, ...windows.map(each => each.windowMs))
  if (windowMs === 0) return null
  const seen = windows.map(({ later, earlier }) => differ(later, earlier))
  const durations = seen.reduce<readonly number[]>((sum, each) => addEach(sum, each.durations), [])
  const total = (pick: (each: Seen) => number): number => sumOf(seen.map(pick))
  const answered = total(({ answers }) => answers)
  const loopMs = total(({ activeMs, idleMs }) => activeMs + idleMs)
  const delays = windows.flatMap(({ loopDelayMs }) => loopDelayMs ?? [])
  return {
    windowMs: Math.round(windowMs),
    requestsPerSecond: (answered / windowMs) * 1000,
    p50Ms: percentileMs(durations, 0.5),
    p99Ms: percentileMs(durations, 0.99),
    errorRate: answered === 0 ? null : total(({ errors }) => errors) / answered,
    elu: loopMs === 0 ? null : total(({ activeMs }) => activeMs) / loopMs,
    loopDelayMs: delays.length === 0 ? null : Math.max(...delays),
    gcShare: total(({ gcMs }) => gcMs) / (windowMs * windows.length)
  }
}

interface Seen {
  readonly answers: number
  readonly errors: number
  readonly durations: readonly number[]
  readonly activeMs: number
  readonly idleMs: number
  readonly gcMs: number
}

function differ(later: Totals, earlier: Totals | null): Seen {
  const { answered, lost, durations, gcMicroseconds } = minus(later.tallies, earlier?.tallies ?? null)
  return {
    answers: sumOf(answered) + lost,
    errors: (answered[4] ?? 0) + lost,
    durations,
    activeMs: later.activeMs - (earlier?.activeMs ?? 0),
    idleMs: later.idleMs - (earlier?.idleMs ?? 0),
    gcMs: sumOf(gcMicroseconds) / 1000
  }
}

function addEach(first: readonly number[], second: readonly number[]): readonly number[] {
  return second.map((count, index) => count + (first[index] ?? 0))
}
