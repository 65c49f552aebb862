/**
 * A numbered place that always has a living thread in it: one that is gone is replaced.
 *
 * Main thread only. When to replace is decided by `restart-policy.ts`; what a thread is, worker or edge,
 * by the function that spawns it. The first thread of a slot is not replaced when it never becomes ready:
 * then the boot fails, and the operator is told.
 */
import type { ResolvedRestart } from '../../config/resolved.ts'
import type { Announce, ExitReason, ThreadFact } from '../../events.ts'
import { within } from '../../shared/clock.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'
import { cleanRecord, nextRestart } from './restart-policy.ts'
import type { RestartRecord } from './restart-policy.ts'
import type { ThreadEnd, ThreadLife } from './thread-life.ts'

/** Whatever sits in a slot. */
export interface Occupant {
  readonly life: ThreadLife
  /** Resolves true when it is ready, false when it is gone before that. */
  readonly ready: Promise<boolean>
}

/** What a slot is made of. */
export interface SlotOptions<Sitting extends Occupant> {
  readonly fact: ThreadFact
  readonly restart: ResolvedRestart
  /** Milliseconds a replacement may take to become ready. */
  readonly startTimeoutMs: number
  readonly clock: Clock
  readonly announce: Announce
  /** A number from 0 up to 1; `Math.random` but in tests. */
  readonly chance: () => number
  /** Starts a thread. May throw. */
  readonly spawn: () => Sitting
}

/** Milliseconds a thread that was not ready in time may take to end. */
const giveUpMs = 1000

/** One slot. */
export class Slot<Sitting extends Occupant> {
  readonly fact: ThreadFact
  readonly #options: SlotOptions<Sitting>
  readonly #zombies = new Set<ThreadLife>()
  #current: Sitting | null = null
  #record: RestartRecord = cleanRecord
  #restarts = 0
  #lastEnd: ThreadEnd | null = null
  #isRetired = false
  #cancelRestart: Cancel | null = null

  constructor(options: SlotOptions<Sitting>) {
    this.fact = options.fact
    this.#options = options
  }

  /** Who sits there now; `null` before the start and between two threads. */
  get current(): Sitting | null {
    return this.#current
  }

  /** How many replacements there have been. */
  get restarts(): number {
    return this.#restarts
  }

  /** How the last thread ended; `null` as long as the first one lives. */
  get lastEnd(): ThreadEnd | null {
    return this.#lastEnd
  }

  /** Threads that were given up and have not ended. */
  get zombies(): number {
    return this.#zombies.size
  }

  /** Starts the first thread. @throws what spawning throws. */
  start(): Sitting {
    return this.#seat(true)
  }

  /** From now on nobody is replaced. */
  retire(): void {
    this.#isRetired = true
    this.#cancelRestart?.()
    this.#cancelRestart = null
  }

  #seat(isFirst: boolean): Sitting {
    const sitting = this.#options.spawn()
    this.#current = sitting
    void sitting.life.gone.then(end => this.#handleGone(sitting, end, isFirst))
    return sitting
  }

  #handleGone(sitting: Sitting, end: ThreadEnd, isFirst: boolean): void {
    this.#current = null
    this.#lastEnd = end
    if (end.reason === 'stuck') {
      this.#zombies.add(sitting.life)
      void sitting.life.exited.then(() => this.#zombies.delete(sitting.life))
    }
    if (isFirst && end.readyMs === null) return
    this.#planRestart(end.reason, end.readyMs)
  }

  #planRestart(reason: ExitReason, readyMs: number | null): void {
    if (this.#isRetired) return
    const { restart, chance, clock, announce } = this.#options
    const { delayMs, record } = nextRestart(restart, this.#record, { readyMs }, chance())
    this.#record = record
    announce('worker:restarting', { ...this.fact, reason, delayMs, failures: record.failures })
    if (delayMs === 0) this.#restart()
    else this.#cancelRestart = clock.after(delayMs, () => this.#restart())
  }

  #restart(): void {
    this.#cancelRestart = null
    this.#restarts++
    const { announce, clock } = this.#options
    const startedAt = clock.now()
    let sitting: Sitting
    try {
      sitting = this.#seat(false)
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      this.#lastEnd = { reason: 'failed', code: null, error, readyMs: null }
      announce('worker:exited', { ...this.fact, ...this.#lastEnd })
      this.#planRestart('failed', null)
      return
    }
    void this.#watchRestart(sitting, startedAt)
  }

  async #watchRestart(sitting: Sitting, startedAt: number): Promise<void> {
    const { announce, clock, startTimeoutMs } = this.#options
    const outcome = await within(clock, startTimeoutMs, sitting.ready)
    if (!outcome.inTime) {
      await sitting.life.end('timed-out', giveUpMs)
      return
    }
    if (!outcome.value) return
    const bootMs = Math.round(clock.now() - startedAt)
    announce('worker:restarted', { ...this.fact, restarts: this.#restarts, bootMs })
  }
}
