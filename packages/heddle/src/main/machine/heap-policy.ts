/**
 * Decides when a worker is replaced because its own heap runs full: V8 ends a thread whose heap has reached its limit,
 * in the middle of whatever it does, and before that it does little but collect garbage.
 *
 * Pure: no timers and no clock of its own.
 */

/** The heap of one worker at one moment. */
export interface HeapLook {
  /** Milliseconds on any clock. */
  readonly at: number
  readonly usedBytes: number
  readonly limitBytes: number
}

/** A heap that runs full. */
export interface FullHeap {
  readonly limitBytes: number
  readonly freeBytes: number
  /** Milliseconds until it is full at the present pace; `Infinity` when it does not grow. */
  readonly fullMs: number
}

/** Milliseconds of looks the growth is worked out from, and of the last of them. */
export const heapGrowthMs = 10_000
const recentMs = 3000

/**
 * Part of its limit from which on a heap is full when it grows. V8 collects at the latest half way from what was alive
 * to the limit: with so much in use, seven tenths of the limit were alive after the last collection. It is more when a slot
 * was cleared for that again and again of late: its application needs so much, and then stops growing.
 */
const fullParts = [0.85, 0.85, 0.85, 0.9, 0.9, 0.9] as const
const fullPartMax = 0.95

/** Part from which on it is full whether it grows or not: it is collected all the time. */
const stuckPart = 0.97

/** With more time than that left it is not urgent: health checks replace it (`health.maxHeapUsed`). */
const fullSoonMs = 30_000

/** Milliseconds for which a replacement is remembered. */
export const rememberedMs: number = 10 * 60_000

/**
 * Whether a heap runs full; `null` when it does not.
 *
 * @param looks The oldest first.
 * @param replaced How often that was the case in the same slot in {@link rememberedMs}.
 */
export function fullHeap(looks: readonly HeapLook[], replaced: number): FullHeap | null {
  const last = looks.at(-1)
  if (last === undefined || last.limitBytes === 0) return null
  const { usedBytes, limitBytes } = last
  const freeBytes = Math.max(0, limitBytes - usedBytes)
  const used = usedBytes / limitBytes
  const pace = Math.min(paceSince(looks, last, heapGrowthMs), paceSince(looks, last, recentMs))
  const fullMs = pace > 0 ? freeBytes / pace : Infinity
  const isFull = used >= stuckPart || (used >= (fullParts[replaced] ?? fullPartMax) && fullMs <= fullSoonMs)
  return isFull ? { limitBytes, freeBytes, fullMs } : null
}

/** Bytes a millisecond. */
function paceSince(looks: readonly HeapLook[], last: HeapLook, spanMs: number): number {
  const first = looks.find(({ at }) => last.at - at <= spanMs)
  if (first === undefined || first === last) return 0
  return (last.usedBytes - first.usedBytes) / (last.at - first.at)
}

/** Why a worker is replaced, as a sentence without a full stop. */
export function fullHeapWords({ limitBytes, freeBytes, fullMs }: FullHeap): string {
  const rest = fullMs <= fullSoonMs ? `, enough for ${Math.round(fullMs / 1000)} s` : ''
  return `its heap has ${mib(freeBytes)} of ${mib(limitBytes)} left${rest}`
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`
}
