/**
 * Lets operations on one thing happen one after another, in the order in which they were asked for.
 *
 * Main thread only.
 */

/** The turns of one application. */
export class Turns {
  readonly #onFree: () => void
  /** The operation that was asked for last, as long as it is not over. */
  #last: Promise<void> | null = null

  /** @param onFree Called when the last operation is over. */
  constructor(onFree: () => void) {
    this.#onFree = onFree
  }

  /** Whether an operation is under way. */
  get isBusy(): boolean {
    return this.#last !== null
  }

  /** Runs an operation as soon as those before it are over. Passes on what comes of it. */
  run<Result>(operation: () => Promise<Result>): Promise<Result> {
    const result = this.#last === null ? operation() : this.#last.then(operation)
    const over: Promise<void> = result.then(
      () => this.#handleOver(over),
      () => this.#handleOver(over)
    )
    this.#last = over
    return result
  }

  #handleOver(operation: Promise<void>): void {
    if (this.#last !== operation) return
    this.#last = null
    this.#onFree()
  }
}
