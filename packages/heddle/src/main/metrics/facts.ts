/**
 * Every metric of Heddle: its name, what it is, and its labels. The only source of what is written by
 * `exposition.ts` and listed in docs/reference/metrics.md.
 *
 * Values; for the main thread and for `tools/docs.ts`.
 */
import { requestFacts } from './facts-requests.ts'
import { serverFacts } from './facts-server.ts'
import { workerFacts } from './facts-workers.ts'
import type { MetricFact } from './metric-fact.ts'

/** A name of one of {@link metricFacts}. */
export type MetricName = keyof typeof requestFacts | keyof typeof workerFacts | keyof typeof serverFacts

/** The metrics by name, in the order in which they are written. */
export const metricFacts: Readonly<Record<MetricName, MetricFact>> = {
  ...requestFacts,
  ...workerFacts,
  ...serverFacts
}
