/**
 * Puts spares to use: as one more worker, or in the place of one that is lost or taken out of balancing, until that has
 * been back for a while.
 *
 * Main thread only. Who is kept ready is the business of `spares.ts`; the workers themselves are those of a pool.
 */
import type { Announce } from '../../events.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'
import { isOut } from './slot-group.ts'
import type { WorkerSlot } from './slot-group.ts'
import type { Spares } from './spares.ts'

/** The workers of an application, as far as spares can help. */
export interface Helped {
  /** Whether its number can change: it runs, and no operation is under way. */
  readonly isFree: boolean
  /** How many workers it is to have. */
  readonly workers: number
  /** How many are to be kept ready. */
  readonly spare: number
  /** How many slots are in use; beyond `workers` spares stand in. */
  readonly size: number
  /** Uses so many. Whoever is beyond that finishes what it has and goes. */
  use(size: number): void
  /** The slot of that number, made where there is none yet. */
  place(slot: number): WorkerSlot
}

/** Milliseconds a spare goes on after the worker is back in whose place it stands: what was lost is often lost again. */
const giveBackMs = 10_000

/** The spares of one application at work. */
export class Reserve {
  readonly #helped: Helped
  readonly #spares: Spares
  readonly #clock: Clock
  readonly #announce: Announce
  #cancelGiveBack: Cancel | null = null

  constructor(helped: Helped, spares: Spares, { clock, announce }: { clock: Clock; announce: Announce }) {
    this.#helped = helped
    this.#spares = spares
    this.#clock = clock
    this.#announce = announce
  }

  /** The spare of a slot sits down there and takes requests. False when there is none that is ready. */
  stepIn(slot: number): boolean {
    const spare = this.#spares.take(slot)
    if (spare === null) return false
    this.#helped.place(slot).adopt(spare)
    this.#announce('worker:stepped-in', spare.fact)
    void spare.open()
    return true
  }

  /** To be called whenever something has changed: those that are out get somebody in their place, and spares are refilled. */
  look(): void {
    if (!this.#helped.isFree) return
    while (this.#excess() < 0 && this.stepIn(this.#helped.size)) {
      this.#helped.use(this.#helped.size + 1)
      this.forget()
    }
    if (this.#excess() > 0) this.#cancelGiveBack ??= this.#planGiveBack()
    const { workers, size, spare } = this.#helped
    this.#spares.keep(size, Math.max(0, spare - (size - workers)))
  }

  /** Somebody is to be taken out and cannot be spared: a spare takes requests first. */
  help(): void {
    const { isFree, size } = this.#helped
    if (!isFree || this.#excess() > 0 || !this.stepIn(size)) return
    this.#helped.use(size + 1)
    this.look()
  }

  /** Whoever stands in does so for longer. */
  forget(): void {
    this.#cancelGiveBack?.()
    this.#cancelGiveBack = null
  }

  /** How many stand in for nobody; below 0 as many are missing. */
  #excess(): number {
    const { workers, size } = this.#helped
    let out = 0
    for (let slot = 0; slot < workers; slot++) if (isOut(this.#helped.place(slot))) out++
    return size - workers - out
  }

  #planGiveBack(): Cancel {
    return this.#clock.after(giveBackMs, () => {
      this.#cancelGiveBack = null
      const excess = this.#excess()
      if (this.#helped.isFree && excess > 0) this.#helped.use(this.#helped.size - excess)
      this.look()
    })
  }
}
