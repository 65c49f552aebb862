/**
 * Decides when a worker is replaced because the memory of the container runs out, which one, and in what order.
 *
 * Pure: no timers and no clock of its own. Beyond the limit of a container the kernel kills the whole process, with
 * every worker and every request in it; docs/decisions/0043 has the reasons for what is decided here.
 */

/** The memory of a container at one moment. */
export interface MemoryLook {
  /** Milliseconds on any clock. */
  readonly at: number
  readonly limitBytes: number
  /** What could be taken before somebody is killed. */
  readonly freeBytes: number
  /** What threads are expected to take for being there: those that have loaded, and all of them. */
  readonly loadedBytes?: number
  readonly startedBytes?: number
  /** Percent of the last ten seconds in which nobody got any further for want of memory; `null` when not known. */
  readonly stalled: number | null
}

/** A worker that might be replaced. */
export interface Candidate {
  readonly worker: string
  /** Part of the limit above which it may be, 0 to 1; 0 for never. */
  readonly maxMemory: number
  /** Heap, and buffers outside of it. */
  readonly heldBytes: number
  /** What a fresh one of its application holds. */
  readonly freshBytes: number
  /** Whether its event loop turns: one that does not would not finish what it has. */
  readonly turns: boolean
  /** Other workers of its application that take requests. */
  readonly others: number
}

/** How it stands with the memory of a container. */
export interface Strain {
  /** `near`: something should be done. `urgent`: at once, or the limit is reached before. */
  readonly level: 'none' | 'near' | 'urgent'
  readonly limitBytes: number
  readonly freeBytes: number
  /** How fast it is being used up; below 0 when it is given back. */
  readonly bytesPerSecond: number
  readonly stalled: number | null
}

/** What is to be done. */
export type Relief =
  | { readonly act: 'none' }
  /** Nothing can be done: workers hold too little of it. */
  | { readonly act: 'warn'; readonly strain: Strain }
  | {
      readonly act: 'replace'
      readonly strain: Strain
      readonly candidate: Candidate
      /** Milliseconds after which it has gone, before the fresh one is started; `null` when there is room for both. */
      readonly vacateMs: number | null
    }

const mebibyte = 1024 ** 2

/** Milliseconds of looks the growth is worked out from, and of the last of them; fewer than the least say nothing. */
export const growthMs = 10_000
const recentMs = 2500
const growthMinMs = 1000

/**
 * With less than this left until the limit there may be too little for a boot and a drain: so much below
 * `maxMemory` already, and further below when it goes very fast.
 */
const urgentMs = 10_000
const urgentPart = 0.15
const fastMs = 3000
const fastPart = 0.25
/** The limit is near when it is reached in this time. */
const nearMs = 60_000

/** Percent of stalled time from which on the process does little but wait for memory. */
const stalledPercent = 10

/** Memory of a thread beside its heap and its buffers: stacks, code, V8 itself. Also while it loads. */
export const threadBytes: number = 16 * mebibyte

/** Milliseconds a fresh worker is taken to need until it is there; what grows meanwhile has to fit as well. */
const bootMs = 3000

/**
 * Milliseconds the old one may finish what it has at most, when it has to go first, and at least. Where it is the only
 * one requests wait for its successor, ten seconds by default (`queue.timeout`).
 */
export const vacateMs = 10_000
/** The same for the only worker. */
export const vacateAloneMs = 5000
const vacateLeastMs = 1000

/** Replacing a worker has to give back so much of the limit at least, and so many bytes. */
const gainPart = 0.04
const gainBytes = 16 * mebibyte

/** Milliseconds between two replacements where the limit is near and not about to be reached; doubles each time. */
const pauseMs = 60_000
const pauseMaxMs = 16 * pauseMs

/** How it stands, after these looks (the oldest first) and with this limit of an application. */
export function strainOf(looks: readonly MemoryLook[], maxMemory: number): Strain {
  const last = looks.at(-1)
  if (last === undefined) {
    return { level: 'none', limitBytes: 0, freeBytes: 0, bytesPerSecond: 0, stalled: null }
  }
  const { limitBytes, freeBytes, stalled } = last
  const bytesPerSecond = growthOf(looks, last)
  const used = 1 - freeBytes / limitBytes
  const untilFullMs = bytesPerSecond > 0 ? (freeBytes / bytesPerSecond) * 1000 : Infinity
  const critical = 1 - (1 - maxMemory) / 2
  const isStalled = stalled !== null && stalled >= stalledPercent && used >= maxMemory - 0.1
  const isUrgent =
    (used >= critical && untilFullMs <= nearMs) ||
    (used >= maxMemory - urgentPart && untilFullMs <= urgentMs) ||
    (used >= maxMemory - fastPart && untilFullMs <= fastMs)
  const isNear = used >= critical || isStalled || (used >= maxMemory && untilFullMs <= nearMs)
  const level = maxMemory === 0 ? 'none' : isUrgent ? 'urgent' : isNear ? 'near' : 'none'
  return { level, limitBytes, freeBytes, bytesPerSecond, stalled }
}

/** The slower of two growths: one step, a cache that is filled, is over, and says nothing of what is to come. */
function growthOf(looks: readonly MemoryLook[], last: MemoryLook): number {
  const known = looks.filter(({ limitBytes }) => limitBytes === last.limitBytes)
  // What a start takes it takes once. One that was under way at the first of the last looks had most of it to come.
  const all = growthSince(known, last, growthMs, look => look.startedBytes ?? 0)
  const recent = growthSince(known, last, recentMs, look => look.loadedBytes ?? 0)
  return Math.min(all, recent)
}

function growthSince(
  looks: readonly MemoryLook[],
  last: MemoryLook,
  spanMs: number,
  expectedAt: (first: MemoryLook) => number
): number {
  const first = looks.find(({ at }) => last.at - at <= spanMs)
  if (first === undefined || last.at - first.at < growthMinMs) return 0
  const started = (last.startedBytes ?? 0) - expectedAt(first)
  return ((first.freeBytes - last.freeBytes - started) / (last.at - first.at)) * 1000
}

/**
 * What is to be done, after these looks since the last replacement was over.
 *
 * @param replacedAt When workers were replaced for this reason, the oldest first.
 */
export function reliefFor(
  looks: readonly MemoryLook[],
  candidates: readonly Candidate[],
  replacedAt: readonly number[]
): Relief {
  const now = looks.at(-1)?.at ?? 0
  const strained = candidates
    .map(candidate => ({ candidate, strain: strainOf(looks, candidate.maxMemory) }))
    .filter(({ strain }) => strain.level !== 'none')
    .toSorted((one, other) => gainOf(other.candidate) - gainOf(one.candidate))
  const [first] = strained
  if (first === undefined) return { act: 'none' }
  const helpful = strained.filter(
    ({ candidate, strain }) =>
      candidate.turns && gainOf(candidate) >= Math.max(gainBytes, gainPart * strain.limitBytes)
  )
  if (helpful.length === 0) return { act: 'warn', strain: first.strain }
  const mayWait = now < pauseUntil(replacedAt, now)
  for (const { candidate, strain } of helpful) {
    if (mayWait && strain.level !== 'urgent') continue
    const order = orderOf(candidate, strain)
    if (order !== null) return { act: 'replace', strain, candidate, vacateMs: order.vacateMs }
  }
  return { act: 'none' }
}

/** What comes back when a worker is replaced. */
function gainOf({ heldBytes, freshBytes }: Candidate): number {
  return heldBytes - freshBytes
}

/** Whether there is room for a fresh worker beside all others, with what grows until it is there. */
export function hasRoom(
  { limitBytes, freeBytes, bytesPerSecond }: Pick<Strain, 'limitBytes' | 'freeBytes' | 'bytesPerSecond'>,
  freshBytes: number
): boolean {
  const growth = (Math.max(0, bytesPerSecond) * bootMs) / 1000
  const needed = threadBytes + freshBytes * 1.25 + growth
  return freeBytes - needed >= limitBytes * 0.02
}

/** Part of the memory that is kept free by whoever starts workers that could be done without, and its bounds. */
const sparePart = 0.1
const spareMin = 32 * mebibyte
const spareMax = 512 * mebibyte

/** Whether there is room for a worker that could be done without, beside those that are being started. */
export function hasRoomToSpare(
  { limitBytes, freeBytes }: Pick<Strain, 'limitBytes' | 'freeBytes'>,
  workerBytes: number,
  promisedBytes: number
): boolean {
  const kept = Math.min(spareMax, Math.max(spareMin, limitBytes * sparePart))
  return freeBytes - promisedBytes - workerBytes >= kept
}

/** In what order a worker and its successor go and come; `null` when it is better to wait. */
function orderOf(
  { freshBytes, others }: Candidate,
  strain: Strain
): { readonly vacateMs: number | null } | null {
  if (hasRoom(strain, freshBytes)) return { vacateMs: null }
  const { level, freeBytes, bytesPerSecond } = strain
  // Whoever waits for longer than there is memory for loses everything.
  const fullMs = bytesPerSecond > 0 ? (freeBytes / bytesPerSecond) * 1000 : Infinity
  const patience = (limitMs: number): number => Math.round(Math.min(limitMs, Math.max(vacateLeastMs, fullMs)))
  if (others > 0) return { vacateMs: patience(vacateMs) }
  // Nobody would answer meanwhile: requests would wait. That is worth it only when all would be lost otherwise.
  return level === 'urgent' ? { vacateMs: patience(vacateAloneMs) } : null
}

/**
 * Until when nobody is replaced where there is time: each replacement of the last while doubles the pause, for where it
 * has not helped it will not help soon.
 *
 * @param replacedAt When that was, the oldest first.
 */
export function pauseUntil(replacedAt: readonly number[], now: number): number {
  const recent = replacedAt.filter(at => now - at < 2 * pauseMaxMs)
  const last = recent.at(-1)
  if (last === undefined) return Number.NEGATIVE_INFINITY
  return last + Math.min(pauseMaxMs, pauseMs * 2 ** (recent.length - 1))
}

/** Why a worker is replaced, as a sentence without a full stop. */
export function reliefWords({
  strain,
  candidate,
  vacateMs: vacates
}: Extract<Relief, { act: 'replace' }>): string {
  const { limitBytes, freeBytes, bytesPerSecond } = strain
  const seconds = bytesPerSecond > 0 ? Math.round(freeBytes / bytesPerSecond) : Infinity
  const rest = seconds <= 300 ? `, enough for ${seconds} s` : ''
  const room = vacates === null ? '' : ', and there is no room for its successor beside it'
  const held = `this worker holds ${mib(candidate.heldBytes)}`
  return `the container has ${mib(freeBytes)} of ${mib(limitBytes)} left${rest}; ${held}${room}`
}

function mib(bytes: number): string {
  return `${Math.round(bytes / mebibyte)} MiB`
}
