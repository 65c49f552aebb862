/**
 * A table of what is in flight, by number. Any thread, both ends of a link; no policy.
 *
 * Not a Map: V8's maps leave a chain of outgrown tables behind when entries come and go. Once one of them
 * is in the old generation it keeps all later ones, and the requests in them, alive until a full
 * collection; after six seconds of load that made every small collection ten times longer.
 */

/** Bits of an id that name its slot; the rest counts how often the slot was used, so that no frame of an earlier use is mistaken. */
const SLOT_BITS = 20
const SLOT_MASK = (1 << SLOT_BITS) - 1
/** Ids stay small integers: 1024 uses, then the count begins anew. Frames of a link keep their order. */
const USES_MASK = 0x3ff

/** The slot an id stands for. */
export function slotOf(id: number): number {
  return id & SLOT_MASK
}

/** Things by id, as the side that hands out the ids keeps them. */
export class Slots<Value> {
  readonly #values: (Value | null)[] = []
  readonly #uses: number[] = []
  readonly #free: number[] = []
  #size = 0

  /** How many are in the table. */
  get size(): number {
    return this.#size
  }

  /** Puts a value in a free slot and returns its id. */
  add(value: Value): number {
    const slot = this.#free.pop() ?? this.#values.length
    const uses = ((this.#uses[slot] ?? 0) + 1) & USES_MASK
    this.#uses[slot] = uses
    this.#values[slot] = value
    this.#size++
    return (uses << SLOT_BITS) | slot
  }

  /** The value of that id, `null` when it is gone. */
  get(id: number): Value | null {
    const slot = id & SLOT_MASK
    return this.#uses[slot] === id >>> SLOT_BITS ? (this.#values[slot] ?? null) : null
  }

  /**
   * Takes a value out; false when it was not there.
   *
   * @param reuse False leaves the slot unused until {@link release}.
   */
  delete(id: number, reuse = true): boolean {
    if (this.get(id) === null) return false
    const slot = id & SLOT_MASK
    this.#values[slot] = null
    this.#size--
    if (reuse) this.#free.push(slot)
    return true
  }

  /** Lets a slot be used again that was left unused. */
  release(slot: number): void {
    this.#free.push(slot)
  }

  /** The values, in no particular order. A copy: values may be taken out while it is gone through. */
  values(): Value[] {
    return this.#values.filter(value => value !== null)
  }
}
