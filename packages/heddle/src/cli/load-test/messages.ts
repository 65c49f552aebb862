/**
 * What the command and the threads that send tell each other. Any thread; types only.
 */
import type { HistogramData } from './histogram.ts'

/** One kind of request, and where it goes. */
export interface LoadRequest {
  /** With path and query. */
  readonly url: string
  readonly method: string
  /** A name that was given more than once has its values with commas. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | null
}

/** How much one thread sends. Milliseconds. */
export interface LoadPlan {
  readonly request: LoadRequest
  readonly connections: number
  /** Requests on one connection that wait for their answers at the same time. */
  readonly pipelining: number
  /** Requests a second; `null` for as many as are answered. */
  readonly rate: number | null
  /** How many requests in all; `null` for as many as fit the time. */
  readonly amount: number | null
  readonly durationMs: number
  /** Requests sent in this time, before all others, count nowhere. */
  readonly warmUpMs: number
  /** How long a request may take. */
  readonly timeoutMs: number
}

/** What a thread is started with. */
export interface GeneratorData {
  readonly plan: LoadPlan
  /** Absolute path of autocannon. */
  readonly autocannon: string
}

/** What a thread has counted. Milliseconds. */
export interface LoadCounts {
  /** Requests that count, sent. */
  readonly sent: number
  /** Of these, those with an answer. */
  readonly answered: number
  /** Bytes of all answers within the time that counts. */
  readonly bytes: number
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>
  /** Requests without an answer by why: `timeout`, `closed`, `unanswered`, or the code of the system. */
  readonly errors: Readonly<Record<string, number>>
  /** Requests that were due by the rate and were not sent, since no connection was free until the end. */
  readonly unsent: number
  /** Answers within each second of the time that counts; the last may have been shorter. */
  readonly seconds: readonly number[]
  /** The time that counts. */
  readonly elapsedMs: number
  /** From when a request was due to the end of its answer. */
  readonly latency: HistogramData
  /** From when it was sent; the same without a rate. */
  readonly service: HistogramData
  /** How much later than it was able to the thread has sent, at worst: it was busy itself. */
  readonly lateMs: number
  /** Part of the time in which the event loop of the thread was busy, 0 to 1. */
  readonly busy: number
}

/** To a thread. */
export type ToGenerator =
  | { readonly type: 'start' }
  /** No further requests; those under way have so many milliseconds. */
  | { readonly type: 'stop'; readonly graceMs: number }

/** From a thread. */
export type FromGenerator =
  | { readonly type: 'ready' }
  | { readonly type: 'counted'; readonly counts: LoadCounts; readonly isLast: boolean }
