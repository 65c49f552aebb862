/**
 * Walks a plan: begins each build when what it depends on is done, so many at a time; after a failure it begins none
 * any more and waits for those that run.
 *
 * Main thread of a command. Runs nothing itself: how a step is run is given to it.
 */
import type { Step } from './plan.ts'

/** How one build ended. */
export interface StepEnd {
  readonly isDone: boolean
  /** Why not, as words that follow its name. */
  readonly reason: string | null
  readonly durationMs: number
}

/** How a plan is walked. */
export interface RunOptions {
  /** Builds at the same time. */
  readonly concurrency: number
  /** Runs one; never rejects. */
  readonly run: (step: Step) => Promise<StepEnd>
  /** No further build is begun then. Those that run are ended by who runs them. */
  readonly signal: AbortSignal
}

/** What became of a plan. */
export interface BuildOutcome {
  readonly done: readonly string[]
  readonly failed: readonly { readonly name: string; readonly reason: string }[]
  readonly notBegun: readonly string[]
}

/** Walks the plan to its end. */
export async function runSteps(steps: readonly Step[], options: RunOptions): Promise<BuildOutcome> {
  const { concurrency, run, signal } = options
  const done = new Set<string>()
  const failed: { name: string; reason: string }[] = []
  const running = new Map<string, Promise<void>>()
  let waiting = [...steps]
  const runOne = async (step: Step): Promise<void> => {
    const { isDone, reason } = await run(step)
    running.delete(step.name)
    if (isDone) done.add(step.name)
    else failed.push({ name: step.name, reason: reason ?? 'failed' })
  }
  for (;;) {
    const mayBegin = failed.length === 0 && !signal.aborted
    const ready = waiting.filter(({ after }) => after.every(name => done.has(name)))
    const next = mayBegin ? ready.slice(0, concurrency - running.size) : []
    waiting = waiting.filter(step => !next.includes(step))
    for (const step of next) running.set(step.name, runOne(step))
    if (running.size === 0) break
    await Promise.race(running.values())
  }
  return { done: [...done], failed, notBegun: waiting.map(({ name }) => name) }
}
