/**
 * What the administrative server shows; the coordinator fills it in.
 *
 * Main thread only. Values only: whoever answers a probe reads what is known and asks no thread. The types are
 * those of the management API.
 */
import type { RecentReportLine, StatusReport } from '../../control/answers.ts'

export type {
  ApplicationReportLine,
  CircuitReportLine,
  HealthReportLine,
  RecentReportLine,
  SpareReportLine,
  StatusReport,
  ThreadReportLine,
  WorkerReportLine
} from '../../control/answers.ts'

/** Where the whole server is in its life. */
export type Phase = StatusReport['phase']

/** What is said of the last seconds when nobody looks. */
export const nothingRecent: RecentReportLine = {
  windowMs: 0,
  requestsPerSecond: 0,
  p50Ms: null,
  p99Ms: null,
  errorRate: null,
  elu: null,
  loopDelayMs: null,
  gcShare: null
}
