/**
 * Decides whether a connection has waited too long in what it is doing. Any thread; pure.
 */
import type { Refusal, RequestLimits } from './request-head.ts'

/** Limits of a connection. Times in milliseconds, 0 switches one off. */
export interface ConnectionLimits extends RequestLimits {
  /** For a whole request head, from its first byte (or the connection's start). Then 408. */
  readonly headersTimeout: number
  /** Between two pieces of a request body. Then 408. */
  readonly bodyTimeout: number
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
  /** Bytes wait to be sent; the time waited counts from the last that were. */
  readonly unsent: boolean
  /** The client has closed its side: it still reads, or is gone. */
  readonly halfOpen: boolean
}

/** How long a client may take to close after it was sent everything, in milliseconds: a reset would eat the end. */
const LINGER_MS = 2000

/**
 * How long a request goes on whose client has closed its side, in milliseconds. Most that do are gone; one
 * that waits for a quick answer gets it.
 */
const HALF_OPEN_MS = 1000

/** What to do with a connection that has been in `phase` without progress for `waitedMs`. */
export function overdue(
  phase: Phase,
  waitedMs: number,
  limits: ConnectionLimits,
  facts: ConnectionFacts
): 'wait' | 'close' | Refusal {
  const past = (limitMs: number): boolean => limitMs > 0 && waitedMs > limitMs
  // Nothing else is expected of a client before it has taken what it was sent.
  if (facts.unsent && phase !== 'tunnel') return past(limits.clientTimeout) ? 'close' : 'wait'
  if (phase === 'head') return past(limits.headersTimeout) ? lateHead : 'wait'
  if (phase === 'exchange' && facts.awaitsBody && past(limits.bodyTimeout)) return lateBody
  return past(quietLimit(phase, limits, facts)) ? 'close' : 'wait'
}

const lateHead: Refusal = { status: 408, reason: 'the request head did not arrive in time' }
const lateBody: Refusal = { status: 408, reason: 'the request body did not arrive in time' }

/** How long a connection may be quiet before it is closed, 0 for ever. */
function quietLimit(phase: Phase, limits: ConnectionLimits, facts: ConnectionFacts): number {
  switch (phase) {
    case 'idle':
      return facts.first ? limits.headersTimeout : limits.keepAliveTimeout
    case 'exchange':
      return facts.halfOpen ? HALF_OPEN_MS : 0
    case 'tunnel':
      return limits.tunnelTimeout
    default:
      return LINGER_MS
  }
}
