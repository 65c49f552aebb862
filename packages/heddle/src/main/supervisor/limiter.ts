/**
 * Lets only so many tasks run at a time; the others wait in the order in which they came.
 *
 * Main thread only.
 */

/** Such a queue. */
export class Limiter {
  readonly #max: () => number
  readonly #waiting: (() => void)[] = []
  #running = 0

  /** @param max How many may run, asked each time one could begin. */
  constructor(max: () => number) {
    this.#max = max
  }

  /** Runs a task as soon as there is room for it. Passes on what comes of it. */
  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    await new Promise<void>(resolve => {
      this.#waiting.push(resolve)
      this.#admit()
    })
    try {
      return await task()
    } finally {
      this.#running--
      this.#admit()
    }
  }

  #admit(): void {
    while (this.#running < this.#max()) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#running++
      next()
    }
  }
}
