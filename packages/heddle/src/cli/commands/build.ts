/**
 * `heddle build`: builds the applications of a configuration, in the order they depend on each other.
 *
 * Main thread of a command. No application is loaded; entries may be missing, since they may be what is built.
 */
import { availableParallelism } from 'node:os'

import { carryOut, readPlan } from '../../build/build.ts'
import { realPath } from '../../build/packages.ts'
import type { BuildPlan } from '../../build/plan.ts'
import type { BuildOutcome } from '../../build/run-steps.ts'
import { disk, loadConfig } from '../../config/load.ts'
import { HeddleError } from '../../errors.ts'
import { systemClock } from '../../shared/clock.ts'
import { exitCodes } from '../exit-codes.ts'
import { codeOf, failureAsJson, printFailure } from '../failure.ts'
import { loadOptions } from '../load-typed.ts'
import type { Run, Typed } from '../program.ts'
import { typedNumber } from '../typed-number.ts'
import { untilSignal } from '../until-signal.ts'
import { createBuildView, quietView } from './build-view.ts'
import type { BuildView } from './build-view.ts'

/** Runs the command. */
export const build: Run = async typed => {
  if (typed.options['json'] !== true) {
    const plan = await plannedBuild(typed)
    const view = createBuildView(plan, { isVerbose: typed.options['verbose'] === true })
    const { outcome, ending } = await execute(plan, typed, view)
    const failure = failureOf(outcome)
    if (ending !== null) return ending
    return failure === null ? exitCodes.ok.code : printFailure(failure)
  }
  try {
    const plan = await plannedBuild(typed)
    const view = quietView()
    const { outcome, ending } = await execute(plan, typed, view)
    const failure = failureOf(outcome)
    const value = { builds: view.ended, notBegun: outcome.notBegun, nothing: plan.nothing }
    const problem = failure === null ? {} : { code: failure.code, detail: failure.message }
    const ok = failure === null && ending === null
    process.stdout.write(`${JSON.stringify({ ok, interrupted: ending !== null, ...problem, ...value })}\n`)
    return ending ?? (failure === null ? exitCodes.ok.code : codeOf(failure))
  } catch (error) {
    return failureAsJson(error)
  }
}

/** What is to be done. @throws HEDDLE_UNKNOWN_APPLICATION, HEDDLE_BUILD_CIRCLE, and what loading does. */
async function plannedBuild(typed: Typed): Promise<BuildPlan> {
  const env = { ...process.env }
  const { applications } = await loadConfig({
    ...loadOptions({ words: [], options: typed.options }),
    isUnbuilt: true
  })
  const known = applications.map(({ id }) => id)
  const unknown = typed.words.find(id => !known.includes(id))
  if (unknown !== undefined) {
    throw new HeddleError('HEDDLE_UNKNOWN_APPLICATION', { application: unknown, known })
  }
  const ids = typed.words.length === 0 ? known : typed.words
  return readPlan(applications, ids, { disk: { ...disk, real: realPath }, env })
}

async function execute(
  plan: BuildPlan,
  typed: Typed,
  view: BuildView
): Promise<{ outcome: BuildOutcome; ending: number | null }> {
  const concurrency = typedNumber(typed, 'concurrency', { min: 1, max: 256 }) ?? availableParallelism()
  const end = untilSignal()
  const { signal } = end
  const hurry = new AbortController()
  const hurryUp = (): void => hurry.abort()
  signal.addEventListener('abort', () => {
    // Who presses Ctrl-C again has waited enough. Nobody else listens to it any more.
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, hurryUp)
  })
  try {
    const options = { clock: systemClock, concurrency, signal, hurry: hurry.signal, listener: view }
    const outcome = await carryOut(plan, options)
    const ending = end.code() === 0 ? exitCodes.interrupted.code : end.code()
    return { outcome, ending: signal.aborted ? ending : null }
  } finally {
    view.close()
    end.release()
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(name, hurryUp)
  }
}

function failureOf({ failed, notBegun }: BuildOutcome): HeddleError<'HEDDLE_BUILD_FAILED'> | null {
  return failed.length === 0 ? null : new HeddleError('HEDDLE_BUILD_FAILED', { failed, notBegun })
}
