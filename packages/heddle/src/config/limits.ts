/**
 * Gives every worker its heap limit, and finds what would silently undo it.
 *
 * Pure, for any thread. `--max-old-space-size` on the process outranks the limit of every worker, without a
 * word from Node.js: where limits are written down that is a mistake, elsewhere a warning.
 */
import type { Mistake } from '../errors.ts'
import { heapShare } from './machine/budget.ts'
import type { HeapShare } from './machine/budget.ts'
import type { Machine } from './machine/machine.ts'
import { heapOptionIn, splitNodeOptions } from './node-options.ts'
import type { ResolvedApplication } from './resolved.ts'
import { joinPath } from './substitute.ts'

/** What limits depend on. */
export interface LimitSources {
  readonly machine: Machine
  readonly execArgv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Where findings go. */
export interface Findings {
  readonly mistakes: Mistake[]
  readonly warnings: string[]
}

/** The applications with heap limits worked out where none were written and a container sets one. */
export function applyLimits(
  applications: readonly ResolvedApplication[],
  sources: LimitSources,
  findings: Findings
): ResolvedApplication[] {
  judgeHeapOption(applications, sources, findings)
  const { memoryLimitBytes } = sources.machine
  if (memoryLimitBytes === null) return [...applications]
  const workers = applications.reduce((sum, each) => sum + each.workers + each.scaling.spare, 0)
  const share = heapShare(memoryLimitBytes, workers)
  const isGuessed = applications.some(({ limits }) => limits.oldGenerationMb === null)
  if (share.isShort && isGuessed) {
    const limitMb = Math.floor(memoryLimitBytes / 1024 ** 2)
    findings.warnings.push(
      `The container allows ${limitMb} MiB, too little for ${workers} workers: use fewer, or set limits.`
    )
  }
  return applications.map(application => ({ ...application, limits: withShare(application, share) }))
}

function withShare({ limits }: ResolvedApplication, share: HeapShare): ResolvedApplication['limits'] {
  if (limits.oldGenerationMb !== null) return limits
  const { oldGenerationMb, youngGenerationMb } = share
  const isYoungShared = limits.youngGenerationMb === null
  return {
    ...limits,
    oldGenerationMb,
    youngGenerationMb: limits.youngGenerationMb ?? youngGenerationMb,
    shared: isYoungShared ? ['oldGenerationMb', 'youngGenerationMb'] : ['oldGenerationMb']
  }
}

function judgeHeapOption(
  applications: readonly ResolvedApplication[],
  { machine, execArgv, env }: LimitSources,
  { mistakes, warnings }: Findings
): void {
  const onCommandLine = heapOptionIn(execArgv)
  const option = onCommandLine ?? heapOptionIn(splitNodeOptions(env['NODE_OPTIONS']))
  if (option === null) return
  const place = onCommandLine === null ? 'NODE_OPTIONS' : 'the options of node'
  const limited = applications.filter(({ limits }) => limits.oldGenerationMb !== null)
  for (const { id, limits } of limited) {
    const path = `${joinPath('applications', id)}.limits.oldGeneration`
    const message = `this limit would be ignored, because ${option} in ${place} overrides that of every worker: remove one of them`
    mistakes.push({ path, message, offered: limits.oldGenerationMb })
  }
  if (limited.length > 0) return
  const loss =
    machine.memoryLimitBytes === null ? '' : ', so the memory of the container cannot be divided among them'
  warnings.push(
    `${option} in ${place} sets the heap limit of every single worker${loss}: use limits.oldGeneration instead.`
  )
}
