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

/**
 * Why a running worker is replaced. `unhealthy`: bad checks in a row. `blocked`: its event loop stands still.
 * `requests`, `age`, `heap`, `rss`: a limit of `recycle`; `heap` also that its heap runs full. `memory`: the limit of the
 * container is near. `restart`, `reload`: somebody asked. `changed`: in development, its files have.
 */
export type ReplaceReason =
  | 'unhealthy'
  | 'blocked'
  | 'requests'
  | 'age'
  | 'heap'
  | 'rss'
  | 'memory'
  | 'restart'
  | 'reload'
  | 'changed'

/** Where in the code a blocked worker is. */
export interface BlockedPlace {
  /**
   * `javascript`: it runs code of the application. `native`: it is in a call that JavaScript cannot interrupt.
   * `unknown`: it could not be asked, since this node has no inspector or forbids it.
   */
  readonly kind: 'javascript' | 'native' | 'unknown'
  /**
   * The function of the application, its dependencies left out, that most of a series of stacks were in; `null`
   * when nothing could be found out.
   */
  readonly function: string | null
  /** Where in the source that was, as `file:line:column`; the file is relative to the application when it lies in it. */
  readonly location: string | null
  /** The stack at that moment, the innermost call first, one line each as in an error's stack. */
  readonly stack: readonly string[]
  /**
   * What the operating system says of the thread, in words that follow its name, such as `computes` or `waits for
   * a lock`; `null` where it says nothing (everywhere but on Linux).
   */
  readonly doing: string | null
  /** How it was found out: `stacks`, a series of them taken from outside; `none` when the thread could not be asked. */
  readonly method: 'stacks' | 'none'
}

/** Which thread a fact is about. */
export interface ThreadFact {
  /** Id of the application; `null` for an edge thread. */
  readonly application: string | null
  /** Stable number of the thread, from 0. */
  readonly slot: number
  /** `application:slot` or `edge:index`. */
  readonly worker: string
}

/** An operation somebody has asked for through the management API. */
export interface OperationFact {
  /** Its name, for example `scaleApplication`. */
  readonly operation: string
  /** Id of the application it is about; `null` for the whole server. */
  readonly application: string | null
  /** Number of the worker it is about; `null` for none. */
  readonly slot: number | null
  /** How it was asked for: over the unix socket or over TCP. */
  readonly via: 'socket' | 'tcp'
  /** Address of who has asked over TCP; `null` at the socket. */
  readonly address: string | null
  /** How long it took. */
  readonly operationMs: number
}

/** What a process may use of its machine. */
export interface MachineSize {
  /** CPUs at a time: those there are, or the quota where that is less. May be broken. */
  readonly cpus: number
  /** Memory of the container in bytes; `null` when only the machine is the limit. */
  readonly memoryLimitBytes: number | null
}

/**
 * Why the number of workers of an application is changed. `busy`: their event loops have more to do than they should.
 * `backlog`: requests wait and have to be worked off. `idle`: fewer would have been enough for a minute. `given-away`:
 * another application needs the worker more. `memory`: the machine has too little left. `limits`: the number was
 * outside of what the configuration allows.
 */
export type ScalingReason = 'busy' | 'backlog' | 'idle' | 'given-away' | 'memory' | 'limits'

/**
 * Why an application does not get the workers its load needs. `max`: it may have no more. `total`: all applications
 * together may not, and none can spare one. `cpu`: the CPUs are used up, so that more threads would only share them.
 * `memory`: one more may not fit. `failed`: the last that was started did not become ready.
 */
export type ScalingRefusal = 'max' | 'total' | 'cpu' | 'memory' | 'failed'

/** What the number of workers was judged by, over the last seconds. */
export interface ScalingNumbers {
  /** Workers it had, and how many its load needs. */
  readonly workers: number
  readonly wanted: number
  /** Event loops it keeps busy: 2.4 is the work of 2.4 workers that do nothing else. */
  readonly demand: number
  /** The most of that in the last minute. */
  readonly peakDemand: number
  /** Event loop utilization of its workers, 0 to 1. */
  readonly utilization: number
  /** Part of their active time in which they had a CPU; `null` where the system does not say. */
  readonly cpuShare: number | null
  readonly inflight: number
  readonly queued: number
  /** How long requests waited before they were sent, and how late event loops were: 99th percentiles. */
  readonly waitMs: number | null
  readonly loopDelayMs: number | null
  /** CPUs the process may use, how many are in use, and the part of the time in which a quota withheld them. */
  readonly cpus: number
  readonly cpuUsed: number
  readonly throttledShare: number
  /** Bytes that are free, and that one more worker is expected to need. */
  readonly memoryFree: number
  readonly workerBytes: number
}

/** The events by name, each with its facts. Times are in milliseconds. */
export interface HeddleEvents {
  /** An application is started, with so many workers. */
  'application:starting': { readonly application: string; readonly workers: number }
  /** All its workers are ready. */
  'application:ready': { readonly application: string; readonly workers: number; readonly bootMs: number }
  /** Its workers have ended. */
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
  /**
   * A worker has thrown an error nobody caught, or its application has called process.exit(): it gets no new requests,
   * another takes its place, and `worker:exited` follows when it has finished what it has.
   */
  'worker:crashed': ThreadFact & {
    readonly origin: 'uncaughtException' | 'unhandledRejection' | 'processExit'
    readonly error: Error
    /** How long it was ready; `null` for never. */
    readonly readyMs: number | null
    /** The request whose handler did it was answered 502: nobody waits for it any more. */
    readonly isolated: boolean
  }
  /** The inspector of a worker was opened at its start, for a debugger; `url` is `null` when its port was taken. */
  'worker:inspector': ThreadFact & { readonly port: number; readonly url: string | null }
  /**
   * It was ended before it had finished what it had: `requests` were cut, those on connections of its own among them,
   * and `hooks` says whether its close hooks were.
   */
  'worker:cut': ThreadFact & { readonly requests: number; readonly hooks: boolean }
  /** A thread that is gone will be replaced after `delayMs`; `failures` counts those in a row. */
  'worker:restarting': ThreadFact & {
    readonly reason: ExitReason
    readonly delayMs: number
    readonly failures: number
  }
  /** A replacement is ready. */
  'worker:restarted': ThreadFact & { readonly restarts: number; readonly bootMs: number }
  /** The event loop of a worker has stood still for `blockedMs`; `where` is `null` when nothing could be found out. */
  'worker:blocked': ThreadFact & { readonly blockedMs: number; readonly where: BlockedPlace | null }
  /**
   * It turns again. `where` is the place at which it came back from native code, which can be asked only then;
   * `null` when `worker:blocked` has told all.
   */
  'worker:unblocked': ThreadFact & { readonly blockedMs: number; readonly where: BlockedPlace | null }
  /**
   * Somebody looks into a worker: begins to, or has done so for `tookMs`. An inspector is `started` when it is opened
   * for a debugger, and `finished` when it is closed.
   */
  'worker:diagnosis': ThreadFact & {
    readonly kind: 'cpu profile' | 'heap profile' | 'heap snapshot' | 'inspector'
    readonly state: 'started' | 'finished' | 'failed'
    readonly tookMs: number
  }
  /** A check was bad: `checks` in a row by now, each reason a sentence with the value and the limit. */
  'worker:unhealthy': ThreadFact & { readonly checks: number; readonly reasons: readonly string[] }
  /** A check was good after bad ones. */
  'worker:healthy': ThreadFact
  /** It should get no requests, for this reason, and gets them: too few workers of its application would be left. */
  'worker:kept': ThreadFact & { readonly reason: string }
  /**
   * The fresh worker for this slot is being started; the old one goes on, unless memory is too short for both: then it
   * finishes what it has and goes first. `detail` says more in a sentence.
   */
  'worker:replacing': ThreadFact & { readonly reason: ReplaceReason; readonly detail: string | null }
  /** The fresh worker answers and the old one is draining. */
  'worker:replaced': ThreadFact & { readonly reason: ReplaceReason; readonly bootMs: number }
  /** A worker has loaded and is kept ready without requests. */
  'worker:spare': ThreadFact & { readonly bootMs: number }
  /**
   * There is no memory for a worker that is kept ready: it is not started, or was ended to make room. It is tried again,
   * and told again only after it was ready.
   */
  'worker:spare-waits': ThreadFact
  /** A worker that was kept ready takes requests: in the place of one that is lost, or as one more. */
  'worker:stepped-in': ThreadFact
  /** The fresh worker did not become ready: the old one stays. */
  'worker:replacement-failed': ThreadFact & { readonly reason: ReplaceReason; readonly error: Error | null }
  /** Restarts of a slot failed too often: one is tried every `openForMs`; `closed` when one has succeeded. */
  'worker:circuit': ThreadFact & {
    readonly state: 'open' | 'half-open' | 'closed'
    readonly failures: number
    readonly openForMs: number
  }
  /** The process may use another part of its machine: its container was resized. */
  'machine:resized': { readonly from: MachineSize; readonly to: MachineSize }
  /**
   * The memory of the container runs out. `worker` is replaced since it holds most of it; `null`: no worker holds
   * enough for that to help, which is told once until there is enough again. Sizes in bytes.
   */
  'machine:strained': {
    readonly limitBytes: number
    /** What is left, caches that would give way included. */
    readonly freeBytes: number
    /** How fast it was used up in the last ten seconds. */
    readonly bytesPerSecond: number
    /** Percent of the last ten seconds in which nobody got any further for want of memory; `null` when not known. */
    readonly stalled: number | null
    /** What that worker holds in its heap and in buffers, or all of them together. */
    readonly heldBytes: number
    readonly worker: string | null
    /** Whether it goes before its successor is started: there is no room for both. */
    readonly vacates: boolean
  }
  /** Calls from one thread to an application fail at once, may try, or go through again: see `mesh.breaker`. */
  'mesh:circuit': {
    /** `application:slot` or `edge:index`. */
    readonly from: string
    /** Id of the application. */
    readonly to: string
    readonly state: 'open' | 'half-open' | 'closed'
  }
  /** An application was added while the server runs, and is ready. */
  'application:added': { readonly application: string }
  /** An application has stopped and is no longer known. */
  'application:removed': { readonly application: string }
  /** Its number of workers is another now. */
  'application:scaled': { readonly application: string; readonly from: number; readonly to: number }
  /**
   * Files of an application have changed, in development: it is started anew, and what runs of it answers meanwhile.
   * `files` are relative to the directory of the configuration, the first twenty of `count`; none when somebody asked.
   */
  'application:changed': {
    readonly application: string
    readonly files: readonly string[]
    readonly count: number
  }
  /** What has changed is in force, so long after it was noticed. */
  'application:updated': { readonly application: string; readonly updateMs: number }
  /**
   * The code of an application does not start, in development: its next change tries again. `isAnswering` says whether
   * workers with former code still answer.
   */
  'application:broken': {
    readonly application: string
    readonly error: Error
    readonly isAnswering: boolean
  }
  /** An application that was broken runs again. */
  'application:mended': { readonly application: string }
  /** Some changes of files are not noticed, in development, for this reason, a sentence. */
  'watch:limited': { readonly reason: string }
  /**
   * Its number of workers is about to be changed because of its load. `partners`: ids of the applications that give the
   * workers, or get them. `refusal`: why it does not get all it needs; `null` when it does.
   */
  'application:scaling': {
    readonly application: string
    readonly from: number
    readonly to: number
    readonly reason: ScalingReason
    readonly refusal: ScalingRefusal | null
    readonly partners: readonly string[]
    readonly numbers: ScalingNumbers | null
  }
  /** It does not get the workers its load needs, as a sentence in `detail`; told once as long as that is the reason. */
  'application:scaling-refused': {
    readonly application: string
    readonly reason: ScalingRefusal
    readonly detail: string
    readonly numbers: ScalingNumbers | null
  }
  /** New workers for its load did not become ready: they are tried again after `retryMs`. */
  'application:scaling-failed': {
    readonly application: string
    readonly from: number
    readonly to: number
    readonly error: Error
    readonly retryMs: number
  }
  /** All workers of these applications are being replaced by fresh ones. */
  'restart:started': { readonly applications: readonly string[] }
  /** They are fresh ones now. */
  'restart:finished': { readonly applications: readonly string[]; readonly restartMs: number }
  /** Not all of them could be replaced; the old ones, where there are any, stay. */
  'restart:failed': { readonly applications: readonly string[]; readonly error: Error }
  /** An operation of the management API that changes something is done. */
  'operation:finished': OperationFact
  /** One that could not be done: `code` as in the answer. */
  'operation:failed': OperationFact & { readonly code: string; readonly reason: string }
  /** New code and configuration are being put in force; `changes` says what differs, one sentence each. */
  'reload:started': { readonly reason: string; readonly changes: readonly string[] }
  /** They are in force. */
  'reload:finished': { readonly changes: readonly string[]; readonly reloadMs: number }
  /** Nothing has changed: what ran before runs on. */
  'reload:failed': { readonly error: Error }
  /** The public port is open. */
  'server:listening': { readonly url: string; readonly port: number }
  /** The public port is closed. */
  'server:closed': { readonly inTime: boolean }
  /** The administrative server is open; `instead` is the busy port it was meant to have. */
  'admin:listening': { readonly url: string; readonly port: number; readonly instead: number | null }
  /**
   * A request to the administrative port was refused: its token is wrong, its host is no name of the server, or a web
   * page of another origin has sent it. Told every ten seconds at most; `requests` are those since it was told last.
   */
  'admin:refused': {
    readonly reason: 'host' | 'origin' | 'token'
    /** Who has sent the last one. */
    readonly address: string | null
    readonly requests: number
  }
  /** The server has started: every application is ready and the public port is open. */
  booted: { readonly url: string | null; readonly bootMs: number }
  /**
   * The server begins to stop, for this reason: requests are answered as usual for `drainDelayMs`, and everything ends
   * within `timeoutMs` after that.
   */
  stopping: { readonly reason: string; readonly drainDelayMs: number; readonly timeoutMs: number }
  /** A second signal: delays are skipped, requests in flight are about to be cut. */
  'stop:hurried': { readonly graceMs: number }
  /** The server has stopped; every thread has ended. */
  stopped: { readonly stopMs: number }
  /** Threads outlived the deadline of the stop; the process kills itself with SIGKILL now. */
  'stop:overdue': { readonly threads: readonly string[]; readonly afterMs: number }
}

/** Announces one fact to whoever listens. */
export type Announce = <Name extends keyof HeddleEvents>(name: Name, fact: HeddleEvents[Name]) => void

/** Where the facts are announced and heard: a misspelt event does not compile. */
export class Events {
  readonly #emitter = new EventEmitter()
  readonly #listeners = new Set<(name: keyof HeddleEvents, fact: unknown) => void>()

  /** Calls the listener at each event of that name; returns how to take it back. */
  on<Name extends keyof HeddleEvents>(name: Name, listener: (fact: HeddleEvents[Name]) => void): () => void {
    assertListener(listener)
    const guarded = (fact: HeddleEvents[Name]): void => guard(() => listener(fact))
    this.#emitter.on(name, guarded)
    return () => this.#emitter.off(name, guarded)
  }

  /** Calls the listener at each event of any name; returns how to take it back. */
  onAny(listener: (name: keyof HeddleEvents, fact: unknown) => void): () => void {
    assertListener(listener)
    const own = (name: keyof HeddleEvents, fact: unknown): void => listener(name, fact)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  /** Announces one fact to all who listen, before it returns. */
  emit<Name extends keyof HeddleEvents>(name: Name, fact: HeddleEvents[Name]): void {
    this.#emitter.emit(name, fact)
    for (const listener of this.#listeners) guard(() => listener(name, fact))
  }
}

/** Said to whoever registers it: at an event nobody would know where it came from. */
export function assertListener(listener: unknown): void {
  if (typeof listener !== 'function') throw new TypeError('The listener has to be a function.')
}

/** Whoever announces is in the middle of something, and must not stumble over a listener. */
function guard(call: () => void): void {
  try {
    call()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
