/**
 * Something that is read message by message, by a client that may be slow: what a stream of server-sent events is
 * made from.
 *
 * Main thread only. An interface. A feed is read, it does not push: whoever reads slowly costs no memory, and is told
 * what was overwritten meanwhile.
 */
import type { Cancel } from '../../shared/clock.ts'

/** One message. */
export interface Message {
  /** What a client goes on behind, after a break; of printable ASCII. */
  readonly id: string
  /** What kind of message it is; `null` for the usual one. */
  readonly name: string | null
  /** In one line. */
  readonly data: string
}

/** What came of a look. */
export interface Look {
  /** Oldest first. */
  readonly messages: readonly Message[]
  /** Messages that were overwritten before they were read, since the last look. */
  readonly lost: number
}

/** What one client reads. */
export interface Feed {
  /** What has come since the last look, `max` messages at most: what is left comes at the next. */
  read(max: number): Look
  /** Calls `wake` once, when there may be more. */
  wait(wake: () => void): Cancel
  close(): void
}
