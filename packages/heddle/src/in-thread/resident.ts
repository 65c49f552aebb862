/**
 * Which application the code that runs at the moment belongs to, where several and somebody's own code share one
 * thread: told apart by their asynchronous contexts.
 *
 * Any thread that is no worker of Heddle. What has to look different to each of them (its environment, its modules,
 * `listen()`) asks here.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

import type { WorkerContext } from '../worker/context.ts'
import type { Interception } from '../worker/listen.ts'

/** What `heddle/worker` knows of an application. */
export interface ResidentContext extends WorkerContext {
  /** `heddle/worker` itself as it sees it, for those who require it. */
  door: unknown
}

/** An application in a thread that is not its own. */
export interface Resident {
  /** Of this start, in this thread. */
  readonly id: number
  /** Absolute file. */
  readonly entry: string
  readonly context: ResidentContext
  /** Variables it sees otherwise than its thread; `undefined` for those it does not see. */
  readonly env: Map<string, string | undefined>
  /** Its own CommonJS modules by file; `null` when it shares those of the thread. */
  readonly modules: Map<string, unknown> | null
  readonly interception: Interception
  /** Called in place of `process.exit()`; returns what is thrown there. */
  exit(code: unknown): Error
}

const scope = new AsyncLocalStorage<Resident>()

/** The application whose code calls this; `undefined` for everybody else's. */
export function currentResident(): Resident | undefined {
  return scope.getStore()
}

/** Runs code as that of an application, with all that comes of it. */
export function runAs<Value>(resident: Resident, run: () => Value): Value {
  return scope.run(resident, run)
}
