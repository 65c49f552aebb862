/**
 * What the administrative server shows, in its own words; the coordinator fills it in.
 *
 * Main thread only. Values only: whoever answers a probe reads what is known and asks no thread.
 */

/** Where the whole server is in its life. */
export type Phase = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped'

/** The server as it stands. Times in milliseconds. */
export interface StatusReport {
  readonly phase: Phase
  /** The key `name` of the configuration, or the name of the directory it is in. */
  readonly name: string
  readonly pid: number
  /** Version of node, for example `v26.10.0`. */
  readonly node: string
  /** When the coordinator was told to start, in ISO 8601; `null` before. */
  readonly startedAt: string | null
  /** Since the coordinator was told to start; 0 before. */
  readonly uptimeMs: number
  /** Address of the public server; `null` until its port is open. */
  readonly url: string | null
  /** Address of the administrative server; `null` until its port is open, and without one. */
  readonly adminUrl: string | null
  /** How late the main thread was in the last ten seconds, 99th percentile; `null` when nobody has measured. */
  readonly loopDelayMs: number | null
  /** Threads that were given up and still hold memory, and beyond how many the liveness probe says no. */
  readonly zombies: number
  readonly maxZombies: number
  readonly applications: readonly ApplicationReportLine[]
  readonly edges: readonly ThreadReportLine[]
  /** Those of the mesh that are not closed. */
  readonly circuits: readonly CircuitReportLine[]
}

/** Calls from one thread to an application that fail at once, or are tried. */
export interface CircuitReportLine {
  /** `application:slot` or `edge:index`. */
  readonly from: string
  /** Id of the application. */
  readonly to: string
  readonly state: 'open' | 'half-open' | 'closed'
}

/** One application of a {@link StatusReport}. */
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
  /** Workers that get requests. */
  readonly ready: number
  /** All its workers together in the last seconds. */
  readonly recent: RecentReportLine
  readonly workers: readonly WorkerReportLine[]
}

/** One worker of an {@link ApplicationReportLine}. */
export interface WorkerReportLine extends ThreadReportLine {
  readonly slot: number
  /** Whether an operator keeps it from requests. */
  readonly keptOut: boolean
  /** Requests sent to it and not finished. */
  readonly inflight: number
  /** Since its thread was started; `null` when there is none. */
  readonly uptimeMs: number | null
  /** For how long it has been ready; `null` when it is not. */
  readonly readyMs: number | null
  /** Requests it has answered, over all threads of the slot. */
  readonly requests: number
  /** How it was in the last seconds. */
  readonly recent: RecentReportLine
  /** Bytes, as the worker has said last; 0 until it has. */
  readonly heapUsed: number
  readonly heapLimit: number
  /** Memory outside of the heap: buffers above all. */
  readonly external: number
  /** `open`, `half-open`: its restarts fail too often, and one is tried now and then. */
  readonly circuit: 'closed' | 'open' | 'half-open'
  /** How the last thread of the slot ended; `null` as long as the first one lives. */
  readonly lastEnd: string | null
  /** The last error a thread of the slot ended with. */
  readonly lastError: {
    readonly name: string
    readonly message: string
    readonly stack: string | null
  } | null
  /** How it is; `null` for one that is starting, on its way out, or not there. */
  readonly health: HealthReportLine | null
  /** How often its event loop stood still for longer than `health.maxBlocked`, and for how long in all. */
  readonly blocked: { readonly blocks: number; readonly blockedMs: number }
}

/** The last seconds of one worker, or of all of an application. `null` where nothing was seen. */
export interface RecentReportLine {
  /** The time that is looked at: about ten seconds, less at first. 0 when nobody looks. */
  readonly windowMs: number
  readonly requestsPerSecond: number
  /** Times from sending to the response head, milliseconds. */
  readonly p50Ms: number | null
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

/** What is said when nobody looks. */
export const nothingRecent: RecentReportLine = {
  windowMs: 0,
  requestsPerSecond: 0,
  p50Ms: null,
  p99Ms: null,
  errorRate: null,
  elu: null,
  loopDelayMs: null,
  gcShare: null
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
  /** Event loop utilization in the last interval of its checks, 0 to 1. */
  readonly elu: number | null
  /** How late its event loop was in that interval. */
  readonly loopDelay: { readonly p50: number; readonly p99: number; readonly max: number }
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

/** One thread of a {@link StatusReport}. */
export interface ThreadReportLine {
  readonly name: string
  readonly state: string
  /** Since its event loop last said that it turns; `null` when no thread is there. */
  readonly heartbeatAgeMs: number | null
  readonly restarts: number
  /** Threads that were given up and still hold memory. */
  readonly zombies: number
}
