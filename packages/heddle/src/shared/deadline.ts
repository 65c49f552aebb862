/**
 * A point in time after which nothing is waited for, and which can be brought forward.
 *
 * Runs in any thread. Leaves one timer behind until it has passed or {@link Deadline.cancel} is called.
 */
import type { Bounded, Cancel, Clock } from './clock.ts'

/** One deadline shared by several waits. */
export class Deadline {
  /** Resolves when the deadline has passed; never when it was cancelled before. */
  readonly passed: Promise<void>
  readonly #clock: Clock
  readonly #pass: () => void
  #at: number
  #cancelTimer: Cancel

  constructor(clock: Clock, limitMs: number) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.passed = promise
    this.#pass = resolve
    this.#clock = clock
    this.#at = clock.now() + limitMs
    this.#cancelTimer = clock.after(limitMs, resolve)
  }

  /** Runs a task that has so long, and leaves no timer behind when it is done sooner. */
  static async during<Value>(
    clock: Clock,
    limitMs: number,
    task: (deadline: Deadline) => Promise<Value>
  ): Promise<Value> {
    const deadline = new Deadline(clock, limitMs)
    try {
      return await task(deadline)
    } finally {
      deadline.cancel()
    }
  }

  /** Milliseconds left, never below 0. */
  remaining(): number {
    return Math.max(0, this.#at - this.#clock.now())
  }

  /** Leaves at most `limitMs` from now. A deadline is never moved back. */
  shorten(limitMs: number): void {
    const at = this.#clock.now() + limitMs
    if (at >= this.#at) return
    this.#at = at
    this.#cancelTimer()
    this.#cancelTimer = this.#clock.after(limitMs, this.#pass)
  }

  /** Waits for the promise until the deadline. A rejection in time passes through; a later one is nobody's. */
  async bound<Value>(promise: Promise<Value>): Promise<Bounded<Value>> {
    return Promise.race([
      promise.then(value => ({ inTime: true, value }) as const),
      this.passed.then(() => ({ inTime: false }) as const)
    ])
  }

  /** Nothing waits for this deadline any more: its timer goes. */
  cancel(): void {
    this.#cancelTimer()
  }
}
