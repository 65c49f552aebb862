/**
 * Writes whole lines to a descriptor of the process that all its threads write to: standard output as a rule.
 *
 * Runs in any thread, and synchronously: what was written before a crash or a SIGKILL has left the process. A pipe takes
 * a long line in pieces when it is nearly full, so threads take turns: a cell of shared memory says whose turn it is.
 * Nobody waits for ever: neither for a reader that does not read, nor for a thread that was ended in its turn.
 */
import fs from 'node:fs'

import { Cell, LogCells, createLogCells } from './log-cells.ts'
import { formatLine } from './log-line.ts'

// Kept before anything of an application can put something else in its place.
const { writeSync } = fs

/** Milliseconds a full pipe may hold up a thread that waits, before the line is given up and counted. */
export const stallMaxMs = 1000

/** Milliseconds between two looks at a full pipe, or at somebody else's turn. */
const napMs = 5

/** Milliseconds a line that is begun may wait for the rest of its room. */
const finishMs = 50

/** Without a sign of life for so many milliseconds, whoever has the turn is gone. */
const deadMs = 100

/** Tries to get the turn before sleeping over it: a turn takes some microseconds. */
const spins = 200

/** Bytes a thread that does not wait keeps for later. */
const laterMax = 1024 * 1024

/** How a thread behaves when its line cannot be written at once. */
export interface StdoutManner {
  /**
   * `wait`: it stands still until the line is written, for {@link stallMaxMs} at most. `later`: it goes on and writes
   * the line from a timer, in order; for threads that must not stand still.
   */
  readonly whenFull: 'wait' | 'later'
}

/** Those that have kept something for later: it is written when the thread ends by itself. */
const waiting = new Set<StdoutWriter>()
let isExitWatched = false

function watchExit(): void {
  if (isExitWatched) return
  isExitWatched = true
  process.on('exit', () => {
    for (const writer of waiting) writer.flush()
  })
}

const naps = new Int32Array(new SharedArrayBuffer(4))

/** The way of one thread to one descriptor. It never throws. */
export class StdoutWriter {
  readonly #fd: number
  readonly #shared: LogCells
  readonly #manner: StdoutManner
  /** Lines that were given up since the last one that got through. */
  #lost = 0
  #isClosed = false
  #later: Buffer[] = []
  #laterBytes = 0
  #timer: NodeJS.Timeout | null = null
  /** Who had the turn when this thread looked last, and since when nothing has changed. */
  #seen = { other: 0, beat: 0, since: 0 }

  constructor(fd: number, shared: LogCells, manner: StdoutManner) {
    this.#fd = fd
    this.#shared = shared
    this.#manner = manner
    if (manner.whenFull === 'later') watchExit()
  }

  /** Writes lines, each with its newline. The bytes may be changed afterwards. */
  write(bytes: Buffer): void {
    if (this.#isClosed) return
    if (this.#manner.whenFull === 'later') {
      this.#keep(Buffer.from(bytes))
      this.#writeKept(0)
    } else {
      // One stall is enough: a reader that is still not reading holds nobody up a second time.
      this.#attempt(bytes, this.#lost === 0 ? stallMaxMs : 0)
    }
  }

  /** Writes what was kept for later, and waits for it: before the thread or the process ends. */
  flush(): void {
    this.#writeKept(stallMaxMs)
  }

  #keep(bytes: Buffer): void {
    const notice = this.#lost === 0 ? null : lostNotice(this.#lost)
    const length = bytes.length + (notice?.length ?? 0)
    if (this.#laterBytes + length > laterMax) {
      this.#lost++
      return
    }
    this.#lost = 0
    if (notice !== null) this.#later.push(notice)
    this.#later.push(bytes)
    this.#laterBytes += length
  }

  #writeKept(patienceMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#later.length === 0) return
    const bytes = this.#later.length === 1 ? (this.#later[0] ?? newline) : Buffer.concat(this.#later)
    let done = 0
    this.#inTurn(patienceMs, deadline => {
      while (done < bytes.length && !this.#isClosed) {
        const end = atomicEnd(bytes, done)
        const written = this.#push(bytes.subarray(done, end), deadline)
        if (written === 0) break
        // The rest of a line that could not be finished is lost: others have gone on.
        if (written < end - done) this.#lost++
        done = end
      }
    })
    const rest = this.#isClosed ? [] : [bytes.subarray(done)]
    this.#laterBytes = bytes.length - done
    this.#later = this.#laterBytes === 0 ? [] : rest
    if (this.#later.length === 0) {
      waiting.delete(this)
      return
    }
    waiting.add(this)
    this.#timer = setTimeout(() => this.#writeKept(0), napMs).unref()
  }

  #attempt(bytes: Buffer, patienceMs: number): void {
    const lost = this.#lost
    const all = lost === 0 ? bytes : Buffer.concat([lostNotice(lost), bytes])
    let written = 0
    this.#inTurn(patienceMs, deadline => {
      written = this.#push(all, deadline)
    })
    this.#lost = written < all.length ? lost + 1 : 0
  }

  /** Runs `write` when it is this thread's turn; not at all when that is not within the patience. */
  #inTurn(patienceMs: number, write: (deadline: number) => void): void {
    const { cells, owner } = this.#shared
    const deadline = performance.now() + patienceMs
    if (!this.#take(deadline)) return
    // Whoever looks often and always finds the same thread sees that it has had turns meanwhile.
    Atomics.add(cells, Cell.beat, 1)
    try {
      write(deadline)
    } finally {
      // Unless somebody took this thread for dead.
      if (Atomics.compareExchange(cells, Cell.turn, owner, 0) === owner) Atomics.notify(cells, Cell.turn, 1)
    }
  }

  #take(deadline: number): boolean {
    const { cells, owner } = this.#shared
    for (let spin = 0; spin < spins; spin++) {
      if (Atomics.compareExchange(cells, Cell.turn, 0, owner) === 0) return true
    }
    while (!this.#takeFromDead()) {
      if (performance.now() >= deadline) return false
      const other = Atomics.load(cells, Cell.turn)
      if (other !== 0) Atomics.wait(cells, Cell.turn, other, napMs)
      if (Atomics.compareExchange(cells, Cell.turn, 0, owner) === 0) return true
    }
    return true
  }

  /** When the same thread has the turn for long and gives no sign, its turn is over. */
  #takeFromDead(): boolean {
    const { cells, owner } = this.#shared
    const other = Atomics.load(cells, Cell.turn)
    const beat = Atomics.load(cells, Cell.beat)
    const now = performance.now()
    const isStill = other !== 0 && other === this.#seen.other && beat === this.#seen.beat
    if (!isStill) this.#seen = { other, beat, since: now }
    if (!isStill || now - this.#seen.since < deadMs) return false
    this.#seen = { other: 0, beat: 0, since: now }
    return Atomics.compareExchange(cells, Cell.turn, other, owner) === other
  }

  /** Writes whole lines; so many bytes, 0 when there was no room at all before the deadline. */
  #push(bytes: Buffer, deadline: number): number {
    const { cells } = this.#shared
    // Somebody's line was cut short: it ends here.
    if (Atomics.load(cells, Cell.torn) === 1 && this.#writeTo(newline, deadline) === 0) return 0
    // Of what takes more than one piece nobody knows how much was written when this thread is ended meanwhile.
    if (bytes.length > atomicMax) Atomics.store(cells, Cell.torn, 1)
    const written = this.#writeTo(bytes, deadline)
    if (written === 0 || written === bytes.length) Atomics.store(cells, Cell.torn, 0)
    return written
  }

  #writeTo(bytes: Buffer, deadline: number): number {
    let written = 0
    let limit = deadline
    while (written < bytes.length) {
      try {
        written += writeSync(this.#fd, bytes, written)
        // What is begun is worth waiting for.
        limit = Math.max(deadline, performance.now() + finishMs)
        if (written < bytes.length) Atomics.store(this.#shared.cells, Cell.torn, 1)
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined
        // EPIPE and EBADF are for good: nobody is there to read.
        if (code !== 'EAGAIN') this.#isClosed = true
        if (this.#isClosed || performance.now() >= limit) break
        // A pipe that is full: this thread sleeps, since a line must not overtake an earlier one.
        Atomics.add(this.#shared.cells, Cell.beat, 1)
        Atomics.wait(naps, 0, 0, napMs)
      }
    }
    return written
  }
}

/** A pipe takes so many bytes whole or not at all (PIPE_BUF of Linux; POSIX promises 512). */
const atomicMax = 4096

/** Where the lines end that can be written in one piece; of a longer line, where that ends. */
function atomicEnd(bytes: Buffer, from: number): number {
  if (bytes.length - from <= atomicMax) return bytes.length
  const last = bytes.lastIndexOf(10, from + atomicMax - 1)
  if (last >= from) return last + 1
  const end = bytes.indexOf(10, from)
  return end === -1 ? bytes.length : end + 1
}

const newline = Buffer.from('\n')

function lostNotice(lines: number): Buffer {
  const message = 'Log lines were lost because nothing read them in time.'
  const style = { level: 'warn', format: 'json', colour: false } as const
  return Buffer.from(
    `${formatLine(style, { time: Date.now(), level: 'warn', message, fields: { lines } })}\n`
  )
}

const own = new Map<number, StdoutWriter>()

/** Writes one line to a descriptor, 1 unless told, for a thread that shares it with no other. Waits as above. */
export function writeLine(line: string, fd = 1): void {
  let writer = own.get(fd)
  if (writer === undefined) {
    writer = new StdoutWriter(fd, new LogCells(createLogCells()), { whenFull: 'wait' })
    own.set(fd, writer)
  }
  writer.write(Buffer.from(`${line}\n`))
}
