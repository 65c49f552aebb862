/**
 * Decides whether a connection has waited too long in what it is doing. Any thread; pure.
 */
import type { Refusal, RequestLimits } from './request-head.ts'

/** Limits of a connection. Times in milliseconds, 0 switches one off. */
export interface ConnectionLimits extends RequestLimits {
  /** For a whole request head, from its first byte (or the connection's start). Then 408. */
  readonly headersTimeout: number
  /** Between two pieces of a request body. Then 408. */
  readonly requestTimeout: number
  /** Between two requests. Then the connection is closed. */
  readonly keepAliveTimeout: number
  /** For a client that does not read its response. Then the connection is closed. */
  readonly clientTimeout: number
  /** For an upgraded connection on which nothing happens. */
  readonly tunnelTimeout: number
  /** Requests after which a connection is closed. */
  readonly maxRequestsPerSocket: number
}

/** What a connection is doing. */
export type Phase = 'idle' | 'head' | 'exchange' | 'tunnel' | 'closing'

/** What else the decision depends on. */
export interface ConnectionFacts {
  /** No request has come yet. */
  readonly first: boolean
  /** The rest of a request body is awaited from the client. */
  readonly awaitsBody: boolean
  /** The client does not read: bytes wait to be sent. */
  readonly blocked: boolean
}

/** How long a connection that is being closed may go on sending, in milliseconds: a reset would eat the answer. */
const LINGER_MS = 2000

/** What to do with a connection that has been in `phase` without progress for `waitedMs`. */
export function overdue(
  phase: Phase,
  waitedMs: number,
  limits: ConnectionLimits,
  facts: ConnectionFacts
): 'wait' | 'close' | Refusal {
  const past = (limitMs: number): boolean => limitMs > 0 && waitedMs > limitMs
  switch (phase) {
    case 'idle':
      return past(facts.first ? limits.headersTimeout : limits.keepAliveTimeout) ? 'close' : 'wait'
    case 'head':
      return past(limits.headersTimeout)
        ? { status: 408, reason: 'the request head did not arrive in time' }
        : 'wait'
    case 'exchange':
      if (facts.awaitsBody && past(limits.requestTimeout)) {
        return { status: 408, reason: 'the request body did not arrive in time' }
      }
      return facts.blocked && past(limits.clientTimeout) ? 'close' : 'wait'
    case 'tunnel':
      return past(limits.tunnelTimeout) ? 'close' : 'wait'
    default:
      return past(LINGER_MS) ? 'close' : 'wait'
  }
}
