/**
 * The messages between the main thread (`inquiry.ts`) and the thread that asks for it (`inquirer.ts`).
 *
 * Both import this file, and neither the other. Everything is structured-cloneable.
 */

/** From the main thread. */
export type ToInquirer =
  /** Attach to these threads, by their `threadId`; answered by `opened`. */
  | { readonly type: 'open'; readonly inquiry: number; readonly threadIds: readonly number[] }
  /** Have an expression evaluated in an attached thread; answered by `answer` unless it goes before. */
  | {
      readonly type: 'ask'
      readonly inquiry: number
      readonly threadId: number
      readonly question: number
      readonly expression: string
    }
  /** Let go of a thread. */
  | { readonly type: 'close'; readonly inquiry: number; readonly threadId: number }

/** To the main thread. */
export type FromInquirer =
  /** Attached to these of the threads that were named. */
  | { readonly type: 'opened'; readonly inquiry: number; readonly threadIds: readonly number[] }
  /** What an expression came to; `null` unless it is a string. */
  | { readonly type: 'answer'; readonly question: number; readonly value: string | null }
  /** A thread has ended, or was let go. */
  | { readonly type: 'gone'; readonly inquiry: number; readonly threadId: number }
