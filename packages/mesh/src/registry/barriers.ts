/**
 * Who waits until every sender has applied a version of the table. Main thread; knows nothing of tables.
 */

import { HEARTBEAT_MS } from '../scoreboard.ts'

/** A sender, as a barrier sees it. */
export interface Sender {
  /** Last version it has applied. */
  readonly applied: number
}

interface Barrier {
  readonly version: number
  readonly resolve: () => void
}

/** The barriers of one registry. */
export class Barriers {
  readonly #recheck: () => void
  #waiting: Barrier[] = []
  #watch: NodeJS.Timeout | null = null
  #lookedMs = 0
  #passedOver = false

  /**
   * @param recheck Called now and then while anybody waits: a sender that stands still announces nothing. Not when
   *   this thread comes late itself: others may have stood still as long as it did, and with it. Never twice in a row.
   */
  constructor(recheck: () => void) {
    this.#recheck = recheck
  }

  /** Whether anybody waits. */
  get pending(): boolean {
    return this.#waiting.length > 0
  }

  /** Resolves when {@link settle} has seen every sender at `version` or later. */
  reach(version: number): Promise<void> {
    return new Promise(resolve => this.#waiting.push({ version, resolve }))
  }

  /** Lets those go on whose version all of these senders have applied. */
  settle(senders: Iterable<Sender>): void {
    let slowest = Number.POSITIVE_INFINITY
    for (const { applied } of senders) slowest = Math.min(slowest, applied)
    const passed = this.#waiting.filter(({ version }) => version <= slowest)
    this.#waiting = this.#waiting.filter(({ version }) => version > slowest)
    this.#watchWhilePending()
    for (const { resolve } of passed) resolve()
  }

  #watchWhilePending(): void {
    if (this.pending && this.#watch === null) {
      this.#watch = setInterval(() => this.#look(), HEARTBEAT_MS)
      this.#lookedMs = performance.now()
      this.#passedOver = false
    } else if (!this.pending && this.#watch !== null) {
      clearInterval(this.#watch)
      this.#watch = null
    }
  }

  #look(): void {
    const nowMs = performance.now()
    this.#passedOver = !this.#passedOver && nowMs - this.#lookedMs > 2 * HEARTBEAT_MS
    this.#lookedMs = nowMs
    if (!this.#passedOver) this.#recheck()
  }
}
