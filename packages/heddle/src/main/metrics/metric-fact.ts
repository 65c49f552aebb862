/**
 * What can be said of a metric, whoever shows it. Types; for the main thread and for the page that lists them all.
 */

/** One metric. */
export interface MetricFact {
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** A sentence. Base units are in the name: seconds, bytes, a ratio from 0 to 1. */
  readonly help: string
  readonly labels: readonly string[]
}
