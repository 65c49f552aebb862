/**
 * Who waits for a thread to be ready, and for how long. Any thread; knows nothing of the mesh.
 */
import { MeshError } from '../errors.ts'

/** How long is waited, in milliseconds; 0 waits as long as the thread lives. */
export interface Patience {
  /** Until the thread has called `wire()`. */
  readonly connectionTimeoutMs: number
  /** From then on until it has something to serve. */
  readonly readyTimeoutMs: number
}

interface Waiter {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
  readonly late: (afterMs: number) => void
  timer: NodeJS.Timeout | null
}

/** Those who wait for one thread, by hostname. */
export class Waiting {
  readonly #patience: Patience
  readonly #waiters = new Map<string, Waiter>()

  constructor(patience: Patience) {
    this.#patience = patience
  }

  /**
   * Resolves with {@link resolve}, rejects with {@link reject} or when it takes too long. Nobody has to
   * look: a rejection that is not handled is not reported, as `route()` is often not awaited.
   */
  for(hostname: string, thread: { wired(): boolean; onLate(): void }): Promise<void> {
    const known = this.#waiters.get(hostname)
    if (known !== undefined) return known.promise
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    promise.catch(() => {})
    const late = (afterMs: number): void => {
      reject(new MeshError('MESH_WORKER_SILENT', { host: hostname, afterMs, wired: thread.wired() }))
      thread.onLate()
    }
    const waiter: Waiter = { promise, resolve, reject, late, timer: null }
    this.#waiters.set(hostname, waiter)
    const { connectionTimeoutMs, readyTimeoutMs } = this.#patience
    startTimer(waiter, thread.wired() ? readyTimeoutMs : connectionTimeoutMs)
    return promise
  }

  /** Whether anybody waits. */
  get pending(): boolean {
    return this.#waiters.size > 0
  }

  /** The thread has called `wire()`. */
  connected(): void {
    for (const waiter of this.#waiters.values()) startTimer(waiter, this.#patience.readyTimeoutMs)
  }

  /** It is ready for this hostname, or no longer asked to be. */
  resolve(hostname: string): void {
    this.#take(hostname)?.resolve()
  }

  /** It never will be. */
  reject(errorFor: (hostname: string) => Error): void {
    for (const hostname of this.#waiters.keys()) this.#take(hostname)?.reject(errorFor(hostname))
  }

  #take(hostname: string): Waiter | undefined {
    const waiter = this.#waiters.get(hostname)
    this.#waiters.delete(hostname)
    if (waiter !== undefined && waiter.timer !== null) clearTimeout(waiter.timer)
    return waiter
  }
}

function startTimer(waiter: Waiter, afterMs: number): void {
  if (waiter.timer !== null) clearTimeout(waiter.timer)
  waiter.timer = afterMs > 0 ? setTimeout(waiter.late, afterMs, afterMs) : null
}

/** Resolves when `promise` does, or after so many milliseconds (Infinity: never earlier). */
export async function atMost(promise: Promise<unknown> | undefined, afterMs: number): Promise<void> {
  if (afterMs === Number.POSITIVE_INFINITY) {
    await promise
    return
  }
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, afterMs)
  await Promise.race([promise, late])
  clearTimeout(timer)
}
