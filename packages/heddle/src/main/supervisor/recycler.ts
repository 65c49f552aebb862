/**
 * Looks at all workers once a second and has those replaced that have used up what `recycle` gives them.
 *
 * Main thread only. One timer for all; what it looks at is read and not asked for. What is too much is decided in
 * `recycle-policy.ts`.
 */
import { readVitals } from '../../channel/vitals.ts'
import type { ResolvedRecycle } from '../../config/resolved.ts'
import { repeat } from '../../shared/clock.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'
import { freshMs, heaviest, limitsFor, recycleCause, rssCause } from './recycle-policy.ts'
import type { Holder, RecycleCause } from './recycle-policy.ts'
import type { Supervised, WatchedWorker } from './watched.ts'

/** What a recycler is made of. */
export interface RecyclerOptions {
  readonly supervised: Supervised
  readonly clock: Clock
  /** A number from 0 up to 1. */
  readonly chance: () => number
  /** Memory of the whole process in bytes. */
  readonly rss: () => number
}

/** Milliseconds between two looks. */
const tickMs = 1000

const mib = 1024 * 1024

/** The recycler of a server. */
export class Recycler {
  readonly #options: RecyclerOptions
  /** What was left to chance for each worker. */
  readonly #chances = new WeakMap<WatchedWorker, number>()
  readonly #going = new WeakSet<WatchedWorker>()
  #cancel: Cancel | null = null
  /** Since when nobody was replaced for the memory of the process: memory comes back only when one has gone. */
  #rssFrom = 0

  constructor(options: RecyclerOptions) {
    this.#options = options
  }

  /** Begins to look. Idempotent. */
  start(): void {
    this.#cancel ??= repeat(this.#options.clock, tickMs, () => this.#look())
  }

  /** Looks no more. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  #look(): void {
    const { supervised, clock, rss } = this.#options
    const holders: (Holder & { readonly worker: WatchedWorker })[] = []
    for (const worker of supervised.workers()) {
      const ageMs = worker.readyMs
      const isAtWork = worker.state === 'ready' || worker.state === 'ejected'
      if (ageMs === null || !isAtWork || worker.fact.application === null) continue
      const { recycle } = supervised.application(worker.fact.application)
      const { heapUsed, external } = readVitals(worker.vitals)
      const use = { requests: worker.served(), ageMs, heapMb: heapUsed / mib }
      const cause = recycleCause(this.#limits(worker, recycle), use)
      if (cause !== null) this.#replace(worker, cause)
      holders.push({ worker, maxRss: recycle.maxRss, heldMb: (heapUsed + external) / mib, ageMs })
    }
    const rssMb = rss() / mib
    const heavy = clock.now() < this.#rssFrom ? null : heaviest(holders, rssMb)
    if (heavy === null) return
    this.#rssFrom = clock.now() + freshMs
    this.#replace(heavy.worker, rssCause(heavy, rssMb))
  }

  #limits(worker: WatchedWorker, recycle: ResolvedRecycle): ResolvedRecycle {
    const chance = this.#chances.get(worker) ?? this.#options.chance()
    this.#chances.set(worker, chance)
    return limitsFor(recycle, chance)
  }

  /** Once at a time; when it fails the next look tries again, as often as the slot lets it. */
  #replace(worker: WatchedWorker, { reason, detail }: RecycleCause): void {
    if (this.#going.has(worker)) return
    this.#going.add(worker)
    void worker.replace(reason, detail).then(isReplaced => isReplaced || this.#going.delete(worker))
  }
}
