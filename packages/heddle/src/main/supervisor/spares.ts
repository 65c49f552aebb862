/**
 * Workers that are kept ready beside those of an application: started, loaded, and in no table, so that they get no
 * requests. Each was started for one slot, the next ones after those in use; when it is needed it sits down there.
 *
 * Main thread only. Who is needed is decided in `worker-pool.ts`. One that is lost is started again, as late as
 * `restart-policy.ts` says.
 */
import type { Announce, ThreadFact } from '../../events.ts'
import { within } from '../../shared/clock.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'
import { Deadline } from '../../shared/deadline.ts'
import type { SlotRules } from './occupant.ts'
import { cleanRecord, nextRestart } from './restart-policy.ts'
import type { RestartRecord } from './restart-policy.ts'
import type { ThreadEnd } from './thread-life.ts'
import type { WorkerHandle } from './worker-handle.ts'

/** What spares are made of. */
export interface SparesOptions {
  readonly clock: Clock
  readonly announce: Announce
  /** A number from 0 up to 1; `Math.random` but in tests. */
  readonly chance: () => number
  readonly rules: () => SlotRules
  /** Whether there is memory for one more; `null` as long as nobody knows how much one takes. */
  readonly hasRoom: () => boolean | null
  /** Starts one for a slot, held from requests. May throw. */
  readonly spawn: (slot: number) => WorkerHandle
}

/** One spare as it stands. */
export interface SpareStatus {
  /** The name it has and will have: `application:slot`. */
  readonly name: string
  /** `waiting` until it is started again. */
  readonly state: 'spare' | 'starting' | 'waiting'
  /** Why it waits; `null` when it does not. */
  readonly waitsFor: SpareWait | null
}

/**
 * Why a spare waits. `memory`: there is none to spare for it. `size`: nobody knows yet how much it takes. `backoff`: its
 * thread was lost, and the next one is not due yet.
 */
export type SpareWait = 'memory' | 'size' | 'backoff'

/** Milliseconds a thread may take to end once it was told to. */
const endMs = 1000

/** Milliseconds until one for which there was no room is tried again, and one that had to make room. */
const roomMs = 2000
const letGoMs = 60_000

/** A spare whose event loop has not turned for so many milliseconds is left where it is. */
const staleMs = 1000

interface Kept {
  handle: WorkerHandle | null
  isReady: boolean
  /** Why it waits, should it. */
  waitsFor: SpareWait
  /** Whether it was told that there is no room for it. */
  isShort: boolean
  record: RestartRecord
  cancel: Cancel | null
}

/** The spares of one application. */
export class Spares {
  readonly #application: string
  readonly #options: SparesOptions
  /** By the number of the slot. */
  readonly #kept = new Map<number, Kept>()
  /** All that have not ended, those that are on their way out among them, but none that has sat down. */
  readonly #living = new Set<WorkerHandle>()

  constructor(application: string, options: SparesOptions) {
    this.#application = application
    this.#options = options
  }

  /** Threads that have not ended, zombies among them. */
  get living(): readonly WorkerHandle[] {
    return [...this.#living]
  }

  /** How many could sit down one after another, from this slot on. */
  ready(first: number): number {
    let count = 0
    while (this.#kept.get(first + count)?.isReady === true) count++
    return count
  }

  /** How they stand, by slot. */
  status(): readonly SpareStatus[] {
    return [...this.#kept]
      .toSorted(([one], [other]) => one - other)
      .map(([slot, { handle, isReady, waitsFor }]) => ({
        name: this.#factOf(slot).worker,
        state: isReady ? 'spare' : handle === null ? 'waiting' : 'starting',
        waitsFor: handle === null ? waitsFor : null
      }))
  }

  /** From now on so many are kept, for the slots from `first` on. Others end. */
  keep(first: number, count: number): void {
    for (const [slot, kept] of [...this.#kept]) {
      if (slot < first || slot >= first + count) this.#dismiss(slot, kept)
    }
    for (let slot = first; slot < first + count; slot++) {
      if (this.#kept.has(slot)) continue
      this.#kept.set(slot, {
        ...{ handle: null, cancel: null, record: cleanRecord },
        ...{ isReady: false, isShort: false, waitsFor: 'size' }
      })
      this.#start(slot)
    }
  }

  /** The one for this slot, which is kept no more; `null` when none is ready. It takes requests once it is opened. */
  take(slot: number): WorkerHandle | null {
    const { handle, isReady } = this.#kept.get(slot) ?? { handle: null, isReady: false }
    if (handle === null || !isReady || handle.heartbeatAge() > staleMs) return null
    this.#kept.delete(slot)
    this.#living.delete(handle)
    return handle
  }

  /** Keeps none below this slot any more: others sit down there. */
  release(below: number): void {
    for (const [slot, kept] of [...this.#kept]) if (slot < below) this.#dismiss(slot, kept)
  }

  /** Ends those that there are, for others need the memory more; they are started again later. Returns whether any was. */
  letGo(): boolean {
    const going = [...this.#kept].filter(([, { handle }]) => handle !== null)
    for (const [slot, kept] of going) {
      this.#end(kept.handle)
      kept.handle = null
      kept.isReady = false
      this.#postpone(slot, kept, letGoMs)
    }
    return going.length > 0
  }

  /** Ends all. Resolves when they have ended or were given up. */
  async stop(deadline: Deadline, endLimitMs: number = endMs): Promise<void> {
    for (const { cancel } of this.#kept.values()) cancel?.()
    this.#kept.clear()
    await Promise.all(this.living.map(handle => handle.stop(deadline, endLimitMs)))
  }

  #start(slot: number): void {
    const kept = this.#kept.get(slot)
    if (kept === undefined) return
    kept.cancel = null
    const hasRoom = this.#options.hasRoom()
    if (hasRoom !== true) {
      this.#postpone(slot, kept, roomMs, hasRoom === null)
      return
    }
    let handle: WorkerHandle
    try {
      handle = this.#options.spawn(slot)
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      this.#handleLost(slot, kept, { reason: 'failed', code: null, error, readyMs: null })
      return
    }
    kept.handle = handle
    this.#living.add(handle)
    void handle.life.exited.then(() => this.#living.delete(handle))
    void this.#watch(kept, handle)
    void this.#awaitLoss(slot, kept, handle)
  }

  /** It is started later, for want of memory; or because nobody knows yet how much that would be. */
  #postpone(slot: number, kept: Kept, delayMs: number, isUnknown = false): void {
    const { announce, clock } = this.#options
    kept.cancel = clock.after(delayMs, () => this.#start(slot))
    kept.waitsFor = isUnknown ? 'size' : 'memory'
    if (isUnknown || kept.isShort) return
    kept.isShort = true
    announce('worker:spare-waits', this.#factOf(slot))
  }

  async #watch(kept: Kept, handle: WorkerHandle): Promise<void> {
    const { clock, rules, announce } = this.#options
    const outcome = await within(clock, rules().startTimeoutMs, handle.ready)
    if (!outcome.inTime) await handle.life.end('timed-out', endMs)
    if (!outcome.inTime || !outcome.value || kept.handle !== handle) return
    kept.isReady = true
    kept.isShort = false
    announce('worker:spare', { ...handle.fact, bootMs: Math.round(clock.now() - handle.life.startedAt) })
  }

  async #awaitLoss(slot: number, kept: Kept, handle: WorkerHandle): Promise<void> {
    const end = await handle.life.lost
    // One that has sat down is the business of its slot.
    if (this.#kept.get(slot) === kept && kept.handle === handle) this.#handleLost(slot, kept, end)
  }

  #handleLost(slot: number, kept: Kept, end: ThreadEnd): void {
    const { announce, chance, clock, rules } = this.#options
    // How long it has waited says nothing of how it works: it has done nothing.
    const run = { readyMs: null, at: clock.now() }
    const { delayMs, record } = nextRestart(rules().restart, kept.record, run, chance())
    kept.handle = null
    kept.isReady = false
    kept.waitsFor = 'backoff'
    kept.record = record
    // Not at once: it may fail before the caller of this has gone on.
    kept.cancel = clock.after(Math.max(1, delayMs), () => this.#start(slot))
    const fact = this.#factOf(slot)
    announce('worker:restarting', { ...fact, reason: end.reason, delayMs, failures: record.failures })
  }

  #dismiss(slot: number, { handle, cancel }: Kept): void {
    this.#kept.delete(slot)
    cancel?.()
    this.#end(handle)
  }

  #end(handle: WorkerHandle | null): void {
    if (handle === null) return
    void Deadline.during(this.#options.clock, 0, deadline => handle.stop(deadline, endMs))
  }
  #factOf(slot: number): ThreadFact {
    return { application: this.#application, slot, worker: `${this.#application}:${slot}` }
  }
}
