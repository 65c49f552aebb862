/**
 * How busy and how late the event loop of the main thread itself is.
 *
 * Main thread only. Node samples natively; here it is read, and begun again every ten seconds.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { ELDHistogram } from 'node:perf_hooks'

import { latenessMs, LoopDelayTotals, noLoopDelays } from '../../shared/loop-delay.ts'
import type { LoopDelays } from '../../shared/loop-delay.ts'

/** Milliseconds between two samples; each contains them. */
const resolutionMs = 50

/** Calls of {@link OwnLoop.look} in one window. */
const windowLooks = 10

/** The event loop of the thread this is made in. */
export class OwnLoop {
  #delays: ELDHistogram | null = null
  #totals: LoopDelayTotals | null = null
  #looks = 0
  #lastP99: number | null = null
  #before = performance.eventLoopUtilization()
  #utilization: number | null = null

  /** Begins to measure. Idempotent. */
  start(): void {
    if (this.#delays !== null) return
    this.#delays = monitorEventLoopDelay({ resolution: resolutionMs })
    this.#delays.enable()
    this.#totals = new LoopDelayTotals(this.#delays, resolutionMs)
    this.#before = performance.eventLoopUtilization()
  }

  /** Measures no more; what was counted stays. */
  stop(): void {
    this.#delays?.disable()
  }

  /** To be called once a second. */
  look(): void {
    if (this.#delays === null || ++this.#looks % windowLooks !== 0) return
    this.#lastP99 = latenessMs(this.#delays.percentile(99), resolutionMs)
    this.#totals?.keep()
    this.#delays.reset()
    const now = performance.eventLoopUtilization()
    this.#utilization = performance.eventLoopUtilization(now, this.#before).utilization
    this.#before = now
  }

  /** 99th percentile of the last ten to twenty seconds, in milliseconds; `null` before anything was sampled. */
  p99Ms(): number | null {
    const delays = this.#delays
    if (delays === null || delays.count === 0) return this.#lastP99
    return Math.max(this.#lastP99 ?? 0, latenessMs(delays.percentile(99), resolutionMs))
  }

  /** All samples so far. */
  delays(): LoopDelays {
    return this.#totals?.read() ?? noLoopDelays
  }

  /** Part of the last ten seconds in which it was busy, as of the last window; before the first, since the start. */
  utilization(): number {
    return this.#utilization ?? performance.eventLoopUtilization(this.#before).utilization
  }

  /** Milliseconds in which it was busy, in all. */
  activeMs(): number {
    return performance.eventLoopUtilization().active
  }
}
