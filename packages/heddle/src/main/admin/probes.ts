/**
 * What the three probes say about a server in a given state.
 *
 * Main thread only. Pure. None of them depends on another:
 * - liveness says that the main thread turns, and that the process has not lost more threads for good than it can
 *   bear. A sick application must not make an orchestrator kill all the healthy ones.
 * - readiness says whether requests are welcome: the server runs, its public threads turn, and each application that
 *   is required has as many workers ready as it needs.
 * - startup says whether it has come up once.
 */
import type { ApplicationReportLine, StatusReport, WorkerReportLine } from './report.ts'

/** The probes by their path. */
export const probes: ReadonlyMap<string, Probe> = new Map<string, Probe>([
  ['/livez', report => conclude([{ name: 'main thread', isGood: true, says: 'turns' }, zombieCheck(report)])],
  ['/readyz', (report, application) => conclude(readinessChecks(report, application))],
  ['/startupz', (report, application) => conclude(startupChecks(report, application))]
])

/** Judges a server by what is known about it, or one of its applications alone. */
export type Probe = (report: StatusReport, application: ApplicationReportLine | null) => ProbeAnswer

/** One thing a probe looks at. */
export interface Check {
  readonly name: string
  readonly isGood: boolean
  readonly says: string
}

/** The answer of a probe. */
export interface ProbeAnswer {
  /** 200 or 503. */
  readonly status: number
  readonly checks: readonly Check[]
}

/** `ok`, or one line for each reason why not; with `verbose` a line for every check. */
export function probeText(answer: ProbeAnswer, verbose: boolean): string {
  if (!verbose && answer.status === 200) return 'ok\n'
  return answer.checks
    .filter(check => verbose || !check.isGood)
    .map(({ name, isGood, says }) => `[${isGood ? '+' : '-'}] ${name}: ${says}\n`)
    .join('')
}

function conclude(checks: readonly Check[]): ProbeAnswer {
  return { status: checks.every(check => check.isGood) ? 200 : 503, checks }
}

function readinessChecks(report: StatusReport, application: ApplicationReportLine | null): readonly Check[] {
  const server = phaseCheck(report)
  if (application !== null) return [server, applicationCheck({ ...application, required: true })]
  return [server, ...edgeChecks(report), ...report.applications.map(applicationCheck)]
}

function startupChecks(report: StatusReport, application: ApplicationReportLine | null): readonly Check[] {
  const { phase } = report
  const isStarted = phase !== 'idle' && phase !== 'starting'
  const server = { name: 'server', isGood: isStarted, says: isStarted ? 'started' : 'starting' }
  if (application === null) return [server]
  const isUp = application.phase !== 'starting'
  return [{ name: application.id, isGood: isUp, says: isUp ? 'started' : 'starting' }]
}

function phaseCheck({ phase }: StatusReport): Check {
  return { name: 'server', isGood: phase === 'running', says: phase }
}

/** Without a thread that takes connections every application is ready in vain. In direct mode there is none. */
function edgeChecks({ phase, edges }: StatusReport): readonly Check[] {
  // Before and after it is clear that they do not.
  if (phase !== 'running' || edges.length === 0) return []
  const turning = edges.filter(
    ({ state, heartbeatAgeMs }) => state === 'ready' && heartbeatAgeMs !== null && heartbeatAgeMs <= staleMs
  ).length
  return [
    { name: 'edge', isGood: turning > 0, says: `${turning} of ${edges.length} threads take connections` }
  ]
}

/** Milliseconds after which an edge thread is not believed to turn. It runs no code but ours. */
const staleMs = 1000

function zombieCheck({ zombies, maxZombies }: StatusReport): Check {
  const says = `${zombies} threads stuck in native code for good, ${maxZombies} are borne`
  return { name: 'zombies', isGood: zombies <= maxZombies, says }
}

function applicationCheck(application: ApplicationReportLine): Check {
  const { id, phase, ready, minReady, workers, required } = application
  // Nobody waits for what an operator has stopped.
  if (phase === 'stopped' || phase === 'stopping') {
    return { name: id, isGood: true, says: `${phase} on purpose` }
  }
  const isReady = ready >= minReady
  const needed = minReady === 1 ? '' : `, ${minReady} needed`
  const says = `${ready} of ${workers.length} workers ready${needed}`
  if (isReady) return { name: id, isGood: true, says }
  if (!required) return { name: id, isGood: true, says: `${says} (not required)` }
  return { name: id, isGood: false, says: says + reasons(workers) }
}

/** Reasons that are told of one application: the first workers speak for the others. */
const reasonsMax = 4

function reasons(workers: readonly WorkerReportLine[]): string {
  const lacking = workers.filter(({ isReady }) => !isReady)
  if (lacking.length === 0) return ''
  const told = lacking.slice(0, reasonsMax).map(worker => `${worker.name} ${reasonOf(worker)}`)
  const rest = lacking.length - told.length
  return `: ${told.join(', ')}${rest === 0 ? '' : `, ${rest} more`}`
}

function reasonOf({ state, circuit, keptOut, heartbeatAgeMs, health }: WorkerReportLine): string {
  if (state === 'exited' && circuit !== 'closed') return 'fails to start again and again'
  if (state === 'exited') return 'is gone'
  if (keptOut) return 'is kept out'
  const notReady = health?.notReady ?? null
  if (notReady !== null) return `is not ready${notReady === '' ? '' : ` (${notReady})`}`
  if (state !== 'ready' && state !== 'ejected') return `is ${state}`
  const [cause] = health?.causes ?? []
  if (cause !== undefined) return `is out (${cause})`
  return state === 'ready' ? `has not turned for ${heartbeatAgeMs ?? 0} ms` : 'is out'
}
