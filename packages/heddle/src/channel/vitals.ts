/**
 * What a worker thread says about itself in shared memory: how its heap stands, how late its event loop is,
 * what its checks say.
 *
 * The worker writes (`worker/vitals.ts`), about once a second and at events; the main thread reads without
 * asking, so that a worker that is blocked is read as quickly as any other. Every number is a cell of 32 bits
 * of its own: a reader may see one from before a write and one from after it, never half of one. Only the
 * sentence of a check is longer; a sequence number beside it tells a reader that it was changed meanwhile.
 */
import { LOOP_DELAYS } from '../shared/loop-delay.ts'

/** The checks of a worker: what its application gave to `health()` and `readiness()`, and the path that is asked. */
export const checkNames = ['health', 'readiness', 'path'] as const

/** One of {@link checkNames}. */
export type CheckName = (typeof checkNames)[number]

/** What a check has said last. `none`: nothing yet, or there is no such check. */
export type CheckState = 'none' | 'good' | 'bad'

/** One check as the main thread reads it. */
export interface CheckReading {
  readonly state: CheckState
  /** Changes with every answer: one that stands still belongs to a worker that no longer checks. */
  readonly round: number
  /** Why it is bad, in words of the application or about it; empty when nothing was said. */
  readonly reason: string
}

/** A worker as it has described itself. Bytes and milliseconds; zeroes until it has written once. */
export interface VitalsReading {
  /** Changes with every write. */
  readonly writes: number
  readonly heapUsed: number
  /** The real limit: what V8 ends the thread at. */
  readonly heapLimit: number
  /** Memory outside of the heap that its objects hold: buffers above all. */
  readonly external: number
  /** How late its event loop was in the last interval of its checks, at most a timer's resolution too much. */
  readonly loopDelay: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Time spent collecting garbage since the thread began; counted modulo 2^32. */
  readonly gcMs: number
  readonly checks: Readonly<Record<CheckName, CheckReading>>
}

/** What the worker measures. Bytes and milliseconds. */
export type Measurement = Omit<VitalsReading, 'writes' | 'checks'>

/** Kinds of collections of garbage, as they are called in metrics, in the order of their cells. */
export const gcKinds = ['minor', 'major', 'incremental', 'weakcb'] as const

/** One of {@link gcKinds}. */
export type GcKind = (typeof gcKinds)[number]

/**
 * What the thread has counted over its life, for metrics; each number modulo 2^32, so that it is differences that
 * are added up. Zeroes when nobody wants metrics.
 */
export interface VitalsCounts {
  /** Microseconds spent collecting, by {@link gcKinds}. */
  readonly gcMicroseconds: readonly number[]
  readonly gcCounts: readonly number[]
  /** Samples of the delay of the event loop, by the bounds of `shared/loop-delay.ts`. */
  readonly loopDelays: readonly number[]
  /** Their sum, in hundredths of a millisecond. */
  readonly loopDelayUnits: number
  /** Milliseconds of CPU the thread has used; 0 where node cannot say. */
  readonly cpuMs: number
}

/** What the worker counts for metrics. */
export type Counting = VitalsCounts & {
  /** Timers, sockets and requests that keep its event loop from ending. */
  readonly handles: number
}

const WRITES = 0
const HEAP_USED = 1
const HEAP_LIMIT = 2
const EXTERNAL = 3
const DELAY_P50 = 4
const DELAY_P99 = 5
const DELAY_MAX = 6
const GC = 7
const OS_THREAD = 8
/** Where the cells of the checks begin: for each its state, its round, and the bytes of its sentence. */
const CHECKS = 9
const CHECK_CELLS = 3
const STATE = 0
const ROUND = 1
const LENGTH = 2

const GC_TIMES = CHECKS + checkNames.length * CHECK_CELLS
const GC_COUNTS = GC_TIMES + gcKinds.length
const CPU = GC_COUNTS + gcKinds.length
const HANDLES = CPU + 1
const DELAY_SUM = HANDLES + 1
const DELAYS = DELAY_SUM + 1

const CELLS = DELAYS + LOOP_DELAYS
const TEXT_BYTES = 256
const BYTES = CELLS * Int32Array.BYTES_PER_ELEMENT + checkNames.length * TEXT_BYTES

const states: readonly CheckState[] = ['none', 'good', 'bad']

/** Heaps are beyond 32 bits of bytes. */
const KIB = 1024
/** Delays are kept to a hundredth of a millisecond. */
export const PER_MS = 100

/** Shared memory for one thread, about a kilobyte. A new thread gets a new one. */
export function createVitals(): SharedArrayBuffer {
  return new SharedArrayBuffer(BYTES)
}

/** The side that writes. One per buffer. */
export class VitalsWriter {
  readonly #cells: Int32Array
  readonly #buffer: SharedArrayBuffer
  readonly #encoder = new TextEncoder()

  constructor(buffer: SharedArrayBuffer) {
    this.#buffer = buffer
    this.#cells = new Int32Array(buffer, 0, CELLS)
  }

  /** Writes down the number the operating system knows the thread by. */
  introduce(osThread: number): void {
    this.#store(OS_THREAD, osThread)
  }

  /** Writes down what was measured. */
  measure({ heapUsed, heapLimit, external, loopDelay, gcMs }: Measurement): void {
    this.#store(HEAP_USED, heapUsed / KIB)
    this.#store(HEAP_LIMIT, heapLimit / KIB)
    this.#store(EXTERNAL, external / KIB)
    this.#store(DELAY_P50, loopDelay.p50 * PER_MS)
    this.#store(DELAY_P99, loopDelay.p99 * PER_MS)
    this.#store(DELAY_MAX, loopDelay.max * PER_MS)
    this.#store(GC, gcMs)
    Atomics.add(this.#cells, WRITES, 1)
  }

  /** Writes down what was counted. */
  count(counted: Counting): void {
    this.#storeEach(GC_TIMES, counted.gcMicroseconds)
    this.#storeEach(GC_COUNTS, counted.gcCounts)
    this.#storeEach(DELAYS, counted.loopDelays)
    Atomics.store(this.#cells, DELAY_SUM, counted.loopDelayUnits)
    Atomics.store(this.#cells, CPU, counted.cpuMs)
    this.#store(HANDLES, counted.handles)
  }

  /**
   * Writes down what a check has said.
   *
   * @param reason Cut at 256 bytes.
   */
  check(name: CheckName, state: CheckState, reason = ''): void {
    const at = checkCell(name)
    // Odd while it is being written.
    Atomics.add(this.#cells, at + ROUND, 1)
    Atomics.store(this.#cells, at + STATE, states.indexOf(state))
    // Encoded apart: not every version of Node.js encodes into shared memory. Cut where a character ends.
    const bytes = new Uint8Array(TEXT_BYTES)
    const { written } = this.#encoder.encodeInto(reason, bytes)
    textOf(this.#buffer, name).set(bytes)
    Atomics.store(this.#cells, at + LENGTH, written)
    Atomics.add(this.#cells, at + ROUND, 1)
  }

  /** A store wraps by itself; what is measured stops at the most there can be instead. */
  #storeEach(from: number, values: readonly number[]): void {
    for (const [index, value] of values.entries()) Atomics.store(this.#cells, from + index, value)
  }

  #store(cell: number, value: number): void {
    Atomics.store(this.#cells, cell, Math.min(value, 0xff_ff_ff_ff))
  }
}

/** Everything a worker has written last. Any thread; waits for nobody. */
export function readVitals(buffer: SharedArrayBuffer): VitalsReading {
  const cells = new Int32Array(buffer, 0, CELLS)
  const read = (cell: number): number => Atomics.load(cells, cell) >>> 0
  return {
    writes: read(WRITES),
    heapUsed: read(HEAP_USED) * KIB,
    heapLimit: read(HEAP_LIMIT) * KIB,
    external: read(EXTERNAL) * KIB,
    loopDelay: {
      p50: read(DELAY_P50) / PER_MS,
      p99: read(DELAY_P99) / PER_MS,
      max: read(DELAY_MAX) / PER_MS
    },
    gcMs: read(GC),
    checks: {
      health: readCheck(buffer, cells, 'health'),
      readiness: readCheck(buffer, cells, 'readiness'),
      path: readCheck(buffer, cells, 'path')
    }
  }
}

/** Everything a worker has counted so far. Any thread; waits for nobody. */
export function readVitalsCounts(buffer: SharedArrayBuffer): VitalsCounts {
  const cells = new Int32Array(buffer, 0, CELLS)
  const read = (cell: number): number => Atomics.load(cells, cell) >>> 0
  const range = (from: number, count: number): number[] =>
    Array.from({ length: count }, (_, index) => read(from + index))
  return {
    gcMicroseconds: range(GC_TIMES, gcKinds.length),
    gcCounts: range(GC_COUNTS, gcKinds.length),
    loopDelays: range(DELAYS, LOOP_DELAYS),
    loopDelayUnits: read(DELAY_SUM),
    cpuMs: read(CPU)
  }
}

/** How many timers, sockets and requests kept the event loop of the worker from ending when it last looked. */
export function readHandles(buffer: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(buffer, 0, CELLS), HANDLES) >>> 0
}

/** The number the operating system knows the thread by; `null` when it has not said, or cannot know. */
export function readOsThread(buffer: SharedArrayBuffer): number | null {
  return Atomics.load(new Int32Array(buffer, 0, CELLS), OS_THREAD) || null
}

/** Whether the application says that it takes no requests at present: one load, for a loop over all workers. */
export function saysNotReady(buffer: SharedArrayBuffer): boolean {
  return states[Atomics.load(new Int32Array(buffer, 0, CELLS), checkCell('readiness') + STATE)] === 'bad'
}

/** Tries at a sentence that is being written; a thread that was ended in the middle of one never finishes. */
const triesMax = 3

function readCheck(buffer: SharedArrayBuffer, cells: Int32Array, name: CheckName): CheckReading {
  const at = checkCell(name)
  let reason = ''
  for (let tries = 0; tries < triesMax; tries++) {
    const before = Atomics.load(cells, at + ROUND)
    const length = Math.min(Atomics.load(cells, at + LENGTH) >>> 0, TEXT_BYTES)
    // Copied: decoders refuse shared memory.
    const bytes = textOf(buffer, name).slice(0, length)
    if (before % 2 !== 0 || Atomics.load(cells, at + ROUND) !== before) continue
    reason = Buffer.from(bytes).toString('utf8')
    break
  }
  return {
    state: states[Atomics.load(cells, at + STATE)] ?? 'none',
    round: Atomics.load(cells, at + ROUND) >>> 0,
    reason
  }
}

function checkCell(name: CheckName): number {
  return CHECKS + checkNames.indexOf(name) * CHECK_CELLS
}

function textOf(buffer: SharedArrayBuffer, name: CheckName): Uint8Array {
  const offset = CELLS * Int32Array.BYTES_PER_ELEMENT + checkNames.indexOf(name) * TEXT_BYTES
  return new Uint8Array(buffer, offset, TEXT_BYTES)
}
