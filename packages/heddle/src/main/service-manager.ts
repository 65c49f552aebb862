/**
 * Brings a server and the service manager together that has started its process, if one has.
 *
 * Main thread only; for the command line. Somebody who uses Heddle as a library speaks for his program himself.
 */
import type { Log } from '../shared/log.ts'
import { systemClock } from '../shared/clock.ts'
import { openDatagrams } from './notify/datagrams.ts'
import { Notifier } from './notify/notifier.ts'
import type { Spoken } from './notify/notifier.ts'
import { takeServiceVariables } from './notify/service-variables.ts'
import type { Signalled } from './signals.ts'

/** What is needed of a server. A coordinator fits. */
export interface Served extends Signalled, Spoken {}

/** Who has started this process. */
export interface ServiceManager {
  /**
   * Tells it of a server, from now until that has stopped.
   *
   * @param how `root` is a directory whose packages may be used.
   * @returns The server as signals are to see it: of a reload they ask for it is told too.
   */
  tellOf(server: Served, how: { readonly log: Log; readonly root: string }): Signalled
}

/** Finds in the environment who wants to be told of this process, and takes it out; `null` for nobody. */
export function takeServiceManager(env: Record<string, string | undefined>): ServiceManager | null {
  const variables = takeServiceVariables(env, process.pid)
  if (variables === null) return null
  const { socket, watchdogUsec } = variables
  return {
    tellOf: (server, { log, root }) => {
      const receiver = openDatagrams(socket, root)
      if (receiver === null) {
        const remedy =
          'run Node.js 26, or install koffi beside the configuration (npm i koffi), or systemd-notify'
        log.warn('The service manager cannot be told of the server.', { socket, remedy })
        return server
      }
      log.debug('The service manager is told of the server.', { by: receiver.source })
      const notifier = new Notifier({
        receiver,
        clock: systemClock,
        log,
        server,
        watchdogUsec,
        pid: process.pid
      })
      return {
        stop: reason => server.stop(reason),
        hurry: () => server.hurry(),
        isStuck: () => server.isStuck(),
        operations: {
          restart: ids => server.operations.restart(ids),
          reload: reason => notifier.duringReload(() => server.operations.reload(reason))
        }
      }
    }
  }
}
