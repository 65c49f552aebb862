/** Resolved configurations for the tests of the main thread. */
import type { ResolvedApplication, ResolvedConfig, ResolvedHealth } from '../../src/config/resolved.ts'
import { bareEnv } from '../bare-env.ts'

/** The defaults. */
export const exampleHealth: ResolvedHealth = {
  enabled: true,
  interval: 5000,
  gracePeriod: 30_000,
  maxUnhealthyChecks: 3,
  fall: 2,
  rise: 2,
  maxELU: 0.98,
  maxHeapUsed: 0.95,
  maxLoopDelay: 0,
  maxExternal: 0,
  maxResponseTime: 0,
  maxErrorRate: 0,
  minRequests: 20,
  timeout: 5000,
  maxBlocked: 1000,
  explainBlocked: true,
  maxFailures: 5,
  ejectFor: 10_000
}

/** An application with one worker, changed where a test cares. */
export function exampleApplication(changes: Partial<ResolvedApplication> = {}): ResolvedApplication {
  const { workers = 1 } = changes
  return {
    id: 'api',
    path: import.meta.dirname,
    entry: import.meta.filename,
    workers,
    scaling: { min: workers, max: workers, spare: 0, enabled: false },
    env: bareEnv,
    execArgv: [],
    preload: [],
    limits: { oldGenerationMb: null, youngGenerationMb: null, stackMb: null },
    dependencies: [],
    required: true,
    minReady: 1,
    balance: 'least-inflight',
    restart: {
      backoffMin: 100,
      backoffMax: 1000,
      resetAfter: 10_000,
      jitter: 0.25,
      maxFailures: 10,
      window: 60_000,
      openFor: 30_000
    },
    health: exampleHealth,
    recycle: { maxRequests: 0, maxAge: 0, maxHeap: 0, maxRss: 0, maxMemory: 0.9, jitter: 0.1 },
    rollout: { concurrency: 1, drainTimeout: 5000 },
    queue: { max: 1000, timeout: 10_000 },
    logger: { level: 'info' },
    ...changes
  }
}

/** The defaults. */
export const exampleBreaker: ResolvedConfig['mesh']['breaker'] = {
  enabled: true,
  edge: false,
  errorRatio: 0.5,
  volume: 20,
  window: 10_000,
  openFor: 5000,
  probes: 3
}

/** The defaults. */
export const exampleMetrics: ResolvedConfig['metrics'] = {
  enabled: true,
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  applicationTimeout: 500
}

/** The defaults, on a port of the system's choice. */
export const exampleServer: ResolvedConfig['server'] = {
  port: 0,
  hostname: '127.0.0.1',
  mode: 'edge',
  threads: 1,
  backlog: 511,
  trustProxy: [],
  headersTimeout: 10_000,
  bodyTimeout: 60_000,
  keepAliveTimeout: 72_000,
  requestTimeout: 30_000,
  clientTimeout: 60_000,
  tunnelTimeout: 3_600_000,
  maxRequestsPerSocket: 0,
  maxHeaderSize: 16_384,
  maxHeadersCount: 100,
  maxUrlSize: 8192,
  maxBodySize: 10_485_760,
  maxConnections: 0,
  accessLog: 'off'
}

/** What a test may change about {@link exampleConfig}. */
export interface ConfigChanges {
  readonly applications?: readonly ResolvedApplication[]
  readonly server?: Partial<ResolvedConfig['server']>
  readonly admin?: Partial<ResolvedConfig['admin']>
  readonly gracefulShutdown?: Partial<ResolvedConfig['gracefulShutdown']>
  readonly startTimeout?: number
}

/** A server with one application, one edge, a port of the system's choice and no administrative server. */
export function exampleConfig(changes: ConfigChanges = {}): ResolvedConfig {
  const applications = changes.applications ?? [exampleApplication()]
  return {
    name: 'example',
    root: import.meta.dirname,
    file: null,
    applications,
    entrypoint: applications[0]?.id ?? null,
    server: { ...exampleServer, ...changes.server },
    routes: [],
    mesh: { domain: '.heddle.local', deny: {}, timeout: 0, slowStart: 2000, breaker: exampleBreaker },
    admin: {
      enabled: false,
      hostname: '127.0.0.1',
      port: 0,
      portChosen: false,
      token: null,
      allowedHosts: [],
      ...changes.admin
    },
    metrics: exampleMetrics,
    logger: { level: 'info', format: 'json', redact: [], stdout: true, file: null },
    maxZombies: 8,
    startTimeout: changes.startTimeout ?? 60_000,
    gracefulShutdown: { drainDelay: 0, timeout: 60_000, ...changes.gracefulShutdown },
    workersTotal: null,
    development: null,
    warnings: []
  }
}
