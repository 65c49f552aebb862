/**
 * How the health of a worker is shown: in the status, in metrics.
 *
 * Main thread only. Pure.
 */
import type { VitalsReading } from '../../channel/vitals.ts'
import type { Causes } from './causes.ts'
import type { Look } from './look.ts'
import type { Tally } from './tally.ts'

/** The health of one worker as it stands. Bytes and milliseconds; `null` where nothing was seen yet. */
export interface HealthView {
  /** Whether the last check was good; `null` before the first, in the grace period, and when nobody judges. */
  readonly good: boolean | null
  /** Bad checks in a row. */
  readonly badChecks: number
  /** Why the last check was bad, one sentence each. */
  readonly reasons: readonly string[]
  /** Why it gets no requests, or should get none, one sentence each. */
  readonly causes: readonly string[]
  /** Whether it should get no requests and does, since too few others are left. */
  readonly isKept: boolean
  /** Why its application says that it takes no requests; `null` when it does not say so. */
  readonly notReady: string | null
  /** Event loop utilization in the last interval, 0 to 1. */
  readonly elu: number | null
  readonly loopDelay: VitalsReading['loopDelay']
  readonly heapUsed: number
  readonly heapLimit: number
  readonly external: number
  readonly gcMs: number
  /** 99th percentile of the last interval; `null` with fewer than `health.minRequests` answers. */
  readonly responseMs: number | null
  /** Part of the requests of the last interval that failed; `null` as above. */
  readonly errorRate: number | null
}

/** The view of one worker. */
export function viewOf(
  watched: {
    readonly causes: Causes
    readonly look: Look | null
    readonly reasons: readonly string[]
    readonly tally: Tally
  },
  vitals: VitalsReading
): HealthView {
  const { causes, look, reasons, tally } = watched
  const { loopDelay, heapUsed, heapLimit, external, gcMs } = vitals
  const { readiness } = vitals.checks
  return {
    good: tally.bad + tally.good === 0 ? null : tally.bad === 0,
    badChecks: tally.bad,
    reasons,
    causes: Array.from(causes.causes, ([cause, sentence]) => `${cause}: ${sentence}`),
    isKept: causes.isKept,
    notReady: readiness.state === 'bad' ? readiness.reason : null,
    elu: look?.sample.elu ?? null,
    loopDelay,
    heapUsed,
    heapLimit,
    external,
    gcMs,
    responseMs: look?.sample.responseMs ?? null,
    errorRate: look?.sample.errorRate ?? null
  }
}
