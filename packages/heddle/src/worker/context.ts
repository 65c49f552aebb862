/**
 * What `heddle/worker` and the boot of a worker have in common.
 *
 * Runs in worker threads. It hangs on globalThis because a thread may load `heddle/worker` more than once: from
 * source and from dist, or from several installed copies. All of them have to see one worker.
 */
import type { OwnMetrics } from './app-metrics.ts'
import type { OwnChecks } from './checks.ts'
import type { Output } from './output.ts'

/** Who this worker is. */
export interface Identity {
  /** Id of the application in the configuration. */
  readonly application: string
  /** Number of the worker within its application, from 0. It survives restarts. */
  readonly slot: number
  /** `application:slot`. */
  readonly name: string
  /** How many workers the application has. */
  readonly workers: number
}

/** Run when the worker stops. */
export type CloseHook = () => unknown

/** What the worker waits for before it says that it is ready. */
export type Readiness = PromiseLike<unknown> | (() => unknown)

/** The worker as its boot has made it. */
export interface WorkerContext {
  readonly identity: Identity
  readonly output: Output
  readonly closeHooks: CloseHook[]
  readonly readiness: Readiness[]
  /** What the application is asked while it runs. */
  readonly checks: OwnChecks
  /** What the application says at a scrape. */
  readonly metrics: OwnMetrics
  /** Suffix of mesh host names with its leading dot. */
  readonly meshDomain: string
  readonly publicUrl: string | null
}

const key = Symbol.for('heddle.worker')

/** Makes the context known to every copy of `heddle/worker` in this thread. */
export function publishContext(context: WorkerContext): void {
  Object.defineProperty(globalThis, key, { value: context, configurable: true })
}

/**
 * Makes it known by who asks, in a thread that is no worker.
 *
 * @param current The context of whoever calls it; `undefined` for code of no application.
 * @returns What takes it back.
 */
export function publishContexts(current: () => WorkerContext | undefined): () => void {
  const before = Object.getOwnPropertyDescriptor(globalThis, key)
  Object.defineProperty(globalThis, key, { get: current, configurable: true })
  return () => {
    if (before === undefined) Reflect.deleteProperty(globalThis, key)
    else Object.defineProperty(globalThis, key, before)
  }
}

/** The context of this thread; `null` when it is no worker of Heddle. */
export function currentContext(): WorkerContext | null {
  // Nothing but this file writes under this symbol.
  return (Reflect.get(globalThis, key) as WorkerContext | undefined) ?? null
}
