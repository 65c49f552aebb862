/**
 * Has workers replaced whose own heap runs full, before V8 ends them in the middle of what they do.
 *
 * Main thread only. One timer; it reads shared memory, asks no worker and waits for none. What is too full is decided in
 * `heap-policy.ts`.
 */
import { readVitals } from '../../channel/vitals.ts'
import { repeat } from '../../shared/clock.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'
import { hasRoom, pauseUntil, vacateAloneMs, vacateMs } from './guard-policy.ts'
import type { GuardedWorker, GuardedWorkers, MachineSource } from './guarded.ts'
import { fullHeap, fullHeapWords, heapGrowthMs, rememberedMs } from './heap-policy.ts'
import type { FullHeap, HeapLook } from './heap-policy.ts'
import { heldBy } from './worker-sizes.ts'
import type { WorkerSizes } from './worker-sizes.ts'

/** What it is made of. */
export interface HeapGuardOptions {
  readonly source: MachineSource
  readonly guarded: GuardedWorkers
  readonly sizes: WorkerSizes
  readonly clock: Clock
}

/** Milliseconds between two looks: workers write as often how their heaps stand. */
const lookMs = 1000

/** The guard of the heaps of a server. */
export class HeapGuard {
  readonly #options: HeapGuardOptions
  readonly #looks = new WeakMap<GuardedWorker, readonly HeapLook[]>()
  readonly #going = new WeakSet<GuardedWorker>()
  /** When workers of a slot were replaced, the oldest first, by their name. */
  readonly #replacedAt = new Map<string, readonly number[]>()
  #cancel: Cancel | null = null

  constructor(options: HeapGuardOptions) {
    this.#options = options
  }

  /** Begins to look. Idempotent. */
  start(): void {
    this.#cancel ??= repeat(this.#options.clock, lookMs, () => {
      for (const worker of this.#options.guarded.workers()) this.#look(worker)
    })
  }

  /** Looks no more. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  #look(worker: GuardedWorker): void {
    const { guarded, clock } = this.#options
    const { application } = worker.fact
    if (application === null || heldBy(worker) === null || this.#going.has(worker)) return
    const { heapUsed, heapLimit } = readVitals(worker.vitals)
    const look = { at: clock.now(), usedBytes: heapUsed, limitBytes: heapLimit }
    const known = this.#looks.get(worker) ?? []
    const looks = [...known.filter(({ at }) => look.at - at <= heapGrowthMs), look]
    this.#looks.set(worker, looks)
    const replacedAt = this.#replacedAt.get(worker.fact.worker) ?? []
    const replaced = replacedAt.filter(at => look.at - at <= rememberedMs).length
    const full = fullHeap(looks, replaced)
    if (full === null || guarded.maxMemory(application) === 0) return
    // One that does not grow is full for good: a fresh one will soon be, too.
    if (full.fullMs === Infinity && look.at < pauseUntil(replacedAt, look.at)) return
    this.#replace(worker, application, full)
  }

  #replace(worker: GuardedWorker, application: string, full: FullHeap): void {
    this.#going.add(worker)
    // What it gets from now on would only fill it before its successor is there.
    const isOut = worker.eject('its heap runs full')
    const replaced = worker.replace('heap', fullHeapWords(full), this.#vacateMs(worker, application))
    void replaced.then(isReplaced =>
      isReplaced ? this.#handleReplaced(worker) : this.#handleFailed(worker, isOut)
    )
  }

  #handleReplaced({ fact: { worker } }: GuardedWorker): void {
    const before = this.#replacedAt.get(worker) ?? []
    this.#replacedAt.set(worker, [...before, this.#options.clock.now()].slice(-10))
  }

  /** It stays: the next look tries again, as often as the slot lets it. */
  #handleFailed(worker: GuardedWorker, isOut: boolean): void {
    this.#going.delete(worker)
    if (isOut) worker.restore('it could not be replaced')
  }

  /** `undefined` where there is room for its successor beside it. */
  #vacateMs(worker: GuardedWorker, application: string): number | undefined {
    const { source, guarded, sizes } = this.#options
    if (source.limits.memoryLimitBytes === null) return undefined
    const { limitBytes, freeBytes } = source.use().memory
    if (hasRoom({ limitBytes, freeBytes, bytesPerSecond: 0 }, sizes.fresh(application))) return undefined
    const others = guarded
      .workers()
      .filter(each => each !== worker && each.state === 'ready' && each.fact.application === application)
    return others.length > 0 ? vacateMs : vacateAloneMs
  }
}
