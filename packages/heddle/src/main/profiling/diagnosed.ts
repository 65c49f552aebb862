/**
 * What is needed of workers, and of the way to them, to look into them from outside.
 *
 * Main thread only. Interfaces; the supervisor and the inquiries fit, and the coordinator passes them in.
 */
import type { ThreadFact, ThreadState } from '../../events.ts'

/** The real thread. */
export interface DiagnosedThread {
  /** -1 once it has ended. */
  readonly threadId: number
  once(event: 'exit', listener: () => void): unknown
  off(event: 'exit', listener: () => void): unknown
}

/** One worker thread. Its successor in the same slot is another object. */
export interface DiagnosedWorker {
  readonly fact: ThreadFact
  readonly state: ThreadState
  readonly vitals: SharedArrayBuffer
  /** `null` once it is gone. */
  thread(): DiagnosedThread | null
}

/** Who sits in the slots now. */
export type ListWorkers = () => readonly DiagnosedWorker[]

/** A way to one thread, through node's inspector. */
export interface Line {
  /** Has an expression evaluated. Settles when the thread is in JavaScript, `null` when it has gone; never rejects. */
  ask(expression: string): Promise<string | null>
  /** Lets go of the thread. */
  close(): void
}

/** Opens a line to each of the threads; one to which no way is found has none. Bounded; never rejects. */
export type OpenLines = (threadIds: readonly number[]) => Promise<ReadonlyMap<number, Line>>
