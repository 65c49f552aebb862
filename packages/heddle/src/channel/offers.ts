/**
 * Whose a descriptor is while it is on its way from the acceptor to a worker, decided in shared memory. Any thread.
 *
 * Each offer is a cell. The acceptor writes `offered` with a number that is never used for that cell again soon; one
 * compare-and-exchange then makes the descriptor the worker's (`taken`), or the acceptor's again (`revoked`). So a
 * worker that wakes up late, or never, can neither adopt what has gone to somebody else nor leave it to nobody.
 * `adopted` says that the worker's own socket holds the descriptor, and closes it whatever becomes of the thread.
 */

/** Nothing is on its way there. */
const FREE = 0
const OFFERED = 1
const TAKEN = 2
const ADOPTED = 3
const STATES = 4

/** How an offer stands. */
export type OfferState = 'free' | 'offered' | 'taken' | 'adopted'

const names: readonly OfferState[] = ['free', 'offered', 'taken', 'adopted']

/** The cells of all offers of one acceptor. */
export class Offers {
  readonly buffer: SharedArrayBuffer
  /** How many may be under way at a time. */
  readonly capacity: number
  readonly #cells: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#cells = new Int32Array(buffer)
    this.capacity = this.#cells.length
  }

  /** Cells for `capacity` offers at a time. */
  static create(capacity: number): Offers {
    return new Offers(new SharedArrayBuffer(capacity * Int32Array.BYTES_PER_ELEMENT))
  }

  /** Makes an offer in a free cell and returns its ticket, which the worker shows to take it. Acceptor only. */
  make(cell: number): number {
    const last = Atomics.load(this.#cells, cell)
    const ticket = ((last - (last % STATES) + STATES) & 0x7fff_ffff) | OFFERED
    Atomics.store(this.#cells, cell, ticket)
    return ticket
  }

  /** Takes an offer; false when it was taken back. Worker only. */
  take(cell: number, ticket: number): boolean {
    return Atomics.compareExchange(this.#cells, cell, ticket, ticket - OFFERED + TAKEN) === ticket
  }

  /** Says that the taker's own socket holds the descriptor. Worker only. */
  adopt(cell: number, ticket: number): void {
    Atomics.store(this.#cells, cell, ticket - OFFERED + ADOPTED)
  }

  /** Takes an offer back; false when it was taken already. Acceptor only. */
  revoke(cell: number, ticket: number): boolean {
    return Atomics.compareExchange(this.#cells, cell, ticket, ticket - OFFERED + FREE) === ticket
  }

  state(cell: number): OfferState {
    return names[Atomics.load(this.#cells, cell) % STATES] ?? 'free'
  }

  /** Clears the cell of an offer that is over. Acceptor only. */
  free(cell: number): void {
    const last = Atomics.load(this.#cells, cell)
    Atomics.store(this.#cells, cell, last - (last % STATES) + FREE)
  }
}
