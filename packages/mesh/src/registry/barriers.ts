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

  /** @param recheck Called now and then while anybody waits: a sender that stands still announces nothing. */
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
    if (this.pending) this.#watch ??= setInterval(this.#recheck, HEARTBEAT_MS)
    else if (this.#watch !== null) {
      clearInterval(this.#watch)
      this.#watch = null
    }
  }
}
