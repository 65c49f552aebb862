/**
 * Lets operations on a server go side by side, or one alone; what does not go together is refused, not queued:
 * who asked can ask again, and nothing happens later than anybody expects.
 *
 * Main thread only.
 */
import { HeddleError } from '../errors.ts'
import type { Clock } from '../shared/clock.ts'

/** One operation that is under way. */
interface Running {
  readonly name: string
  readonly isAlone: boolean
  readonly startedAt: number
}

/** The gate of one server. */
export class Gate {
  readonly #clock: Clock
  readonly #running = new Set<Running>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Runs beside others, but not beside one that wants to be alone. @throws HEDDLE_BUSY */
  beside<Value>(name: string, run: () => Promise<Value>): Promise<Value> {
    return this.#run(name, false, run)
  }

  /** Runs alone. @throws HEDDLE_BUSY */
  alone<Value>(name: string, run: () => Promise<Value>): Promise<Value> {
    return this.#run(name, true, run)
  }

  async #run<Value>(name: string, isAlone: boolean, run: () => Promise<Value>): Promise<Value> {
    const now = this.#clock.now()
    const other = [...this.#running].find(running => isAlone || running.isAlone)
    if (other !== undefined) {
      const runningMs = Math.round(now - other.startedAt)
      throw new HeddleError('HEDDLE_BUSY', { asked: name, running: other.name, runningMs })
    }
    const running = { name, isAlone, startedAt: now }
    this.#running.add(running)
    try {
      return await run()
    } finally {
      this.#running.delete(running)
    }
  }
}
