/**
 * What metrics learn from events: how often each was announced, what came of reloads, how long boots took, why
 * workers were taken out of balancing.
 *
 * Main thread only. It listens, counts and remembers; nothing is decided by it.
 */
import type { HeddleEvents, ThreadFact } from '../../events.ts'

/** The name of an event. */
export type EventName = keyof HeddleEvents

/** Hears every event. */
export type ListenToAny = (listener: (name: EventName, fact: unknown) => void) => () => void

/** What came of reloads. Times as `Date.now()` and in milliseconds. */
export interface Reloads {
  readonly done: number
  readonly failed: number
  readonly wasLastDone: boolean
  readonly lastDoneAt: number
  readonly lastMs: number | null
}

/** Causes for which health takes workers out; it puts them before its sentence. */
const causes = ['blocked', 'not ready', 'failing', 'unhealthy']

/** What has been announced since the server was made. */
export class Announced {
  readonly #events = new Map<EventName, number>()
  /** By worker and reason. */
  readonly #ejections = new Map<string, Map<string, number>>()
  readonly #bootMs = new Map<string, number>()
  /** By application and reason. */
  readonly #scalings = new Map<string, Map<string, number>>()
  #reloads: Reloads = { done: 0, failed: 0, wasLastDone: true, lastDoneAt: Date.now(), lastMs: null }

  /** How often each event was announced. */
  get events(): ReadonlyMap<EventName, number> {
    return this.#events
  }

  get reloads(): Reloads {
    return this.#reloads
  }

  /** How often a worker was taken out of balancing, by why. */
  ejections(worker: string): ReadonlyMap<string, number> {
    return this.#ejections.get(worker) ?? new Map<string, number>()
  }

  /** How long the last thread of a worker took to become ready; `null` when none has. */
  bootMs(worker: string): number | null {
    return this.#bootMs.get(worker) ?? null
  }

  /** How often the number of workers of an application was changed because of its load, by why. */
  scalings(application: string): ReadonlyMap<string, number> {
    return this.#scalings.get(application) ?? new Map<string, number>()
  }

  /** To be called at each event. */
  hear(name: EventName, fact: unknown): void {
    count(this.#events, name)
    // Facts are those of the event: `Events` has no other way in.
    if (name === 'worker:moved') this.#hearMoved(fact as HeddleEvents['worker:moved'])
    if (name === 'worker:ready') this.#hearReady(fact as HeddleEvents['worker:ready'])
    if (name === 'application:scaling') this.#hearScaling(fact as HeddleEvents['application:scaling'])
    if (name === 'reload:finished') this.#hearReload(fact as HeddleEvents['reload:finished'])
    if (name === 'reload:failed') {
      this.#reloads = { ...this.#reloads, failed: this.#reloads.failed + 1, wasLastDone: false }
    }
  }

  #hearMoved({ worker, to, reason }: ThreadFact & { readonly to: string; readonly reason: string }): void {
    if (to !== 'ejected') return
    const reasons = this.#ejections.get(worker) ?? new Map<string, number>()
    this.#ejections.set(worker, reasons)
    count(reasons, causes.find(cause => reason.startsWith(`${cause}:`)) ?? 'operator')
  }

  #hearReady({ worker, bootMs }: HeddleEvents['worker:ready']): void {
    this.#bootMs.set(worker, bootMs)
  }

  #hearScaling({ application, reason }: HeddleEvents['application:scaling']): void {
    const reasons = this.#scalings.get(application) ?? new Map<string, number>()
    this.#scalings.set(application, reasons)
    count(reasons, reason)
  }

  #hearReload({ reloadMs }: HeddleEvents['reload:finished']): void {
    const { done } = this.#reloads
    this.#reloads = {
      ...this.#reloads,
      done: done + 1,
      wasLastDone: true,
      lastDoneAt: Date.now(),
      lastMs: reloadMs
    }
  }
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
