/**
 * Decides when the next request is sent, and on which connection: as soon as one is free, or at a rate.
 *
 * In a thread that sends; no sockets, and time through a clock. At a rate requests are due at even distances, whatever
 * the server does. One for which no connection is free waits, and its time counts from when it was due: that is what
 * its user would have waited. Without that the requests a slow server holds up are missing from the times
 * ("coordinated omission").
 */
import type { Cancel, Clock } from '../../shared/clock.ts'

/** A connection that can take requests. */
export interface Lane {
  /** Changes when it is connected anew: what it offered before is void. */
  readonly epoch: number
  /** Sends one request, which was due at that time and could have been sent at this one. */
  send(dueAt: number, possibleAt: number): void
}

/** How much is sent. */
export interface ScheduleLimits {
  readonly clock: Clock
  /** Requests a second; `null` for as many as are answered. */
  readonly rate: number | null
  /** Whether one more may be sent. */
  readonly mayGoOn: () => boolean
}

interface Offer {
  readonly lane: Lane
  readonly epoch: number
  readonly since: number
}

/** Hands requests to connections. */
export class Schedule {
  readonly #limits: ScheduleLimits
  readonly #intervalMs: number
  #dueAt: number | null = null
  #offers: Offer[] = []
  #cancel: Cancel | null = null
  #isOver = false

  constructor(limits: ScheduleLimits) {
    this.#limits = limits
    this.#intervalMs = limits.rate === null ? 0 : 1000 / limits.rate
  }

  /** A connection can take one more request. */
  offer(lane: Lane): void {
    if (this.#isOver || !this.#limits.mayGoOn()) return
    const { clock, rate } = this.#limits
    const now = clock.now()
    if (rate === null) return lane.send(now, now)
    this.#dueAt ??= now
    this.#offers.push({ lane, epoch: lane.epoch, since: now })
    if (this.#cancel === null) this.#pump()
  }

  /** Sends nothing any more. Returns how many requests were due and have not been sent. */
  end(): number {
    if (this.#isOver) return 0
    this.#isOver = true
    this.#cancel?.()
    this.#offers = []
    const behind = this.#dueAt === null ? -1 : this.#limits.clock.now() - this.#dueAt
    return behind < 0 ? 0 : Math.floor(behind / this.#intervalMs) + 1
  }

  #pump(): void {
    this.#cancel = null
    const { clock, mayGoOn } = this.#limits
    const now = clock.now()
    let dueAt = this.#dueAt ?? now
    while (dueAt <= now && mayGoOn()) {
      const offer = this.#take()
      if (offer === null) break
      const { lane, since } = offer
      this.#dueAt = dueAt + this.#intervalMs
      // Who was free when it was due has only waited for a timer of this thread, which is no fault of the server.
      lane.send(since <= dueAt ? now : dueAt, Math.max(dueAt, since))
      dueAt = this.#dueAt
    }
    const isWaiting = this.#offers.length > 0 && mayGoOn()
    if (isWaiting && !this.#isOver) this.#cancel = clock.after(Math.max(0, dueAt - now), () => this.#pump())
  }

  /** The connection that has been free for the longest time. */
  #take(): Offer | null {
    for (;;) {
      const offer = this.#offers.shift()
      if (offer === undefined) return null
      if (offer.lane.epoch === offer.epoch) return offer
    }
  }
}
