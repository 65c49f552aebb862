/**
 * What has happened in a slot, over all threads that sat in it: it survives each of them.
 *
 * Main thread only. It counts and remembers; nothing is decided by it.
 */
import type { MemberCounts, MemberTraffic } from '@heddle/mesh'

import type { ExitReason, ReplaceReason } from '../../events.ts'
import { addCounts, addTraffic, noCounts } from './member-counts.ts'
import type { ThreadEnd } from './thread-life.ts'

/** The last error of a slot, as values. */
export interface LastError {
  readonly name: string
  readonly message: string
  readonly stack: string | null
  /** When it was heard of, in ISO 8601. */
  readonly at: string
}

/** A thread whose requests are counted. */
export interface Counted {
  counts(): MemberCounts
  /** What it has sent, by hostname. */
  traffic(): readonly MemberTraffic[]
  served(): number
}

/** The book of one slot. */
export class SlotBook {
  readonly #reasons = new Map<ExitReason | ReplaceReason, number>()
  #counts: MemberCounts = noCounts
  #traffic: readonly MemberTraffic[] = []
  #served = 0
  #lastEnd: ThreadEnd | null = null
  #lastThrown: Error | null = null
  #lastError: LastError | null = null

  /** How many threads took the place of another. */
  get restarts(): number {
    let sum = 0
    for (const count of this.#reasons.values()) sum += count
    return sum
  }

  /** The same, by why the one before went. */
  get reasons(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#reasons)
  }

  /** How the last thread that went has ended; `null` as long as the first one lives. */
  get lastEnd(): ThreadEnd | null {
    return this.#lastEnd
  }

  /** The last error a thread ended with, also when threads after it ended without one. */
  get lastError(): LastError | null {
    return this.#lastError
  }

  /** Another thread is started because the one before is lost. */
  restarted(reason: ExitReason): void {
    this.#count(reason)
  }

  /** Another thread has taken over from one that goes. */
  replaced(reason: ReplaceReason): void {
    this.#count(reason)
  }

  /** A thread is about to end, has ended, or was given up: what is known of that last stays. */
  ended(end: ThreadEnd): void {
    this.#lastEnd = end
    if (end.error === null || end.error === this.#lastThrown) return
    this.#lastThrown = end.error
    const { name, message, stack = null } = end.error
    this.#lastError = { name, message, stack, at: new Date().toISOString() }
  }

  /** A thread is gone: what senders counted of it stays. */
  counted(worker: Counted): void {
    this.#counts = addCounts(this.#counts, worker.counts())
    this.#traffic = addTraffic(this.#traffic, worker.traffic())
    this.#served += worker.served()
  }

  /** Requests that all threads together have answered. */
  served(living: readonly Counted[]): number {
    return living.reduce((sum, each) => sum + each.served(), this.#served)
  }

  /** What senders have counted of all threads, together with those who live. */
  counts(living: readonly Counted[]): MemberCounts {
    return living.reduce((sum, each) => addCounts(sum, each.counts()), this.#counts)
  }

  /** What all threads have sent, together with those who live, by hostname. */
  traffic(living: readonly Counted[]): readonly MemberTraffic[] {
    return living.reduce((sum, each) => addTraffic(sum, each.traffic()), this.#traffic)
  }

  #count(reason: ExitReason | ReplaceReason): void {
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
  }
}
