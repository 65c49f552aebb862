/**
 * Measures the thread it runs in and writes the result where the main thread reads it.
 *
 * Runs in worker threads, from their birth. It answers no questions and posts no messages: one timer a second,
 * and one of node's own that notices how late the event loop is. Measured in idle workers it adds 0.05 % of a core
 * and 0.2 MB to each: the delay is sampled every 50 ms; every 10 ms would take three times as much, and a timer in
 * JavaScript more than that (docs/decisions/0024).
 */
import { constants, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import type { ELDHistogram } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { resourceLimits } from 'node:worker_threads'

import { gcKinds, PER_MS } from '../channel/vitals.ts'
import type { GcKind, Measurement, VitalsWriter } from '../channel/vitals.ts'
import { latenessMs, LoopDelayTotals, noLoopDelays } from '../shared/loop-delay.ts'

/** Milliseconds between two looks at the heap. */
const lookMs = 1000

/** Milliseconds between two looks at what costs more: percentiles of the delay, and the list of handles. */
const countMs = 5000

/** Milliseconds between two samples of the event loop's delay; each contains them. */
const resolutionMs = 50

const noDelay: Measurement['loopDelay'] = { p50: 0, p99: 0, max: 0 }

/** What is measured. */
export interface VitalsPlan {
  /** The time over which the delay of the event loop is judged. Milliseconds. */
  readonly intervalMs: number
  /** Whether it is counted for metrics as well. */
  readonly counts: boolean
}

/** The young generation is three spaces of one size, which is a power of two. */
const youngSpaces = 3

/**
 * Bytes of heap at which V8 ends a thread. What it calls the limit of the heap includes the young generation, of which
 * next to nothing is in use when the old one is full: a heap of 63 MiB has a "limit" of 75, and ends at 63.
 *
 * @param youngMb The limit of the young generation in MiB; V8 rounds it up. 0 for not known.
 */
export function heapEnd(heapSizeLimit: number, youngMb: number): number {
  if (youngMb <= 0) return heapSizeLimit
  const spaceMb = 2 ** Math.ceil(Math.log2(youngMb / youngSpaces))
  return Math.max(0, heapSizeLimit - youngSpaces * spaceMb * 1024 ** 2)
}

/**
 * Measures until the thread ends. Nothing of it keeps the thread alive.
 *
 * @returns Measures once more, at once: for whoever is about to say that something has changed.
 */
export function measureVitals(writer: VitalsWriter, { intervalMs, counts }: VitalsPlan): () => void {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  delays.enable()
  const collections = new Collections()
  const counted = counts ? new Counts(delays, collections) : null
  let loopDelay = noDelay
  let since = performance.now()
  const measure = (): void => {
    const now = performance.now()
    if (now - since >= intervalMs) {
      loopDelay = readDelay(delays)
      counted?.keep()
      delays.reset()
      since = now
    }
    const heap = getHeapStatistics()
    writer.measure({
      heapUsed: heap.used_heap_size,
      heapLimit: heapEnd(heap.heap_size_limit, resourceLimits.maxYoungGenerationSizeMb ?? 0),
      external: heap.external_memory,
      loopDelay,
      gcMs: collections.totalMs
    })
    counted?.write(writer, now)
  }
  measure()
  setInterval(measure, Math.min(lookMs, intervalMs)).unref()
  return measure
}

/** Collections of garbage in this thread, by kind. */
class Collections {
  totalMs = 0
  readonly microseconds: number[] = gcKinds.map(() => 0)
  readonly counts: number[] = gcKinds.map(() => 0)

  constructor() {
    // Called after collections, not in them; about five microseconds each.
    new PerformanceObserver(list => {
      for (const entry of list.getEntries()) {
        this.#add(entry.duration, kindOf('detail' in entry ? entry.detail : null))
      }
    }).observe({ entryTypes: ['gc'] })
  }

  #add(durationMs: number, kind: GcKind): void {
    const index = gcKinds.indexOf(kind)
    this.totalMs += durationMs
    this.microseconds[index] = (this.microseconds[index] ?? 0) + Math.round(durationMs * 1000)
    this.counts[index] = (this.counts[index] ?? 0) + 1
  }
}

/** What is counted for metrics beyond what health needs. */
class Counts {
  readonly #delays: LoopDelayTotals
  readonly #collections: Collections
  #loop = noLoopDelays
  #handles = 0
  #countedAt = Number.NEGATIVE_INFINITY

  constructor(delays: ELDHistogram, collections: Collections) {
    this.#delays = new LoopDelayTotals(delays, resolutionMs)
    this.#collections = collections
  }

  /** The histogram is about to begin again. */
  keep(): void {
    this.#delays.keep()
  }

  write(writer: VitalsWriter, now: number): void {
    if (now - this.#countedAt >= countMs) {
      this.#countedAt = now
      this.#loop = this.#delays.read()
      this.#handles = process.getActiveResourcesInfo().length
    }
    const { microseconds, counts } = this.#collections
    writer.count({
      gcMicroseconds: microseconds,
      gcCounts: counts,
      loopDelays: this.#loop.counts,
      loopDelayUnits: Math.round(this.#loop.sumMs * PER_MS),
      cpuMs: threadCpuMs(),
      handles: this.#handles
    })
  }
}

/** CPU this thread has used, in milliseconds; 0 before Node.js 23.9, which cannot say. */
function threadCpuMs(): number {
  if (typeof process.threadCpuUsage !== 'function') return 0
  const { user, system } = process.threadCpuUsage()
  return Math.floor((user + system) / 1000)
}

/** Collections of kinds that are yet to come count as minor ones. */
function kindOf(detail: unknown): GcKind {
  const kind = typeof detail === 'object' && detail !== null && 'kind' in detail ? detail.kind : null
  switch (kind) {
    case constants.NODE_PERFORMANCE_GC_MAJOR:
      return 'major'
    case constants.NODE_PERFORMANCE_GC_INCREMENTAL:
      return 'incremental'
    case constants.NODE_PERFORMANCE_GC_WEAKCB:
      return 'weakcb'
    default:
      return 'minor'
  }
}

function readDelay(delays: ELDHistogram): Measurement['loopDelay'] {
  return {
    p50: latenessMs(delays.percentile(50), resolutionMs),
    p99: latenessMs(delays.percentile(99), resolutionMs),
    max: latenessMs(delays.max, resolutionMs)
  }
}
