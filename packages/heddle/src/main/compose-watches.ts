/**
 * Puts together what looks at the workers of a server, from time to time or when it is asked to: their health,
 * their blocks, what they have used up, and what they do in detail.
 *
 * Main thread only. A part of the composition root, apart from `coordinator.ts` only for its length. One inquiry
 * serves all who reach workers through the inspector, and who is being looked into is not judged meanwhile.
 */
import { randomUUID } from 'node:crypto'

import { systemClock } from '../shared/clock.ts'
import type { Clock } from '../shared/clock.ts'
import { residentBytes } from '../shared/resident-bytes.ts'
import type { Announce, Events } from '../events.ts'
import { BlockedReporter } from './blocked/blocked-reporter.ts'
import { createExplain } from './blocked/explain.ts'
import { Inquiries } from './blocked/inquiry.ts'
import { describeOsThread } from './blocked/os-thread.ts'
import { HealthWatch } from './health/watch.ts'
import { MeshInjection } from './inject/injection.ts'
import type { Injection, InjectionOptions } from './inject/injection.ts'
import type { StatusSources } from './compose-status.ts'
import type { Profiling } from './profiling/profiling.ts'
import { WorkerProfiling } from './profiling/profiling.ts'
import { Recycler } from './supervisor/recycler.ts'
import type { Supervisor } from './supervisor/supervisor.ts'
import type { WatchedWorker } from './supervisor/watched.ts'

/** Looks at the workers from time to time, as long as the server runs. */
export interface Watch {
  start(): void
  stop(): void
}

/** All of them. */
export interface Watches {
  readonly all: readonly Watch[]
  /** What they have seen. */
  readonly seen: Pick<StatusSources, 'health' | 'blocked' | 'diagnoses'>
  readonly profiling: Profiling
  readonly injection: Injection
  /** Who sits in the slots now, but for those that are being looked into. */
  replaceable(): readonly WatchedWorker[]
}

/** Milliseconds between two looks whether threads are about to end, and for how long that is waited for. */
const quietLookMs = 25
const quietMs = 5000

/** So often a worker that stays is given its inspector back. */
const giveBackTries = 5

/** Those that look at the workers of a supervisor, which have their seats in this mesh. */
export function composeWatches(
  supervisor: Supervisor,
  events: Events,
  seats: InjectionOptions['seats']
): Watches {
  const clock = systemClock
  const announce: Announce = (name, fact) => events.emit(name, fact)
  const inquiries = new Inquiries(clock)
  const isExcused = (worker: object): boolean => profiling.isExcused(worker)
  const blocked = new BlockedReporter({
    supervised: supervisor,
    clock,
    announce,
    explain: createExplain({ clock, openLines: inquiries.open }),
    isExcused,
    release: () => inquiries.stop()
  })
  const profiling = new WorkerProfiling({
    clock,
    announce,
    workers: () => supervisor.workers(),
    everyone: () => supervisor.pools().flatMap(({ everySlot }) => everySlot.flatMap(({ living }) => living)),
    openLines: inquiries.open,
    quiet: () => isQuiet(blocked, clock),
    describe: describeOsThread
  })
  const health = new HealthWatch({ supervised: supervisor, clock, announce, isExcused })
  const replaceable = (): readonly WatchedWorker[] =>
    supervisor.workers().filter(worker => !isExcused(worker))
  const recycler = new Recycler({
    supervised: { workers: replaceable, application: id => supervisor.application(id) },
    clock,
    chance: Math.random,
    rss: residentBytes
  })
  const injection = new MeshInjection({ clock, seats, requestId: randomUUID })
  const stopInjection = { start: () => undefined, stop: () => injection.close() }
  events.on('worker:moved', fact => {
    blocked.handleMoved(fact)
    void profiling.letGo(fact)
  })
  passInspectors(events, profiling)
  const seen: Watches['seen'] = {
    health: () => health.views(),
    blocked: worker => blocked.counts(worker),
    diagnoses: worker => profiling.diagnoses(worker)
  }
  return { all: [health, blocked, recycler, stopInjection], seen, profiling, injection, replaceable }
}

/** In development the inspector of a slot stays on its port: who comes gets it, and who stays after all has it back. */
function passInspectors(events: Events, profiling: WorkerProfiling): void {
  const ports = new Map<string, number>()
  events.on('worker:inspector', ({ worker, port, url }) => {
    if (url === null) return
    ports.set(worker, port)
    profiling.opened({ worker }, url)
  })
  events.on('worker:replacing', ({ worker }) => {
    if (ports.has(worker)) void profiling.release({ worker })
  })
  events.on('worker:replacement-failed', ({ worker, application, slot }) => {
    const port = ports.get(worker)
    if (port !== undefined && application !== null)
      void giveBack(() => profiling.inspect(application, slot, port))
  })
}

/** The thread that has failed may still hold the port. Who stands in native code has none until it is replaced. */
async function giveBack(open: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < giveBackTries; tries++) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- Once more when it has failed.
      await open()
      return
    } catch {
      // oxlint-disable-next-line no-await-in-loop -- Before that.
      await new Promise<void>(resolve => systemClock.after(quietLookMs, resolve))
    }
  }
}

async function isQuiet(blocked: BlockedReporter, clock: Clock): Promise<boolean> {
  const until = clock.now() + quietMs
  while (!blocked.isQuiet) {
    if (clock.now() >= until) return false
    // oxlint-disable-next-line no-await-in-loop -- It is looked at again after each.
    await new Promise<void>(resolve => clock.after(quietLookMs, resolve))
  }
  return true
}
