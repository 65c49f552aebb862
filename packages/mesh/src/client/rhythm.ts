/**
 * Tells whether a thread comes late to what it does at regular times. Any thread, client side; pure but for
 * what it remembers.
 *
 * A thread that was busy finds everything overdue at once: what others have sent it meanwhile lies in its ports
 * unread. Whoever judges by time waits for the next time then. Only for the next: a thread that always is busy has
 * deadlines too.
 */

/** The times of one task. */
export class Rhythm {
  readonly #everyMs: number
  #lastMs = 0
  #passedOver = false

  /** @param everyMs Milliseconds between two times. */
  constructor(everyMs: number) {
    this.#everyMs = everyMs
  }

  /** The first time is `everyMs` from now. */
  begin(nowMs: number): void {
    this.#lastMs = nowMs
    this.#passedOver = false
  }

  /** Asked at each time: whether this one comes so late that it is better passed over. */
  isBehind(nowMs: number): boolean {
    this.#passedOver = !this.#passedOver && nowMs - this.#lastMs > 2 * this.#everyMs
    this.#lastMs = nowMs
    return this.#passedOver
  }
}
