/**
 * THE WALK of a build: packages read → planned → run in order, their output kept.
 *
 * Main thread of a command. Shows nothing: who called is told what happens.
 */
import type { Clock } from '../shared/clock.ts'
import { Output } from './output.ts'
import { readPackages } from './packages.ts'
import type { BuildApplication, PackageDisk } from './packages.ts'
import { planBuild } from './plan.ts'
import type { BuildPlan, Step } from './plan.ts'
import { runCommand } from './run-command.ts'
import { runSteps } from './run-steps.ts'
import type { BuildOutcome, StepEnd } from './run-steps.ts'

/** What is told while a plan is carried out. */
export interface BuildListener {
  /** A build begins. */
  onBegin(step: Step): void
  /** It has written a line. */
  onLine(step: Step, line: string): void
  /** It has ended. */
  onEnd(step: Step, ended: StepEnd, output: string): void
}

/** How a plan is carried out. */
export interface BuildOptions {
  readonly clock: Clock
  /** Builds at the same time. */
  readonly concurrency: number
  /** Ends it in good order. */
  readonly signal: AbortSignal
  /** Ends it at once. */
  readonly hurry: AbortSignal
  readonly listener: BuildListener
}

/**
 * Plans the build of applications.
 *
 * @param applications All of the configuration.
 * @param ids Those to build.
 * @throws HEDDLE_BUILD_CIRCLE
 */
export function readPlan(
  applications: readonly BuildApplication[],
  ids: readonly string[],
  surroundings: { readonly disk: PackageDisk; readonly env: Readonly<Record<string, string | undefined>> }
): BuildPlan {
  const { disk, env } = surroundings
  const packages = readPackages(applications, disk, env)
  const wanted = applications.filter(({ id }) => ids.includes(id)).map(({ path }) => disk.real(path) ?? path)
  return planBuild(packages, [...new Set(wanted)])
}

/** Carries a plan out. Never rejects. */
export function carryOut(plan: BuildPlan, options: BuildOptions): Promise<BuildOutcome> {
  const { clock, concurrency, signal, hurry, listener } = options
  const run = async (step: Step): Promise<StepEnd> => {
    const output = new Output(line => listener.onLine(step, line))
    listener.onBegin(step)
    const ended = await runCommand(step, { clock, signal, hurry, onOutput: chunk => output.add(chunk) })
    output.end()
    listener.onEnd(step, ended, output.text)
    return ended
  }
  return runSteps(plan.steps, { concurrency, run, signal })
}
