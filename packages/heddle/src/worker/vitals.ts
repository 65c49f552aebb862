/**
 * Measures the thread it runs in and writes the result where the main thread reads it.
 *
 * Runs in worker threads, from their birth. It answers no questions and posts no messages: one timer a second,
 * and one of node's own that notices how late the event loop is. Measured in idle workers it adds 0.05 % of a core
 * and 0.2 MB to each: the delay is sampled every 50 ms; every 10 ms would take three times as much, and a timer in
 * JavaScript more than that (docs/decisions/0024).
 */
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import type { ELDHistogram } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'

import type { Measurement, VitalsWriter } from '../channel/vitals.ts'

/** Milliseconds between two looks at the heap. */
const lookMs = 1000

/** Milliseconds between two samples of the event loop's delay; each contains them. */
const resolutionMs = 50

const noDelay: Measurement['loopDelay'] = { p50: 0, p99: 0, max: 0 }

/**
 * Measures until the thread ends. Nothing of it keeps the thread alive.
 *
 * @param intervalMs The time over which the delay of the event loop is judged.
 */
export function measureVitals(writer: VitalsWriter, intervalMs: number): void {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  delays.enable()
  let gcMs = 0
  // Called after collections, not in them; about five microseconds each.
  new PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) gcMs += duration
  }).observe({ entryTypes: ['gc'] })
  let loopDelay = noDelay
  let since = performance.now()
  const measure = (): void => {
    const now = performance.now()
    if (now - since >= intervalMs) {
      loopDelay = readDelay(delays)
      delays.reset()
      since = now
    }
    const heap = getHeapStatistics()
    writer.measure({
      heapUsed: heap.used_heap_size,
      heapLimit: heap.heap_size_limit,
      external: heap.external_memory,
      loopDelay,
      gcMs
    })
  }
  measure()
  setInterval(measure, Math.min(lookMs, intervalMs)).unref()
}

function readDelay(delays: ELDHistogram): Measurement['loopDelay'] {
  return {
    p50: lateness(delays.percentile(50)),
    p99: lateness(delays.percentile(99)),
    max: lateness(delays.max)
  }
}

function lateness(sampleNs: number): number {
  return Math.max(0, sampleNs / 1e6 - resolutionMs)
}
