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
import { MemoryGuard } from './machine/memory-guard.ts'
import { ownMachine } from './machine/own-machine.ts'
import { WorkerSizes } from './machine/worker-sizes.ts'
import type { Supervisor } from './supervisor/supervisor.ts'

/** The rooms it needs. */
export interface MachineRooms {
  readonly supervisor: Pick<Supervisor, 'applications' | 'count'>
  readonly watches: Pick<Watches, 'replaceable'>
}

/** The machine of a server. */
export interface MachineRoom {
  readonly watches: readonly Watch[]
  /** The memory limits of a worker that is started now. */
  readonly limitsOf: (application: ResolvedApplication) => ResolvedLimits
  report(): MachineReportLine
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
  const sizes = new WorkerSizes(workers)
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
      new MemoryGuard({ source, guarded, sizes, clock, announce }),
      new HeapGuard({ source, guarded, sizes, clock })
    ],
    limitsOf: application => {
      const { memoryLimitBytes } = source.limits
      return limitsNow(application, { memoryLimitBytes, workers: rooms().supervisor.count() })
    },
    report: () => watch.report(),
    meter: () => watch.meter(),
    workerBytes: application => sizes.expected(application)
  }
}
