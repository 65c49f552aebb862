/**
 * How much an application has to do, read from its samples: in event loops it keeps busy.
 *
 * Pure; main thread only. As long as event loops have time left, what they are busy with is the demand. Once they
 * have none, it hides: they are busy with all they can do, however much there is. Then it is what comes in, times
 * what a request costs, and what has piled up besides.
 */
import type { LoadSample } from './load.ts'

/** Milliseconds over which the present is averaged: shorter peaks are over before a worker has started. */
const nowMs = 3000

/**
 * A load of so many ticks in a row is no accident, and is believed before the average has come up to it: of two when
 * many requests made it, else of more.
 */
const persistentTicks = 2
const persistentRequests = 100
/** The same where requests are not seen. */
const unseenTicks = 3

/** Milliseconds for which the highest demand is told to whoever looks. */
const peakMs = 60_000

/** The same before a worker is given to an application that needs it more. */
const lendMs = 10_000

/** Utilization above which event loops hide what they cannot do. A tick is never filled to the last. */
const saturated = 0.9

/** Utilization below which nothing piles up, so that what is in flight is what is usual. */
const relaxed = 0.7

/** Ticks in which a new worker gets less than its share, and requests in flight for each that say that it matters. */
const easeInTicks = 5
const pilingUp = 4

/** Requests, and milliseconds, that tell what one costs; and how long ago they may have been. */
const costRequests = 20
const costMinMs = 2000
const costMaxMs = 30_000

/** How much there was to do at a tick. */
export interface Level {
  readonly at: number
  /** Milliseconds it lasted. */
  readonly spanMs: number
  /** Event loops, hidden demand included. */
  readonly demand: number
}

/** What an application has to do. */
export interface Demand {
  /** Event loops kept busy now, hidden demand included. */
  readonly now: number
  /** The most of that in the last minute, and in the time before a worker is lent. */
  readonly peak: number
  readonly lendPeak: number
  /** Event loops kept busy around each tick, the oldest first. */
  readonly levels: readonly Level[]
  /** Milliseconds of active time that will go into requests in flight beyond the usual. */
  readonly backlogMs: number
  /** Active time of one request, in milliseconds; `null` when there were none. */
  readonly costMs: number | null
  /** Event loop utilization of the last seconds, 0 to 1. */
  readonly utilization: number
  /** Whether the last ticks were full, so that work piles up. */
  readonly isFull: boolean
  /** Whether the last seconds were full with requests that are seen only once a worker gets to them. */
  readonly hidesMore: boolean
  /** Part of the active time in which the threads had a CPU; `null` when not known. */
  readonly cpuShare: number | null
  /** The same and the time they waited for one: what is left they have blocked without; `null` when not known. */
  readonly cpuWanted: number | null
  /** CPUs in use by the workers. */
  readonly cpuUsed: number
  /** Whether there were requests in the last seconds; `true` where nobody counts them. */
  readonly hasRequests: boolean
  /** Ticks of the last seconds in which there was a worker. */
  readonly ticks: number
  /** Milliseconds since the oldest sample. */
  readonly seenMs: number
  /** In the last tick. */
  readonly inflight: number
  readonly queued: number
  readonly ready: number
  /** The worst of the last seconds, in milliseconds. */
  readonly waitMs: number | null
  readonly loopDelayMs: number | null
}

/** The demand by all samples there are, the oldest first; `null` when no worker was ready in the last one. */
export function demandOf(all: readonly LoadSample[]): Demand | null {
  const last = all.at(-1)
  if (last === undefined || last.ready === 0) return null
  const samples = all.filter(({ ready, spanMs }) => ready > 0 && spanMs > 0)
  const costMs = costAt(samples, samples.length - 1)
  const loads = samples.map((_, index) => loadAt(samples, index))
  const levels = samples.map(({ at, spanMs }, index) => ({ at, spanMs, demand: levelAt(loads, index) }))
  const present = within(samples, last.at, nowMs)
  const activeMs = sum(present, sample => sample.activeMs)
  const cpuMs = sum(present, sample => sample.cpuMs ?? 0)
  const spanMs = sum(present, sample => sample.spanMs)
  const wantedMs = cpuMs + sum(present, sample => sample.cpuWaitMs ?? 0)
  const isCpuKnown = present.every(sample => sample.cpuMs !== null)
  const isWaitKnown = isCpuKnown && present.every(sample => typeof sample.cpuWaitMs === 'number')
  const utilization = ratio(
    activeMs,
    sum(present, sample => sample.ready * sample.spanMs)
  )
  return {
    now: levels.at(-1)?.demand ?? 0,
    peak: highest(within(levels, last.at, peakMs)),
    lendPeak: highest(within(levels, last.at, lendMs)),
    levels,
    backlogMs: costMs === null ? 0 : backlogOf(samples) * costMs,
    costMs,
    utilization: Math.min(1, utilization),
    isFull: samples.slice(-persistentTicks).every(sample => utilizationOf(sample) >= saturated),
    hidesMore: last.arrived === null && present.every(sample => utilizationOf(sample) >= saturated),
    cpuShare: isCpuKnown ? Math.min(1, ratio(cpuMs, activeMs)) : null,
    cpuWanted: isWaitKnown ? Math.min(1, ratio(wantedMs, activeMs)) : null,
    cpuUsed: ratio(cpuMs, spanMs),
    hasRequests: present.some(isAsked),
    ticks: present.length,
    seenMs: last.at - (samples[0]?.at ?? last.at),
    inflight: last.inflight,
    queued: last.queued,
    ready: last.ready,
    waitMs: worst(present, sample => sample.waitP99Ms),
    loopDelayMs: worst(present, sample => sample.loopDelayMs)
  }
}

/** Of those, the ones of the last milliseconds before a time. */
export function within<T extends { readonly at: number }>(
  samples: readonly T[],
  at: number,
  ms: number
): readonly T[] {
  return samples.filter(sample => sample.at > at - ms)
}

/** The sum of a number of each. */
export function sum<T>(list: readonly T[], pick: (one: T) => number): number {
  return list.reduce((total, one) => total + pick(one), 0)
}

/** A quotient; 0 of nothing. */
export function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0
}

function isAsked({ arrived, completed, inflight, queued }: LoadSample): boolean {
  return (arrived ?? completed ?? 1) + inflight + queued > 0
}

function utilizationOf({ activeMs, ready, spanMs }: LoadSample): number {
  return activeMs / (ready * spanMs)
}

/**
 * What a request costs at a tick, by the latest that are enough to tell. The last seconds are the best witness: the work a
 * thread does without requests counts least when there are many, and new threads are slow at first.
 */
function costAt(samples: readonly LoadSample[], index: number): number | null {
  let activeMs = 0
  let completed = 0
  let spanMs = 0
  for (let each = index; each >= 0; each--) {
    const sample = samples[each]
    const isEnough = completed >= costRequests && spanMs >= costMinMs
    if (sample === undefined || spanMs >= costMaxMs || isEnough) break
    activeMs += sample.activeMs
    completed += sample.completed ?? 0
    spanMs += sample.spanMs
  }
  return completed > 0 ? activeMs / completed : null
}

/**
 * What one tick was like. Where event loops are full it is what came in that counts, whether that is more than they can
 * do, or less: then they work off what has piled up. While a worker is new and gets little yet, the others may be full.
 * What a request costs is looked for only then.
 */
function loadAt(samples: readonly LoadSample[], index: number): Load {
  const sample = samples[index]
  if (sample === undefined) return { at: 0, spanMs: 0, arrived: null, load: 0 }
  const { at, activeMs, arrived, spanMs } = sample
  const isFull = utilizationOf(sample) >= saturated
  // By what requests cost then: they may have been others.
  const costMs = arrived !== null && (isFull || isEasingIn(samples, index)) ? costAt(samples, index) : null
  const cameMs = arrived === null || costMs === null ? activeMs : arrived * costMs
  return { at, spanMs, arrived, load: (isFull ? cameMs : Math.max(activeMs, cameMs)) / spanMs }
}

/** Whether there were fewer workers a moment ago, and requests pile up. */
function isEasingIn(samples: readonly LoadSample[], index: number): boolean {
  const { ready = 0, inflight = 0 } = samples[index] ?? {}
  if (inflight < ready * pilingUp) return false
  return samples.slice(Math.max(0, index - easeInTicks), index).some(earlier => earlier.ready < ready)
}

interface Load extends Pick<LoadSample, 'at' | 'spanMs' | 'arrived'> {
  /** Event loops. */
  readonly load: number
}

/** The load at one tick: the average of the last seconds, or what it was in each of the last ticks if that is more. */
function levelAt(loads: readonly Load[], index: number): number {
  const at = loads[index]?.at ?? 0
  let ms = 0
  let total = 0
  let least = Number.POSITIVE_INFINITY
  let requests = 0
  let isPersistent = false
  for (let each = index; each >= 0; each--) {
    const load = loads[each]
    if (load === undefined || load.at <= at - nowMs) break
    ms += load.spanMs
    total += load.load * load.spanMs
    if (isPersistent) continue
    const count = index - each + 1
    least = Math.min(least, load.load)
    requests += load.arrived ?? 0
    isPersistent =
      count >= (load.arrived === null ? unseenTicks : persistentTicks) &&
      (load.arrived === null || requests >= persistentRequests)
  }
  const average = ratio(total, ms)
  return isPersistent ? Math.max(average, least) : average
}

/** Requests that are there beyond what is usual for as many as are answered: the least of the last ticks. */
function backlogOf(samples: readonly LoadSample[]): number {
  const usualMs = usualTimeOf(samples)
  const latest = samples.slice(-persistentTicks)
  const perMs = ratio(
    sum(latest, ({ completed }) => completed ?? 0),
    sum(latest, ({ spanMs }) => spanMs)
  )
  if (latest.length < persistentTicks || usualMs === null) return 0
  const usual = usualMs * perMs
  return Math.min(
    ...latest.map(({ queued, inflight, ready }) => queued + Math.max(0, inflight - Math.max(ready, usual)))
  )
}

/**
 * Milliseconds a request is in flight when event loops have time for it. By the law of Little, since what is in
 * flight and what is answered are counted anyway. Without such a time the shortest there was has to do.
 */
function usualTimeOf(samples: readonly LoadSample[]): number | null {
  const easy = samples.filter(sample => utilizationOf(sample) < relaxed)
  const answered = sum(easy, ({ completed }) => completed ?? 0)
  if (answered > 0) return sum(easy, ({ inflight, spanMs }) => inflight * spanMs) / answered
  const times = samples.flatMap(({ inflight, spanMs, completed }) =>
    completed === null || completed === 0 ? [] : [(inflight * spanMs) / completed]
  )
  return times.length === 0 ? null : Math.min(...times)
}

function highest(levels: readonly Level[]): number {
  return Math.max(0, ...levels.map(({ demand }) => demand))
}

function worst(samples: readonly LoadSample[], pick: (sample: LoadSample) => number | null): number | null {
  const values = samples.flatMap(sample => pick(sample) ?? [])
  return values.length === 0 ? null : Math.max(...values)
}
