/**
 * How the main thread asks a blocked worker where it is: the name of what answers there, and the answer.
 *
 * The worker offers one function (`worker/blocked.ts`); the main thread has it called while the event loop
 * stands still (`main/blocked/`). Question and answer are JSON.
 */

/** Key, for `Symbol.for`, under which a worker's `globalThis` has its {@link AnswerWhere}. */
export const whereKey = 'heddle.where'

/** One call on a stack. Lines and columns from 1. */
export interface Call {
  /** With its class where that says something: `Report.parse`. `null` for code outside of any function. */
  readonly function: string | null
  /** Absolute path; `null` for code without a file, such as what the engine brings itself. */
  readonly file: string | null
  readonly line: number
  readonly column: number
  /** The call as a line of an error's stack, without `at`. */
  readonly text: string
}

/** A stack at one moment, the innermost call first. */
export interface Sample {
  /** When it was taken: milliseconds on the machine's monotonic clock. */
  readonly atMs: number
  readonly calls: readonly Call[]
}

/**
 * What a worker offers. `calls` returns a {@link Sample} of the stack it is called on; `original` returns the
 * calls it is given as they are in the source that source maps name. Both as JSON.
 */
export interface AnswerWhere {
  calls(): string
  original(calls: readonly Call[]): string
}
