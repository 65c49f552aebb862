/**
 * Decides what a reload has to do: from the configuration in force and the new one to the smallest set of
 * changes, or to the reasons why it cannot be done while the server runs.
 *
 * Main thread only. Pure.
 */
import type { ResolvedApplication, ResolvedConfig } from '../../config/resolved.ts'
import { describeDifference, differences } from './differences.ts'
import type { Difference } from './differences.ts'

/** What a reload has to do. Applications are as the new configuration has them. */
export interface Plan {
  readonly added: readonly ResolvedApplication[]
  /**
   * In both configurations: all their workers are replaced, since their code may be new whatever is written. In
   * development, where new code is noticed, only those that differ.
   */
  readonly kept: readonly ResolvedApplication[]
  /** Ids of the applications that are no longer there. */
  readonly removed: readonly string[]
  /** The public server gets another address: a new listener is opened before the old one is closed. */
  readonly moves: boolean
  /** What differs, one sentence each without a full stop. */
  readonly changes: readonly string[]
  /** What cannot change while the server runs, one sentence each; unless it is empty nothing may be done. */
  readonly refused: readonly string[]
}

/** Keys that only a new process can change, by their paths; a path stands for what is below it too. */
const fixed: readonly string[] = [
  'root',
  'server.mode',
  'server.threads',
  'server.backlog',
  'mesh',
  'admin.enabled',
  'admin.hostname',
  'admin.port',
  'logger.format',
  'logger.redact',
  'logger.stdout',
  'logger.file'
]

/** Keys of no meaning of their own. */
const silent: readonly string[] = ['warnings', 'file', 'admin.portChosen', 'development']

/** Keys of the server that workers are started with. */
const forWorkers: readonly string[] = ['metrics.enabled', 'server.hostname', 'server.port']

/** Compares the configuration in force with the new one. */
export function planReload(before: ResolvedConfig, after: ResolvedConfig): Plan {
  const { applications: old, ...oldRest } = before
  const { applications: fresh, ...freshRest } = after
  const known = new Map(old.map(application => [application.id, application]))
  const added = fresh.filter(({ id }) => !known.has(id))
  const rest = differences(oldRest, freshRest).filter(({ path }) => !isBelow(path, silent))
  const isAbout = (application: ResolvedApplication): boolean =>
    after.development === null ||
    rest.some(({ path }) => isBelow(path, forWorkers)) ||
    changesOf(known.get(application.id), application).length > 0
  const kept = fresh.filter(application => known.has(application.id) && isAbout(application))
  const wanted = new Set(fresh.map(({ id }) => id))
  const removed = old.filter(({ id }) => !wanted.has(id)).map(({ id }) => id)
  const moves = rest.some(({ path }) => path === 'server.port' || path === 'server.hostname')
  return {
    added,
    kept,
    removed,
    moves,
    changes: [
      ...added.map(({ id }) => `applications.${id}: added`),
      ...removed.map(id => `applications.${id}: removed`),
      ...kept.flatMap(application => changesOf(known.get(application.id), application)),
      ...rest.map(describeDifference)
    ],
    refused: refusals(rest, after.server.mode)
  }
}

function changesOf(before: ResolvedApplication | undefined, after: ResolvedApplication): string[] {
  const [old, fresh] = [before, after].map(each => each && asWritten(each))
  return differences(old, fresh, `applications.${after.id}`).map(describeDifference)
}

/** Says the number of workers as it is written: of one that follows the load the present number is nobody's choice. */
function asWritten({ workers, scaling, ...rest }: ResolvedApplication): object {
  const { min, max, spare, enabled } = scaling
  return { ...rest, workers: enabled ? `${min}-${max}` : workers, 'workers.spare': spare }
}

function refusals(rest: readonly Difference[], mode: ResolvedConfig['server']['mode']): string[] {
  // In direct mode the listeners are those of the applications themselves.
  const address = mode === 'direct' ? ['server.port', 'server.hostname'] : []
  // In both other modes than edge its workers are started with what it takes to have clients of their own.
  const entrypoint = mode === 'edge' ? [] : ['entrypoint']
  const places = [...fixed, ...address, ...entrypoint]
  return rest.filter(({ path }) => isBelow(path, places)).map(describeDifference)
}

function isBelow(path: string, places: readonly string[]): boolean {
  return places.some(place => path === place || path.startsWith(`${place}.`))
}
