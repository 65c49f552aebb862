/**
 * Looks at every slot once a second: adds up what was counted, and remembers the last ten seconds.
 *
 * Main thread only. One timer; it reads shared memory, asks no thread and waits for none. Whoever wants exact sums
 * has it look once more.
 */
import { readVitals } from '../../channel/vitals.ts'
import type { RecentReportLine } from '../../control/answers.ts'
import { repeat } from '../../shared/clock.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'
import { recentOf } from './recent.ts'
import type { Window } from './recent.ts'
import { SlotTotals } from './slot-totals.ts'
import type { Totals } from './slot-totals.ts'
import type { MeteredApplication, MeteredSlot, MeteredThread } from './sources.ts'

/** Milliseconds between two looks. */
const lookMs = 1000

/** Milliseconds that are remembered. */
const windowMs = 10_000

/** Looks between two at which the system is asked for CPU times. */
const cpuLooks = 5

/** Milliseconds for which sums are fresh enough for a status, which asks for many of them one after another. */
const freshMs = 50

/** A heartbeat that is so many milliseconds old says how late the event loop is before the thread can. */
const lateMs = 300

/** What a sampler is made of. */
export interface SamplerOptions {
  readonly clock: Clock
  readonly applications: () => readonly MeteredApplication[]
  /** Called with each look. */
  readonly onLook?: () => void
}

/** Sums at a time of the clock; `null` for none yet. */
interface Sample {
  readonly at: number
  readonly totals: Totals | null
}

interface Sampled {
  /** `null` when its application was removed: its threads and their memory are held by nobody then. */
  slot: MeteredSlot | null
  readonly sums: SlotTotals
  /** The last ten seconds, the oldest first. */
  samples: readonly Sample[]
}

/** The looks of one server. */
export class Sampler {
  readonly #options: SamplerOptions
  /** By the name of the slot: an application that is removed and comes back goes on counting. */
  readonly #slots = new Map<string, Sampled>()
  #cancel: Cancel | null = null
  #looks = 0
  #foldedAt = Number.NEGATIVE_INFINITY

  constructor(options: SamplerOptions) {
    this.#options = options
  }

  /** Begins to look. Idempotent. */
  start(): void {
    this.#cancel ??= repeat(this.#options.clock, lookMs, () => {
      this.#look()
      this.#options.onLook?.()
    })
  }

  /** Looks no more; sums stay. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  /** To be called when a thread has moved: those that are new are known before they answer requests. */
  meet(): void {
    this.#each((sampled, slot) => sampled.sums.meet(slot.living))
  }

  /** Adds up what was counted until now. @param asksSystem Whether CPU times are exact as well. */
  fold(asksSystem: boolean): void {
    this.#foldedAt = this.#options.clock.now()
    this.#each((sampled, slot) => sampled.sums.fold(slot.living, asksSystem))
  }

  /** The sums of a slot as of the last look; `null` when no thread has sat in it. */
  totals(worker: string): Totals | null {
    return this.#slots.get(worker)?.sums.totals ?? null
  }

  /** How the last seconds of one worker were; `null` when it is not known. */
  ofWorker(worker: string): RecentReportLine | null {
    this.#refresh()
    return this.recent([worker])
  }

  /** The same of all workers of an application together. */
  ofApplication(id: string): RecentReportLine | null {
    this.#refresh()
    const application = this.#options.applications().find(({ settings }) => settings.id === id)
    return this.recent(application?.slots.map(({ fact }) => fact.worker) ?? [])
  }

  /** The same of these slots, as of the last look. */
  recent(workers: readonly string[]): RecentReportLine | null {
    return recentOf(workers.flatMap(worker => this.#window(worker) ?? []))
  }

  #refresh(): void {
    if (this.#options.clock.now() - this.#foldedAt > freshMs) this.fold(false)
  }

  #look(): void {
    const at = this.#options.clock.now()
    this.fold(this.#looks++ % cpuLooks === 0)
    this.#forgetRemoved()
    for (const sampled of this.#slots.values()) {
      const { totals } = sampled.sums
      if (totals === null || sampled.slot === null) continue
      const kept = sampled.samples.filter((_, index, all) => at - (all[index + 1]?.at ?? at) < windowMs)
      sampled.samples = [...kept, { at, totals }]
    }
  }

  /** Of slots that are there no more the sums are kept. */
  #forgetRemoved(): void {
    const present = new Set(this.#options.applications().flatMap(({ everySlot }) => everySlot))
    for (const sampled of this.#slots.values()) {
      if (sampled.slot === null || present.has(sampled.slot)) continue
      sampled.sums.fold([], false)
      if (!sampled.sums.isSettled) continue
      sampled.slot = null
      sampled.samples = []
    }
  }

  #window(worker: string): Window | null {
    const sampled = this.#slots.get(worker)
    const later = sampled?.sums.totals ?? null
    const first = sampled?.samples[0]
    if (sampled === undefined || later === null || first === undefined) return null
    const current = sampled.slot?.current ?? null
    const loopDelayMs = current === null ? null : latenessOf(current)
    return { windowMs: this.#options.clock.now() - first.at, later, earlier: first.totals, loopDelayMs }
  }

  #each(act: (sampled: Sampled, slot: MeteredSlot) => void): void {
    for (const { everySlot } of this.#options.applications()) {
      for (const slot of everySlot) act(this.#sampled(slot), slot)
    }
  }

  #sampled(slot: MeteredSlot): Sampled {
    const { worker } = slot.fact
    const known = this.#slots.get(worker)
    if (known?.slot === slot) return known
    const { sums = new SlotTotals(), samples = [] } = known ?? {}
    const first: Sample = { at: this.#options.clock.now(), totals: sums.totals }
    const sampled: Sampled = { slot, sums, samples: samples.length === 0 ? [first] : samples }
    this.#slots.set(worker, sampled)
    return sampled
  }
}

/** A thread that is blocked has not said how late it is: then its heartbeat tells. */
function latenessOf(thread: MeteredThread): number {
  const age = thread.heartbeatAge()
  return Math.max(readVitals(thread.vitals).loopDelay.p99, age > lateMs ? age : 0)
}
