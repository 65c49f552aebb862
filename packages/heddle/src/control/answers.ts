/**
 * What the management API answers, as types: for the server, for commands, and for other programs.
 *
 * GENERATED from answer-shapes.ts and contract.ts by `npm run docs`: change them. Types only, for any thread.
 */

/** Nothing: it is done. */
export type Nothing = Readonly<Record<string, never>>

/** An error (RFC 9457). */
export interface Problem {
  readonly type: 'about:blank'
  /** The usual words for the status. */
  readonly title: string
  /** The status of HTTP. */
  readonly status: number
  /** What went wrong, for people. */
  readonly detail: string
  /** Stable, for programs: a `HEDDLE_…` code, `UNAUTHORIZED`, `FORBIDDEN`, `NOT_FOUND` and the like. */
  readonly code: string
  /** The facts of that code, as in `HeddleFailures`; absent for other codes. */
  readonly facts?: Readonly<Record<string, unknown>>
  /** What was behind it, for example what an application threw: its stack, those of its causes after it. */
  readonly cause?: string
}

/** The server as it stands. Times in milliseconds, memory in bytes. */
export interface StatusReport {
  /** Where the whole server is in its life. */
  readonly phase: 'idle' | 'starting' | 'running' | 'stopping' | 'stopped'
  /** The key `name` of the configuration, or the name of the directory it is in. */
  readonly name: string
  readonly pid: number
  /** Version of node, for example `v26.10.0`. */
  readonly node: string
  /** When it was told to start, in ISO 8601; `null` before. */
  readonly startedAt: string | null
  /** Since it was told to start; 0 before. */
  readonly uptimeMs: number
  /** Address of the public server; `null` until its port is open. */
  readonly url: string | null
  /** Address of the administrative server; `null` until its port is open, and without one. */
  readonly adminUrl: string | null
  /** How late the main thread was in the last seconds, 99th percentile; `null` when not measured. */
  readonly loopDelayMs: number | null
  /** What it may use of its machine, and what is in use. */
  readonly machine: MachineReportLine
  /** Threads that were given up and still hold memory. */
  readonly zombies: number
  /** Beyond how many of them the liveness probe says no. */
  readonly maxZombies: number
  readonly applications: readonly ApplicationReportLine[]
  /** The threads of the public server. */
  readonly edges: readonly ThreadReportLine[]
  /** Those of the mesh that are not closed. */
  readonly circuits: readonly CircuitReportLine[]
}

/** The machine, or what the container leaves of it. Bytes, milliseconds, and percent for pressure. */
export interface MachineReportLine {
  /** CPUs that may be used at a time: those there are, or the quota where that is less. May be broken. */
  readonly cpus: number
  /** Whether a quota sets that. */
  readonly cpuQuota: boolean
  /** How long the quota has held the container up, all CPUs together; `null` without one. */
  readonly throttledMs: number | null
  /** Part of the last ten seconds in which something waited for a CPU; `null` when not known. */
  readonly cpuPressure: number | null
  /** Memory of the container, or of the machine when no container limits it. */
  readonly memoryLimit: number
  /** Whether it is that of a container. */
  readonly memoryLimited: boolean
  /** Without caches of files nobody has used for a while. */
  readonly memoryUsed: number
  /** What could be taken at once: all caches of files would give way. */
  readonly memoryFree: number
  /** Part of the last ten seconds in which something waited for memory; `null` when not known. */
  readonly memoryPressure: number | null
}

/** One application. */
export interface ApplicationReportLine {
  readonly id: string
  /** What its operator wants; `stopped` until it is started again. */
  readonly phase: 'stopped' | 'starting' | 'running' | 'stopping'
  /** How it was recognised, for example `fastify`; `null` until a worker said so. */
  readonly kind: string | null
  /** Whether the server is not ready without it. */
  readonly required: boolean
  /** How many workers it is to have. */
  readonly desired: number
  /** How many of them have to be ready for it to be. */
  readonly minReady: number
  /** Workers that are ready: see `isReady`. */
  readonly ready: number
  /** Threads that were given up and still hold memory, those of former workers among them. */
  readonly zombies: number
  /** All its workers together in the last seconds. */
  readonly recent: RecentReportLine
  /** How its number of workers comes about. */
  readonly scaling: ScalingReportLine
  /** Workers that are kept ready without requests. */
  readonly spares: readonly SpareReportLine[]
  readonly workers: readonly WorkerReportLine[]
}

/** How the number of workers of an application comes about. */
export interface ScalingReportLine {
  /** `auto`: it follows the load. `pinned`: somebody has set it by hand. `off`: the configuration does not want it to. `fixed`: it leaves no choice. */
  readonly mode: 'auto' | 'pinned' | 'off' | 'fixed'
  /** How many it has at least. */
  readonly min: number
  /** How many it has at most, unless somebody sets more by hand. */
  readonly max: number
  /** How many its load needs; `null` when nobody judges. */
  readonly wanted: number | null
  /** Why its number is what it is, in a word: `steady`, `busy`, `idle` and the like; `null` as above. */
  readonly reason: string | null
  /** Why it does not get the workers its load needs; `null` when it does. */
  readonly refusal: 'max' | 'total' | 'cpu' | 'memory' | 'failed' | null
  /** The same as a sentence, without a full stop. */
  readonly note: string | null
}

/** A worker that is kept ready without requests. */
export interface SpareReportLine {
  /** What it is called once it answers requests: `application:slot`. */
  readonly name: string
  /** `waiting`: it is started in a while; `waitsFor` says why not now. */
  readonly state: 'spare' | 'starting' | 'waiting'
  /** Why it waits. `memory`: there is none to spare for it. `size`: nobody knows yet how much it takes. `backoff`: its thread was lost, and the next one is not due yet. `null` when it does not wait. */
  readonly waitsFor: 'memory' | 'size' | 'backoff' | null
}

/** One thread. */
export interface ThreadReportLine {
  /** `application:slot` or `edge:index`. */
  readonly name: string
  /** `exited` while it waits for its next thread. */
  readonly state: 'starting' | 'ready' | 'ejected' | 'draining' | 'stopping' | 'exited' | 'zombie'
  /** Since its event loop last said that it turns; `null` when no thread is there. */
  readonly heartbeatAgeMs: number | null
  /** How many threads took the place of another. */
  readonly restarts: number
  /** Threads that were given up and still hold memory. */
  readonly zombies: number
}

/** One worker, whichever thread it is. */
export interface WorkerReportLine extends ThreadReportLine {
  /** Its number, from 0; it keeps it over restarts. */
  readonly slot: number
  /** Whether it counts as ready: it gets requests, its event loop turns, and its application does not say no. */
  readonly isReady: boolean
  /** Whether an operator keeps it from requests. */
  readonly keptOut: boolean
  /** Requests sent to it and not finished. */
  readonly inflight: number
  /** Since its thread was started; `null` when there is none. */
  readonly uptimeMs: number | null
  /** For how long it has been ready; `null` when it is not. */
  readonly readyMs: number | null
  /** Requests it has answered, over all its threads. */
  readonly requests: number
  /** Requests it has not answered, or with 502, 503 or 504. */
  readonly failures: number
  /** How it was in the last seconds. */
  readonly recent: RecentReportLine
  /** Bytes, as the worker has said last; 0 until it has. */
  readonly heapUsed: number
  readonly heapLimit: number
  /** Memory outside of the heap: buffers above all. */
  readonly external: number
  /** Its restarts by why the thread before went. */
  readonly restartReasons: Readonly<Record<string, number>>
  /** Whether a fresh thread is being started to take its place. */
  readonly replacing: boolean
  /** Threads of it that finish what they have. */
  readonly leaving: number
  /** `open`, `half-open`: its restarts fail too often, and one is tried now and then. */
  readonly circuit: 'closed' | 'open' | 'half-open'
  /** How its last thread ended; `null` as long as the first one lives. */
  readonly lastEnd: string | null
  /** The last error a thread of it ended with. */
  readonly lastError: ErrorReportLine | null
  /** How it is; `null` for one that is starting, on its way out, or not there. */
  readonly health: HealthReportLine | null
  /** How often its event loop stood still for longer than `health.maxBlocked`. */
  readonly blocked: BlockedReportLine
  /** How it is being looked into; with a heap snapshot or an open inspector it is not judged. */
  readonly diagnoses: readonly DiagnosisReportLine[]
}

/** Somebody looks into a worker. */
export interface DiagnosisReportLine {
  readonly kind: 'cpu profile' | 'heap profile' | 'heap snapshot' | 'inspector'
  /** For how long. */
  readonly sinceMs: number
  /** WebSocket address of an open inspector; `null` for the others. */
  readonly url: string | null
}

/** An error a thread ended with. */
export interface ErrorReportLine {
  readonly name: string
  readonly message: string
  readonly stack: string | null
  /** When it was heard of. */
  readonly at: string
}

/** How often an event loop stood still, for how long in all, and where. */
export interface BlockedReportLine {
  readonly blocks: number
  readonly blockedMs: number
  /** The function of the application that the last block was in; null when it is not known. */
  readonly function: string | null
  /** Where in the source that was, as `file:line:column`. */
  readonly location: string | null
}

/** The last seconds of one worker, or of all of an application. `null` where nothing was seen. */
export interface RecentReportLine {
  /** The time that is looked at: about ten seconds, less at first. */
  readonly windowMs: number
  readonly requestsPerSecond: number
  /** Times from sending to the response head: the median. */
  readonly p50Ms: number | null
  /** The same: the 99th percentile. */
  readonly p99Ms: number | null
  /** Part of the requests that failed, 0 to 1. */
  readonly errorRate: number | null
  /** Event loop utilization, 0 to 1; of an application the mean. */
  readonly elu: number | null
  /** How late its event loop was, 99th percentile; of an application the worst. */
  readonly loopDelayMs: number | null
  /** Part of the time in which garbage was collected, 0 to 1; of an application the mean. */
  readonly gcShare: number | null
}

/** The health of one worker. Bytes and milliseconds; `null` where nothing was seen yet. */
export interface HealthReportLine {
  /** Whether its last check was good; `null` before the first, in its grace period, and when nobody judges. */
  readonly good: boolean | null
  /** Bad checks in a row. */
  readonly badChecks: number
  /** Why the last check was bad, one sentence each. */
  readonly reasons: readonly string[]
  /** Why it gets no requests, or should get none, one sentence each. */
  readonly causes: readonly string[]
  /** Whether it should get no requests and does, since too few others are left. */
  readonly isKept: boolean
  /** Why its application says that it takes no requests; `null` when it does not say so. */
  readonly notReady: string | null
  /** Event loop utilization in the last interval of its checks, 0 to 1. */
  readonly elu: number | null
  /** How late its event loop was in that interval. */
  readonly loopDelay: LoopDelayLine
  readonly heapUsed: number
  readonly heapLimit: number
  /** Memory outside of the heap: buffers above all. */
  readonly external: number
  /** Time spent collecting garbage. */
  readonly gcMs: number
  /** 99th percentile of the times to a response head in that interval; `null` with too few. */
  readonly responseMs: number | null
  /** Part of the requests of that interval that failed; `null` with too few. */
  readonly errorRate: number | null
}

/** How late an event loop was. */
export interface LoopDelayLine {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Calls from one thread to an application that fail at once, or are tried. */
export interface CircuitReportLine {
  /** `application:slot` or `edge:index`. */
  readonly from: string
  /** Id of the application. */
  readonly to: string
  readonly state: 'closed' | 'open' | 'half-open'
}

/** What a reload did. */
export interface ReloadReport {
  /** What differs from before, one sentence each; empty when only the code is new. */
  readonly changes: readonly string[]
  /** Things worth telling the operator that are not mistakes, as sentences. */
  readonly warnings: readonly string[]
  readonly reloadMs: number
}

/** How a stop will unfold. */
export interface StopNotice {
  readonly pid: number
  /** Whether the process ends with the server. */
  readonly endsProcess: boolean
  /** Milliseconds after which it is over, whatever happens. */
  readonly withinMs: number
}

/** The configuration in force, as `heddle config --json` prints one: what may be secret is hidden. */
export type Configuration = Readonly<Record<string, unknown>>

/** A description of the management API: OpenAPI 3.1. */
export type Description = Readonly<Record<string, unknown>>

/** The data of an event; its name is the field `event` of the message. */
export interface EventMessage {
  /** Milliseconds since the epoch. */
  readonly time: number
  /** What has happened, as in `HeddleEvents`. */
  readonly fact: Readonly<Record<string, unknown>>
}

/** One line of the log, with its fields. */
export interface LogMessage {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly application?: string
  /** `application:slot` or `edge:index`. */
  readonly worker?: string
  readonly [field: string]: unknown
}

/** What a message named `lost` says: so many were overwritten before they could be sent. */
export interface LostMessages {
  /** In a stream of events. */
  readonly events?: number
  /** In a stream of log lines. */
  readonly lines?: number
}

/** What an application answered to a request that was injected. */
export interface InjectedResponse {
  readonly status: number
  /** Name and value of each header line, in their order. */
  readonly headers: readonly (readonly [string, string])[]
  /** The body, when it is UTF-8. */
  readonly body?: string
  /** The body in Base64, when it is not. */
  readonly bodyBase64?: string
  /** Whether that is all of it: false when its time was over before its end. */
  readonly complete: boolean
  /** From sending to the end of the answer. */
  readonly durationMs: number
  /** Name of the worker that answered, `application:slot`. */
  readonly worker: string
}

/** Where the inspector of a worker is. */
export interface InspectorAddress {
  /** Its WebSocket address, `ws://127.0.0.1:…`. */
  readonly url: string
  readonly port: number
  /** What opens the developer tools of Chrome. */
  readonly devtoolsUrl: string
}

/** All of them by name. */
export interface Shapes {
  readonly Nothing: Nothing
  readonly Problem: Problem
  readonly StatusReport: StatusReport
  readonly MachineReportLine: MachineReportLine
  readonly ApplicationReportLine: ApplicationReportLine
  readonly ScalingReportLine: ScalingReportLine
  readonly SpareReportLine: SpareReportLine
  readonly ThreadReportLine: ThreadReportLine
  readonly WorkerReportLine: WorkerReportLine
  readonly DiagnosisReportLine: DiagnosisReportLine
  readonly ErrorReportLine: ErrorReportLine
  readonly BlockedReportLine: BlockedReportLine
  readonly RecentReportLine: RecentReportLine
  readonly HealthReportLine: HealthReportLine
  readonly LoopDelayLine: LoopDelayLine
  readonly CircuitReportLine: CircuitReportLine
  readonly ReloadReport: ReloadReport
  readonly StopNotice: StopNotice
  readonly Configuration: Configuration
  readonly Description: Description
  readonly EventMessage: EventMessage
  readonly LogMessage: LogMessage
  readonly LostMessages: LostMessages
  readonly InjectedResponse: InjectedResponse
  readonly InspectorAddress: InspectorAddress
}

/** Names of the types of answers. */
export type ShapeName = keyof Shapes

/** What each operation answers that answers with one JSON value. */
export interface OperationAnswers {
  readonly status: StatusReport
  readonly config: Configuration
  readonly openapi: Description
  readonly restart: Nothing
  readonly reload: ReloadReport
  readonly stop: StopNotice
  readonly addApplication: Nothing
  readonly removeApplication: Nothing
  readonly startApplication: Nothing
  readonly stopApplication: Nothing
  readonly restartApplication: Nothing
  readonly scaleApplication: Nothing
  readonly setLogLevel: Nothing
  readonly inject: InjectedResponse
  readonly restartWorker: Nothing
  readonly drainWorker: Nothing
  readonly readyWorker: Nothing
  readonly inspect: InspectorAddress
  readonly closeInspector: Nothing
}
