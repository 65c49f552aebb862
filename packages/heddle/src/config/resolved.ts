/**
 * The configuration as every other room sees it: defaults applied, paths absolute, variables
 * substituted, nothing left to guess.
 *
 * Runs in any thread: these are plain values that survive structured cloning. Only `resolve.ts` makes
 * them. What a user may write, with the sentence that explains each key, is in `schema.ts`.
 */
import type { BalancePolicy } from '@heddle/mesh'

/** The whole configuration after resolution. */
export interface ResolvedConfig {
  /** What commands find the server by. */
  readonly name: string
  /** Absolute directory all relative paths were resolved against. */
  readonly root: string
  /** Absolute path of the configuration file; `null` when started from an entry alone. */
  readonly file: string | null
  /** The applications in the order they were written (autoloaded ones by id). Never empty. */
  readonly applications: readonly ResolvedApplication[]
  /** Id of the application that answers what no route claims; `null` only when every request must match a route. */
  readonly entrypoint: string | null
  readonly server: ResolvedServer
  /** Longest prefix first within one host; see edge/routing. */
  readonly routes: readonly ResolvedRoute[]
  readonly mesh: ResolvedMesh
  readonly admin: ResolvedAdmin
  readonly metrics: ResolvedMetrics
  readonly logger: ResolvedLogger
  /** Milliseconds all workers of one application together may take to become ready. */
  readonly startTimeout: number
  /** Stuck threads beyond which the liveness probe says no. */
  readonly maxZombies: number
  readonly gracefulShutdown: ResolvedGracefulShutdown
  /**
   * The most workers of all applications together; `null` for the CPUs the process may use, at least the sum of what
   * the applications have at least.
   */
  readonly workersTotal: number | null
  /** What is watched while the server is developed with; `null` where it serves. */
  readonly development: ResolvedDevelopment | null
  /** Things worth telling the operator that are not mistakes, as sentences. */
  readonly warnings: readonly string[]
}

/** What a server watches in development. All paths are absolute. */
export interface ResolvedDevelopment {
  /** Files the configuration was made from: its file, what that imports, env files. */
  readonly files: readonly string[]
  /** Directory every directory in which is an application; `null` for none. */
  readonly autoload: string | null
  /** What is watched for each application, by its id. */
  readonly watch: Readonly<Record<string, ResolvedWatch>>
  /** Where inspectors of workers are opened at their start; `null` for nowhere. */
  readonly inspector: ResolvedInspector | null
}

/** Inspectors of all workers. */
export interface ResolvedInspector {
  /** Of the first application; the next ones follow. */
  readonly port: number
  /** Whether workers wait for a debugger before they load their application. */
  readonly breaks: boolean
}

/** What is watched for one application beside the files it has loaded. */
export interface ResolvedWatch {
  /** Whether it is started anew when its files change. */
  readonly enabled: boolean
  /** Files and directories beside its own, absolute. */
  readonly include: readonly string[]
  /** Patterns of files that do not matter, relative to the application, as in a `.gitignore`. */
  readonly ignore: readonly string[]
  /** Milliseconds after which files are looked at whatever the system says; 0 relies on its notices. */
  readonly poll: number
}

/** One application. */
export interface ResolvedApplication {
  /** Lower-case label of letters, digits and hyphens; also its mesh hostname without the domain. */
  readonly id: string
  /** Absolute directory of the application; the working directory its own code sees in configuration is not changed. */
  readonly path: string
  /** Absolute file that is loaded in each worker. */
  readonly entry: string
  /** How many worker threads run it, at the start `scaling.min`. At least 1. */
  readonly workers: number
  readonly scaling: ResolvedScaling
  /** The command that builds it, `false` for none; absent for the script of package.json. */
  readonly build?: string | false
  /** Environment of its workers, whole: env files, over them the process environment, over both `env`. */
  readonly env: Readonly<Record<string, string>>
  /** Node options for its workers, already checked against the allow-list. */
  readonly execArgv: readonly string[]
  /** Absolute paths or bare specifiers imported, in order, before the entry. */
  readonly preload: readonly string[]
  readonly limits: ResolvedLimits
  /** Ids of the applications that must be ready before this one starts. */
  readonly dependencies: readonly string[]
  /** Whether the readiness probe says no without it. */
  readonly required: boolean
  /** How many of its workers have to be ready for that probe, or all when it has fewer. At least 1. */
  readonly minReady: number
  /** How the worker for a request is chosen. */
  readonly balance: BalancePolicy
  readonly restart: ResolvedRestart
  readonly health: ResolvedHealth
  readonly recycle: ResolvedRecycle
  readonly rollout: ResolvedRollout
  readonly queue: ResolvedQueue
  /** The least important lines of its workers that are written when they start. */
  readonly logger: Pick<ResolvedLogger, 'level'>
}

/** Between how many workers the number of an application may change. */
export interface ResolvedScaling {
  /** At least 1. */
  readonly min: number
  /** The same as `min` for a number that stays. */
  readonly max: number
  /** How many more are kept ready without requests. */
  readonly spare: number
  /** Whether the number follows the load: only between bounds that differ. */
  readonly enabled: boolean
}

/** Memory limits of one worker, in MiB; `null` leaves the choice to V8. */
export interface ResolvedLimits {
  readonly oldGenerationMb: number | null
  readonly youngGenerationMb: number | null
  readonly stackMb: number | null
  /**
   * Those of the above that nobody has written: worked out from the memory of the container. A worker is started with
   * what comes of it then: containers are resized, and the number of workers changes.
   */
  readonly shared?: readonly ('oldGenerationMb' | 'youngGenerationMb')[]
}

/** What happens when a worker ends by itself. */
export interface ResolvedRestart {
  /** Milliseconds before the second restart in a row; doubles with each further one. */
  readonly backoffMin: number
  /** The longest wait between two restarts in milliseconds. */
  readonly backoffMax: number
  /** A worker that was ready for this many milliseconds starts with a clean record. */
  readonly resetAfter: number
  /** Largest part of a wait, 0 to 1, that chance takes away. */
  readonly jitter: number
  /** Failures within `window` after which the circuit opens; 0 for never. */
  readonly maxFailures: number
  /** Milliseconds in which failures are counted. */
  readonly window: number
  /** Milliseconds between two tries while the circuit is open. */
  readonly openFor: number
}

/** When a worker counts as unhealthy. Times in milliseconds, memory in MiB, parts from 0 to 1; a limit of 0 is none. */
export interface ResolvedHealth {
  readonly enabled: boolean
  readonly interval: number
  readonly gracePeriod: number
  readonly maxUnhealthyChecks: number
  readonly fall: number
  readonly rise: number
  readonly maxELU: number
  readonly maxHeapUsed: number
  readonly maxLoopDelay: number
  readonly maxExternal: number
  readonly maxResponseTime: number
  readonly maxErrorRate: number
  readonly minRequests: number
  /** Asked of every worker at each check; absent for none. */
  readonly path?: string
  readonly timeout: number
  readonly maxBlocked: number
  readonly explainBlocked: boolean
  readonly maxFailures: number
  readonly ejectFor: number
}

/** When a worker that works is replaced. Times in milliseconds, memory in MiB; 0 for never. */
export interface ResolvedRecycle {
  readonly maxRequests: number
  readonly maxAge: number
  readonly maxHeap: number
  readonly maxRss: number
  /** Part of the memory limit of the container, 0 to 1. */
  readonly maxMemory: number
  /** Largest part, 0 to 1, by which the limits of one worker are lower. */
  readonly jitter: number
}

/** How running workers are replaced. */
export interface ResolvedRollout {
  readonly concurrency: number
  /** Milliseconds a replaced worker may finish what it has. */
  readonly drainTimeout: number
}

/** Where requests wait for a worker. */
export interface ResolvedQueue {
  /** How many may wait in each thread that sends; 0 for none. */
  readonly max: number
  /** Milliseconds one may wait. */
  readonly timeout: number
}

/** The public server. Times in milliseconds, sizes in bytes. */
export interface ResolvedServer {
  readonly port: number
  readonly hostname: string
  readonly mode: 'edge' | 'handoff' | 'direct'
  /** Edge threads. Ignored in the other modes. */
  readonly threads: number
  readonly backlog: number
  /** Addresses or CIDR ranges whose x-forwarded-* and x-request-id headers are believed. */
  readonly trustProxy: readonly string[]
  readonly headersTimeout: number
  readonly bodyTimeout: number
  readonly keepAliveTimeout: number
  readonly requestTimeout: number
  readonly clientTimeout: number
  readonly tunnelTimeout: number
  readonly maxRequestsPerSocket: number
  readonly maxHeaderSize: number
  readonly maxHeadersCount: number
  readonly maxUrlSize: number
  readonly maxBodySize: number
  readonly maxConnections: number
  /** How each request is logged that ends. Only `off` in the other modes than edge. */
  readonly accessLog: 'off' | 'json' | 'combined' | 'short'
}

/** One rule of the public server: which application gets which requests. */
export interface ResolvedRoute {
  /** Lower-case host name without port, `*.example.com` for any subdomain, or `null` for every host. */
  readonly host: string | null
  /** Path prefix that begins with a slash; `/` matches everything. */
  readonly prefix: string
  readonly application: string
  /** Whether the prefix is removed from the path the application sees. */
  readonly stripPrefix: boolean
  /** Milliseconds until the response head; 0 waits for ever, `null` as the server says. */
  readonly requestTimeout: number | null
  /** Present when its requests are not in the access log. */
  readonly accessLog?: false
}

/** The in-process mesh. */
export interface ResolvedMesh {
  /** Suffix of mesh host names with its leading dot. */
  readonly domain: string
  /** For each application, the ids it may not call. */
  readonly deny: Readonly<Record<string, readonly string[]>>
  /** Milliseconds a mesh request may wait for its response head; 0 waits for ever. */
  readonly timeout: number
  /** Milliseconds in which the share of a new worker grows from a tenth to its whole; 0 for at once. */
  readonly slowStart: number
  readonly breaker: ResolvedBreaker
}

/** The circuit breaker between a caller and an application. Times in milliseconds. */
export interface ResolvedBreaker {
  readonly enabled: boolean
  readonly edge: boolean
  readonly errorRatio: number
  readonly volume: number
  readonly window: number
  readonly openFor: number
  readonly probes: number
}

/** The administrative server on the main thread. */
export interface ResolvedAdmin {
  readonly enabled: boolean
  readonly hostname: string
  readonly port: number
  /** Whether the port was chosen by the user: then a busy port is an error, else the next free one is taken. */
  readonly portChosen: boolean
  readonly token: string | null
  /** Host names under which it may be asked beside its own; `*.example.com` for any subdomain. */
  readonly allowedHosts: readonly string[]
}

/** The metrics of the server. */
export interface ResolvedMetrics {
  readonly enabled: boolean
  /** Upper bounds wished for in the histograms of times, in seconds. */
  readonly buckets: readonly number[]
  /** Milliseconds a worker may take to tell the metrics of its application. */
  readonly applicationTimeout: number
}

/** What is logged, how it looks and where it goes. */
export interface ResolvedLogger {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** `auto` is pretty on a terminal and JSON everywhere else. */
  readonly format: 'auto' | 'pretty' | 'json'
  /** Places whose values are hidden, see `shared/log-redact.ts`. */
  readonly redact: readonly string[]
  /** Whether lines go to standard output; of no meaning without a file. */
  readonly stdout: boolean
  readonly file: ResolvedLogFile | null
}

/** The log file and when it is renamed. */
export interface ResolvedLogFile {
  /** Absolute. */
  readonly path: string
  /** Bytes; 0 for no limit. */
  readonly maxSize: number
  /** Milliseconds; 0 for no limit. */
  readonly maxAge: number
  /** How many renamed files are kept. */
  readonly keep: number
}

/** How a stop unfolds. Milliseconds. */
export interface ResolvedGracefulShutdown {
  /** Readiness already says no, requests are still answered. */
  readonly drainDelay: number
  /** From the end of `drainDelay` to the moment the process kills itself. */
  readonly timeout: number
}
