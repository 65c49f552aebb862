/**
 * One block of shared memory with a record for each member: what every thread may know of every other
 * without asking. Any thread.
 *
 * The registry alone writes `state` and `generation`; senders add to and take from `inflight`; the
 * member itself writes `heartbeat` and that it has joined. A record is 64 bytes, one cache line, so that members do not slow
 * one another by writing. A record given to a new thread gets a new generation: a sender with an old
 * table does not mistake one for the other.
 */

/** Where a member stands, as senders see it. Only `READY` ones are chosen. */
export const STARTING = 0
/** Takes requests. */
export const READY = 1
/** Finishes what it has. */
export const DRAINING = 2
/** Ready, but taken out for the time being. */
export const EJECTED = 3
/** Gone; the record is free. */
export const GONE = 4

const STRIDE = 16
const STATE = 0
const GENERATION = 1
const INFLIGHT = 2
const HEARTBEAT = 3
const JOINED = 4

/** Milliseconds between two heartbeats of a member's event loop. */
export const HEARTBEAT_MS = 100

/** A view of the shared records. */
export class Scoreboard {
  readonly buffer: SharedArrayBuffer
  readonly capacity: number
  readonly #cells: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#cells = new Int32Array(buffer)
    this.capacity = this.#cells.length / STRIDE
  }

  /** A scoreboard with room for `capacity` members. */
  static create(capacity: number): Scoreboard {
    return new Scoreboard(new SharedArrayBuffer(capacity * STRIDE * Int32Array.BYTES_PER_ELEMENT))
  }

  /** Gives a record to a new thread and returns its generation. Registry only. */
  open(record: number): number {
    const generation = Atomics.add(this.#cells, record * STRIDE + GENERATION, 1) + 1
    Atomics.store(this.#cells, record * STRIDE + INFLIGHT, 0)
    Atomics.store(this.#cells, record * STRIDE + STATE, STARTING)
    this.beat(record)
    return generation
  }

  /** Registry only. */
  setState(record: number, state: number): void {
    Atomics.store(this.#cells, record * STRIDE + STATE, state)
  }

  state(record: number): number {
    return Atomics.load(this.#cells, record * STRIDE + STATE)
  }

  /** Whether the thread of that generation has the record and takes requests. */
  isReady(record: number, generation: number): boolean {
    const at = record * STRIDE
    return (
      Atomics.load(this.#cells, at + STATE) === READY &&
      Atomics.load(this.#cells, at + GENERATION) === generation
    )
  }

  /** Whether the thread of that generation is out of the mesh. */
  isGone(record: number, generation: number): boolean {
    const at = record * STRIDE
    return (
      Atomics.load(this.#cells, at + STATE) === GONE ||
      Atomics.load(this.#cells, at + GENERATION) !== generation
    )
  }

  /** Requests sent to the member and not finished, over all senders. */
  inflight(record: number): number {
    return Atomics.load(this.#cells, record * STRIDE + INFLIGHT)
  }

  /** Counts a request in, or several finished ones out, for the thread of that generation. */
  addInflight(record: number, generation: number, count: number): void {
    // A late answer of a thread that is gone must not change the books of its successor.
    if (Atomics.load(this.#cells, record * STRIDE + GENERATION) !== generation) return
    Atomics.add(this.#cells, record * STRIDE + INFLIGHT, count)
  }

  /** Says "from now on I apply tables". The member itself, before it reads its first one. */
  join(record: number, generation: number): void {
    Atomics.store(this.#cells, record * STRIDE + JOINED, generation)
  }

  /** Whether the thread of that generation applies tables already. */
  hasJoined(record: number, generation: number): boolean {
    return Atomics.load(this.#cells, record * STRIDE + JOINED) === generation
  }

  /** Says "my event loop turns". The member itself. */
  beat(record: number): void {
    Atomics.store(this.#cells, record * STRIDE + HEARTBEAT, monotonicMs())
  }

  /** Milliseconds since the member's last heartbeat. */
  heartbeatAge(record: number): number {
    return (monotonicMs() - Atomics.load(this.#cells, record * STRIDE + HEARTBEAT)) | 0
  }
}

/** What `performance.now()`, which counts from each thread's own start, lacks of the machine's monotonic clock. */
const sharedOffsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now()

/** Milliseconds on a clock all threads of the process share, for a `performance.now()` of this thread. */
export function sharedMs(threadMs: number = performance.now()): number {
  return threadMs + sharedOffsetMs
}

/** {@link sharedMs} wrapped to 32 bits, as the records hold it. */
function monotonicMs(): number {
  return sharedMs() | 0
}
