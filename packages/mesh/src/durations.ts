/**
 * The histogram in which times to a response head are counted. Any thread; pure.
 *
 * Two buckets for each power of two from a quarter of a millisecond to eight seconds: whatever is read off
 * it is at most a half too high, in 32 counts.
 */

/** Times shorter than 2^this microseconds share the first bucket. */
const FIRST_EXPONENT = 8

/** How many buckets there are. */
export const BUCKETS = 32

/** The bucket a time falls into. */
export function bucketOf(ms: number): number {
  const microseconds = Math.min(ms * 1000, 0x7f_ff_ff_ff) | 0
  const exponent = 31 - Math.clz32(microseconds | 1)
  if (exponent < FIRST_EXPONENT) return 0
  const half = (microseconds >> (exponent - 1)) & 1
  const bucket = 1 + (exponent - FIRST_EXPONENT) * 2 + half
  return bucket < BUCKETS ? bucket : BUCKETS - 1
}

/** Upper bounds of the buckets in milliseconds; the last one has none. */
export const durationBoundsMs: readonly number[] = Array.from({ length: BUCKETS }, (_, bucket) => {
  if (bucket === BUCKETS - 1) return Number.POSITIVE_INFINITY
  const base = 2 ** (FIRST_EXPONENT + Math.floor(bucket / 2)) / 1000
  return bucket % 2 === 0 ? base : base * 1.5
})

/**
 * The time that a part of all answers was not slower than, read off their counts; `null` without any. It is
 * taken evenly between the bounds of its bucket.
 *
 * @param part 0.99 for the 99th percentile.
 */
export function percentileMs(durations: readonly number[], part: number): number | null {
  const total = durations.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  const wanted = part * total
  let below = 0
  for (const [bucket, count] of durations.entries()) {
    if (count > 0 && below + count >= wanted) {
      const from = durationBoundsMs[bucket - 1] ?? 0
      const to = durationBoundsMs[bucket] ?? from
      return Number.isFinite(to) ? from + ((to - from) * (wanted - below)) / count : from
    }
    below += count
  }
  return durationBoundsMs.at(-2) ?? null
}
