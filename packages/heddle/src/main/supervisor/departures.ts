/**
 * Those who have left a slot and finish what they have.
 *
 * Main thread only. It ends nobody by itself.
 */
import type { Occupant } from './occupant.ts'

/** Milliseconds a thread may take to end once it was told to. */
const endMs = 1000

/** The departures from one slot. */
export class Departures<Sitting extends Occupant> {
  readonly #leaving = new Set<Sitting>()

  /** Everybody who has not gone, the longest out first. */
  get all(): readonly Sitting[] {
    return [...this.#leaving]
  }

  /** How many they are. */
  get size(): number {
    return this.#leaving.size
  }

  /** Sees somebody off who finishes what he has. */
  see(sitting: Sitting): void {
    if (sitting.life.isGone) return
    this.#leaving.add(sitting)
    void sitting.life.gone.then(() => this.#leaving.delete(sitting))
  }

  /** Resolves when all have gone, those who have left meanwhile among them. */
  async over(): Promise<void> {
    // oxlint-disable-next-line no-await-in-loop -- Others may have come to leave meanwhile.
    while (this.size > 0) await Promise.all(this.all.map(({ life }) => life.gone))
  }

  /** Ends the first until no more than so many are left; how many that is is asked again after each. */
  async cut(left: () => number): Promise<void> {
    for (let first = this.#excess(left()); first.length > 0; first = this.#excess(left())) {
      // oxlint-disable-next-line no-await-in-loop -- Others may have come to leave meanwhile.
      await Promise.all(first.map(({ life }) => life.end('stopped', endMs)))
    }
  }

  #excess(left: number): readonly Sitting[] {
    return this.all.slice(0, Math.max(0, this.size - left))
  }
}
