/**
 * The last lines of one thread, in shared memory: the thread writes each line once more into a ring, the main thread
 * reads it when somebody asks, also after the thread has gone.
 *
 * One thread writes; only when an application starts threads itself these write too, and take turns. Readers take
 * copies, any number of them, and never hold a writer up. What is overtaken while it is being copied is found out and
 * told as lost; half a line is never read: the writer moves the end of the ring on before it writes over anything, and a
 * reader looks at that end again when it has its copy.
 */
import { levels, severityOf } from '../shared/log-line.ts'
import type { Level, Threshold } from '../shared/log-line.ts'

/** Bytes of lines a ring holds. A power of two: positions are counted modulo 2^32. */
export const ringBytes: number = 256 * 1024

/** Longest body of a line in bytes; what is longer has to be shortened before. */
export const bodyMax: number = 16 * 1024

/** What a thread captures, each with a line that may not have ended yet. */
const sources = ['stdout', 'stderr'] as const

/** Bytes kept of such a line. */
const PENDING_BYTES = 1024

const HEAD = 0
const TAIL = 1
const LINES = 2
const LEVEL = 3
/** One cell for each source. */
const PENDING_LENGTH = 4
/** Read and written back by readers: what makes them see memory in order on every processor. */
const FENCE = 6
/** 1 as soon as several threads write. */
const SHARED = 7
/** Who of them is writing; 0 for nobody. */
const LOCK = 8
const CELLS = 16

const PENDING_AT = CELLS * Int32Array.BYTES_PER_ELEMENT
const DATA_AT = PENDING_AT + PENDING_BYTES * sources.length
const MASK = ringBytes - 1

/** A record begins with its length, the number of its line in this ring, its number in the process, its time … */
const RECORD_BYTES = 32
const LENGTH = 0
const LINE = 4
const SEQUENCE = 8
const TIME = 16
/** … its level, the length of its speaker's name and of its body. */
const LEVEL_CODE = 24
const SPEAKER_LENGTH = 26
const BODY_LENGTH = 28

/** A line as it is put into a ring. */
export interface RingEntry {
  /** Its number over all threads of the process. */
  readonly sequence: number
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly level: Level
  /** Who speaks, when it is not who the ring belongs to: application and worker with a line break between them. */
  readonly speaker: string
  /** JSON from the message on: `"text","a":1}`. */
  readonly body: Uint8Array
}

/** A line that was read. */
export interface RingRecord extends Omit<RingEntry, 'body'> {
  readonly body: string
}

/** Memory for one thread. A new thread gets a new one. */
export function createLogRing(threshold: Threshold): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(DATA_AT + ringBytes)
  writeThreshold(buffer, threshold)
  return buffer
}

/** Changes the least urgent level the thread writes, from its next line on. Any thread. */
export function writeThreshold(buffer: SharedArrayBuffer, threshold: Threshold): void {
  Atomics.store(new Int32Array(buffer, 0, CELLS), LEVEL, severityOf(threshold))
}

/** Says that further threads are about to write into the ring. To be called by the one that has until now. */
export function shareRing(buffer: SharedArrayBuffer): void {
  Atomics.store(new Int32Array(buffer, 0, CELLS), SHARED, 1)
}

/** What the thread had written and no newline had ended; to be read once it has gone. */
export function readPending(
  buffer: SharedArrayBuffer
): readonly { readonly source: 'stdout' | 'stderr'; readonly text: string }[] {
  const cells = new Int32Array(buffer, 0, CELLS)
  return sources.flatMap((source, index) => {
    const length = Math.min(Atomics.load(cells, PENDING_LENGTH + index) >>> 0, PENDING_BYTES)
    const text = Buffer.from(new Uint8Array(buffer, PENDING_AT + index * PENDING_BYTES, length).slice())
    return length === 0 ? [] : [{ source, text: text.toString('utf8') }]
  })
}

/** Tries to get the turn, the first of them without a wait of a millisecond. */
const turnTries = 300
const turnSpins = 200

/** The side that writes. One for each thread that does. */
export class LogRingWriter {
  readonly #cells: Int32Array
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #pending: Buffer
  #head = 0
  #tail = 0
  #lines = 0
  readonly #owner: number

  /** @param owner A number no other writer of the process has, from 1. */
  constructor(buffer: SharedArrayBuffer, owner: number) {
    this.#owner = owner
    this.#cells = new Int32Array(buffer, 0, CELLS)
    this.#bytes = new Uint8Array(buffer, DATA_AT, ringBytes)
    this.#view = new DataView(buffer, DATA_AT, ringBytes)
    this.#pending = Buffer.from(buffer, PENDING_AT, PENDING_BYTES * sources.length)
  }

  /** Whether lines of this level are to be written. */
  isEnabled(level: Level): boolean {
    return severityOf(level) >= Atomics.load(this.#cells, LEVEL)
  }

  /** Puts a line in; the oldest ones make room for it. A body longer than {@link bodyMax} is left out. */
  append(entry: RingEntry): void {
    if (entry.body.length > bodyMax) return
    if (Atomics.load(this.#cells, SHARED) === 0) this.#append(entry)
    else this.#appendInTurn(entry)
  }

  #appendInTurn(entry: RingEntry): void {
    this.#lock()
    this.#head = Atomics.load(this.#cells, HEAD) >>> 0
    this.#tail = Atomics.load(this.#cells, TAIL) >>> 0
    this.#lines = Atomics.load(this.#cells, LINES) >>> 0
    this.#append(entry)
    Atomics.compareExchange(this.#cells, LOCK, this.#owner, 0)
    Atomics.notify(this.#cells, LOCK, 1)
  }

  /** A turn takes a microsecond; one that takes so much longer is that of a thread that was ended in it. */
  #lock(): void {
    const cells = this.#cells
    for (let tries = 0; tries < turnTries; tries++) {
      const other = Atomics.compareExchange(cells, LOCK, 0, this.#owner)
      if (other === 0) return
      if (tries > turnSpins) Atomics.wait(cells, LOCK, other, 1)
    }
    // It had not told of what it was writing: that is written over.
    Atomics.store(cells, LOCK, this.#owner)
  }

  #append({ sequence, time, level, speaker, body }: RingEntry): void {
    // Names are ASCII.
    const length = (RECORD_BYTES + speaker.length + body.length + 7) & ~7
    const untilEnd = ringBytes - (this.#head & MASK)
    // No record goes over the end: what is left there is skipped.
    const skipped = untilEnd < length ? untilEnd : 0
    this.#makeRoom(skipped + length)
    if (skipped > 0) {
      this.#view.setInt32(this.#head & MASK, -skipped, true)
      this.#head = (this.#head + skipped) >>> 0
    }
    const at = this.#head & MASK
    const view = this.#view
    view.setInt32(at + LENGTH, length, true)
    view.setUint32(at + LINE, this.#lines, true)
    view.setFloat64(at + SEQUENCE, sequence, true)
    view.setFloat64(at + TIME, time, true)
    view.setUint8(at + LEVEL_CODE, levels.indexOf(level))
    view.setUint16(at + SPEAKER_LENGTH, speaker.length, true)
    view.setUint32(at + BODY_LENGTH, body.length, true)
    const speakerAt = at + RECORD_BYTES
    for (let index = 0; index < speaker.length; index++) {
      this.#bytes[speakerAt + index] = speaker.charCodeAt(index)
    }
    this.#bytes.set(body, speakerAt + speaker.length)
    this.#head = (this.#head + length) >>> 0
    this.#lines = (this.#lines + 1) >>> 0
    Atomics.store(this.#cells, LINES, this.#lines | 0)
    Atomics.store(this.#cells, HEAD, this.#head | 0)
  }

  /** Keeps the beginning of a line that no newline has ended; an empty one clears it. */
  keepPending(source: 'stdout' | 'stderr', text: string): void {
    const index = sources.indexOf(source)
    const length = text === '' ? 0 : this.#pending.write(text, index * PENDING_BYTES, PENDING_BYTES, 'utf8')
    Atomics.store(this.#cells, PENDING_LENGTH + index, length)
  }

  #makeRoom(length: number): void {
    let tail = this.#tail
    while ((this.#head + length - tail) >>> 0 > ringBytes) {
      tail = (tail + Math.abs(this.#view.getInt32(tail & MASK, true))) >>> 0
    }
    if (tail === this.#tail) return
    this.#tail = tail
    // Not a plain store: what is written next must not be seen before this is.
    Atomics.exchange(this.#cells, TAIL, tail | 0)
  }
}

/** What a look into a ring has found, in order. What is not asked for is not taken apart. */
export class RingLook {
  readonly #copy: Buffer
  /** Where the records begin. */
  readonly #places: readonly number[]
  /** Lines that were overwritten before they could be read. */
  readonly lost: number

  constructor(copy: Buffer, places: readonly number[], lost: number) {
    this.#copy = copy
    this.#places = places
    this.lost = lost
  }

  /** How many lines it has. */
  get length(): number {
    return this.#places.length
  }

  /** The number of a line over all threads. */
  sequence(index: number): number {
    return this.#copy.readDoubleLE(this.#at(index) + SEQUENCE)
  }

  level(index: number): Level {
    return levels[this.#copy.readUInt8(this.#at(index) + LEVEL_CODE)] ?? 'info'
  }

  /** As in {@link RingEntry}. */
  speaker(index: number): string {
    const at = this.#at(index)
    const length = this.#copy.readUInt16LE(at + SPEAKER_LENGTH)
    return length === 0 ? '' : this.#copy.toString('latin1', at + RECORD_BYTES, at + RECORD_BYTES + length)
  }

  /** The whole line. */
  record(index: number): RingRecord {
    const at = this.#at(index)
    const bodyAt = at + RECORD_BYTES + this.#copy.readUInt16LE(at + SPEAKER_LENGTH)
    return {
      sequence: this.sequence(index),
      time: this.#copy.readDoubleLE(at + TIME),
      level: this.level(index),
      speaker: this.speaker(index),
      body: this.#copy.toString('utf8', bodyAt, bodyAt + this.#copy.readUInt32LE(at + BODY_LENGTH))
    }
  }

  #at(index: number): number {
    return this.#places[index] ?? 0
  }
}

/** The side that reads. Each reader has its own; it goes on where it has been last. */
export class LogRingReader {
  readonly #cells: Int32Array
  readonly #bytes: Uint8Array
  #position: number
  #line: number | null = null

  /** @param from `oldest` begins with what is still there; `now` with the next line. */
  constructor(buffer: SharedArrayBuffer, from: 'oldest' | 'now') {
    this.#cells = new Int32Array(buffer, 0, CELLS)
    this.#bytes = new Uint8Array(buffer, DATA_AT, ringBytes)
    this.#position = this.#load(from === 'now' ? HEAD : TAIL)
  }

  /** Whether there is something new: one load. */
  get hasMore(): boolean {
    return this.#load(HEAD) !== this.#position
  }

  /** Everything since the last look. */
  look(): RingLook {
    // In this order: the end is never before the beginning.
    const tail = this.#load(TAIL)
    const head = this.#load(HEAD)
    const isThere = distance(tail, this.#position) <= distance(tail, head)
    const wanted = isThere ? this.#position : tail
    const from = distance(wanted, head) > ringBytes ? (head - ringBytes) >>> 0 : wanted
    const copy = this.#copy(from, head)
    Atomics.add(this.#cells, FENCE, 0)
    const start = later(from, this.#load(TAIL))
    const places: number[] = []
    let lost = 0
    for (let at = distance(from, start); at < copy.length;) {
      const length = copy.readInt32LE(at + LENGTH)
      // Nothing that was written here looks like that.
      if (length === 0 || length % 8 !== 0 || Math.abs(length) > copy.length - at) break
      if (length > 0) {
        const line = copy.readUInt32LE(at + LINE)
        if (this.#line !== null) lost += distance(this.#line, line)
        this.#line = (line + 1) >>> 0
        places.push(at)
      }
      at += Math.abs(length)
    }
    this.#position = later(start, head)
    return new RingLook(copy, places, lost)
  }

  #load(cell: number): number {
    return Atomics.load(this.#cells, cell) >>> 0
  }

  #copy(from: number, to: number): Buffer {
    const length = distance(from, to)
    const copy = Buffer.allocUnsafe(length)
    const first = Math.min(length, ringBytes - (from & MASK))
    copy.set(this.#bytes.subarray(from & MASK, (from & MASK) + first))
    copy.set(this.#bytes.subarray(0, length - first), first)
    return copy
  }
}

/** How far it is from one position to a later one. */
function distance(from: number, to: number): number {
  return (to - from) >>> 0
}

/** The later one of two positions, which are counted modulo 2^32. */
function later(a: number, b: number): number {
  return ((b - a) | 0) > 0 ? b : a
}
