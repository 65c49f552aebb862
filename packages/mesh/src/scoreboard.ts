/**
 * One block of shared memory with a record for each member: what every thread may know of every other
 * without asking. Any thread.
 *
 * The registry alone writes `state` and `generation`; senders add to and take from `inflight` and count
 * answers; the member itself writes `heartbeat` and that it has joined. A record is 192 bytes, three cache
 * lines: members do not slow one another by writing, and the counts of durations stay off the line that
 * every choice of an upstream reads. A record given to a new thread gets a new generation: a sender with an
 * old table does not mistake one for the other.
 */
import { BUCKETS, bucketOf } from './durations.ts'

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

const STRIDE = 48
const STATE = 0
const GENERATION = 1
const INFLIGHT = 2
const HEARTBEAT = 3
const JOINED = 4
/** Requests that got no answer, or 502, 503 or 504: since the record was opened, and since the last good answer. */
const FAILURES = 5
const FAILURES_IN_ROW = 6
/** Five counts of answers, by the class of their status. */
const ANSWERED = 7
/** Until when a draining member may finish what it has; 0 when nobody has said. */
const DRAINED_BY = 12
/** Requests that got no answer. */
const LOST = 13
/** Counts of times to the response head. */
const DURATIONS = 16

/** Milliseconds between two heartbeats of a member's event loop. */
export const HEARTBEAT_MS = 100

/** After so long without a heartbeat a member is passed over where there are others, in milliseconds. */
const LATE_MS = 2.5 * HEARTBEAT_MS

/** What all senders together have seen of a member. */
export interface MemberCounts {
  /** Answers by the class of their status: five counts, 1xx to 5xx. An upgrade counts as 101. */
  readonly answered: readonly number[]
  /** Requests without an answer, or not in time. */
  readonly lost: number
  /** These, and answers with 502, 503 or 504. */
  readonly failures: number
  /** Of those, the ones since the last good answer. */
  readonly failuresInRow: number
  /** How many answers took how long to their head, by the bounds of `durationBoundsMs`. */
  readonly durations: readonly number[]
}

/** Statuses of those who stand in front of an application, and of one that says it cannot: its failures. */
export function isFailure(status: number): boolean {
  return status >= 502 && status <= 504
}

/** Statuses are checked to be from 100 to 999; what is beyond 5xx counts as 5xx. */
function statusClass(status: number): number {
  return Math.min(4, Math.floor(status / 100) - 1)
}

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
    this.#cells.fill(0, record * STRIDE + FAILURES, (record + 1) * STRIDE)
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

  /** Whether the thread of that generation has the record and finishes what it has. */
  isDraining(record: number, generation: number): boolean {
    const at = record * STRIDE
    return (
      Atomics.load(this.#cells, at + STATE) === DRAINING &&
      Atomics.load(this.#cells, at + GENERATION) === generation
    )
  }

  /** Says how many milliseconds a member that drains may take, 0 for as long as it likes. Registry only. */
  limitDrain(record: number, forMs: number): void {
    const until = forMs > 0 && forMs < 2 ** 31 ? (sharedMs() + forMs) | 0 || 1 : 0
    Atomics.store(this.#cells, record * STRIDE + DRAINED_BY, until)
  }

  /** Milliseconds a draining member may still take, below 0 when they are over; `null` when nobody has said. */
  drainLeft(record: number): number | null {
    const until = Atomics.load(this.#cells, record * STRIDE + DRAINED_BY)
    return until === 0 ? null : (until - monotonicMs()) | 0
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

  /**
   * Counts an answer of the thread of that generation.
   *
   * @param afterMs Milliseconds to the response head.
   */
  countAnswer(record: number, generation: number, status: number, afterMs: number): void {
    const at = record * STRIDE
    const cells = this.#cells
    if (Atomics.load(cells, at + GENERATION) !== generation) return
    Atomics.add(cells, at + ANSWERED + statusClass(status), 1)
    Atomics.add(cells, at + DURATIONS + bucketOf(afterMs), 1)
    if (isFailure(status)) this.#countFailure(at)
    else if (Atomics.load(cells, at + FAILURES_IN_ROW) !== 0) Atomics.store(cells, at + FAILURES_IN_ROW, 0)
  }

  /** Counts a request the thread of that generation did not answer, or not in time. */
  countFailure(record: number, generation: number): void {
    const at = record * STRIDE
    if (Atomics.load(this.#cells, at + GENERATION) !== generation) return
    Atomics.add(this.#cells, at + LOST, 1)
    this.#countFailure(at)
  }

  #countFailure(at: number): void {
    Atomics.add(this.#cells, at + FAILURES, 1)
    Atomics.add(this.#cells, at + FAILURES_IN_ROW, 1)
  }

  /** What senders have counted since the record was opened. Each count wraps at 2^32. */
  counts(record: number): MemberCounts {
    const at = record * STRIDE
    const read = (cell: number): number => Atomics.load(this.#cells, at + cell) >>> 0
    const range = (from: number, count: number): number[] =>
      Array.from({ length: count }, (_, index) => read(from + index))
    return {
      answered: range(ANSWERED, 5),
      lost: read(LOST),
      failures: read(FAILURES),
      failuresInRow: read(FAILURES_IN_ROW),
      durations: range(DURATIONS, BUCKETS)
    }
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

  /** Whether the member has missed heartbeats by that time of the shared clock, but for one. */
  isLate(record: number, sharedNowMs: number): boolean {
    const age = ((sharedNowMs | 0) - Atomics.load(this.#cells, record * STRIDE + HEARTBEAT)) | 0
    return age > LATE_MS
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
