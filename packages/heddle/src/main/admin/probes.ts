/**
 * What the three probes say about a server in a given state.
 *
 * Main thread only. Pure. Liveness says that the main thread turns, and that the process has not lost more threads
 * for good than it can bear: a sick application must not make an orchestrator kill all the healthy ones.
 */
import type { StatusReport } from './report.ts'

/** The probes by their path. */
export const probes: ReadonlyMap<string, Probe> = new Map<string, Probe>([
  ['/livez', report => conclude([{ name: 'main thread', isGood: true, says: 'turns' }, zombieCheck(report)])],
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

function zombieCheck({ zombies, maxZombies }: StatusReport): Check {
  const says = `${zombies} threads stuck in native code for good, ${maxZombies} are borne`
  return { name: 'zombies', isGood: zombies <= maxZombies, says }
}

function applicationCheck({ id, phase, ready, workers }: StatusReport['applications'][number]): Check {
  // Nobody waits for what an operator has stopped.
  if (phase === 'stopped' || phase === 'stopping')
    return { name: id, isGood: true, says: `${phase} on purpose` }
  const failing = workers.filter(({ circuit }) => circuit !== 'closed').length
  const isHopeless = failing > 0 && failing === workers.length
  const circuits = isHopeless ? ', every circuit is open: their restarts fail' : ''
  return {
    name: id,
    isGood: ready > 0 && !isHopeless,
    says: `${ready} of ${workers.length} workers ready${circuits}`
  }
}
