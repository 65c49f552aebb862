/**
 * The connections clients have to a worker itself, in direct and handoff mode, as the main thread sees them.
 *
 * Main thread only. The worker counts them in shared memory; nothing here waits for its event loop.
 */
import { Ledger, type ClientCounts } from '../../channel/ledger.ts'
import type { Clock } from '../../shared/clock.ts'

/** How often a ledger, which announces nothing, is looked at: in milliseconds, at first and at last. */
const firstLookMs = 1
const lastLookMs = 50

/** The connections of one worker. */
export class ClientConnections {
  readonly #ledger = Ledger.create()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** For the worker, and for who hands connections to it. */
  get buffer(): SharedArrayBuffer {
    return this.#ledger.buffer
  }

  /** How many there are and were. */
  get counts(): ClientCounts {
    return this.#ledger.counts
  }

  /** Requests under way on them. */
  get requests(): number {
    return this.#ledger.requests
  }

  /** Resolves true when all of them are closed or in other hands, false after `timeoutMs`. */
  async drained(timeoutMs: number): Promise<boolean> {
    const until = this.#clock.now() + timeoutMs
    for (let pause = firstLookMs; ; pause = Math.min(pause * 2, lastLookMs)) {
      if (this.#ledger.connections <= 0 && this.#ledger.requests <= 0) return true
      if (this.#clock.now() >= until) return false
      // oxlint-disable-next-line no-await-in-loop -- Each turn of the loop is a wait.
      await new Promise<void>(resolve => this.#clock.after(pause, resolve))
    }
  }
}
