/**
 * What can be said about an operation of the management API: its request and its answer.
 *
 * Types only, for any thread; `contract.ts` has the operations.
 */
import type { ShapeName } from './answers.ts'

/** One value of an input. */
export interface Field {
  /**
   * `texts`: a list of texts; none of them may be missing. `headers`: an object whose values are texts or lists of
   * texts. `choice`: one of `choices`.
   */
  readonly kind: 'integer' | 'text' | 'texts' | 'choice' | 'boolean' | 'headers'
  readonly required: boolean
  readonly sentence: string
  /** Bounds of an integer. Without one it is at least 1. */
  readonly min?: number
  readonly max?: number
  readonly choices?: readonly string[]
  /** A word that may stand instead of an integer. */
  readonly word?: string
  /** Whether a text may be empty. Defaults to false. */
  readonly mayBeEmpty?: boolean
  /** What is taken when it is left out, in words or as a number; only for descriptions. */
  readonly defaultText?: string
}

/** What an answer is: a value as JSON by the name of its shape, or something else as it comes. */
export type Answer =
  /** One JSON value; `shape` is the name of its type. */
  | { readonly form: 'value'; readonly shape: ShapeName }
  /** Text in another format, such as metrics. */
  | { readonly form: 'text'; readonly type: string }
  /** A JSON document that somebody else defines, as a stream: a profile, a heap snapshot. */
  | { readonly form: 'document' }
  /** Server-sent events (`text/event-stream`) until the client or the server goes. */
  | { readonly form: 'events'; readonly shape: ShapeName }

/** One operation. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With its parameters as `:id` and `:slot`. */
  readonly path: string
  /** What it does, as a sentence. */
  readonly summary: string
  /** What its query may contain. */
  readonly query: Readonly<Record<string, Field>>
  /** What its JSON body may contain. */
  readonly body: Readonly<Record<string, Field>>
  /** Whether `body` may have further keys, which are handed on as they are. */
  readonly isOpen: boolean
  /** Bytes its body may have. Without it 256 KiB. */
  readonly bodyMax?: number
  readonly answer: Answer
  /** Whether it changes something, and may take time: then its progress can be asked for as a stream of lines. */
  readonly changes: boolean
}
