/**
 * What one sender has sent where: a count of requests and of failures for each hostname, in shared memory.
 *
 * Any thread. One thread writes, so that plain stores do and nothing wraps; the main thread reads when it likes.
 * Hostnames have numbers, which the registry gives out and the table carries. They are not given twice: whoever
 * comes after the last one is counted with all others like it.
 */

/** The number of all hostnames that came too late for one of their own. */
export const OTHERS = 255

const FIELDS = 2

/** Calls to one hostname. */
export interface TrafficCount {
  /** Requests sent, those that never found a member included. */
  readonly requests: number
  /** Of those, the ones without an answer, and the ones answered with 502, 503 or 504. */
  readonly failures: number
}

/** Calls of one member to one hostname. */
export interface MemberTraffic extends TrafficCount {
  /** `null` for all hostnames together that were one too many to be told apart: those after the first 255. */
  readonly to: string | null
}

/** The counts of one sender. */
export class Traffic {
  readonly buffer: SharedArrayBuffer
  readonly #cells: Float64Array

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#cells = new Float64Array(buffer)
  }

  /** Counts for one sender, 4 KiB. */
  static create(): Traffic {
    return new Traffic(new SharedArrayBuffer((OTHERS + 1) * FIELDS * Float64Array.BYTES_PER_ELEMENT))
  }

  /** Counts a request. The sender alone. */
  sent(hostname: number): void {
    this.#add(hostname * FIELDS)
  }

  /** Counts a failure. The sender alone. */
  failed(hostname: number): void {
    this.#add(hostname * FIELDS + 1)
  }

  #add(cell: number): void {
    this.#cells[cell] = (this.#cells[cell] ?? 0) + 1
  }

  /** What has been counted for every hostname that was called. */
  readAll(numbers: HostnameNumbers): MemberTraffic[] {
    return Array.from(numbers.entries(), ([to, number]) => ({ to, ...this.read(number) })).filter(
      ({ requests }) => requests > 0
    )
  }

  /** What has been counted for the hostname of that number. */
  read(hostname: number): TrafficCount {
    const at = hostname * FIELDS
    return { requests: this.#cells[at] ?? 0, failures: this.#cells[at + 1] ?? 0 }
  }
}

/** Gives hostnames their numbers. Registry only. */
export class HostnameNumbers {
  readonly #numbers = new Map<string, number>()

  /** The number of a hostname: its own, or {@link OTHERS}. */
  of(hostname: string): number {
    const known = this.#numbers.get(hostname)
    if (known !== undefined) return known
    if (this.#numbers.size === OTHERS) return OTHERS
    this.#numbers.set(hostname, this.#numbers.size)
    return this.#numbers.size - 1
  }

  /** Every hostname with its number; `null` stands for all that share the last one. */
  *entries(): IterableIterator<readonly [hostname: string | null, number: number]> {
    yield* this.#numbers
    yield [null, OTHERS]
  }
}
