/**
 * What a user may write in the configuration.
 *
 * GENERATED from schema.ts by `npm run docs`: change it there. Types only, for any thread.
 */

/** A variable of the environment, by its name: `{PORT}`. */
export type Variable = `{${string}}`

/** The configuration of Heddle. */
export interface HeddleConfig {
  /**
   * Where the JSON Schema is, for editors. Nothing else reads it.
   */
  readonly $schema?: string
  /**
   * What the server is called: commands find it by this name.
   * @default the name of the directory of the configuration file
   */
  readonly name?: string
  /**
   * The applications by id: lower-case letters, digits and hyphens. The id is also the host name in the mesh.
   * @default {}
   */
  readonly applications?: Readonly<Record<string, ApplicationOptions>>
  /**
   * Makes an application of every directory inside one directory; its name becomes the id.
   */
  readonly autoload?: AutoloadOptions
  /**
   * Id of the application that answers what no route claims.
   * @default the only application, or that of the route `/` for every host
   */
  readonly entrypoint?: string
  /**
   * The public server.
   */
  readonly server?: ServerOptions
  /**
   * Which application gets which requests. The longest path wins.
   * @default []
   */
  readonly routes?: readonly RouteOptions[]
  /**
   * How many worker threads run each application that does not say so itself: a number, or bounds between which the number follows the load (see `scaling`).
   * @default CPUs − 1, at least 1. CPUs are those the process may really use: affinity and the CPU quota of the container, rounded up
   */
  readonly workers?: number | Variable | WorkersOptions
  /**
   * Whether the number of workers follows the load between `workers.min` and `workers.max`. With `off` there are `workers.min`, and only `heddle scale` changes that.
   * @default "on"
   */
  readonly scaling?: 'on' | 'off' | Variable
  /**
   * What happens when a worker ends by itself. The first time after a good run it is replaced at once.
   */
  readonly restart?: RestartOptions
  /**
   * When a worker counts as unhealthy. It is judged from outside: a worker that is blocked is judged too.
   */
  readonly health?: HealthOptions
  /**
   * When a worker that works is replaced by a fresh one, which is ready before the old one goes. 0 never does.
   */
  readonly recycle?: RecycleOptions
  /**
   * How running workers are replaced, whatever the reason: the new one is ready before the old one goes.
   */
  readonly rollout?: RolloutOptions
  /**
   * Where requests wait while an application has no worker that takes them.
   */
  readonly queue?: QueueOptions
  /**
   * Which files are watched by `heddle dev`: an application is started anew when its files change, and no other. Without it nothing is watched.
   */
  readonly watch?: WatchOptions
  /**
   * How many threads may be stuck in native code for good, over all applications, before the liveness probe says no.
   * @default 8
   */
  readonly maxZombies?: number | Variable
  /**
   * Environment variables for the workers. They outrank the environment Heddle was started in and the env files.
   */
  readonly env?: Readonly<Record<string, string>>
  /**
   * File with variables, one NAME=value per line. A variable that is set in the environment Heddle was started in keeps that value. Relative to the configuration file.
   */
  readonly envFile?: string
  /**
   * How long all workers of one application together may take to become ready.
   * @default 30000 (30 s)
   */
  readonly startTimeout?: number | string
  /**
   * How a stop unfolds.
   */
  readonly gracefulShutdown?: GracefulShutdownOptions
  /**
   * The network inside the process through which applications call each other.
   */
  readonly mesh?: MeshOptions
  /**
   * The administrative server: health probes and status. It is never on the public port.
   */
  readonly admin?: AdminOptions
  /**
   * The metrics at `/metrics` of the administrative server, for Prometheus.
   */
  readonly metrics?: MetricsOptions
  /**
   * What is logged, how it looks and where it goes.
   */
  readonly logger?: LoggerOptions
}

/** One application. It needs `path`, `entry` or both. */
export interface ApplicationOptions {
  /**
   * Directory of the application, relative to the configuration file.
   * @default the directory of the configuration file
   */
  readonly path?: string
  /**
   * File each worker loads, relative to `path`.
   * @default `exports` or `main` of package.json, else the first of index, main, app, application, server, start with .ts, .mts, .cts, .js, .mjs or .cjs, in `path` and in its src, dist, build and lib
   */
  readonly entry?: string
  /**
   * How many worker threads run it: a number, or bounds between which the number follows the load (see `scaling`).
   */
  readonly workers?: number | Variable | ApplicationWorkersOptions
  /**
   * Whether the number of workers follows the load between `workers.min` and `workers.max`. With `off` there are `workers.min`, and only `heddle scale` changes that.
   * @default the top-level `scaling`
   */
  readonly scaling?: 'on' | 'off' | Variable
  /**
   * The command with which `heddle build` builds it, for the shell, in `path`; `false` when there is nothing to build.
   * @default the script `build` of package.json, when there is one
   */
  readonly build?: string | false
  /**
   * Environment variables for the workers. They outrank the environment Heddle was started in and the env files.
   */
  readonly env?: Readonly<Record<string, string>>
  /**
   * File with variables, one NAME=value per line. A variable that is set in the environment Heddle was started in keeps that value. Outranks the top-level `envFile`. Relative to `path`.
   */
  readonly envFile?: string
  /**
   * Node.js options for its workers. Only options that concern one thread are allowed.
   * @default []
   */
  readonly execArgv?: readonly string[]
  /**
   * Modules imported in order before the entry: instrumentation, polyfills.
   * @default []
   */
  readonly preload?: readonly string[]
  /**
   * Memory limits of one worker. A worker that reaches one ends with an out-of-memory error and is replaced.
   */
  readonly limits?: LimitsOptions
  /**
   * Applications that have to be ready before this one starts.
   * @default []
   */
  readonly dependencies?: readonly string[]
  /**
   * Whether the readiness probe says no without it.
   * @default true when public requests go to it (`entrypoint`, `routes`) or it is among the `dependencies` of an application that is required
   */
  readonly required?: boolean | Variable
  /**
   * How many of its workers have to be ready for the readiness probe; all of them when it has fewer.
   * @default 1
   */
  readonly minReady?: number | Variable
  /**
   * How the worker for a request is chosen, from outside and from other applications. `hash:…` sends what has the same key to the same worker as long as that is ready.
   * @default "least-inflight"
   */
  readonly balance?: string
  /**
   * What happens when a worker ends by itself. The first time after a good run it is replaced at once.
   */
  readonly restart?: RestartOptions
  /**
   * When a worker counts as unhealthy. It is judged from outside: a worker that is blocked is judged too.
   */
  readonly health?: HealthOptions
  /**
   * When a worker that works is replaced by a fresh one, which is ready before the old one goes. 0 never does.
   */
  readonly recycle?: RecycleOptions
  /**
   * How running workers are replaced, whatever the reason: the new one is ready before the old one goes.
   */
  readonly rollout?: RolloutOptions
  /**
   * Where requests wait while an application has no worker that takes them.
   */
  readonly queue?: QueueOptions
  /**
   * Which files are watched by `heddle dev`: an application is started anew when its files change, and no other. Without it nothing is watched.
   */
  readonly watch?: WatchOptions
  /**
   * What is logged of this application.
   */
  readonly logger?: ApplicationLoggerOptions
}

/** How many worker threads run it: a number, or bounds between which the number follows the load (see `scaling`). */
export interface ApplicationWorkersOptions {
  /**
   * How many workers there are at least. The application starts with so many.
   * @default the top-level `workers.min`, else 1; at most `max`
   */
  readonly min?: number | Variable
  /**
   * How many workers there are at most. Without `min` and `max` the number is what it is without this object.
   * @default the top-level `workers.max`, else the CPUs the process may use; at least `min`
   */
  readonly max?: number | Variable
  /**
   * How many further workers are kept ready: started, loaded, and without requests; what an application does by itself, such as jobs, they do as well. One takes the place of a worker that is lost or blocked, or is the next that is needed, at once. They take memory, and count neither as ready nor towards `total`. Not for the `entrypoint` in direct mode.
   * @default the top-level `workers.spare`, else 0
   */
  readonly spare?: number | Variable
}

/** Memory limits of one worker. A worker that reaches one ends with an out-of-memory error and is replaced. */
export interface LimitsOptions {
  /**
   * Heap for objects that live long: the limit that matters.
   * @default in a container with a memory limit 80 % of it, less what Heddle needs itself, divided among all workers; otherwise the choice of V8
   */
  readonly oldGeneration?: number | string
  /**
   * Heap for new objects. It comes on top of `oldGeneration`.
   * @default in a container with a memory limit an eighth of the share of the worker, at most 48 MiB; otherwise the choice of V8
   */
  readonly youngGeneration?: number | string
  /**
   * Stack of the thread.
   * @default the choice of Node.js: 4 MiB
   */
  readonly stack?: number | string
}

/** What happens when a worker ends by itself. The first time after a good run it is replaced at once. */
export interface RestartOptions {
  /**
   * How long the second restart in a row waits. The wait doubles with each further one, but is never longer than the worker was ready before, or than a quarter of that when it was ready for 1 s.
   * @default 250 (250 ms)
   */
  readonly backoffMin?: number | string
  /**
   * The longest wait between two restarts.
   * @default 30000 (30 s)
   */
  readonly backoffMax?: number | string
  /**
   * The largest part of a wait that chance takes away, so that workers that failed together do not come back together.
   * @default 0.25
   */
  readonly jitter?: number | string
  /**
   * A worker that was ready for this long starts with a clean record.
   * @default 60000 (1 min)
   */
  readonly resetAfter?: number | string
  /**
   * After so many failures of one worker within `window` its circuit opens: it is restarted only once in `openFor` until one restart succeeds. A worker that was ready for 1 s before does not count. 0 never opens it.
   * @default 10
   */
  readonly maxFailures?: number | Variable
  /**
   * The time in which failures are counted for `maxFailures`.
   * @default 60000 (1 min)
   */
  readonly window?: number | string
  /**
   * How long an open circuit waits before it tries one restart.
   * @default 30000 (30 s)
   */
  readonly openFor?: number | string
}

/** When a worker counts as unhealthy. It is judged from outside: a worker that is blocked is judged too. */
export interface HealthOptions {
  /**
   * Whether workers are judged. A worker that does not turn gets no new requests either way.
   * @default true
   */
  readonly enabled?: boolean | Variable
  /**
   * Time between two checks of a worker.
   * @default 5000 (5 s)
   */
  readonly interval?: number | string
  /**
   * How long a worker is not judged after it became ready, while it warms up.
   * @default 30000 (30 s)
   */
  readonly gracePeriod?: number | string
  /**
   * After so many bad checks in a row the worker is replaced.
   * @default 3
   */
  readonly maxUnhealthyChecks?: number | Variable
  /**
   * After so many bad checks in a row the worker gets no new requests, unless too few are left.
   * @default 2
   */
  readonly fall?: number | Variable
  /**
   * After so many good checks in a row it gets requests again.
   * @default 2
   */
  readonly rise?: number | Variable
  /**
   * Event loop utilization over one interval above which a check is bad, when other workers of the application are less busy. 0 sets no limit.
   * @default 0.98
   */
  readonly maxELU?: number | string
  /**
   * Part of the real heap limit above which a check is bad. 0 sets no limit.
   * @default 0.95
   */
  readonly maxHeapUsed?: number | string
  /**
   * Event loop delay (99th percentile of an interval) above which a check is bad. 0 sets no limit.
   * @default 0 (0 ms)
   */
  readonly maxLoopDelay?: number | string
  /**
   * Memory outside of the heap (buffers) above which a check is bad. 0 sets no limit.
   * @default 0
   */
  readonly maxExternal?: number | string
  /**
   * Response time (99th percentile of an interval) above which a check is bad, unless most other workers of the application are as slow. 0 sets no limit.
   * @default 0 (0 ms)
   */
  readonly maxResponseTime?: number | string
  /**
   * Part of the answers of an interval that may be errors (status 500 and above, or none). Above it a check is bad, unless most other workers of the application fail as often. 0 sets no limit.
   * @default 0
   */
  readonly maxErrorRate?: number | string
  /**
   * With fewer answers in an interval response time and error rate are not judged.
   * @default 20
   */
  readonly minRequests?: number | Variable
  /**
   * Path that is asked of every worker at each check; a status of 400 or above, or none in time, is bad.
   * @default none is asked
   */
  readonly path?: string
  /**
   * How long `path` and the checks of the application may take to answer.
   * @default 5000 (5 s)
   */
  readonly timeout?: number | string
  /**
   * A worker whose event loop stands still for longer is reported with the place in the code where it does.
   * @default 1000 (1 s)
   */
  readonly maxBlocked?: number | string
  /**
   * Whether a blocked worker is asked for its stack, through the inspector of Node.js and without a port. Without it only what the system knows of its thread is told.
   * @default true
   */
  readonly explainBlocked?: boolean | Variable
  /**
   * After so many requests in a row that a worker answered with 502, 503 or 504, or not at all, it gets none for `ejectFor`, unless most other workers fail as well or too few are left. 0 switches this off.
   * @default 5
   */
  readonly maxFailures?: number | Variable
  /**
   * How long; it doubles each time the worker is taken out again, up to ten times as long.
   * @default 10000 (10 s)
   */
  readonly ejectFor?: number | string
}

/** When a worker that works is replaced by a fresh one, which is ready before the old one goes. 0 never does. */
export interface RecycleOptions {
  /**
   * After so many requests.
   * @default 0
   */
  readonly maxRequests?: number | Variable
  /**
   * When it is this old.
   * @default 0 (0 ms)
   */
  readonly maxAge?: number | string
  /**
   * When its heap in use exceeds this.
   * @default 0
   */
  readonly maxHeap?: number | string
  /**
   * When the memory of the whole process exceeds this: the worker that holds the most of it is replaced.
   * @default 0
   */
  readonly maxRss?: number | string
  /**
   * Part of the memory of the container: when more of it is used and the rest is about to be, the worker that gives most of it back is replaced, before the kernel kills the process. Where there is no room for both, the old one goes first. With any number but 0 a worker is replaced as well whose own heap runs full.
   * @default 0.9
   */
  readonly maxMemory?: number | string
  /**
   * Each worker’s limits are lower by up to this part, so that not all reach them together.
   * @default 0.1
   */
  readonly jitter?: number | string
}

/** How running workers are replaced, whatever the reason: the new one is ready before the old one goes. */
export interface RolloutOptions {
  /**
   * How many workers of one application are replaced at a time.
   * @default 1
   */
  readonly concurrency?: number | Variable
  /**
   * How long a worker that was replaced may finish its requests, streams and WebSockets before they are cut.
   * @default 30000 (30 s)
   */
  readonly drainTimeout?: number | string
}

/** Where requests wait while an application has no worker that takes them. */
export interface QueueOptions {
  /**
   * How many may wait in each thread that sends. Further ones are answered 503. 0 lets none wait.
   * @default 1000
   */
  readonly max?: number | Variable
  /**
   * How long one may wait. Then 503 with Retry-After.
   * @default 10000 (10 s)
   */
  readonly timeout?: number | string
}

/** Which files are watched by `heddle dev`: an application is started anew when its files change, and no other. Without it nothing is watched. */
export interface WatchOptions {
  /**
   * Whether files are watched.
   * @default true
   */
  readonly enabled?: boolean | Variable
  /**
   * Files and directories to watch beside the directory of the application and the files it has loaded, whether git ignores them or not. Relative to `path`, at the top level to the configuration file.
   * @default []
   */
  readonly include?: readonly string[]
  /**
   * What does not matter although it is there, relative to `path`: for example files the application writes itself. What git ignores, hidden files, node_modules, logs and databases do not matter anyway, unless the application has loaded them.
   * @default []
   */
  readonly ignore?: readonly string[]
  /**
   * Time between two looks at the files, where the system gives no notice of changes: network drives, some virtual machines and containers. 0 relies on its notices.
   * @default 0 (0 ms)
   */
  readonly poll?: number | string
}

/** What is logged of this application. */
export interface ApplicationLoggerOptions {
  /**
   * The least important lines of its workers that are still written. Can be changed while they run.
   * @default `logger.level`
   */
  readonly level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent' | Variable
}

/** Makes an application of every directory inside one directory; its name becomes the id. */
export interface AutoloadOptions {
  /**
   * The directory whose directories are applications.
   */
  readonly path: string
  /**
   * Directories to leave out. Hidden ones and node_modules always are.
   * @default []
   */
  readonly exclude?: readonly string[]
}

/** The public server. */
export interface ServerOptions {
  /**
   * The public port; 0 takes any free one.
   * @default 3000
   */
  readonly port?: number | Variable
  /**
   * The address to listen on. Only this machine can reach the default, also in a container: set `0.0.0.0` or `::` for everyone.
   * @default "127.0.0.1"
   */
  readonly hostname?: string
  /**
   * `edge`: threads of Heddle hold the port and balance every request. `handoff`: a thread of Heddle holds the port and hands each connection to the worker of the entrypoint with the fewest. `direct`: the workers of the entrypoint listen themselves and the kernel spreads connections; faster, but a blocked worker takes its connections with it. `handoff` and `direct` know no routes.
   * @default "edge"
   */
  readonly mode?: 'edge' | 'handoff' | 'direct' | Variable
  /**
   * Edge threads. Ignored in the other modes.
   * @default 1 for up to 4 CPUs, then one for every 4 CPUs, rounded up
   */
  readonly threads?: number | Variable
  /**
   * How many connections may wait to be accepted.
   * @default 511
   */
  readonly backlog?: number | Variable
  /**
   * The proxies in front of Heddle, whose x-forwarded-* and x-request-id headers are believed.
   * @default []
   */
  readonly trustProxy?: readonly string[]
  /**
   * How long the head of a request may take to arrive. Then 408.
   * @default 10000 (10 s)
   */
  readonly headersTimeout?: number | string
  /**
   * How long the body of a request may pause while it arrives. Then 408. 0 waits for ever.
   * @default 60000 (1 min)
   */
  readonly bodyTimeout?: number | string
  /**
   * How long an idle connection is kept for the next request. Longer than that of usual load balancers (60 s), so that they never send into a closing connection.
   * @default 72000 (72 s)
   */
  readonly keepAliveTimeout?: number | string
  /**
   * How long a request may take until the head of its response, waiting for a worker included. Then 504, or 503 when no worker had it. 0 waits for ever.
   * @default 30000 (30 s)
   */
  readonly requestTimeout?: number | string
  /**
   * How long a client may take no byte of its response before it is given up. 0 waits for ever.
   * @default 60000 (1 min)
   */
  readonly clientTimeout?: number | string
  /**
   * How long a WebSocket or another upgraded connection may be silent. 0 waits for ever.
   * @default 3600000 (1 h)
   */
  readonly tunnelTimeout?: number | string
  /**
   * How many requests one connection may carry before it is closed. 0 sets no limit.
   * @default 0
   */
  readonly maxRequestsPerSocket?: number | Variable
  /**
   * The largest head of a request. Beyond it 431.
   * @default 16384 (16 KiB)
   */
  readonly maxHeaderSize?: number | string
  /**
   * The most header lines of a request. Beyond it 431.
   * @default 100
   */
  readonly maxHeadersCount?: number | Variable
  /**
   * The longest request target. Beyond it 414.
   * @default 8192 (8 KiB)
   */
  readonly maxUrlSize?: number | string
  /**
   * The largest body of a request. Beyond it 413. 0 sets no limit.
   * @default 10485760 (10 MiB)
   */
  readonly maxBodySize?: number | string
  /**
   * The most connections at a time, over all edge threads. 0 sets no limit.
   * @default 0
   */
  readonly maxConnections?: number | Variable
  /**
   * A line for every request that ends. `json`: a line of the log like all others, with its facts as fields. `combined`: the format of Apache, with what Heddle knows at the end. `short`: status, worker, method, target and time, for people; `heddle dev` has it unless told. Needs the mode `edge`.
   * @default "off"
   */
  readonly accessLog?: 'off' | 'json' | 'combined' | 'short' | Variable
}

/** One rule: requests for this host and path go to this application. */
export interface RouteOptions {
  /**
   * Host name without port; `*.example.com` stands for every subdomain.
   * @default every host
   */
  readonly host?: string
  /**
   * Prefix of the path; whole segments count: `/api` takes `/api` and `/api/x`, not `/apis`.
   * @default "/"
   */
  readonly path?: string
  /**
   * Id of the application.
   */
  readonly application: string
  /**
   * Whether the prefix is removed from the path the application sees.
   * @default false
   */
  readonly stripPrefix?: boolean | Variable
  /**
   * How long a request may take until the head of its response, waiting for a worker included. Then 504, or 503 when no worker had it. 0 waits for ever.
   * @default `server.requestTimeout`
   */
  readonly requestTimeout?: number | string
  /**
   * Whether its requests are in the access log, when there is one: not those of probes, for example.
   * @default true
   */
  readonly accessLog?: boolean | Variable
}

/** How many worker threads run each application that does not say so itself: a number, or bounds between which the number follows the load (see `scaling`). */
export interface WorkersOptions {
  /**
   * How many workers there are at least. The application starts with so many.
   * @default 1; at most `max`
   */
  readonly min?: number | Variable
  /**
   * How many workers there are at most. Without `min` and `max` the number is what it is without this object.
   * @default the CPUs the process may use; at least `min`
   */
  readonly max?: number | Variable
  /**
   * How many further workers are kept ready: started, loaded, and without requests; what an application does by itself, such as jobs, they do as well. One takes the place of a worker that is lost or blocked, or is the next that is needed, at once. They take memory, and count neither as ready nor towards `total`. Not for the `entrypoint` in direct mode.
   * @default 0
   */
  readonly spare?: number | Variable
  /**
   * The most workers of all applications together. When there are so many a busy application gets one of an idle one.
   * @default the CPUs the process may use, as they are at the time; at least the sum of what all applications have at least
   */
  readonly total?: number | Variable
}

/** How a stop unfolds. */
export interface GracefulShutdownOptions {
  /**
   * How long requests are still answered as usual after the readiness probe says no.
   * @default 0; 5000 in Kubernetes (when KUBERNETES_SERVICE_HOST is set)
   */
  readonly drainDelay?: number | string
  /**
   * From the end of `drainDelay` to the moment the process kills itself, whatever still runs.
   * @default 25000 (25 s)
   */
  readonly timeout?: number | string
}

/** The network inside the process through which applications call each other. */
export interface MeshOptions {
  /**
   * Ending of the host names: application `api` is `http://api.heddle.local`.
   * @default ".heddle.local"
   */
  readonly domain?: string
  /**
   * For each application, the applications it may not call.
   * @default {}
   */
  readonly deny?: Readonly<Record<string, readonly string[]>>
  /**
   * How long a call may wait for the head of its response. 0 waits for ever.
   * @default 0 (0 ms)
   */
  readonly timeout?: number | string
  /**
   * In what time the share of a new worker grows from a tenth to its whole, so that it warms up under little load. 0 gives it all at once; the policies `hash:…` always do.
   * @default 2000 (2 s)
   */
  readonly slowStart?: number | string
  /**
   * The circuit breaker between a caller and an application: after too many failures calls fail at once for a while. Failures are calls without an answer in time and the statuses 502, 503 and 504.
   */
  readonly breaker?: BreakerOptions
}

/** The circuit breaker between a caller and an application: after too many failures calls fail at once for a while. Failures are calls without an answer in time and the statuses 502, 503 and 504. */
export interface BreakerOptions {
  /**
   * Whether calls between applications have one.
   * @default true
   */
  readonly enabled?: boolean | Variable
  /**
   * Whether public requests have one too.
   * @default false
   */
  readonly edge?: boolean | Variable
  /**
   * Part of the calls within `window` that has to fail for the circuit to open.
   * @default 0.5
   */
  readonly errorRatio?: number | string
  /**
   * With fewer calls within `window` it does not open.
   * @default 20
   */
  readonly volume?: number | Variable
  /**
   * The time that is looked at.
   * @default 10000 (10 s)
   */
  readonly window?: number | string
  /**
   * How long it stays open before single calls are let through to try.
   * @default 5000 (5 s)
   */
  readonly openFor?: number | string
  /**
   * So many of them in a row have to succeed for it to close.
   * @default 3
   */
  readonly probes?: number | Variable
}

/** The administrative server: health probes and status. It is never on the public port. */
export interface AdminOptions {
  /**
   * Whether it runs.
   * @default true
   */
  readonly enabled?: boolean | Variable
  /**
   * Address it listens on.
   * @default "127.0.0.1"
   */
  readonly hostname?: string
  /**
   * Port it listens on; 0 takes any free one.
   * @default 9090, or any free port when that one is busy
   */
  readonly port?: number | Variable
  /**
   * Bearer token for everything under /api/v1/ over TCP. Without one, that part does not answer over TCP.
   */
  readonly token?: string
  /**
   * Further names under which it may be asked, beside `hostname`, localhost and IP addresses. Requests for other hosts are refused, so that no web page can reach it through a name of its own.
   * @default []
   */
  readonly allowedHosts?: readonly string[]
}

/** The metrics at `/metrics` of the administrative server, for Prometheus. */
export interface MetricsOptions {
  /**
   * Whether there are any. Without them workers measure only what their health is judged by.
   * @default true
   */
  readonly enabled?: boolean | Variable
  /**
   * Where the histograms of times are divided, in seconds. Times are counted between fixed bounds, two for each power of two from 0.256 ms to 8.4 s; for each of these the nearest one is shown.
   * @default [0.001,0.0025,0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5,10]
   */
  readonly buckets?: readonly (number | Variable)[]
  /**
   * How long a worker may take to tell the metrics of its application. One that takes longer is left out of that scrape.
   * @default 500 (500 ms)
   */
  readonly applicationTimeout?: number | string
}

/** What is logged, how it looks and where it goes. */
export interface LoggerOptions {
  /**
   * The least important lines that are still written. Can be changed while the server runs.
   * @default "info"
   */
  readonly level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent' | Variable
  /**
   * `auto` is pretty on a terminal and one JSON object per line everywhere else.
   * @default "auto"
   */
  readonly format?: 'auto' | 'pretty' | 'json' | Variable
  /**
   * Values that are written as `[redacted]`: in the fields of lines of the server, of `heddle/worker` and of loggers that write JSON, and in every form of the access log, where `query.token` is a parameter of an address.
   * @default []
   */
  readonly redact?: readonly string[]
  /**
   * Whether lines go to standard output. Without a file they always do.
   * @default true
   */
  readonly stdout?: boolean | Variable
  /**
   * A file that gets every line as JSON, whatever the format of the output is.
   */
  readonly file?: LogFileOptions
}

/** A file that gets every line as JSON, whatever the format of the output is. */
export interface LogFileOptions {
  /**
   * The file, relative to the configuration file. Its directory is made when it is missing.
   */
  readonly path: string
  /**
   * A file of about this size is renamed, with the time in its name, and a new one is begun. 0 lets it grow.
   * @default 104857600 (100 MiB)
   */
  readonly maxSize?: number | string
  /**
   * A file that was begun so long ago is renamed too. 0 lets it get older.
   * @default 86400000 (24 h)
   */
  readonly maxAge?: number | string
  /**
   * How many renamed files are kept; older ones are deleted.
   * @default 10
   */
  readonly keep?: number | Variable
}
