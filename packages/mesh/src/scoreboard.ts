/**
 * One block of shared memory with a record for each member: what every thread may know of every other
 * without asking. Any thread.
 *
 * The registry alone writes `state` and `generation`; senders add to and take from `inflight` and count
 * answers; the member itself writes `heartbeat` and that it has joined. A record is 640 bytes, ten cache
 * lines: members do not slow one another by writing, and the counts of times stay off the line that
 * every choice of an upstream reads. A record given to a new thread gets a new generation: a sender with an
 * old table does not mistake one for the other.
 *
 * Most answers are whole with their head, so that both of their times are one: it is counted once, in
 * `WHOLE`. `HEADS` and `ENDS` have the others.
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

const STRIDE = 160
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
/** Requests sent to the member after another one had failed them. */
const RETRIES = 14
/** Counts of times of answers that were whole with their head; of times to the head, and to the end, of others. */
const WHOLE = 16
const HEADS: number = WHOLE + BUCKETS
const ENDS: number = HEADS + BUCKETS
/** Counts of times in a sender's queue. */
const WAITS: number = ENDS + BUCKETS
/** Their sums, in units of {@link UNIT_MS}. */
const WHOLE_UNITS: number = WAITS + BUCKETS
const HEAD_UNITS: number = WHOLE_UNITS + 1
const END_UNITS: number = WHOLE_UNITS + 2
const WAIT_UNITS: number = WHOLE_UNITS + 3
/** Bytes of request bodies to the member, and of response bodies from it. */
const BYTES_IN: number = WHOLE_UNITS + 4
const BYTES_OUT: number = WHOLE_UNITS + 5

/**
 * What sums of times are counted in, in milliseconds: a sum wraps after 19 hours of requests, and who reads once a
 * second misses none. One time counts for no more than 9 hours.
 */
export const UNIT_MS = 0.016

const UNITS_MAX = 2 ** 31 - 1

/** Milliseconds between two heartbeats of a member's event loop. */
export const HEARTBEAT_MS = 100

/** After so long without a heartbeat a member is passed over where there are others, in milliseconds. */
const LATE_MS = 2.5 * HEARTBEAT_MS

/** What all senders together have seen of a member. Each count wraps at 2^32. */
export interface MemberCounts {
  /** Answers by the class of their status: five counts, 1xx to 5xx. An upgrade counts as 101. */
  readonly answered: readonly number[]
  /** Requests without an answer, or not in time. */
  readonly lost: number
  /** These, and answers with 502, 503 or 504. */
  readonly failures: number
  /** Of those, the ones since the last good answer. */
  readonly failuresInRow: number
  /** How many answers took how long from sending to their head, by the bounds of `durationBoundsMs`, and all together. */
  readonly durations: readonly number[]
  /** Sums of times are in units of {@link UNIT_MS}. */
  readonly durationUnits: number
  /** How many took how long from the arrival of the request at its sender to the end of the response. */
  readonly totals: readonly number[]
  readonly totalUnits: number
  /** How many requests had to wait in a sender's queue for how long before they were sent; the others did not wait. */
  readonly waits: readonly number[]
  readonly waitUnits: number
  /** Requests it was sent after another member had failed them. */
  readonly retries: number
  /** Answers with 101. */
  readonly upgrades: number
  /** Bytes of the bodies of requests to it, and of responses from it; of upgraded connections too. */
  readonly bytesIn: number
  readonly bytesOut: number
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
   * Counts an answer of the thread of that generation that is whole: nothing follows its head, and the request had
   * not waited before it was sent.
   *
   * @param afterMs Milliseconds from sending to the response.
   */
  countWhole(record: number, generation: number, status: number, afterMs: number): void {
    const at = record * STRIDE
    if (Atomics.load(this.#cells, at + GENERATION) !== generation) return
    this.#countStatus(at, status)
    this.#countTime(at, WHOLE, WHOLE_UNITS, afterMs)
  }

  /**
   * Counts the head of an answer of the thread of that generation.
   *
   * @param afterMs Milliseconds from sending to the response head.
   */
  countHead(record: number, generation: number, status: number, afterMs: number): void {
    const at = record * STRIDE
    if (Atomics.load(this.#cells, at + GENERATION) !== generation) return
    this.#countStatus(at, status)
    this.#countTime(at, HEADS, HEAD_UNITS, afterMs)
  }

  /**
   * Counts the end of an answer whose head was counted by {@link countHead}.
   *
   * @param afterMs Milliseconds from the arrival of the request at its sender to the end of the response.
   */
  countEnd(record: number, generation: number, afterMs: number): void {
    const at = record * STRIDE
    if (Atomics.load(this.#cells, at + GENERATION) !== generation) return
    this.#countTime(at, ENDS, END_UNITS, afterMs)
  }

  /** Counts milliseconds that a request waited in a sender's queue before it was sent to the thread of that generation. */
  countWait(record: number, generation: number, waitedMs: number): void {
    const at = record * STRIDE
    if (Atomics.load(this.#cells, at + GENERATION) !== generation) return
    this.#countTime(at, WAITS, WAIT_UNITS, waitedMs)
  }

  /** Counts a request that is sent to the thread of that generation after another one had failed it. */
  countRetry(record: number, generation: number): void {
    const at = record * STRIDE
    if (Atomics.load(this.#cells, at + GENERATION) === generation) Atomics.add(this.#cells, at + RETRIES, 1)
  }

  /** Counts bytes of bodies to and from the thread of that generation. */
  countBytes(record: number, generation: number, bytesIn: number, bytesOut: number): void {
    const at = record * STRIDE
    if (Atomics.load(this.#cells, at + GENERATION) !== generation) return
    if (bytesIn > 0) Atomics.add(this.#cells, at + BYTES_IN, bytesIn)
    if (bytesOut > 0) Atomics.add(this.#cells, at + BYTES_OUT, bytesOut)
  }

  #countStatus(at: number, status: number): void {
    const cells = this.#cells
    Atomics.add(cells, at + ANSWERED + statusClass(status), 1)
    if (isFailure(status)) this.#countFailure(at)
    else if (Atomics.load(cells, at + FAILURES_IN_ROW) !== 0) Atomics.store(cells, at + FAILURES_IN_ROW, 0)
  }

  #countTime(at: number, buckets: number, units: number, ms: number): void {
    // The answers of one batch have one time, which may lie before the last write of a request among them.
    const time = ms > 0 ? ms : 0
    Atomics.add(this.#cells, at + buckets + bucketOf(time), 1)
    Atomics.add(this.#cells, at + units, Math.min(time / UNIT_MS, UNITS_MAX) | 0)
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

  /** What senders have counted since the record was opened. */
  counts(record: number): MemberCounts {
    const at = record * STRIDE
    const read = (cell: number): number => Atomics.load(this.#cells, at + cell) >>> 0
    const range = (from: number, count: number): number[] =>
      Array.from({ length: count }, (_, index) => read(from + index))
    const sum = (...from: readonly number[]): number[] =>
      Array.from({ length: BUCKETS }, (_, index) =>
        from.reduce((total, buckets) => (total + read(buckets + index)) >>> 0, 0)
      )
    return {
      answered: range(ANSWERED, 5),
      lost: read(LOST),
      failures: read(FAILURES),
      failuresInRow: read(FAILURES_IN_ROW),
      durations: sum(WHOLE, HEADS),
      durationUnits: (read(WHOLE_UNITS) + read(HEAD_UNITS)) >>> 0,
      totals: sum(WHOLE, ENDS),
      totalUnits: (read(WHOLE_UNITS) + read(END_UNITS)) >>> 0,
      waits: range(WAITS, BUCKETS),
      waitUnits: read(WAIT_UNITS),
      retries: read(RETRIES),
      // No other status of this class is final.
      upgrades: read(ANSWERED),
      bytesIn: read(BYTES_IN),
      bytesOut: read(BYTES_OUT)
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
