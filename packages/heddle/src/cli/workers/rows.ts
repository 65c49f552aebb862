/**
 * The rows of `ps` and `top`: applications, their workers, and the edges, as a server reports them.
 *
 * Main thread of a command; pure.
 */
import type {
  ApplicationReportLine,
  RecentReportLine,
  SpareReportLine,
  StatusReport,
  ThreadReportLine,
  WorkerReportLine
} from '../../main/admin/report.ts'
import { complaintsOf } from './complaints.ts'
import type { Complaint } from './complaints.ts'

/** How a state looks: all is well, on its way, wrong, or of no matter. */
export type Look = 'well' | 'under way' | 'wrong' | 'quiet'

/** One row. `null` where a number means nothing or is not known. */
export interface Row {
  /** `application`: a heading above its workers, with their sums. One with a single worker has none. */
  readonly kind: 'application' | 'worker' | 'edge'
  /** Id of the application; `null` for an edge. */
  readonly application: string | null
  readonly slot: number | null
  readonly name: string
  /** Whether it stands below the heading of its application. */
  readonly isInside: boolean
  readonly state: string
  readonly look: Look
  readonly uptimeMs: number | null
  readonly restarts: number | null
  readonly recent: RecentReportLine | null
  readonly heapUsed: number | null
  readonly heapLimit: number | null
  readonly inflight: number | null
  /** What is not well; of a heading nothing, its workers tell. */
  readonly complaints: readonly Complaint[]
}

/** All rows of a report: each application with its workers, then the edges. */
export function rowsOf({ applications, edges }: StatusReport): readonly Row[] {
  return [...applications.flatMap(applicationRows), ...edges.map(edgeRow)]
}

function applicationRows(application: ApplicationReportLine): readonly Row[] {
  const { workers, scaling, spares } = application
  const [only] = workers
  const isAlone = workers.length === 1 && scaling.mode === 'fixed' && spares.length === 0
  if (only !== undefined && isAlone) return [workerRow(application, only, false)]
  return [
    headingRow(application),
    ...workers.map(worker => workerRow(application, worker, true)),
    ...spares.map(spare => spareRow(application, spare))
  ]
}

function headingRow(application: ApplicationReportLine): Row {
  const { id, phase, ready, desired, minReady, workers, recent, scaling } = application
  const isRunning = phase === 'running'
  const look: Look = ready >= desired ? 'well' : ready >= Math.max(1, minReady) ? 'under way' : 'wrong'
  return {
    kind: 'application',
    application: id,
    slot: null,
    name: id,
    isInside: false,
    state: isRunning ? `${ready}/${desired} ready${rangeOf(application)}` : phase,
    look: isRunning ? look : phase === 'stopped' ? 'quiet' : 'under way',
    uptimeMs: null,
    restarts: sum(workers, worker => worker.restarts),
    recent,
    heapUsed: null,
    heapLimit: null,
    inflight: sum(workers, worker => worker.inflight),
    complaints:
      scaling.note === null ? [] : [{ subject: 'scaling', says: scaling.note, degree: 'worth knowing' }]
  }
}

/** Between how many workers the number may change, or that it may not. */
function rangeOf({ scaling: { mode, min, max } }: ApplicationReportLine): string {
  if (mode === 'auto') return ` (${min}-${max})`
  return mode === 'pinned' ? ' (pinned)' : ''
}

/** What a spare waits for, in words. */
const waits: Readonly<Record<NonNullable<SpareReportLine['waitsFor']>, string>> = {
  memory: 'there is no memory to spare for it',
  size: 'nobody knows yet how much memory it takes',
  backoff: 'its thread was lost, and the next one is not due yet'
}

function spareRow({ id }: ApplicationReportLine, { name, state, waitsFor }: SpareReportLine): Row {
  return {
    ...emptyRow,
    kind: 'worker',
    application: id,
    slot: Number(name.slice(name.lastIndexOf(':') + 1)),
    name,
    isInside: true,
    state: state === 'spare' ? 'spare' : `spare, ${state}`,
    look: state === 'spare' ? 'quiet' : 'under way',
    complaints:
      waitsFor === null ? [] : [{ subject: 'scaling', says: waits[waitsFor], degree: 'worth knowing' }]
  }
}

function workerRow(application: ApplicationReportLine, worker: WorkerReportLine, isInside: boolean): Row {
  const { name, slot, uptimeMs, restarts, recent, heapUsed, heapLimit, inflight } = worker
  const isThere = worker.state !== 'exited'
  const complaints = complaintsOf(worker, application)
  return {
    kind: 'worker',
    application: application.id,
    slot,
    name,
    isInside,
    state: stateOf(application, worker),
    look: lookOf(application, worker, complaints),
    uptimeMs,
    restarts,
    recent: isThere ? recent : null,
    heapUsed: isThere && heapLimit > 0 ? heapUsed : null,
    heapLimit: isThere && heapLimit > 0 ? heapLimit : null,
    inflight,
    complaints
  }
}

/** A row without numbers. */
const emptyRow = {
  application: null,
  slot: null,
  isInside: false,
  uptimeMs: null,
  restarts: null,
  recent: null,
  heapUsed: null,
  heapLimit: null,
  inflight: null,
  complaints: []
} as const

function edgeRow({ name, state, restarts }: ThreadReportLine): Row {
  return {
    ...emptyRow,
    kind: 'edge',
    name,
    state,
    look: state === 'ready' ? 'well' : state === 'exited' || state === 'zombie' ? 'wrong' : 'under way',
    restarts
  }
}

/** One word or two for how a worker stands. */
export function stateOf(
  { phase }: Pick<ApplicationReportLine, 'phase'>,
  { state, keptOut, circuit }: Pick<WorkerReportLine, 'state' | 'keptOut' | 'circuit'>
): string {
  if (state === 'exited' && phase === 'stopped') return 'stopped'
  if (state === 'exited' && circuit !== 'closed') return `circuit ${circuit}`
  return keptOut ? 'kept out' : state
}

function lookOf(
  application: ApplicationReportLine,
  worker: WorkerReportLine,
  complaints: readonly Complaint[]
): Look {
  if (worker.state === 'exited' && application.phase === 'stopped') return 'quiet'
  if (worker.state === 'exited' || worker.state === 'zombie') return 'wrong'
  if (complaints.some(({ subject }) => subject === 'turning')) return 'wrong'
  return worker.state === 'ready' ? 'well' : 'under way'
}

function sum(workers: readonly WorkerReportLine[], read: (worker: WorkerReportLine) => number): number {
  return workers.reduce((total, worker) => total + read(worker), 0)
}
