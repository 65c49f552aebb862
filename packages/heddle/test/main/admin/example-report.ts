/** The status of a server, for whoever shows or judges one. */
import type { StatusReport, WorkerReportLine } from '../../../src/main/admin/report.ts'

/** A worker that is well. */
export const worker: WorkerReportLine = {
  slot: 0,
  name: 'api:0',
  state: 'ready',
  keptOut: false,
  inflight: 0,
  heartbeatAgeMs: 5,
  readyMs: 5,
  restarts: 0,
  circuit: 'closed',
  lastEnd: null,
  lastError: null,
  zombies: 0,
  health: null,
  blocked: { blocks: 0, blockedMs: 0 }
}

/** A server that runs, with one worker. */
export const report: StatusReport = {
  phase: 'running',
  pid: 1,
  node: 'v0',
  uptimeMs: 5,
  url: 'http://localhost:3000',
  zombies: 0,
  maxZombies: 2,
  applications: [{ id: 'api', phase: 'running', kind: 'fake', ready: 1, workers: [worker] }],
  edges: [],
  circuits: []
}
