/**
 * Sums of what senders have counted of several threads: those of one slot, one after another.
 *
 * Main thread only. Pure.
 */
import type { MemberCounts, MemberTraffic } from '@heddle/mesh'

/** Nothing counted yet. */
export const noCounts: MemberCounts = {
  answered: [],
  lost: 0,
  failures: 0,
  failuresInRow: 0,
  durations: [],
  durationUnits: 0,
  totals: [],
  totalUnits: 0,
  waits: [],
  waitUnits: 0,
  retries: 0,
  upgrades: 0,
  bytesIn: 0,
  bytesOut: 0
}

/** Both together. Failures in a row are those of the second, which is the later one. */
export function addCounts(first: MemberCounts, second: MemberCounts): MemberCounts {
  return {
    answered: addEach(first.answered, second.answered),
    lost: first.lost + second.lost,
    failures: first.failures + second.failures,
    failuresInRow: second.failuresInRow,
    durations: addEach(first.durations, second.durations),
    durationUnits: first.durationUnits + second.durationUnits,
    totals: addEach(first.totals, second.totals),
    totalUnits: first.totalUnits + second.totalUnits,
    waits: addEach(first.waits, second.waits),
    waitUnits: first.waitUnits + second.waitUnits,
    retries: first.retries + second.retries,
    upgrades: first.upgrades + second.upgrades,
    bytesIn: first.bytesIn + second.bytesIn,
    bytesOut: first.bytesOut + second.bytesOut
  }
}

/** What two threads have sent, by hostname. */
export function addTraffic(
  first: readonly MemberTraffic[],
  second: readonly MemberTraffic[]
): readonly MemberTraffic[] {
  const sum = new Map(first.map(each => [each.to, each]))
  for (const { to, requests, failures } of second) {
    const before = sum.get(to)
    sum.set(to, {
      to,
      requests: requests + (before?.requests ?? 0),
      failures: failures + (before?.failures ?? 0)
    })
  }
  return [...sum.values()]
}

/** How many requests were answered. */
export function answeredOf(counts: MemberCounts): number {
  return counts.answered.reduce((sum, count) => sum + count, 0)
}

function addEach(first: readonly number[], second: readonly number[]): number[] {
  const length = Math.max(first.length, second.length)
  return Array.from({ length }, (_, index) => (first[index] ?? 0) + (second[index] ?? 0))
}
