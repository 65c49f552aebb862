/**
 * What the three probes say about a server in a given state.
 *
 * Main thread only. Pure. Liveness says only that the main thread turns: a sick application must not make
 * an orchestrator kill all the healthy ones.
 */
import type { StatusReport } from './report.ts'

/** The probes by their path. */
export const probes: ReadonlyMap<string, Probe> = new Map<string, Probe>([
  ['/livez', () => conclude([{ name: 'main thread', isGood: true, says: 'turns' }])],
  ['/readyz', report => conclude([phaseCheck(report), ...report.applications.map(applicationCheck)])],
  ['/startupz', report => conclude([startupCheck(report)])]
])

/** Judges a server by what is known about it. */
export type Probe = (report: StatusReport) => ProbeAnswer

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

function phaseCheck({ phase }: StatusReport): Check {
  return { name: 'server', isGood: phase === 'running', says: phase }
}

function startupCheck({ phase }: StatusReport): Check {
  const isStarted = phase !== 'idle' && phase !== 'starting'
  return { name: 'server', isGood: isStarted, says: isStarted ? 'started' : 'starting' }
}

function applicationCheck({ id, ready, workers }: StatusReport['applications'][number]): Check {
  return { name: id, isGood: ready > 0, says: `${ready} of ${workers.length} workers ready` }
}
