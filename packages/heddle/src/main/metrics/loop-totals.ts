/**
 * For how long the event loops of threads that sit in one place one after another were busy, and idle.
 *
 * Main thread only. Node answers at once, whatever a thread does, and with zeroes once it is gone.
 */
import type { EventLoopUtilization } from 'node:perf_hooks'

/** A thread, as its event loop is seen. */
export interface Looping {
  eventLoopUtilization(): EventLoopUtilization
}

/** The sums of one place, in milliseconds. */
export class LoopTotals {
  activeMs = 0
  idleMs = 0
  /** What was read of each thread last. */
  readonly #seen = new WeakMap<Looping, { readonly active: number; readonly idle: number }>()

  /** Adds what has passed since the last time. */
  fold(thread: Looping): void {
    const { active, idle } = thread.eventLoopUtilization()
    const before = this.#seen.get(thread) ?? { active: 0, idle: 0 }
    this.activeMs += Math.max(0, active - before.active)
    this.idleMs += Math.max(0, idle - before.idle)
    this.#seen.set(thread, {
      active: Math.max(active, before.active),
      idle: Math.max(idle, before.idle)
    })
  }
}
