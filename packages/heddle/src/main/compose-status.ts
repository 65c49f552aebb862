/**
 * Puts the status of a server together out of what its rooms know: states, health, blocks, the last seconds.
 *
 * Main thread only. A part of the composition root, apart from `coordinator.ts` only for its length. It reads and
 * asks no thread.
 */
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
  machine(): StatusReport['machine']
  health(): ReadonlyMap<string, HealthReportLine>
  blocked(worker: string): WorkerReportLine['blocked']
  diagnoses(worker: string): WorkerReportLine['diagnoses']
  /** `null` when nobody looks. */
  readonly recent: RecentSource | null
  readonly scaling: { view(application: string): ApplicationReportLine['scaling'] }
  life(): LifeFacts
}

/** The server as it stands. */
export function composeStatus(sources: StatusSources): StatusReport {
  const { inForce, clock, supervisor, edges, recent } = sources
  const { phase, started, url, adminUrl } = sources.life()
  const views = sources.health()
  return {
    phase,
    name: inForce.config.name,
    pid: process.pid,
    node: process.version,
    startedAt: started === null ? null : new Date(started.time).toISOString(),
    uptimeMs: started === null ? 0 : Math.round(clock.now() - started.clock),
    url,
    adminUrl,
    loopDelayMs: recent?.loopDelayMs() ?? null,
    machine: sources.machine(),
    zombies: supervisor.zombies().length + edges.zombies().length,
    maxZombies: inForce.config.maxZombies,
    applications: supervisor.status().map(application => applicationLine(application, sources, views)),
    edges: edges.status().map(({ name, state, heartbeatAgeMs, restarts, zombies }) => ({
      name,
      state,
      heartbeatAgeMs,
      restarts,
      zombies
    })),
    circuits: sources.circuits()
  }
}

function applicationLine(
  application: ApplicationStatus,
  sources: StatusSources,
  views: ReadonlyMap<string, HealthReportLine>
): ApplicationReportLine {
  const { inForce, recent } = sources
  const { id, phase, kind, wanted, zombies } = application
  const workers = application.workers.map(worker =>
    workerLine(worker, {
      health: views.get(worker.name) ?? null,
      recent: recent?.ofWorker(worker.name) ?? nothingRecent,
      blocked: sources.blocked(worker.name),
      diagnoses: sources.diagnoses(worker.name)
    })
  )
  const settings = inForce.config.applications.find(each => each.id === id)
  return {
    id,
    phase,
    kind,
    required: settings?.required ?? false,
    desired: wanted,
    // One that was scaled down to fewer than that is as ready as it can be.
    minReady: Math.min(settings?.minReady ?? 1, Math.max(1, wanted)),
    ready: workers.filter(({ isReady }) => isReady).length,
    zombies,
    recent: recent?.ofApplication(id) ?? nothingRecent,
    scaling: sources.scaling.view(id),
    spares: application.spares,
    workers
  }
}

/** Milliseconds after which a heartbeat is stale: as senders and the health watch have it. */
const staleMs = 500

function workerLine(
  worker: WorkerStatus,
  seen: Pick<WorkerReportLine, 'health' | 'recent' | 'blocked' | 'diagnoses'>
): WorkerReportLine {
  const { state, heartbeatAgeMs, answered, lastError, ...rest } = worker
  const { health } = seen
  const turns = heartbeatAgeMs !== null && heartbeatAgeMs <= staleMs
  return {
    ...rest,
    ...seen,
    state,
    heartbeatAgeMs,
    // Whoever is the last one gets requests although he is stuck or says no: that makes nobody ready.
    isReady: state === 'ready' && turns && (health?.notReady ?? null) === null,
    requests: answered,
    lastError,
    heapUsed: health?.heapUsed ?? 0,
    heapLimit: health?.heapLimit ?? 0,
    external: health?.external ?? 0
  }
}
