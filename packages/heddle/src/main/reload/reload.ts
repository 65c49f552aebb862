/**
 * THE WALK of a reload: new configuration → plan → the new side started beside the old one → the change over.
 * All or nothing: until the last new worker is ready everything can be taken back, and nobody has noticed.
 *
 * Main thread only. What has to be done is decided in `plan.ts`; how a worker is started and drained is the
 * supervisor's business.
 */
import type { ResolvedApplication, ResolvedConfig } from '../../config/resolved.ts'
import { HeddleError } from '../../errors.ts'
import type { Announce } from '../../events.ts'
import type { Clock } from '../../shared/clock.ts'
import { planReload } from './plan.ts'
import type { Plan } from './plan.ts'

/** Something started beside what runs, which takes over or goes again. */
export interface Staged {
  /** What has gone wrong since it was ready; `null` as long as it can take over. */
  failure(): Error | null
  /** Takes over at once; resolves when what it has replaced is gone. Never rejects. */
  commit(): Promise<void>
  /** Goes again, as if it had never been. Never rejects. */
  undo(): Promise<void>
}

/** What a reload needs of those around it. */
export interface ReloadParts {
  readonly clock: Clock
  readonly announce: Announce
  /** Reads the configuration again. Rejects with what is wrong with it. */
  load(): Promise<ResolvedConfig>
  /** The configuration in force. */
  current(): ResolvedConfig
  /** From now on this one is in force: for threads started later, for deadlines, for probes. */
  adopt(config: ResolvedConfig): void
  /** Groups applications so that each comes after what it depends on. */
  levels(config: ResolvedConfig): readonly (readonly ResolvedApplication[])[]
  /**
   * Starts all workers of an application with these settings beside those it has, and resolves when all are
   * ready; none of them gets a request before it is committed. An application nobody knew is published at
   * once, since those staged after it may need it. Rejects when one does not become ready, and leaves nothing.
   */
  stageApplication(application: ResolvedApplication): Promise<Staged>
  /** Opens the public port of the configuration beside the one that is open. */
  stageListener(config: ResolvedConfig): Promise<Staged>
  /** Tells the edges routes, entrypoint and limits, and resolves when all of them go by these. Never rejects. */
  configureEdges(config: ResolvedConfig): Promise<void>
  /** Stops an application and forgets it. Never rejects. */
  removeApplication(id: string): Promise<void>
}

/** What was done, one sentence for each difference, and what is worth telling about the new configuration. */
export interface Reloaded {
  readonly changes: readonly string[]
  readonly warnings: readonly string[]
  readonly reloadMs: number
}

/**
 * Puts new code and new configuration in force, without losing a request.
 *
 * @param reason Who asked, for the log.
 * @throws HEDDLE_CONFIG_INVALID, HEDDLE_CONFIG_NOT_FOUND, HEDDLE_CONFIG_UNREADABLE, HEDDLE_RELOAD_REFUSED,
 * HEDDLE_RELOAD_FAILED. Everything is as it was then.
 */
export async function reload(parts: ReloadParts, reason: string): Promise<Reloaded> {
  const { clock, announce } = parts
  const startedAt = clock.now()
  try {
    const config = await parts.load()
    const plan = planReload(parts.current(), config)
    if (plan.refused.length > 0) throw new HeddleError('HEDDLE_RELOAD_REFUSED', { changes: plan.refused })
    announce('reload:started', { reason, changes: plan.changes })
    await changeOver(parts, config, plan)
    const reloadMs = Math.round(clock.now() - startedAt)
    announce('reload:finished', { changes: plan.changes, reloadMs })
    return { changes: plan.changes, warnings: config.warnings, reloadMs }
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown))
    announce('reload:failed', { error })
    throw error
  }
}

async function changeOver(parts: ReloadParts, config: ResolvedConfig, plan: Plan): Promise<void> {
  const before = parts.current()
  const staged: Staged[] = []
  // What is started from here on is started with the new configuration.
  parts.adopt(config)
  try {
    await stageAll(parts, config, plan, staged)
    const failure = staged.map(each => each.failure()).find(error => error !== null)
    if (failure !== undefined) throw failure
  } catch (thrown) {
    parts.adopt(before)
    // An edge thread that was replaced meanwhile has begun with the new routes.
    await parts.configureEdges(before)
    await Promise.all(staged.toReversed().map(each => each.undo()))
    const cause = thrown instanceof Error ? thrown : new Error(String(thrown))
    throw new HeddleError('HEDDLE_RELOAD_FAILED', { reason: cause.message }, { cause })
  }
  // From here on nothing can fail: the new workers are ready, and the old ones are only drained.
  const goings = staged.map(each => each.commit())
  await Promise.all([...goings, parts.configureEdges(config)])
  await removeAll(parts, before, plan)
}

async function stageAll(
  parts: ReloadParts,
  config: ResolvedConfig,
  { added, kept, moves }: Plan,
  staged: Staged[]
): Promise<void> {
  for (const level of parts.levels(config)) {
    const concerned = level.filter(each => kept.includes(each) || added.includes(each))
    const outcomes = await Promise.allSettled(concerned.map(each => parts.stageApplication(each)))
    const failed = outcomes.find(outcome => outcome.status === 'rejected')
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') staged.push(outcome.value)
    if (failed !== undefined) throw failed.reason
  }
  if (moves) staged.push(await parts.stageListener(config))
}

/** Those that others depended on go last. */
async function removeAll(parts: ReloadParts, before: ResolvedConfig, { removed }: Plan): Promise<void> {
  for (const level of parts.levels(before).toReversed()) {
    const going = level.filter(({ id }) => removed.includes(id))
    await Promise.all(going.map(({ id }) => parts.removeApplication(id)))
  }
}
