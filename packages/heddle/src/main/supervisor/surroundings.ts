/**
 * What every thread of one server has around it, gathered once by the coordinator.
 *
 * Main thread only. A value and no behaviour; tests put fakes in it.
 */
import type { LogStyle, ThreadLogger } from '../../channel/messages.ts'
import type { ResolvedApplication, ResolvedConfig, ResolvedLimits } from '../../config/resolved.ts'
import type { Announce } from '../../events.ts'
import type { Clock } from '../../shared/clock.ts'
import type { Handoff } from './handoff.ts'
import type { MeshSeats } from './mesh-seat.ts'
import type { ThreadFiles } from './spawn.ts'
import type { ThreadStarter } from './thread.ts'

/** Shared by the supervisor of the workers and that of the edges. */
export interface Surroundings {
  readonly config: ResolvedConfig
  readonly seats: MeshSeats
  readonly files: ThreadFiles
  readonly logs: ThreadLogs
  readonly clock: Clock
  readonly announce: Announce
  readonly startThread: ThreadStarter
  /** A number from 0 up to 1; `Math.random` but in tests. */
  readonly chance: () => number
  readonly publicPort: PublicPort
  /** In handoff mode only. */
  readonly handoff?: Handoff
  /** The memory limits of a worker that is started now; those of the configuration when it is left out. */
  readonly limitsOf?: (application: ResolvedApplication) => ResolvedLimits
  /**
   * Whether there is memory for one more worker of an application that could be done without; `null` as long as its size
   * is not known. There always is when it is left out.
   */
  readonly hasSpareRoom?: (application: string) => boolean | null
}

/** Gives each thread what it needs for its lines. */
export interface ThreadLogs {
  /** @param level Of the configuration; one that was set since outranks it. */
  issue(
    thread: { readonly application: string | null; readonly worker: string },
    level: LogStyle['level']
  ): {
    readonly logger: ThreadLogger
    /** To be called once the thread has ended. */
    readonly gone: () => void
  }
}

/** The public port as far as it is known: a configured 0 becomes a number when the first thread listens. */
export interface PublicPort {
  number: number
}
