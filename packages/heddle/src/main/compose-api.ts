/**
 * Puts the management API together: what can be done, what has happened, what was logged.
 *
 * Main thread only. A part of the composition root, apart from `coordinator.ts` only for its length.
 */
import type { Events } from '../events.ts'
import { systemClock } from '../shared/clock.ts'
import { Api } from './admin/api.ts'
import { EventRing } from './admin/event-ring.ts'
import type { Listen } from './admin/event-ring.ts'
import type { LogSource } from '../control/log-source.ts'
import type { Operations } from './admin/operations.ts'
import { eventNames } from './event-log.ts'

/** What the API is put together from. */
export interface ApiSources {
  readonly operations: Operations
  readonly events: Events
  readonly logs: LogSource
}

/** The API of a server. From now on it remembers events. */
export function composeApi({ operations, events, logs }: ApiSources): Api {
  const listen: Listen = listener => events.onAny(listener)
  return new Api({
    operations,
    listen,
    events: new EventRing(listen),
    eventNames,
    logs,
    announce: (name, fact) => events.emit(name, fact),
    clock: systemClock
  })
}
