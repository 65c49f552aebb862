/**
 * Knows how much memory workers hold, and how much a fresh one of an application would.
 *
 * Main thread only. It reads what workers have written into shared memory, and asks none.
 */
import { readVitals } from '../../channel/vitals.ts'
import type { SizedWorker } from './guarded.ts'
import { threadBytes } from './guard-policy.ts'

/** A thread as far as its size is concerned. */
export interface ThreadPhase {
  readonly application: string
  /** Whether it has not loaded the application yet, and so does not have all it will take. */
  readonly isLoading: boolean
}

/** What threads can be expected to take, in bytes: those that have loaded, and all of them. */
export interface Expectation {
  readonly loadedBytes: number
  readonly startedBytes: number
}

/** The sizes of the workers of a server. */
export class WorkerSizes {
  readonly #workers: () => readonly SizedWorker[]
  /** The least each has held since it was ready. */
  readonly #least = new WeakMap<SizedWorker, number>()

  readonly #threads: () => ReadonlyMap<object, ThreadPhase>
  /** What each thread was expected to take when that was known first. */
  readonly #costs = new WeakMap<object, number>()

  /**
   * @param workers Those who sit in slots now.
   * @param threads All threads, those that are being started or finish what they have among them.
   */
  constructor(
    workers: () => readonly SizedWorker[],
    threads: () => ReadonlyMap<object, ThreadPhase> = () => new Map()
  ) {
    this.#workers = workers
    this.#threads = threads
  }

  /** Remembers how small each worker was: to be called about once a second. */
  look(): void {
    for (const worker of this.#workers()) {
      const held = heldBy(worker)
      if (held !== null) this.#least.set(worker, Math.min(held, this.#least.get(worker) ?? Infinity))
    }
  }

  /** What the threads there are can be expected to take when they are fresh. */
  expectation(): Expectation {
    let loadedBytes = 0
    let startedBytes = 0
    for (const [thread, { application, isLoading }] of this.#threads()) {
      const bytes = this.#cost(thread, application)
      startedBytes += bytes
      if (!isLoading) loadedBytes += bytes
    }
    return { loadedBytes, startedBytes }
  }

  /** It stays what it was: what others turn out to be says nothing of what this one has taken. */
  #cost(thread: object, application: string): number {
    const known = this.#costs.get(thread)
    if (known !== undefined) return known
    const fresh = this.fresh(application)
    const bytes = threadBytes + (fresh || unknownBytes) * loadingFactor
    if (fresh > 0) this.#costs.set(thread, bytes)
    return bytes
  }

  /** What a worker of an application holds when it is fresh, in bytes, its thread left aside; 0 when not known. */
  fresh(application: string): number {
    const sizes = this.#of(application).flatMap(worker => this.#least.get(worker) ?? [])
    return sizes.length === 0 ? 0 : Math.min(...sizes)
  }

  /** What one more worker of an application is expected to need: as much as the others have, with its thread. */
  expected(application: string): number {
    const sizes = this.#of(application).flatMap(worker => heldBy(worker) ?? [])
    const sum = sizes.reduce((total, size) => total + size, 0)
    return threadBytes + (sizes.length === 0 ? unknownBytes : sum / sizes.length)
  }

  #of(application: string): readonly SizedWorker[] {
    return this.#workers().filter(({ fact }) => fact.application === application)
  }
}

/** What a worker is taken to hold as long as none has been seen: about the smallest there are. */
const unknownBytes = 16 * 1024 ** 2

/** How much more a thread takes while it loads. */
const loadingFactor = 1.25

/** Bytes of heap, and of buffers outside of it; `null` for one that is not at work or has said nothing yet. */
export function heldBy(worker: SizedWorker): number | null {
  if (worker.readyMs === null || (worker.state !== 'ready' && worker.state !== 'ejected')) return null
  const { writes, heapUsed, external } = readVitals(worker.vitals)
  return writes === 0 ? null : heapUsed + external
}
