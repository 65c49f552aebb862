/**
 * What is known of one request of a connection when it has ended: how far it came, who ended it, how long it took
 * and how much of it went to and fro. Any thread that holds a connection.
 *
 * A connection has one account and begins it anew with each request: whoever is shown it reads it at once.
 */
import type { Exchange } from '../client/exchange.ts'
import type { RequestHead } from './request-head.ts'

/** What ended a request. */
export type EndCause =
  /** Its answer is with the system, whole; a tunnel was ended by one of its ends. */
  | 'done'
  /** It is no request that is passed on. */
  | 'refused'
  /** Its client has missed a time limit. */
  | 'late'
  /** Its client has closed the connection. */
  | 'gone'
  /** Whoever holds the connection has ended it, or asked a tunnel to go. */
  | 'cut'
  /** The mesh could not answer it, or the answer is none; {@link RequestAccount.error} says why. */
  | 'failed'

/** What was under way when a request ended. */
export type EndPhase = 'request' | 'queue' | 'response-head' | 'response-body' | 'tunnel'

/** The account of one request. Times in milliseconds on this thread's clock. */
export class RequestAccount {
  /** `null` when it could not be read, or not to its end. */
  head: RequestHead | null = null
  /** What came in place of a request line then: bytes as characters, not more than a kilobyte, and unchecked. */
  line = ''
  /** Its way through the mesh; `null` when it never went there. */
  exchange: Exchange | null = null
  /** As it was written to the client, 101 for a tunnel; 0 when nothing was. */
  status = 0
  /** Bytes of the request's body as far as it came, without what frames it; in a tunnel all bytes. */
  bytesIn = 0
  /** Bytes of the answer's body that were written. In a tunnel all bytes, those of the head included. */
  bytesOut = 0
  /** When its first byte was here. */
  beganMs = 0
  /** When the head of its answer was here, or its upgrade was taken; 0 when the mesh did not answer. */
  answeredMs = 0
  endedMs = 0
  cause: EndCause | null = null
  phase: EndPhase = 'request'
  error: Error | null = null
  #open = false

  /** Whether the request is under way. */
  get open(): boolean {
    return this.#open
  }

  /** A request has come, or something in its place. */
  begin(head: RequestHead | null, line: string, beganMs: number): void {
    this.head = head
    this.line = line
    this.exchange = null
    this.status = 0
    this.bytesIn = 0
    this.bytesOut = 0
    this.beganMs = beganMs
    this.answeredMs = 0
    this.cause = null
    this.error = null
    this.#open = true
  }

  /** The head of its answer is here. */
  answered(status: number, nowMs: number): void {
    this.status = status
    this.answeredMs = nowMs
  }

  /** Says why it ends. Who says so first is right: the rest follows from that. */
  blame(cause: EndCause, phase: EndPhase, error: Error | null): void {
    if (this.cause !== null) return
    this.cause = cause
    this.phase = phase
    this.error = error
  }

  /** It is over. */
  close(nowMs: number): void {
    this.endedMs = nowMs
    this.#open = false
  }

  /** Lets go of what it holds. */
  forget(): void {
    this.head = null
    this.exchange = null
    this.error = null
  }
}

/** What was under way before a byte of the answer was out. */
export function phaseBefore(cause: EndCause, exchange: Exchange | null, isWhole: boolean): EndPhase {
  // A failure has taken it out of the queue already: which one it was says whether it was there.
  if (exchange === null || cause === 'refused' || cause === 'late') return 'request'
  if (cause !== 'failed' && isQueued(exchange)) return 'queue'
  return isWhole ? 'response-head' : 'request'
}

/** Whether nobody has the request: it waits, or is about to be told that there is nobody. */
function isQueued({ link }: Exchange): boolean {
  return link === null || link.upstream.id === -1
}
