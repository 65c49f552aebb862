/**
 * From the buckets in which the mesh counts times to those that are shown.
 *
 * Main thread only. Pure. Shown are bounds of the mesh itself, so that every count is exact: a bound that lies
 * between two of them could only be guessed at.
 */
import { durationBoundsMs } from '@heddle/mesh'

/** A histogram as it is shown. */
export interface Histogram {
  /** Upper bounds in the unit of the metric, ascending, without the last one, which has none. */
  readonly bounds: readonly number[]
  /** How many were not above each bound, and last how many there were. */
  readonly cumulative: readonly number[]
  /** Of all values, in the unit of the metric. */
  readonly sum: number
}

/** Which of the bounds of the mesh are shown, by their index: the nearest, in proportion, to each that is wished for. */
export function chooseBounds(wishedSeconds: readonly number[]): readonly number[] {
  const finite = durationBoundsMs.filter(bound => Number.isFinite(bound))
  const chosen = wishedSeconds.map(wished => {
    const farness = finite.map(bound => Math.abs(Math.log((wished * 1000) / bound)))
    return farness.indexOf(Math.min(...farness))
  })
  return [...new Set(chosen)].filter(index => index >= 0).toSorted((a, b) => a - b)
}

/**
 * Times as the mesh has counted them, in seconds.
 *
 * @param counts By the bounds of the mesh, each counted once.
 * @param chosen What {@link chooseBounds} has chosen.
 */
export function toHistogram(counts: readonly number[], sumMs: number, chosen: readonly number[]): Histogram {
  const all = accumulate(counts)
  return {
    bounds: chosen.map(index => inSeconds(durationBoundsMs[index] ?? 0)),
    cumulative: [...chosen.map(index => all[index] ?? 0), all.at(-1) ?? 0],
    sum: sumMs / 1000
  }
}

/** Times counted by bounds in milliseconds, of which all are shown, in seconds. */
export function toWholeHistogram(
  counts: readonly number[],
  sumMs: number,
  boundsMs: readonly number[]
): Histogram {
  return { bounds: boundsMs.map(inSeconds), cumulative: accumulate(counts), sum: sumMs / 1000 }
}

function accumulate(counts: readonly number[]): readonly number[] {
  let sum = 0
  return counts.map(count => (sum += count))
}

/** Bounds in seconds that were worked out before: there are few, and they are asked for with every histogram. */
const known = new Map<number, number>()

/** Without the last digits of a division, which would stand in labels. */
function inSeconds(ms: number): number {
  const seconds = known.get(ms) ?? Number((ms / 1000).toPrecision(9))
  known.set(ms, seconds)
  return seconds
}
