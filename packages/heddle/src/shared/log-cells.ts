/**
 * What all threads that write log lines of one process have in common: whose turn it is at the process's output, which
 * log file is the current one, and the number of the last line.
 *
 * Shared memory, made by the main thread. A thread that ended in the middle of something leaves nothing behind that
 * another one would wait for.
 */

/** A cell of 32 bits. */
export const Cell = {
  /** Who is writing to the output; 0 for nobody. See `log-stdout.ts`. */
  turn: 0,
  /** Changes with each turn, and while whoever has it waits for the reader. */
  beat: 1,
  /** 1 when the output ends in the middle of a line. */
  torn: 2,
  /** Number of the last thread that asked for one. */
  owners: 3,
  /** Changes when the log file was renamed: whoever has it open opens it anew. */
  fileEpoch: 4,
  /** 1 while the log file cannot be written; whoever notices first tells. */
  fileTrouble: 5,
  /** 1 when the log file ends in the middle of a line. */
  fileTorn: 6,
  /** Lines the log file has not got since it could be written last. */
  fileLost: 7
} as const

const COUNT = 8

/** Makes the memory, all zero. */
export function createLogCells(): SharedArrayBuffer {
  return new SharedArrayBuffer(COUNT * Int32Array.BYTES_PER_ELEMENT + BigInt64Array.BYTES_PER_ELEMENT)
}

/** The cells as one thread sees them. */
export class LogCells {
  readonly cells: Int32Array
  /** What this thread is called in {@link Cell.turn}: no other thread of the process has the same. */
  readonly owner: number
  readonly #sequence: BigInt64Array

  constructor(buffer: SharedArrayBuffer) {
    this.cells = new Int32Array(buffer, 0, COUNT)
    this.#sequence = new BigInt64Array(buffer, COUNT * Int32Array.BYTES_PER_ELEMENT, 1)
    this.owner = Atomics.add(this.cells, Cell.owners, 1) + 1
  }

  /** The number of the next line, over all threads, from 1. */
  nextLine(): number {
    return Number(Atomics.add(this.#sequence, 0, 1n)) + 1
  }

  /** The number of the last line. */
  lastLine(): number {
    return Number(Atomics.load(this.#sequence, 0))
  }
}
