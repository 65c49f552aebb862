/**
 * Remembers the last events, so that whoever lost the connection for a moment misses none.
 *
 * Main thread only. Each event is written as JSON once, however many read it. What is remembered is bounded in number
 * and in size.
 */
import type { Cancel } from '../../shared/clock.ts'
import { factJson } from './fact-json.ts'
import type { Feed, Look, Message } from './feed.ts'

/** Which events are wanted. Everything that is given has to fit. */
export interface EventFilter {
  /** Id of an application the event is about. */
  readonly application?: string
  /** `application:slot` or `edge:index`. */
  readonly worker?: string
  /** Names of events; empty for all. */
  readonly names: readonly string[]
}

/** Calls the listener at each event of any name; returns how to take it back. */
export type Listen = (listener: (name: string, fact: unknown) => void) => () => void

/** How many events are remembered. */
export const eventsMax = 1000

interface Entry {
  readonly number: number
  readonly message: Message
  readonly applications: readonly string[]
  readonly workers: readonly string[]
}

/** The last events of one server. */
export class EventRing {
  readonly #capacity: number
  readonly #entries: Entry[] = []
  readonly #waiting = new Set<() => void>()
  readonly #first: number
  #next: number

  /**
   * @param listen Where events come from.
   * @param firstNumber Number of the first event. Numbers of a server that is started later have to be greater, so
   * that a client which comes back to it goes on: a time does.
   */
  constructor(listen: Listen, firstNumber: number = Date.now() * 1000, capacity: number = eventsMax) {
    this.#capacity = capacity
    this.#first = firstNumber
    this.#next = firstNumber
    listen((name, fact) => this.#add(name, fact))
  }

  /**
   * Begins to read.
   *
   * @param after Number of the last event that was seen; `null` to begin with the next one.
   */
  open(filter: EventFilter, after: number | null): Feed {
    // A number that is yet to come is of another server, whose clock was ahead.
    const start = after === null || after >= this.#next ? this.#next : after + 1
    // What happened before there was a first one was seen from another server, or never.
    return new RingFeed(this, filter, Math.max(start, this.#first))
  }

  /** The number the next event will have, and that of the oldest which is remembered. */
  get bounds(): { readonly oldest: number; readonly next: number } {
    return { oldest: this.#next - this.#entries.length, next: this.#next }
  }

  /** The events from this number on that fit, and the number to go on at. */
  from(start: number, filter: EventFilter, max: number): { messages: Message[]; next: number } {
    const messages: Message[] = []
    let next = start
    for (; next < this.#next && messages.length < max; next++) {
      const entry = this.#entries[next - this.bounds.oldest]
      if (entry !== undefined && fits(entry, filter)) messages.push(entry.message)
    }
    return { messages, next }
  }

  /** Calls `wake` once, at the next event. */
  wait(wake: () => void): Cancel {
    this.#waiting.add(wake)
    return () => this.#waiting.delete(wake)
  }

  #add(name: string, fact: unknown): void {
    const number = this.#next++
    const message = { id: String(number), name, data: factJson({ time: Date.now(), fact }) }
    this.#entries.push({ number, message, ...aboutOf(fact) })
    if (this.#entries.length > this.#capacity) this.#entries.shift()
    // Woken later: whoever announces is in the middle of something.
    const woken = [...this.#waiting]
    this.#waiting.clear()
    if (woken.length > 0) setImmediate(() => woken.forEach(wake => wake()))
  }
}

class RingFeed implements Feed {
  readonly #ring: EventRing
  readonly #filter: EventFilter
  #next: number
  #cancel: Cancel | null = null

  constructor(ring: EventRing, filter: EventFilter, start: number) {
    this.#ring = ring
    this.#filter = filter
    this.#next = start
  }

  read(max: number): Look {
    const { oldest } = this.#ring.bounds
    // Whether those that are gone would have fitted nobody knows any more.
    const lost = Math.max(0, oldest - this.#next)
    const { messages, next } = this.#ring.from(Math.max(this.#next, oldest), this.#filter, max)
    this.#next = next
    return { messages, lost }
  }

  wait(wake: () => void): Cancel {
    this.#cancel = this.#ring.wait(wake)
    return this.#cancel
  }

  close(): void {
    this.#cancel?.()
  }
}

function fits({ message, applications, workers }: Entry, filter: EventFilter): boolean {
  const { application, worker, names } = filter
  if (names.length > 0 && !names.some(wanted => isNamed(message.name ?? '', wanted))) return false
  if (application !== undefined && !applications.includes(application)) return false
  return worker === undefined || workers.includes(worker)
}

/** The applications and threads an event is about. */
function aboutOf(fact: unknown): Pick<Entry, 'applications' | 'workers'> {
  if (typeof fact !== 'object' || fact === null) return { applications: [], workers: [] }
  const { application, applications, worker, from, to } = fact as Readonly<Record<string, unknown>>
  // Only calls have both ends, and the one that calls is a thread: `api:0`.
  const isCall = typeof from === 'string' && typeof to === 'string' && from.includes(':')
  const caller = isCall ? from : null
  const about = [application, ...(Array.isArray(applications) ? applications : [])]
  if (isCall) about.push(to, caller?.slice(0, caller.lastIndexOf(':')))
  return {
    applications: about.filter(each => typeof each === 'string'),
    workers: [worker, caller].filter(each => typeof each === 'string')
  }
}

/** Whether an event has this name, or is of this kind: what stands before the colon. */
export function isNamed(name: string, wanted: string): boolean {
  return name === wanted || name.startsWith(`${wanted}:`)
}
