/**
 * The words a slot and those around it have in common: who may sit there, by what rules, and what comes of
 * replacing somebody.
 *
 * Main thread only. Types.
 */
import type { ResolvedRestart } from '../../config/resolved.ts'
import type { Announce, ReplaceReason, ThreadFact } from '../../events.ts'
import type { Clock } from '../../shared/clock.ts'
import type { Deadline } from '../../shared/deadline.ts'
import type { ThreadEnd, ThreadLife } from './thread-life.ts'

/** Whatever sits in a slot. */
export interface Occupant {
  readonly life: ThreadLife
  /** Resolves true when it is ready, or could be once it is opened; false when it is gone before that. */
  readonly ready: Promise<boolean>
  /** Lets one that was spawned `held` take requests. Resolves with whether it does. */
  open(): Promise<boolean>
  /**
   * No new requests; what it has is finished until the deadline; then it ends, or is a zombie after `endLimitMs`.
   *
   * @param patience Milliseconds it may take to close in any case.
   */
  stop(deadline: Deadline, endLimitMs: number, patience?: number): Promise<unknown>
}

/** What may change while the slot is in use. Times in milliseconds. */
export interface SlotRules {
  readonly restart: ResolvedRestart
  /** How long a thread may take to become ready. */
  readonly startTimeoutMs: number
  /** How long one that was replaced may finish what it has. */
  readonly drainTimeoutMs: number
}

/** What a slot is made of. */
export interface SlotOptions<Sitting extends Occupant> {
  readonly fact: ThreadFact
  readonly rules: () => SlotRules
  readonly clock: Clock
  readonly announce: Announce
  /** Called when the circuit of its restarts is in another state. */
  readonly onCircuit?: () => void
  /** A number from 0 up to 1; `Math.random` but in tests. */
  readonly chance: () => number
  /** Starts a thread; one that is `held` takes no requests before it is opened. May throw. */
  readonly spawn: (held: boolean) => Sitting
}

/** Why a thread is replaced by a fresh one. */
export interface Wish {
  readonly reason: ReplaceReason
  /** More about the reason, in a sentence. */
  readonly detail: string | null
  /**
   * There is no room for both: the old one goes before the fresh one is started, after so many milliseconds at most.
   * Absent, the fresh one is ready first.
   */
  readonly vacateMs?: number
}

/** What came of a replacement. `left` resolves when the old one has finished what it had and is gone. */
export type Replacement = Refusal | { readonly done: true; readonly left: Promise<void> }

/** Why a thread was not replaced, in words that follow its name. */
export interface Refusal {
  readonly done: false
  readonly words: string
  readonly error: Error | null
}

/** A fresh thread that is ready and takes no requests yet; the old one goes on until it is known which stays. */
export interface Staged {
  /** Where it is to sit. */
  readonly worker: ThreadFact
  /** How the fresh one was lost; `null` as long as it is there. */
  loss(): ThreadEnd | null
  /** The fresh one takes over. */
  commit(): Promise<Replacement>
  /** The fresh one goes, and nothing has happened. */
  undo(): Promise<void>
}
