/**
 * Puts the status of a server together out of what its rooms know: states, health, blocks, the last seconds.
 *
 * Main thread only. A part of the composition root, apart from `coordinator.ts` only for its length. It reads and
 * asks no thread.
 */
import { basename } from 'node:path'

import type { Clock } from '../shared/clock.ts'
import { nothingRecent } from './admin/report.ts'
import type {
  ApplicationReportLine,
  CircuitReportLine,
  HealthReportLine,
  Phase,
  RecentReportLine,
  StatusReport,
  ThreadReportLine,
  WorkerReportLine
} from './admin/report.ts'
import type { InForce } from './compose-operations.ts'
import type { ApplicationStatus, WorkerStatus } from './supervisor/worker-status.ts'

/** How the last seconds were. */
export interface RecentSource {
  /** Of one worker, by its name; `null` for one that is not known. */
  ofWorker(name: string): RecentReportLine | null
  /** Of all workers of an application together. */
  ofApplication(id: string): RecentReportLine | null
  /** How late the main thread was, 99th percentile in milliseconds; `null` before it was measured. */
  loopDelayMs(): number | null
}

/** Where a server is in its life. */
export interface LifeFacts {
  readonly phase: Phase
  /** As `Date.now()` and on the clock; `null` before the start. */
  readonly started: { readonly time: number; readonly clock: number } | null
  readonly url: string | null
  readonly adminUrl: string | null
}

/** What a status is put together from. */
export interface StatusSources {
  readonly inForce: InForce
  readonly clock: Clock
  readonly supervisor: { status(): readonly ApplicationStatus[]; zombies(): readonly unknown[] }
  readonly edges: { status(): readonly ThreadReportLine[]; zombies(): readonly unknown[] }
  circuits(): readonly CircuitReportLine[]
  health(): ReadonlyMap<string, HealthReportLine>
  blocked(worker: string): WorkerReportLine['blocked']
  /** `null` when nobody looks. */
  readonly recent: RecentSource | null
  life(): LifeFacts
}

/** The server as it stands. */
export function composeStatus(sources: StatusSources): StatusReport {
  const { inForce, clock, supervisor, edges, recent } = sources
  const { phase, started, url, adminUrl } = sources.life()
  const views = sources.health()
  return {
    phase,
    name: basename(inForce.config.root),
    pid: process.pid,
    node: process.version,
    startedAt: started === null ? null : new Date(started.time).toISOString(),
    uptimeMs: started === null ? 0 : Math.round(clock.now() - started.clock),
    url,
    adminUrl,
    loopDelayMs: recent?.loopDelayMs() ?? null,
    zombies: supervisor.zombies().length + edges.zombies().length,
    maxZombies: inForce.config.maxZombies,
    applications: supervisor
      .status()
      .map(application => applicationLine(application, sources, views)),
    edges: edges.status(),
    circuits: sources.circuits()
  }
}

function applicationLine(
  application: ApplicationStatus,
  { recent, blocked }: StatusSources,
  views: ReadonlyMap<string, HealthReportLine>
): ApplicationReportLine {
  const { id, phase, kind, wanted, ready } = application
  const workerLine = (worker: WorkerStatus): WorkerReportLine => {
    const health = views.get(worker.name) ?? null
    const { heapUsed = 0, heapLimit = 0, external = 0 } = health ?? {}
    return Object.assign(worker, {
      requests: worker.answered,
      recent: recent?.ofWorker(worker.name) ?? nothingRecent,
      heapUsed,
      heapLimit,
      external,
      health,
      blocked: blocked(worker.name)
    })
  }
  return {
    id,
    phase,
    kind,
    required: true,
    desired: wanted,
    minReady: 1,
    ready,
    recent: recent?.ofApplication(id) ?? nothingRecent,
    workers: application.workers.map(workerLine)
  }
}
