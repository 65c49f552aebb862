/**
 * Puts the management API together: what can be done, what has happened, what was logged.
 *
 * Main thread only. A part of the composition root, apart from `coordinator.ts` only for its length.
 */
import type { ResolvedAdmin } from '../config/resolved.ts'
import type { Announce, Events } from '../events.ts'
import { systemClock } from '../shared/clock.ts'
import { AdminServer } from './admin/admin-server.ts'
import { Api } from './admin/api.ts'
import { ControlSocket } from './admin/control-socket.ts'
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

/** Where the API can be reached. */
export interface Doors {
  /** For commands; `null` without a directory for it. */
  readonly socket: ControlSocket | null
  /** `null` when the configuration wants none. */
  readonly admin: AdminServer | null
}

/** Builds the doors; they are opened later. From now on events are remembered. */
export function composeDoors(
  sources: ApiSources,
  settings: ResolvedAdmin,
  socketDirectory: string | undefined
): Doors {
  const { operations, events } = sources
  const api = composeApi(sources)
  const clock = systemClock
  const announce: Announce = (name, fact) => events.emit(name, fact)
  return {
    socket: socketDirectory === undefined ? null : new ControlSocket(socketDirectory, api, clock),
    admin: settings.enabled ? new AdminServer({ settings, operations, api, clock, announce }) : null
  }
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
