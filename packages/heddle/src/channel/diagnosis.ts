/**
 * How the main thread has a worker record a profile, write a heap snapshot or open its inspector: the name of what
 * does it there, what it is told and what it answers.
 *
 * The worker offers these functions (`worker/inspect.ts`); the main thread has them called through the inspector,
 * between two instructions of the application (`main/profiling/`), so that a worker is reached whose event loop
 * stands. All of them answer at once, with a {@link Reply} as JSON. A call may come late, when the thread is back
 * from native code and nobody waits any more: each says until when it is wanted.
 */

/** Key, for `Symbol.for`, under which a worker's `globalThis` has its {@link OfferDiagnosis}. */
export const diagnosisKey = 'heddle.diagnosis'

/** What can be recorded. `cpu`: where the time goes. `heap`: what allocates. */
export type ProfileType = 'cpu' | 'heap'

/** A recording, as it is to be begun. Times by the machine's monotonic clock, in milliseconds. */
export interface ProfilePlan {
  readonly type: ProfileType
  /** Microseconds between two samples, of a profile of the time. */
  readonly intervalUs: number
  /** It is not begun after this. */
  readonly wantedUntilMs: number
  /** It is given up when nobody has ended it by then. */
  readonly keptUntilMs: number
}

/** What a call came to. */
export type Reply<Value> =
  | { readonly value: Value }
  /** `late`: it came too late and nothing was done. */
  | { readonly failure: 'late' | 'failed'; readonly reason: string }

/** Where an inspector listens. */
export interface OpenInspector {
  /** WebSocket address. */
  readonly url: string
}

/** What a worker offers. */
export interface OfferDiagnosis {
  /** Answers that it can. */
  ping(): string
  /** Begins a profile. */
  startProfile(plan: ProfilePlan): string
  /** Ends it: the number of its pieces. */
  stopProfile(): string
  /** One of the pieces, of some 100 kB of text; the last one has the worker forget it. Not JSON, but the piece itself. */
  takePiece(index: number): string
  /** Writes a heap snapshot to a file. */
  writeSnapshot(path: string, wantedUntilMs: number): string
  /** Opens the inspector of this thread on the loopback address, if it is not open yet: {@link OpenInspector}. */
  openInspector(port: number, wantedUntilMs: number): string
  closeInspector(): string
}
