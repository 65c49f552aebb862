/**
 * Knows how much memory workers hold, and how much a fresh one of an application would.
 *
 * Main thread only. It reads what workers have written into shared memory, and asks none.
 */
import { readVitals } from '../../channel/vitals.ts'
import type { SizedWorker } from './guarded.ts'
import { threadBytes } from './guard-policy.ts'

/** The sizes of the workers of a server. */
export class WorkerSizes {
  readonly #workers: () => readonly SizedWorker[]
  /** The least each has held since it was ready. */
  readonly #least = new WeakMap<SizedWorker, number>()

  /** @param workers Those who sit in slots now. */
  constructor(workers: () => readonly SizedWorker[]) {
    this.#workers = workers
  }

  /** Remembers how small each worker was: to be called about once a second. */
  look(): void {
    for (const worker of this.#workers()) {
      const held = heldBy(worker)
      if (held !== null) this.#least.set(worker, Math.min(held, this.#least.get(worker) ?? Infinity))
    }
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

/** Bytes of heap, and of buffers outside of it; `null` for one that is not at work or has said nothing yet. */
export function heldBy(worker: SizedWorker): number | null {
  if (worker.readyMs === null || (worker.state !== 'ready' && worker.state !== 'ejected')) return null
  const { writes, heapUsed, external } = readVitals(worker.vitals)
  return writes === 0 ? null : heapUsed + external
}
