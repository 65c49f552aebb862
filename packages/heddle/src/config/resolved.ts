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
  readonly logger: ResolvedLogger
  /** Milliseconds all workers of one application together may take to become ready. */
  readonly startTimeout: number
  readonly gracefulShutdown: ResolvedGracefulShutdown
  /** Things worth telling the operator that are not mistakes, as sentences. */
  readonly warnings: readonly string[]
}

/** One application. */
export interface ResolvedApplication {
  /** Lower-case label of letters, digits and hyphens; also its mesh hostname without the domain. */
  readonly id: string
  /** Absolute directory of the application; the working directory its own code sees in configuration is not changed. */
  readonly path: string
  /** Absolute file that is loaded in each worker. */
  readonly entry: string
  /** How many worker threads run it. At least 1. */
  readonly workers: number
  /** Environment of its workers, whole: env files, over them the process environment, over both `env`. */
  readonly env: Readonly<Record<string, string>>
  /** Node options for its workers, already checked against the allow-list. */
  readonly execArgv: readonly string[]
  /** Absolute paths or bare specifiers imported, in order, before the entry. */
  readonly preload: readonly string[]
  readonly limits: ResolvedLimits
  /** Ids of the applications that must be ready before this one starts. */
  readonly dependencies: readonly string[]
  /** How the worker for a request is chosen. */
  readonly balance: BalancePolicy
  readonly restart: ResolvedRestart
}

/** Memory limits of one worker, in MiB; `null` leaves the choice to V8. */
export interface ResolvedLimits {
  readonly oldGenerationMb: number | null
  readonly youngGenerationMb: number | null
  readonly stackMb: number | null
}

/** What happens when a worker ends by itself. */
export interface ResolvedRestart {
  /** Milliseconds before the second restart in a row; doubles with each further one. */
  readonly backoffMin: number
  /** The longest wait between two restarts in milliseconds. */
  readonly backoffMax: number
  /** A worker that was ready for this many milliseconds starts with a clean record. */
  readonly resetAfter: number
}

/** The public server. Times in milliseconds, sizes in bytes. */
export interface ResolvedServer {
  readonly port: number
  readonly hostname: string
  readonly mode: 'edge' | 'direct'
  /** Edge threads. Ignored in direct mode. */
  readonly threads: number
  readonly backlog: number
  /** Addresses or CIDR ranges whose x-forwarded-* and x-request-id headers are believed. */
  readonly trustProxy: readonly string[]
  readonly headersTimeout: number
  readonly requestTimeout: number
  readonly keepAliveTimeout: number
  readonly responseTimeout: number
  readonly clientTimeout: number
  readonly tunnelTimeout: number
  readonly maxRequestsPerSocket: number
  readonly maxHeaderSize: number
  readonly maxHeadersCount: number
  readonly maxUrlSize: number
  readonly maxBodySize: number
  readonly maxConnections: number
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
}

/** The administrative server on the main thread. */
export interface ResolvedAdmin {
  readonly enabled: boolean
  readonly hostname: string
  readonly port: number
  /** Whether the port was chosen by the user: then a busy port is an error, else the next free one is taken. */
  readonly portChosen: boolean
  readonly token: string | null
}

/** What is logged and how it looks. */
export interface ResolvedLogger {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** `auto` is pretty on a terminal and JSON everywhere else. */
  readonly format: 'auto' | 'pretty' | 'json'
}

/** How a stop unfolds. Milliseconds. */
export interface ResolvedGracefulShutdown {
  /** Readiness already says no, requests are still answered. */
  readonly drainDelay: number
  /** From the end of `drainDelay` to the moment the process kills itself. */
  readonly timeout: number
}
