/**
 * Everything the main thread announces, one interface: facts in the past tense, each with its reason.
 *
 * Runs in the main thread. Public: events and their fields are added, never renamed. The log is one of
 * the listeners; nothing in Heddle waits for one.
 */
import { EventEmitter } from 'node:events'

/** Where a thread is in its life; the legal moves are in `main/supervisor/worker-state.ts`. */
export type ThreadState = 'starting' | 'ready' | 'ejected' | 'draining' | 'stopping' | 'exited' | 'zombie'

/**
 * Why a thread is gone. `stopped`: it was asked to. `failed`: its application could not be loaded.
 * `crashed`: something nobody caught. `out-of-memory`: its heap limit. `exited`: it ended by itself, for
 * example by `process.exit()`. `timed-out`: it was not ready in time. `stuck`: it did not end when told to.
 */
export type ExitReason = 'stopped' | 'failed' | 'crashed' | 'out-of-memory' | 'exited' | 'timed-out' | 'stuck'

/** Which thread a fact is about. */
export interface ThreadFact {
  /** Id of the application; `null` for an edge thread. */
  readonly application: string | null
  /** Stable number of the thread, from 0. */
  readonly slot: number
  /** `application:slot` or `edge:index`. */
  readonly worker: string
}

/** The events by name, each with its facts. Times are in milliseconds. */
export interface HeddleEvents {
  'application:starting': { readonly application: string; readonly workers: number }
  /** All its workers are ready. */
  'application:ready': { readonly application: string; readonly workers: number; readonly bootMs: number }
  'application:stopped': { readonly application: string }
  /** A thread went from one state to another. */
  'worker:moved': ThreadFact & {
    readonly from: ThreadState
    readonly to: ThreadState
    readonly reason: string
  }
  /** A worker answers requests, or has no server and has loaded; an edge thread has loaded. */
  'worker:ready': ThreadFact & { readonly kind: string; readonly bootMs: number }
  /** A thread is gone, or is given up (`stuck`). `readyMs` is how long it was ready, `null` for never. */
  'worker:exited': ThreadFact & {
    readonly reason: ExitReason
    readonly code: number | null
    readonly error: Error | null
    readonly readyMs: number | null
  }
  /** A thread that is gone will be replaced after `delayMs`; `failures` counts those in a row. */
  'worker:restarting': ThreadFact & {
    readonly reason: ExitReason
    readonly delayMs: number
    readonly failures: number
  }
  /** A replacement is ready. */
  'worker:restarted': ThreadFact & { readonly restarts: number; readonly bootMs: number }
  /** The public port is open. */
  'server:listening': { readonly url: string; readonly port: number }
  /** The public port is closed. */
  'server:closed': { readonly inTime: boolean }
  /** The administrative server is open; `instead` is the busy port it was meant to have. */
  'admin:listening': { readonly url: string; readonly port: number; readonly instead: number | null }
  booted: { readonly url: string | null; readonly bootMs: number }
  stopping: { readonly reason: string; readonly drainDelayMs: number; readonly timeoutMs: number }
  /** A second signal: delays are skipped, requests in flight are about to be cut. */
  'stop:hurried': { readonly graceMs: number }
  stopped: { readonly stopMs: number }
  /** Threads outlived the deadline of the stop; the process kills itself with SIGKILL now. */
  'stop:overdue': { readonly threads: readonly string[]; readonly afterMs: number }
}

/** Announces one fact to whoever listens. */
export type Announce = <Name extends keyof HeddleEvents>(name: Name, fact: HeddleEvents[Name]) => void

/** Where the facts are announced and heard: a misspelt event does not compile. */
export class Events {
  readonly #emitter = new EventEmitter()

  /** Calls the listener at each event of that name; returns how to take it back. */
  on<Name extends keyof HeddleEvents>(name: Name, listener: (fact: HeddleEvents[Name]) => void): () => void {
    const guarded = (fact: HeddleEvents[Name]): void => {
      try {
        listener(fact)
      } catch (error) {
        // Whoever announces is in the middle of something, and must not stumble over a listener.
        queueMicrotask(() => {
          throw error
        })
      }
    }
    this.#emitter.on(name, guarded)
    return () => this.#emitter.off(name, guarded)
  }

  /** Announces one fact to all who listen, before it returns. */
  emit<Name extends keyof HeddleEvents>(name: Name, fact: HeddleEvents[Name]): void {
    this.#emitter.emit(name, fact)
  }
}
