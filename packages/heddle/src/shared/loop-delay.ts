/**
 * How late the event loop of this thread is, as counts that only grow: what a histogram of a metric is made of.
 *
 * Runs in any thread; each watches itself. Node samples natively, with a timer of its own; what is read here are
 * its percentiles, from which the counts between fixed bounds are found by halving. A quiet loop costs one look
 * at the largest sample.
 */
import type { ELDHistogram } from 'node:perf_hooks'

/** Upper bounds of the counts in milliseconds; one more count is for what is later than all of them. */
export const loopDelayBoundsMs: readonly number[] = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000]

/** How many counts there are. */
export const LOOP_DELAYS: number = loopDelayBoundsMs.length + 1

/** What was sampled since the histogram was begun. */
export interface LoopDelays {
  /** Samples by the bounds of {@link loopDelayBoundsMs}, each counted once. */
  readonly counts: readonly number[]
  /** Their sum in milliseconds. */
  readonly sumMs: number
}

/** A histogram as far as it is read: node's own fits. Its samples are nanoseconds. */
export type Samples = Pick<ELDHistogram, 'count' | 'mean' | 'max' | 'percentile'>

/** Nothing sampled yet. */
export const noLoopDelays: LoopDelays = { counts: Array.from({ length: LOOP_DELAYS }, () => 0), sumMs: 0 }

/**
 * What is in a histogram of the delay of an event loop.
 *
 * @param resolutionMs Milliseconds between two samples, which each of them contains.
 */
export function readLoopDelays(samples: Samples, resolutionMs: number): LoopDelays {
  const { count } = samples
  if (count === 0) return noLoopDelays
  const latest = latenessMs(samples.max, resolutionMs)
  let below = 0
  const counts = loopDelayBoundsMs.map(bound => {
    const upTo = latest <= bound ? count : countUpTo(samples, bound, { from: below, resolutionMs })
    const own = upTo - below
    below = upTo
    return own
  })
  return { counts: [...counts, count - below], sumMs: latenessMs(samples.mean, resolutionMs) * count }
}

/** What a histogram has counted over its whole life, while it is begun again and again by who needs intervals. */
export class LoopDelayTotals {
  readonly #samples: Samples
  readonly #resolutionMs: number
  /** What it held before it was begun again. */
  #before: LoopDelays = noLoopDelays
  #sumMs = 0

  constructor(samples: Samples, resolutionMs: number) {
    this.#samples = samples
    this.#resolutionMs = resolutionMs
  }

  /** Everything until now. */
  read(): LoopDelays {
    const { counts, sumMs } = readLoopDelays(this.#samples, this.#resolutionMs)
    // A timer that comes early after one that came late would take from the sum.
    this.#sumMs = Math.max(this.#sumMs, this.#before.sumMs + sumMs)
    return {
      counts: counts.map((own, index) => own + (this.#before.counts[index] ?? 0)),
      sumMs: this.#sumMs
    }
  }

  /** To be called just before the histogram is begun again. */
  keep(): void {
    this.#before = this.read()
  }
}

/** A sample without the pause it contains, in milliseconds. */
export function latenessMs(sampleNs: number, resolutionMs: number): number {
  return Math.max(0, sampleNs / 1e6 - resolutionMs)
}

/** How many samples are not above the bound; `from` of them are known not to be. */
function countUpTo(
  samples: Samples,
  boundMs: number,
  { from, resolutionMs }: { readonly from: number; readonly resolutionMs: number }
): number {
  let low = from
  let high = samples.count - 1
  // `low` are known to be within, and the last one is known to be beyond.
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    // The sample of that rank, whether its percentile is rounded to the next whole one or up to it.
    const value = samples.percentile((100 * (middle - 0.25)) / samples.count)
    if (latenessMs(value, resolutionMs) <= boundMs) low = middle
    else high = middle - 1
  }
  return low
}
