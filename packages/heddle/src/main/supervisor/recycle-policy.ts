/**
 * Decides which workers that work are replaced by fresh ones, for what they have used: requests, time, memory.
 *
 * Pure: no timers, no clock and no dice of its own.
 */
import type { ResolvedRecycle } from '../../config/resolved.ts'
import type { ReplaceReason } from '../../events.ts'

/** What a worker has used by now. */
export interface Use {
  readonly requests: number
  /** Milliseconds since it became ready. */
  readonly ageMs: number
  /** Heap in use, in MiB. */
  readonly heapMb: number
}

/** Why a worker is recycled; the detail is a sentence without a full stop. */
export interface RecycleCause {
  readonly reason: Extract<ReplaceReason, 'requests' | 'age' | 'heap' | 'rss'>
  readonly detail: string
}

/**
 * The limits of one worker: lower by a part left to chance, so that those who began together do not go together.
 *
 * @param chance A number from 0 up to 1, drawn once for each worker.
 */
export function limitsFor(recycle: ResolvedRecycle, chance: number): ResolvedRecycle {
  const part = 1 - recycle.jitter * chance
  return {
    ...recycle,
    maxRequests: Math.ceil(recycle.maxRequests * part),
    maxAge: recycle.maxAge * part,
    maxHeap: recycle.maxHeap * part
  }
}

/** Whether a worker is to be recycled for what it has used itself. A limit of 0 is none. */
export function recycleCause(limits: ResolvedRecycle, use: Use): RecycleCause | null {
  const { maxRequests, maxAge, maxHeap } = limits
  if (maxRequests > 0 && use.requests >= maxRequests) {
    return { reason: 'requests', detail: `${use.requests} requests (limit ${maxRequests})` }
  }
  if (maxAge > 0 && use.ageMs >= maxAge) {
    return { reason: 'age', detail: `${seconds(use.ageMs)} old (limit ${seconds(maxAge)})` }
  }
  if (maxHeap > 0 && use.heapMb > maxHeap) {
    return { reason: 'heap', detail: `${mib(use.heapMb)} of heap in use (limit ${mib(maxHeap)})` }
  }
  return null
}

/** A worker that might be replaced for the memory of the whole process. */
export interface Holder {
  /** Limit of its application for the process, in MiB; 0 for none. */
  readonly maxRss: number
  /** What it holds: heap, and buffers outside of it, in MiB. */
  readonly heldMb: number
  readonly ageMs: number
}

/** Milliseconds for which a worker is not replaced for the memory of the process: a fresh one would hold as much. */
export const freshMs = 60_000

/**
 * The worker that is to be replaced because the process has more than `rssMb`: of those whose limit is exceeded the
 * one that holds the most. `null` when there is none that is not fresh.
 */
export function heaviest<Held extends Holder>(holders: readonly Held[], rssMb: number): Held | null {
  let found: Held | null = null
  for (const holder of holders) {
    const isOver = holder.maxRss > 0 && rssMb > holder.maxRss && holder.ageMs >= freshMs
    if (isOver && (found === null || holder.heldMb > found.heldMb)) found = holder
  }
  return found
}

/** Why {@link heaviest} was chosen. */
export function rssCause({ maxRss, heldMb }: Holder, rssMb: number): RecycleCause {
  const detail = `the process has ${mib(rssMb)} (limit ${mib(maxRss)}), of which this worker holds ${mib(heldMb)}`
  return { reason: 'rss', detail }
}

function mib(amount: number): string {
  return `${Math.round(amount)} MiB`
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`
}
