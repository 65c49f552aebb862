/**
 * Counts what became of the requests of one thread. In a thread that sends; pure.
 */
import { Histogram } from './histogram.ts'
import type { LoadCounts } from './messages.ts'

/** A request under way. Milliseconds of the clock. */
export interface Sent {
  /** When it should have been sent: its time counts from there. */
  readonly dueAt: number
  readonly sentAt: number
  /** Whether it was sent in the time that counts. */
  readonly counts: boolean
}

/** What one thread has counted. */
export class Meter {
  readonly #countsFrom: number
  readonly #latency = new Histogram()
  readonly #service = new Histogram()
  readonly #statuses: Record<string, number> = {}
  readonly #errors: Record<string, number> = {}
  readonly #seconds: number[] = []
  #sent = 0
  #answered = 0
  #bytes = 0
  #lateMs = 0
  #unsent = 0
  #endedAt: number | null = null

  /** @param countsFrom When the warm-up is over. */
  constructor(countsFrom: number) {
    this.#countsFrom = countsFrom
  }

  /** Whether what is sent now counts. */
  counts(now: number): boolean {
    return now >= this.#countsFrom && this.#endedAt === null
  }

  /** How many requests have been sent that count. */
  get sent(): number {
    return this.#sent
  }

  /** A request was sent, `lateMs` later than it could have been. */
  onSent({ counts }: Sent, lateMs: number): void {
    if (!counts) return
    this.#sent += 1
    this.#lateMs = Math.max(this.#lateMs, lateMs)
  }

  /** A request was answered, with so many bytes. */
  onAnswer(request: Sent, status: number, { now, bytes }: { now: number; bytes: number }): void {
    if (this.counts(now)) {
      const second = Math.floor((now - this.#countsFrom) / 1000)
      while (this.#seconds.length <= second) this.#seconds.push(0)
      this.#seconds[second] = (this.#seconds[second] ?? 0) + 1
      this.#bytes += bytes
    }
    if (!request.counts) return
    this.#answered += 1
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1
    this.#latency.record(now - request.dueAt)
    this.#service.record(now - request.sentAt)
  }

  /**
   * A request will not be answered. One whose time was over counts among the times with what it has waited: it was at
   * least that slow, and leaving it out would make the slowest server look quick.
   */
  onLost(request: Sent, kind: string, now: number): void {
    if (!request.counts) return
    this.#errors[kind] = (this.#errors[kind] ?? 0) + 1
    if (kind !== 'timeout') return
    this.#latency.record(now - request.dueAt)
    this.#service.record(now - request.sentAt)
  }

  /** Nothing is sent any more; so many requests were due and have not been. */
  end(now: number, unsent: number): void {
    if (this.#endedAt !== null) return
    this.#endedAt = now
    this.#unsent = unsent
  }

  /** What was counted by now. @param busy Part of the time in which the thread was busy. */
  read(now: number, busy: number): LoadCounts {
    const elapsedMs = Math.max(0, (this.#endedAt ?? now) - this.#countsFrom)
    const seconds = Array.from(
      { length: Math.ceil(elapsedMs / 1000) },
      (_, second) => this.#seconds[second] ?? 0
    )
    return {
      sent: this.#sent,
      answered: this.#answered,
      bytes: this.#bytes,
      statuses: { ...this.#statuses },
      errors: { ...this.#errors },
      unsent: this.#unsent,
      seconds,
      elapsedMs,
      latency: this.#latency.data,
      service: this.#service.data,
      lateMs: this.#lateMs,
      busy
    }
  }
}
