/** The status of a server, for whoever shows or judges one. */
import { nothingRecent } from '../../../src/main/admin/report.ts'
import type { ApplicationReportLine, StatusReport, WorkerReportLine } from '../../../src/main/admin/report.ts'

/** A worker that is well. */
export const worker: WorkerReportLine = {
  slot: 0,
  name: 'api:0',
  state: 'ready',
  isReady: true,
  keptOut: false,
  inflight: 0,
  heartbeatAgeMs: 5,
  uptimeMs: 9,
  readyMs: 5,
  requests: 0,
  failures: 0,
  recent: nothingRecent,
  heapUsed: 0,
  heapLimit: 0,
  external: 0,
  restarts: 0,
  restartReasons: {},
  replacing: false,
  leaving: 0,
  circuit: 'closed',
  lastEnd: null,
  lastError: null,
  zombies: 0,
  health: null,
  blocked: { blocks: 0, blockedMs: 0, function: null, location: null },
  diagnoses: []
}

/** The health of a worker nothing is wrong with. */
export const health: NonNullable<WorkerReportLine['health']> = {
  good: true,
  badChecks: 0,
  reasons: [],
  causes: [],
  isKept: false,
  notReady: null,
  elu: 0.1,
  loopDelay: { p50: 1, p99: 2, max: 3 },
  heapUsed: 1000,
  heapLimit: 2000,
  external: 10,
  gcMs: 1,
  responseMs: null,
  errorRate: null
}

/** A number of workers that leaves no choice. */
export const fixedNumber: ApplicationReportLine['scaling'] = {
  mode: 'fixed',
  min: 1,
  max: 1,
  wanted: null,
  reason: null,
  refusal: null,
  note: null
}

/** An application with one worker. */
export const api: ApplicationReportLine = {
  id: 'api',
  phase: 'running',
  kind: 'fake',
  required: true,
  desired: 1,
  minReady: 1,
  ready: 1,
  zombies: 0,
  recent: nothingRecent,
  scaling: fixedNumber,
  spares: [],
  workers: [worker]
}

/** A server that runs, with that application. */
export const report: StatusReport = {
  phase: 'running',
  name: 'shop',
  pid: 1,
  node: 'v0',
  startedAt: '2026-11-21T12:00:00.000Z',
  uptimeMs: 5,
  url: 'http://localhost:3000',
  adminUrl: null,
  loopDelayMs: null,
  machine: {
    cpus: 2,
    cpuQuota: false,
    throttledMs: null,
    cpuPressure: 0,
    memoryLimit: 8_000_000_000,
    memoryLimited: false,
    memoryUsed: 1_000_000_000,
    memoryFree: 7_000_000_000,
    memoryPressure: 0
  },
  zombies: 0,
  maxZombies: 2,
  applications: [api],
  edges: [],
  circuits: []
}
