/** What `applications: { a: { path: 'a' } }` becomes: every default there is. */
import type { ResolvedConfig } from '../../src/config/resolved.ts'
import { exampleBreaker, exampleHealth, exampleMetrics, exampleServer } from '../main/example-config.ts'

export const defaultApplications: ResolvedConfig['applications'] = [
  {
    id: 'a',
    path: '/app/a',
    entry: '/app/a/index.js',
    workers: 3,
    scaling: { min: 3, max: 3, spare: 0, enabled: false },
    env: {},
    execArgv: [],
    preload: [],
    limits: { oldGenerationMb: null, youngGenerationMb: null, stackMb: null },
    dependencies: [],
    required: true,
    minReady: 1,
    balance: 'least-inflight',
    restart: {
      backoffMin: 250,
      backoffMax: 30_000,
      jitter: 0.25,
      resetAfter: 60_000,
      maxFailures: 10,
      window: 60_000,
      openFor: 30_000
    },
    health: exampleHealth,
    recycle: { maxRequests: 0, maxAge: 0, maxHeap: 0, maxRss: 0, maxMemory: 0.9, jitter: 0.1 },
    rollout: { concurrency: 1, drainTimeout: 30_000 },
    queue: { max: 1000, timeout: 10_000 },
    logger: { level: 'info' }
  }
]

export const defaultConfig: Omit<ResolvedConfig, 'applications'> = {
  name: 'app',
  root: '/app',
  file: '/app/heddle.json',
  entrypoint: 'a',
  server: { ...exampleServer, port: 3000 },
  routes: [],
  mesh: { domain: '.heddle.local', deny: {}, timeout: 0, slowStart: 2000, breaker: exampleBreaker },
  admin: {
    enabled: true,
    hostname: '127.0.0.1',
    port: 9090,
    portChosen: false,
    token: null,
    allowedHosts: []
  },
  metrics: exampleMetrics,
  logger: { level: 'info', format: 'auto', redact: [], stdout: true, file: null },
  startTimeout: 30_000,
  workersTotal: null,
  development: null,
  maxZombies: 8,
  gracefulShutdown: { drainDelay: 0, timeout: 25_000 },
  warnings: []
}
