/**
 * Counts what becomes of the requests of one thread, where every thread can read it. Any thread, client side.
 *
 * Links call it at each answer: nothing here waits, allocates or throws.
 */
import { isFailure, type Scoreboard } from '../scoreboard.ts'
import type { Directory } from './directory.ts'
import type { Exchange, Link } from './exchange.ts'

/** An answer, as far as it is counted. */
export interface Answer {
  readonly status: number
  /** When its head was here, on this thread's clock. */
  readonly nowMs: number
  /** Whether nothing follows the head. */
  readonly whole: boolean
}

/** The counts of one client. */
export class Tally {
  readonly #scoreboard: Scoreboard
  readonly #directory: Directory
  readonly #detail: boolean

  /** @param detail Whether it counts more than health is judged by: what only metrics need. */
  constructor(scoreboard: Scoreboard, directory: Directory, detail: boolean) {
    this.#scoreboard = scoreboard
    this.#directory = directory
    this.#detail = detail
  }

  /** The head of an answer has come. */
  answered(exchange: Exchange, link: Link, { status, nowMs, whole }: Answer): void {
    const { record, generation } = link.upstream
    const { arrivedMs, startedMs, sentMs } = exchange
    exchange.answerStatus = status
    exchange.answeredMs = nowMs
    if (whole && startedMs === arrivedMs && sentMs === arrivedMs) {
      this.#scoreboard.countWhole(record, generation, status, nowMs - arrivedMs)
    } else {
      this.#scoreboard.countHead(record, generation, status, nowMs - Math.max(startedMs, sentMs))
      if (whole && this.#detail) this.#scoreboard.countEnd(record, generation, nowMs - arrivedMs)
    }
    this.#directory.record(exchange.request.hostname, isFailure(status), nowMs)
  }

  /** The end of an answer has come, apart from its head. */
  ended({ arrivedMs, answerStatus }: Exchange, link: Link): void {
    if (!this.#detail) return
    const { record, generation } = link.upstream
    // How long somebody stays connected is no time of an answer.
    if (answerStatus !== 101) this.#scoreboard.countEnd(record, generation, performance.now() - arrivedMs)
  }

  /** The exchange is over on this link: what went to and fro will be no more. */
  over({ bytesSent, bytesReceived }: Exchange, link: Link): void {
    const { record, generation } = link.upstream
    if (!this.#detail || (bytesSent === 0 && bytesReceived === 0)) return
    this.#scoreboard.countBytes(record, generation, bytesSent, bytesReceived)
  }

  /** The upstream gave no answer, or not in time. While requests wait for one there is none to blame. */
  failed({ request }: Exchange, link: Link): void {
    const { record, generation } = link.upstream
    if (record !== -1) this.#scoreboard.countFailure(record, generation)
    this.#directory.record(request.hostname, true, performance.now())
  }

  /** A request is about to be sent that was sent to another upstream before, or has waited for one. */
  sending(exchange: Exchange, link: Link, waitedMs: number): void {
    const { record, generation } = link.upstream
    exchange.queuedMs += waitedMs
    if (!this.#detail) return
    if (exchange.tried.length > 0) this.#scoreboard.countRetry(record, generation)
    if (waitedMs > 0) this.#scoreboard.countWait(record, generation, waitedMs)
  }
}
