/**
 * Has workers replaced whose own heap runs full, before V8 ends them in the middle of what they do.
 *
 * Main thread only. One timer; it reads shared memory, asks no worker and waits for none. What is too full is decided in
 * `heap-policy.ts`.
 */
import { readVitals } from '../../channel/vitals.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'
import { hasRoom, pauseUntil, vacateAloneMs, vacateMs } from './guard-policy.ts'
import type { GuardedWorker, GuardedWorkers, MachineSource } from './guarded.ts'
import { fullHeap, fullHeapWords, heapGrowthMs } from './heap-policy.ts'
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
  /** When workers of an application were replaced, the oldest first. */
  readonly #replacedAt = new Map<string, readonly number[]>()
  #cancel: Cancel | null = null

  constructor(options: HeapGuardOptions) {
    this.#options = options
  }

  /** Begins to look. Idempotent. */
  start(): void {
    this.#cancel ??= this.#plan()
  }

  /** Looks no more. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  #plan(): Cancel {
    return this.#options.clock.after(lookMs, () => {
      this.#cancel = this.#plan()
      for (const worker of this.#options.guarded.workers()) this.#look(worker)
    })
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
    const full = fullHeap(looks)
    if (full === null || guarded.maxMemory(application) === 0 || this.#mayWait(application, full)) return
    this.#replace(worker, application, full)
  }

  /** One that does not grow is full for good: a fresh one of the same application soon will be, too. */
  #mayWait(application: string, { fullMs }: FullHeap): boolean {
    const now = this.#options.clock.now()
    return fullMs === Infinity && now < pauseUntil(this.#replacedAt.get(application) ?? [], now)
  }

  #replace(worker: GuardedWorker, application: string, full: FullHeap): void {
    const { clock } = this.#options
    this.#going.add(worker)
    this.#replacedAt.set(application, [...(this.#replacedAt.get(application) ?? []), clock.now()].slice(-10))
    // What it gets from now on would only fill it before its successor is there.
    const isOut = worker.eject('its heap runs full')
    const replaced = worker.replace('heap', fullHeapWords(full), this.#vacateMs(worker, application))
    void replaced.then(isReplaced => isReplaced || this.#handleFailed(worker, isOut))
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
