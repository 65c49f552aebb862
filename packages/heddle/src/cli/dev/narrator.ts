/**
 * Tells who develops what happens: in one line each, a failure with the code it lies in. In place of the lines
 * operators read.
 *
 * Main thread of a server in development. It listens, reads sources, and writes into the log.
 */
import { isFailure } from '../../errors.ts'
import type { Events, ExitReason, HeddleEvents } from '../../events.ts'
import { systemClock } from '../../shared/clock.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'
import { explainError } from '../../shared/explained-error.ts'
import { readSource } from '../../shared/read-source.ts'
import type { Log } from '../../shared/log.ts'
import { failureText } from './failure-text.ts'

/** Events the log need not tell of: they are told here, or say nothing to who develops. */
export const narrated: ReadonlySet<keyof HeddleEvents> = new Set<keyof HeddleEvents>([
  'application:starting',
  'application:ready',
  'application:changed',
  'application:updated',
  'application:broken',
  'application:mended',
  'worker:crashed',
  'worker:exited',
  'worker:cut',
  'worker:replacing',
  'worker:restarting',
  'worker:restarted',
  'worker:circuit',
  'worker:inspector',
  'worker:diagnosis',
  'reload:started',
  'reload:finished',
  'reload:failed',
  'server:listening',
  'server:closed',
  'admin:listening',
  'booted',
  'stopping',
  'stopped'
])

/** Files that are named of those that have changed. */
const filesMax = 2

/** Milliseconds of delay that are worth a line. */
const noticedMs = 1000

/** Milliseconds after which whoever waits for an application is told what he waits for. */
const slowMs = 4000

/** Begins to tell. @param base Directory of the configuration: paths in it are shown relative to it. */
export function narrate(events: Events, log: Log, base: string, clock: Clock = systemClock): void {
  tellSlow(events, log, clock)
  const because = new Map<string, string>()
  const updated = new Set<string>()
  const tellFailure = (what: string, error: Error): void => {
    log.error(failureText(what, explainError(causeOf(error), { base, read: readSource })))
  }
  events.on('application:changed', ({ application, files, count }) => {
    updated.delete(application)
    because.set(application, reasonText(files, count))
  })
  events.on('application:updated', ({ application, updateMs }) => {
    updated.add(application)
    log.info(`${application} restarted in ${updateMs} ms${because.get(application) ?? ''}`)
  })
  events.on('application:broken', ({ application, error, isAnswering }) => {
    updated.delete(application)
    tellFailure(`${application} does not start${isAnswering ? ', its former code goes on' : ''}`, error)
  })
  events.on('application:mended', ({ application }) => {
    // After a change that has said more.
    if (!updated.has(application)) log.info(`${application} runs again`)
  })
  events.on('worker:crashed', ({ worker, origin, error, readyMs }) => {
    // One that was never ready is told of as an application that does not start.
    if (readyMs === null) return
    if (origin === 'processExit') log.error(`${worker}: ${error.message}`)
    else tellFailure(`${worker} threw an error that nobody caught`, error)
  })
  events.on('worker:exited', ({ worker, reason, code, readyMs }) => {
    const words = exitWords[reason]
    if (words !== null && readyMs !== null)
      log.error(`${worker} ${words}${code === null ? '' : ` (code ${code})`}`)
  })
  events.on('worker:restarting', ({ worker, delayMs }) => {
    if (delayMs >= noticedMs) log.warn(`${worker} is started again in ${Math.round(delayMs / 1000)} s`)
  })
  events.on('worker:restarted', ({ worker, bootMs }) =>
    log.info(`${worker} runs again, started in ${bootMs} ms`)
  )
  events.on('worker:inspector', ({ worker, port, url }) => {
    if (url === null) log.warn(`${worker} has no inspector: port ${port} is in use`)
  })
  events.on('reload:finished', ({ changes, reloadMs }) =>
    log.info(
      `configuration reloaded in ${reloadMs} ms${changes.length === 0 ? '' : ` (${changes.join('; ')})`}`
    )
  )
  events.on('reload:failed', ({ error }) => {
    const cause = isFailure(error, 'HEDDLE_RELOAD_FAILED') ? error.cause : null
    if (!isFailure(cause, 'HEDDLE_APPLICATION_FAILED')) log.error(reloadText(error))
    // Given up for the next change, or at the end of the server.
    else if (cause.detail.reason !== 'was stopped before it was ready') {
      tellFailure(
        `The configuration stays what it was: with the new one ${cause.detail.application} does not start`,
        cause
      )
    }
  })
}

/** Tells of applications that take their time to start: what hangs says nothing of itself. */
function tellSlow(events: Events, log: Log, clock: Clock): void {
  const waits = new Map<string, Cancel>()
  const slow = new Set<string>()
  const end = ({ application }: { readonly application: string }): void => {
    waits.get(application)?.()
    waits.delete(application)
    slow.delete(application)
  }
  const begin = ({ application }: { readonly application: string }): void => {
    end({ application })
    const tell = (): void => {
      slow.add(application)
      log.warn(`${application} has been starting for ${slowMs / 1000} s and is not ready yet`)
    }
    waits.set(application, clock.after(slowMs, tell))
  }
  events.on('application:starting', begin)
  events.on('application:changed', begin)
  events.on('application:ready', fact => {
    if (slow.has(fact.application)) log.info(`${fact.application} is ready`)
    end(fact)
  })
  for (const name of [
    'application:updated',
    'application:broken',
    'application:stopped',
    'application:removed'
  ] as const)
    events.on(name, end)
  let cancelReload: Cancel | null = null
  const endReload = (): void => cancelReload?.()
  events.on('reload:started', () => {
    endReload()
    cancelReload = clock.after(slowMs, () =>
      log.warn(`The reload has waited for ${slowMs / 1000} s for an application that is not ready yet`)
    )
  })
  events.on('reload:finished', endReload)
  events.on('reload:failed', endReload)
  events.on('stopping', () => {
    endReload()
    for (const application of waits.keys()) end({ application })
  })
}

function reasonText(files: readonly string[], count: number): string {
  if (files.length === 0) return ''
  const named = files.slice(0, filesMax)
  const left = count - named.length
  return ` (${named.join(', ')}${left > 0 ? ` and ${left} more` : ''} changed)`
}

/** What the application has thrown: that it does not start is said already. */
function causeOf(error: Error): Error {
  const says = isFailure(error, 'HEDDLE_APPLICATION_FAILED') || isFailure(error, 'HEDDLE_RESTART_FAILED')
  return says && error.cause instanceof Error ? error.cause : error
}

function reloadText(error: Error): string {
  const { cause: inner } = error
  const cause = inner instanceof Error && !error.message.includes(inner.message) ? `\n${inner.message}` : ''
  return `The configuration stays what it was. ${error.message}${cause}`
}

/** Ends that nothing else has told of. */
const exitWords: Readonly<Record<ExitReason, string | null>> = {
  stopped: null,
  failed: null,
  crashed: null,
  'out-of-memory': 'ran out of memory',
  // Told when it was called.
  exited: null,
  'timed-out': 'was not ready in time',
  stuck: 'is stuck in native code and did not end'
}
