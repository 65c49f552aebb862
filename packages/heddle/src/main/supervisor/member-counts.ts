/**
 * Sums of what senders have counted of several threads: those of one slot, one after another.
 *
 * Main thread only. Pure.
 */
import type { MemberCounts } from '@heddle/mesh'

/** Nothing counted yet. */
export const noCounts: MemberCounts = { answered: [], lost: 0, failures: 0, failuresInRow: 0, durations: [] }

/** Both together. Failures in a row are those of the second, which is the later one. */
export function addCounts(first: MemberCounts, second: MemberCounts): MemberCounts {
  return {
    answered: addEach(first.answered, second.answered),
    lost: first.lost + second.lost,
    failures: first.failures + second.failures,
    failuresInRow: second.failuresInRow,
    durations: addEach(first.durations, second.durations)
  }
}

/** How many requests were answered. */
export function answeredOf(counts: MemberCounts): number {
  return counts.answered.reduce((sum, count) => sum + count, 0)
}

function addEach(first: readonly number[], second: readonly number[]): number[] {
  const length = Math.max(first.length, second.length)
  return Array.from({ length }, (_, index) => (first[index] ?? 0) + (second[index] ?? 0))
}
