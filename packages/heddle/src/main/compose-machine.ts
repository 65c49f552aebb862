/**
 * Puts together what a server knows of its machine and does about it: limits that change, the heap of new workers, the
 * guard of its memory.
 *
 * Main thread only. A part of the composition root, apart from `coordinator.ts` only for its length.
 */
import type { ResolvedApplication, ResolvedLimits } from '../config/resolved.ts'
import type { MachineReportLine } from '../control/answers.ts'
import type { Announce } from '../events.ts'
import { systemClock } from '../shared/clock.ts'
import type { Watch, Watches } from './compose-watches.ts'
import type { GuardedWorker, MachineSource } from './machine/guarded.ts'
import { HeapGuard } from './machine/heap-guard.ts'
import { limitsNow } from './machine/heap-budget.ts'
import type { MachineSample } from './machine/machine-sample.ts'
import { MachineWatch } from './machine/machine-watch.ts'
import { hasRoomToSpare } from './machine/guard-policy.ts'
import { MemoryGuard } from './machine/memory-guard.ts'
import { ownMachine } from './machine/own-machine.ts'
import { WorkerSizes } from './machine/worker-sizes.ts'
import type { ThreadPhase } from './machine/worker-sizes.ts'
import type { Supervisor } from './supervisor/supervisor.ts'
import type { WorkerHandle } from './supervisor/worker-handle.ts'
import type { WorkerPool } from './supervisor/worker-pool.ts'

/** The rooms it needs. */
export interface MachineRooms {
  readonly supervisor: Pick<Supervisor, 'applications' | 'count' | 'pools'>
  readonly watches: Pick<Watches, 'replaceable'>
}

/** The machine of a server. */
export interface MachineRoom {
  readonly watches: readonly Watch[]
  /** The memory limits of a worker that is started now. */
  readonly limitsOf: (application: ResolvedApplication) => ResolvedLimits
  report(): MachineReportLine
  /** Whether there is memory for one more worker that could be done without; `null` while its size is not known. */
  readonly hasSpareRoom: (application: string) => boolean | null
  /** The machine between each two times it is asked. */
  meter(): () => MachineSample
  /** Bytes one more worker of this application is expected to need. */
  workerBytes(application: string): number
}

/**
 * Puts it together. Nothing looks before its watches are started.
 *
 * @param source This machine, unless told.
 * @param rooms They come later than the machine, and are asked for when they are needed.
 */
export function composeMachine(
  source: MachineSource = ownMachine(),
  announce: Announce,
  rooms: () => MachineRooms
): MachineRoom {
  const clock = systemClock
  const watch = new MachineWatch({ source, clock, announce })
  const workers = (): readonly GuardedWorker[] => rooms().watches.replaceable()
  const pools = (): readonly WorkerPool[] => rooms().supervisor.pools()
  const sizes = new WorkerSizes(workers, () => new Map(pools().flatMap(phasesOf)))
  const maxMemory = (id: string): number => {
    const application = rooms()
      .supervisor.applications()
      .find(each => each.id === id)
    return application?.recycle.maxMemory ?? 0
  }
  const guarded = { workers, maxMemory }
  return {
    watches: [
      watch,
      new MemoryGuard({ source, guarded, sizes, clock, announce, letSparesGo: () => letSparesGo(pools()) }),
      new HeapGuard({ source, guarded, sizes, clock })
    ],
    limitsOf: application => {
      const { memoryLimitBytes } = source.limits
      return limitsNow(application, { memoryLimitBytes, workers: rooms().supervisor.count() })
    },
    hasSpareRoom: application => {
      sizes.look()
      if (source.limits.memoryLimitBytes !== null && sizes.fresh(application) === 0) return null
      const { loadedBytes, startedBytes } = sizes.expectation()
      return hasRoomToSpare(source.use().memory, sizes.expected(application), startedBytes - loadedBytes)
    },
    report: () => watch.report(),
    meter: () => watch.meter(),
    workerBytes: application => sizes.expected(application)
  }
}

/** All threads of an application that have not ended. */
function threadsOf({ everySlot, spares }: WorkerPool): readonly WorkerHandle[] {
  return [...spares.living, ...everySlot.flatMap(({ living }) => living)]
}

function phasesOf(pool: WorkerPool): readonly (readonly [WorkerHandle, ThreadPhase])[] {
  const application = pool.settings.id
  return threadsOf(pool).map(handle => {
    const isLoading = handle.introduction === null && handle.life.state === 'starting'
    return [handle, { application, isLoading }] as const
  })
}

function letSparesGo(pools: readonly WorkerPool[]): boolean {
  return pools.map(pool => pool.spares.letGo()).some(Boolean)
}
