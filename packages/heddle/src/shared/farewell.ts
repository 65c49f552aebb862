/**
 * How connections that have no end of their own are sent away over the time there is. Any thread; pure.
 *
 * All at once would send all clients back at once. Evenly over the time is gentle on those who take them; but
 * few need not take as long as many: nobody is hurt by four connections in a second.
 */

/** Milliseconds between two at most. */
const MAX_SPACING_MS = 250

/** Milliseconds at the end of the time for the last to answer, and the most of the time that may be. */
const RESERVE_MS = 2000
const MAX_RESERVE = 0.25

/** What of the time there is goes into sending away; in the rest the last ones close. */
export function spreadOf(leftMs: number): number {
  return Math.max(0, leftMs - Math.min(RESERVE_MS, leftMs * MAX_RESERVE))
}

/** How many of `count` should have been sent away, `elapsedMs` after the first. */
export function dueBy(elapsedMs: number, { count, spreadMs }: { count: number; spreadMs: number }): number {
  const spacingMs = Math.min(MAX_SPACING_MS, spreadMs / Math.max(count, 1))
  return spacingMs === 0 ? count : Math.min(count, Math.floor(elapsedMs / spacingMs) + 1)
}
