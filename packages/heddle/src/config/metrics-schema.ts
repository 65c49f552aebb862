/**
 * The keys of `metrics` in the configuration.
 *
 * A part of `schema.ts`, apart from it only for its length.
 */
import type { ObjectKey } from './key.ts'

/** The key `metrics`. */
export const metrics: ObjectKey = {
  kind: 'object',
  name: 'MetricsOptions',
  sentence: 'The metrics at `/metrics` of the administrative server, for Prometheus.',
  keys: {
    enabled: {
      kind: 'boolean',
      default: true,
      sentence: 'Whether there are any. Without them workers measure only what their health is judged by.'
    },
    buckets: {
      kind: 'list',
      of: { kind: 'seconds', min: 0.0001, max: 100, sentence: 'An upper bound in seconds.' },
      default: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      sentence:
        'Where the histograms of times are divided, in seconds. Times are counted between fixed bounds, two for each power of two from 0.256 ms to 8.4 s; for each of these the nearest one is shown.'
    },
    applicationTimeout: {
      kind: 'duration',
      min: 1,
      max: 60_000,
      default: 500,
      sentence:
        'How long a worker may take to tell the metrics of its application. One that takes longer is left out of that scrape.'
    }
  }
}
