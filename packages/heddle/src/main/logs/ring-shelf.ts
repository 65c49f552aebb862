/**
 * Where the rings of all threads are, those of threads that have gone included: what they said last is often why one
 * looks into the log.
 *
 * Main thread only. It holds memory and reads none of it.
 */

/** The ring of one thread. */
export interface ShelvedRing {
  /** Never given twice. */
  readonly id: number
  readonly buffer: SharedArrayBuffer
  /** Who speaks in it; `null` for the main thread, which speaks for many. */
  readonly worker: string | null
  readonly application: string | null
  /** Whether its thread has ended. */
  isGone: boolean
}

/** Rings kept of threads that have gone and have no successors: of applications that were removed, for instance. */
const goneMax = 32

/** All rings. */
export class RingShelf {
  #rings: ShelvedRing[] = []
  #lastId = 0

  /** Adds one. Of the threads before it in its place the last one that has gone keeps its ring. */
  add(ring: Pick<ShelvedRing, 'buffer' | 'worker' | 'application'>): ShelvedRing {
    const { buffer, worker, application } = ring
    const added: ShelvedRing = { id: ++this.#lastId, buffer, worker, application, isGone: false }
    const before = this.#rings.filter(each => each.isGone && each.worker === worker).slice(0, -1)
    this.#drop(before)
    this.#rings.push(added)
    const gone = this.#rings.filter(each => each.isGone)
    this.#drop(gone.slice(0, Math.max(0, gone.length - goneMax)))
    return added
  }

  /** In the order they were added. */
  rings(): readonly ShelvedRing[] {
    return this.#rings
  }

  #drop(rings: readonly ShelvedRing[]): void {
    if (rings.length > 0) this.#rings = this.#rings.filter(each => !rings.includes(each))
  }
}
