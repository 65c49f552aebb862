/**
 * What edge threads are told in development of the failures of applications, so that they can show them.
 *
 * Main and edge threads. Types only; plain values that survive structured cloning.
 */
import type { ExplainedError } from '../shared/explained-error.ts'

/** A failure of an application, to be shown to who develops it. */
export interface ApplicationFailure {
  /** `start`: its code does not start. `run`: something it did threw an error nobody caught. `exit`: it ended its worker. */
  readonly stage: 'start' | 'run' | 'exit'
  /** `application:slot`; `null` when no worker is known. */
  readonly worker: string | null
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly error: ExplainedError
}

/** How an application is. */
export interface ApplicationCondition {
  readonly application: string
  /** Another one each time its code is another, or fails in another way: who has seen a failure looks again then. */
  readonly version: string
  /** Why its code does not start; `null` when it does. Workers with former code may answer all the same. */
  readonly broken: ApplicationFailure | null
  /** What it has thrown last since its code was started; `null` for nothing. */
  readonly crashed: ApplicationFailure | null
}
