/**
 * Chooses the upstream of a request. Any thread; pure but for reading the scoreboard.
 *
 * Least in-flight with a full scan: with a few dozen workers a scan costs less than being wrong, and
 * the counts are exact over the whole process. Ties go in turn, or an idle application would always
 * use its first worker.
 */
import type { Upstream } from '../wire/control.ts'

/** What selection needs to know of a member. The scoreboard provides it. */
export interface Load {
  isReady(record: number, generation: number): boolean
  inflight(record: number): number
}

/**
 * The ready upstream with the fewest requests in flight, or `null` when none is ready.
 *
 * @param turn Where the scan begins: pass a number that changes with each call.
 * @param avoid Ids of upstreams already tried for this request.
 */
export function leastInflight(
  upstreams: readonly Upstream[],
  load: Load,
  turn: number,
  avoid: readonly number[] = []
): Upstream | null {
  const count = upstreams.length
  let best: Upstream | null = null
  let bestLoad = Number.POSITIVE_INFINITY
  for (let i = 0; i < count; i++) {
    const candidate = upstreams[(turn + i) % count]
    if (candidate === undefined || !load.isReady(candidate.record, candidate.generation)) continue
    if (avoid.length > 0 && avoid.includes(candidate.id)) continue
    const inflight = load.inflight(candidate.record)
    if (inflight >= bestLoad) continue
    best = candidate
    bestLoad = inflight
    if (inflight <= 0) break
  }
  return best
}
