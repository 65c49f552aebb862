/**
 * Tells of requests to the administrative port that were refused: somebody guesses tokens, or a web page tries. Not
 * of each, since who sends a thousand must not fill the log.
 *
 * Main thread only.
 */
import type { Announce } from '../../events.ts'
import type { Clock } from '../../shared/clock.ts'

/** Why requests are refused. */
export type Refusal = 'host' | 'origin' | 'token'

/** Milliseconds between two that are told of the same reason. */
const quietMs = 10_000

/** The refusals of one server. */
export class Refusals {
  readonly #clock: Clock
  readonly #announce: Announce
  readonly #told = new Map<Refusal, { at: number; more: number }>()

  constructor(clock: Clock, announce: Announce) {
    this.#clock = clock
    this.#announce = announce
  }

  /** A request from this address was refused. */
  note(reason: Refusal, address: string | null): void {
    const now = this.#clock.now()
    const told = this.#told.get(reason)
    if (told !== undefined && now - told.at < quietMs) {
      told.more++
      return
    }
    this.#told.set(reason, { at: now, more: 0 })
    this.#announce('admin:refused', { reason, address, requests: 1 + (told?.more ?? 0) })
  }
}
