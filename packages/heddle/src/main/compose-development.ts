/**
 * Puts together what a server does beside serving while it is developed with: the files of its applications are
 * watched, and what has changed is put in force.
 *
 * Main thread only. A part of the composition root, apart from `coordinator.ts` only for its length.
 */
import { HeddleError } from '../errors.ts'
import type { Events } from '../events.ts'
import type { Clock } from '../shared/clock.ts'
import { Deadline } from '../shared/deadline.ts'
import type { InForce } from './compose-operations.ts'
import type { Watch } from './compose-watches.ts'
import { Development } from './dev/development.ts'
import type { Refreshed } from './dev/refresher.ts'
import type { ThreadStarter } from './supervisor/thread.ts'
import type { Supervisor } from './supervisor/supervisor.ts'
import type { WorkerPool } from './supervisor/worker-pool.ts'
import type { ApplicationReport } from './supervisor/worker-status.ts'

/** What it is put together from; what a function returns is asked for when it is needed. */
export interface DevelopmentSources {
  readonly inForce: InForce
  readonly clock: Clock
  readonly events: Events
  readonly supervisor: () => Supervisor
  readonly reload: (reason: string) => Promise<unknown>
}

/** What the rest of a server has to know of it. */
export interface ComposedDevelopment {
  /** `null` for a server that serves. */
  readonly development: Development | null
  readonly watches: readonly Watch[]
  /** Starts threads, and hears what their applications load. @param workers The file worker threads begin with. */
  starter(start: ThreadStarter, workers: URL): ThreadStarter
  /** Starts an application at the boot. In development it never rejects: one that does not start is told of. */
  bootApplication(id: string): Promise<ApplicationReport>
}

/** Milliseconds those have that finish what they have, once the next change is to be put in force. */
const hurryMs = 100

/** Milliseconds a thread may take to end once it was told to. */
const endMs = 1000

/** The development of a server; there is none where `development` is not configured. */
export function composeDevelopment(sources: DevelopmentSources): ComposedDevelopment {
  const { inForce, clock, events, supervisor, reload } = sources
  const settings = inForce.config.development
  if (settings === null) {
    return {
      development: null,
      watches: [],
      starter: start => start,
      bootApplication: id => supervisor().boot(id)
    }
  }
  const development = new Development(
    {
      clock,
      events,
      announce: (name, fact) => events.emit(name, fact),
      config: () => inForce.config,
      applications: refreshed(supervisor, clock),
      reload
    },
    settings
  )
  return {
    development,
    watches: [development],
    starter: (start, workers) => development.heard.listen(start, workers),
    bootApplication: async id => {
      await development.boot(id)
      const { workers = [], kind = null } =
        supervisor()
          .status()
          .find(each => each.id === id) ?? {}
      return { id, workers: workers.length, kind: kind ?? 'not running' }
    }
  }
}

/** The supervisor in the words of the room. */
function refreshed(supervisor: () => Supervisor, clock: Clock): Refreshed {
  const find = (id: string): WorkerPool | undefined =>
    supervisor()
      .pools()
      .find(({ settings }) => settings.id === id)
  return {
    isRunning: id => {
      const pool = find(id)
      return pool === undefined ? null : pool.phase === 'running'
    },
    ready: id => find(id)?.status().ready ?? 0,
    start: id => supervisor().boot(id),
    replace: async id => {
      const [failed] = (await find(id)?.restart('changed')) ?? []
      if (failed === undefined) return
      const { worker, reason, error } = failed
      const detail = { application: id, worker, reason }
      throw new HeddleError('HEDDLE_APPLICATION_FAILED', detail, error === null ? {} : { cause: error })
    },
    hurry: id => {
      for (const handle of find(id)?.slots.flatMap(({ living }) => living) ?? []) {
        const { state } = handle
        const isOnItsWay = state === 'draining' || state === 'stopping'
        if (state !== 'starting' && !isOnItsWay) continue
        void Deadline.during(clock, isOnItsWay ? hurryMs : 0, deadline => handle.stop(deadline, endMs))
      }
    }
  }
}
