/**
 * Every message between the main thread and the threads it starts, one union per direction.
 *
 *     main ──▶ worker  ToWorker      worker ──▶ main  FromWorker
 *     main ──▶ edge    ToEdge        edge   ──▶ main  FromEdge
 *
 * Both sides import this file and neither imports the other. Requests never travel here: they use the
 * mesh. Everything is structured-cloneable.
 */
import type { MessagePort } from 'node:worker_threads'

import type { MeshTicket } from '@heddle/mesh'

import type { ResolvedLogger, ResolvedRoute, ResolvedServer } from '../config/resolved.ts'
import type { ApplicationCondition } from './failure.ts'

/** What a worker thread is born with (`workerData`). */
export interface WorkerBoot {
  readonly application: string
  /** Stable number of the worker within its application, from 0. Survives restarts. */
  readonly slot: number
  /** `application:slot`, the name in logs, metrics and the mesh. */
  readonly name: string
  /** How many workers the application has. */
  readonly workers: number
  /** Absolute directory of the application. */
  readonly path: string
  /** Absolute file to load. */
  readonly entry: string
  readonly preload: readonly string[]
  /** Suffix of mesh host names with its leading dot. */
  readonly meshDomain: string
  readonly ticket: MeshTicket
  readonly logger: ThreadLogger
  /**
   * Where the application's server listens itself, in direct mode only. `null`: it never opens a port
   * and is reached through the mesh alone.
   */
  readonly listen: DirectListen | null
  /**
   * Of its `Ledger`, where clients reach the application through sockets: in direct mode, and in handoff mode, in
   * which it opens no port either and is handed connections. Absent for all other workers.
   */
  readonly ledger?: SharedArrayBuffer
  /** URL the public server will answer at, for `heddle/worker`. */
  readonly publicUrl: string | null
  /** Where it says how it is; see `vitals.ts`. */
  readonly vitals: SharedArrayBuffer
  readonly checks: CheckPlan
  /** Where its inspector is opened before the application loads. Absent: nowhere. */
  readonly inspector?: InspectorPlan
  /** Whether stacks name places in the sources that source maps name. Defaults to false. */
  readonly sourceMaps?: boolean
  /** Whether it counts what only metrics need. */
  readonly metrics: boolean
  /** Whether it tells which files its application loads. Defaults to false. */
  readonly tellsFiles?: boolean
}

/** Where a worker opens its inspector at its start. */
export interface InspectorPlan {
  /** On 127.0.0.1. The worker before it may still hold it: it is waited for, for a moment. */
  readonly port: number
  /** Whether the application is loaded only when a debugger is there, and stops before its first line. */
  readonly breaks: boolean
}

/** How a worker checks itself. */
export interface CheckPlan {
  /** Milliseconds between two rounds. */
  readonly intervalMs: number
  /** Milliseconds one check may take. */
  readonly timeoutMs: number
  /** Path its server is asked for; `null` for none. */
  readonly path: string | null
}

/** The address a worker shares with its siblings through SO_REUSEPORT. */
export interface DirectListen {
  readonly hostname: string
  readonly port: number
  readonly backlog: number
  /** Whether it has no siblings: the port is opened as usual. Defaults to false. */
  readonly exclusive?: boolean
}

/** How a thread writes its log lines: already decided by the main thread, which knows the terminal. */
export interface LogStyle {
  readonly level: ResolvedLogger['level']
  readonly format: 'pretty' | 'json'
  readonly colour: boolean
}

/** What a thread is given for its lines; see `log-thread.ts`. */
export interface ThreadLogger extends LogStyle {
  /** Shared memory; without it (in tests) the level is fixed and nothing is kept. */
  readonly memory?: LogMemory
  /** Whether lines go to the process's output. Defaults to true. */
  readonly stdout?: boolean
  /** Absolute path of the log file; `null`, the default, for none. */
  readonly file?: string | null
  /** Places whose values are hidden, see `shared/log-redact.ts`. */
  readonly redact?: readonly string[]
}

/** Shared memory of a thread's log. */
export interface LogMemory {
  /** Of this thread, see `log-ring.ts`. */
  readonly ring: SharedArrayBuffer
  /** Of all threads, see `shared/log-cells.ts`. */
  readonly cells: SharedArrayBuffer
}

/** An error on its way between threads: class and prototype do not survive, these fields do. */
export interface ErrorFacts {
  readonly name: string
  readonly message: string
  readonly stack: string | null
  readonly code: string | null
}

/** From the main thread to a worker. */
export type ToWorker =
  /** Run the close hooks of the application, close its server, answer `stopped`. New requests no longer come. */
  | { readonly type: 'stop'; readonly timeoutMs: number }
  /** Direct and handoff mode: let connections go once their requests are finished; `WorkerBoot.ledger` tells when. */
  | { readonly type: 'drain'; readonly timeoutMs: number }
  /** Handoff mode: connections come from this acceptor, on this port, from now on. */
  | { readonly type: 'acceptor'; readonly port: MessagePort }

/** From a worker to the main thread. */
export type FromWorker =
  /**
   * The application is loaded; it answers requests, or has no server at all. Said a second time when an
   * application that seemed to have no server listens after all.
   */
  | {
      readonly type: 'ready'
      readonly kind: string
      readonly hasServer: boolean
      readonly port: number | null
    }
  /** The application could not be loaded or its factory failed. The thread ends by itself after this. */
  | { readonly type: 'failed'; readonly error: ErrorFacts }
  /**
   * Something nobody caught, or a call of process.exit(). After that call the thread ends by itself; otherwise it
   * finishes what it has until it is ended.
   */
  | {
      readonly type: 'crashed'
      readonly origin: 'uncaughtException' | 'unhandledRejection' | 'processExit'
      readonly error: ErrorFacts
      /** The request whose handler threw has been broken off: nobody waits for it any more. */
      readonly isolated: boolean
    }
  /** Files its application has loaded, or looked for in vain: absolute paths, each once. */
  | { readonly type: 'loaded'; readonly files: readonly string[] }
  /** Its inspector was opened at its start as {@link WorkerBoot.inspector} wants it; `null` when the port is taken. */
  | { readonly type: 'inspector'; readonly port: number; readonly url: string | null }
  /** Its application has metrics of its own; they are asked for on this port, see `application-metrics.ts`. */
  | { readonly type: 'metrics'; readonly port: MessagePort }
  /** The hooks have run and the server is closed; the thread may be ended. */
  | { readonly type: 'stopped' }

/** What an edge thread is born with (`workerData`). */
export interface EdgeBoot extends EdgeSettings {
  /** Number of the edge thread, from 0. */
  readonly index: number
  /** `edge:index`. */
  readonly name: string
  readonly ticket: MeshTicket
  /** Whether the port is shared with other edge threads through SO_REUSEPORT. */
  readonly reusePort: boolean
  readonly logger: ThreadLogger
  /** Where it counts what it sees of its clients; see `edge-counts.ts`. The slot keeps it for the next thread. */
  readonly counts: SharedArrayBuffer
  /** Whether it shows clients why an application does not answer. Defaults to false. */
  readonly development?: boolean
}

/** What of an edge can be changed while it runs. Where its port is and its backlog are not changed by it. */
export interface EdgeSettings {
  readonly routes: readonly ResolvedRoute[]
  readonly entrypoint: string | null
  readonly server: ResolvedServer
}

/** From the main thread to an edge thread. */
export type ToEdge =
  /** Open the public port; answered by `listening` or `listen-failed`. */
  | { readonly type: 'listen'; readonly port: number }
  /** Tell keep-alive clients to go with their next response; still accept. */
  | { readonly type: 'drain' }
  /**
   * Stop accepting, close idle connections, answer `closed` when the last request is finished. WebSockets are told
   * to close, spread over half of the time.
   */
  | { readonly type: 'close'; readonly timeoutMs: number }
  /** The time of `close` is over: end what is left, say how it ended, and answer `closed`. */
  | { readonly type: 'cut' }
  /** Put other routes and limits in force, for the next request of every connection; answered by `configured`. */
  | { readonly type: 'configure'; readonly settings: EdgeSettings }
  /**
   * Open another port beside the one that is open; answered by `listening` or `listen-failed`. It takes connections
   * at once.
   */
  | { readonly type: 'stage-listener'; readonly hostname: string; readonly port: number }
  /** Which of the two ports stays open; connections that came through the other one go on. Answered by `settled`. */
  | { readonly type: 'settle-listener'; readonly keep: 'staged' | 'former' }
  /** In development: how all applications are. */
  | { readonly type: 'conditions'; readonly conditions: readonly ApplicationCondition[] }

/** From an edge thread to the main thread. */
export type FromEdge =
  | { readonly type: 'started' }
  /** It cannot do its work on this machine. The thread ends by itself after this. */
  | { readonly type: 'failed'; readonly error: ErrorFacts }
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'listen-failed'; readonly error: ErrorFacts }
  | { readonly type: 'closed' }
  | { readonly type: 'configured' }
  /** The other port is closed. */
  | { readonly type: 'settled' }
