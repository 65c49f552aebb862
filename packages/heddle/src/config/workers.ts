/**
 * Works out how many workers an application has: at the start, at least, at most, and kept ready beside them.
 *
 * Pure, for any thread. What is written closest to the application wins, key by key; what was given on the command
 * line or in the environment outranks all that is written.
 */
import type { Mistake } from '../errors.ts'
import type { CheckedConfig, CheckedWorkers } from './checked.ts'
import type { ResolvedApplication, ResolvedConfig, ResolvedScaling } from './resolved.ts'
import type { WorkersOverride } from './settings.ts'
import { joinPath } from './substitute.ts'

/** Everything that has a say in it. */
export interface WorkersSources {
  readonly config: Pick<CheckedConfig, 'workers' | 'scaling'>
  readonly override: WorkersOverride | null
  /** The number where nobody says anything. */
  readonly defaultWorkers: number
  /** The most where nobody says how many: whole CPUs the process may use. */
  readonly cpus: number
}

type Bounds = Omit<ResolvedScaling, 'enabled'>

/** How many workers one application has. */
export function resolveScaling(
  id: string,
  written: { readonly workers?: number | CheckedWorkers; readonly scaling?: 'on' | 'off' },
  sources: WorkersSources
): ResolvedScaling {
  const { config, override, defaultWorkers, cpus } = sources
  const standard: Bounds = { min: defaultWorkers, max: defaultWorkers, spare: 0 }
  const free: Bounds = { min: 1, max: cpus, spare: 0 }
  const shared = apply(config.workers, standard, free)
  const own = apply(written.workers, shared, config.workers === undefined ? free : shared)
  const given = override?.byId.get(id) ?? override?.all
  const { min, max, spare } = { ...own, ...given }
  return { min, max, spare, enabled: (written.scaling ?? config.scaling) === 'on' && min < max }
}

/** What is written, over what holds without it; `free` stands in for the half of the bounds that is missing. */
function apply(written: number | CheckedWorkers | undefined, without: Bounds, free: Bounds): Bounds {
  if (written === undefined) return without
  if (typeof written === 'number') return { ...without, min: written, max: written }
  const { min, max, spare = without.spare } = written
  if (min === undefined && max === undefined) return { ...without, spare }
  const least = min ?? Math.min(free.min, max ?? free.min)
  return { min: least, max: max ?? Math.max(free.max, least), spare }
}

/** Reports bounds that leave no number between them. */
export function judgeWorkers(
  config: Pick<CheckedConfig, 'workers' | 'applications'>,
  mistakes: Mistake[]
): void {
  const places = Object.entries(config.applications).map(
    ([id, { workers }]) => [`${joinPath('applications', id)}.workers`, workers] as const
  )
  for (const [path, written] of [['workers', config.workers] as const, ...places]) {
    if (typeof written !== 'object') continue
    const { min, max } = written
    if (min === undefined || max === undefined || min <= max) continue
    mistakes.push({ path: `${path}.min`, message: `has to be at most max, which is ${max}`, offered: min })
  }
}

/** Reports a total that the applications exceed with what they have at least. */
export function judgeTotal(
  { workers }: Pick<CheckedConfig, 'workers'>,
  applications: readonly Pick<ResolvedApplication, 'id' | 'scaling'>[],
  mistakes: Mistake[]
): void {
  const total = totalOf(workers)
  const least = applications.reduce((sum, { scaling }) => sum + scaling.min, 0)
  if (total === null || least <= total) return
  const each = applications.map(({ id, scaling }) => `${id} ${scaling.min}`).join(', ')
  const message = `the applications have at least ${least} workers together (${each})`
  mistakes.push({ path: 'workers.total', message, offered: total })
}

/** Reports spare workers where every thread that has loaded listens, and so answers requests. */
export function judgeSpare(
  config: Pick<CheckedConfig, 'workers' | 'applications' | 'server'>,
  entrypoint: ResolvedConfig['entrypoint'],
  applications: readonly Pick<ResolvedApplication, 'id' | 'scaling'>[],
  mistakes: Mistake[]
): void {
  const scaling = applications.find(({ id }) => id === entrypoint)?.scaling
  if (config.server.mode !== 'direct' || entrypoint === null || scaling === undefined) return
  if (scaling.spare === 0) return
  const written = Object.hasOwn(config.applications, entrypoint)
    ? config.applications[entrypoint]?.workers
    : undefined
  const isOwn = typeof written === 'object' && written.spare !== undefined
  const path = isOwn ? `${joinPath('applications', entrypoint)}.workers.spare` : 'workers.spare'
  const message = `the entrypoint cannot have spare workers with server.mode "direct": each that has loaded would answer requests`
  mistakes.push({ path, message, offered: scaling.spare })
}

/** What is written of all applications together; `null` when nothing is. */
export function totalOf(written: CheckedConfig['workers']): number | null {
  return typeof written === 'object' ? (written.total ?? null) : null
}
