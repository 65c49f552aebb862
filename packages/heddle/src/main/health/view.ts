/**
 * How the health of a worker is shown: in the status, in metrics.
 *
 * Main thread only. Pure.
 */
import type { VitalsReading } from '../../channel/vitals.ts'
import type { HealthReportLine } from '../../control/answers.ts'
import type { Causes } from './causes.ts'
import type { Look } from './look.ts'
import type { Tally } from './tally.ts'

/** The view of one worker. */
export function viewOf(
  watched: {
    readonly causes: Causes
    readonly look: Look | null
    readonly reasons: readonly string[]
    readonly tally: Tally
  },
  vitals: VitalsReading
): HealthReportLine {
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
