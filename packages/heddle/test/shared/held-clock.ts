/** A clock for tests that stands still until it is told to go on. */
import type { Cancel, Clock } from '../../src/shared/clock.ts'

/** Time that moves only by {@link HeldClock.advance}. */
export class HeldClock implements Clock {
  #now = 1000
  #timers: { at: number; run: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(delayMs: number, run: () => void): Cancel {
    const timer = { at: this.#now + delayMs, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter(each => each !== timer)
    }
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.length
  }

  /** Moves on, firing timers in order, and lets everything that follows from each settle. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms
    await settle()
    for (let due = this.#next(target); due; due = this.#next(target)) {
      this.#timers = this.#timers.filter(each => each !== due)
      this.#now = Math.max(this.#now, due.at)
      due.run()
      await settle()
    }
    this.#now = target
  }

  /** Moves on to the next timer, or to `target` when none is due before, and lets what follows from it settle. */
  async step(target: number): Promise<void> {
    const due = this.#next(target)
    if (due === undefined) this.#now = target
    else await this.advance(Math.max(0, due.at - this.#now))
  }

  /** Time passes and nothing runs, as when the process is suspended; what is due comes late with the next advance. */
  stall(ms: number): void {
    this.#now += ms
  }

  #next(target: number): { at: number; run: () => void } | undefined {
    return this.#timers.filter(({ at }) => at <= target).toSorted((a, b) => a.at - b.at)[0]
  }
}

/** Resolves when every promise that could settle by itself has. */
export function settle(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}
