/**
 * Writes what happens into the log: one line per event, at the level an operator would choose.
 *
 * Main thread only. It listens and changes nothing.
 */
import type { BlockedPlace, Events, HeddleEvents, ReplaceReason, ScalingNumbers } from '../events.ts'
import type { Log } from '../shared/log.ts'

type Lines = {
  readonly [Name in keyof HeddleEvents]: (log: Log, fact: HeddleEvents[Name]) => void
}

const lines: Lines = {
  'application:starting': (log, { application, workers }) =>
    log.debug('Application starts.', { application, workers }),
  'application:ready': (log, { application, ...rest }) =>
    log.child({ application }).info('Application is ready.', rest),
  'application:stopped': (log, { application }) =>
    log.child({ application }).debug('Application has stopped.'),
  'worker:moved': (log, { from, to, reason, ...thread }) =>
    of(log, thread).debug('State changed.', { from, to, reason }),
  'worker:ready': (log, { kind, bootMs, ...thread }) =>
    of(log, thread).debug('Worker is ready.', { kind, bootMs }),
  'worker:exited': (log, { reason, code, error, readyMs, ...thread }) => {
    const fields = { reason, code, readyMs: readyMs === null ? null : Math.round(readyMs) }
    if (reason === 'stopped') of(log, thread).debug('Worker has ended.', fields)
    else of(log, thread).error('Worker is gone.', error === null ? fields : { ...fields, error })
  },
  'worker:crashed': (log, { origin, error, readyMs: _readyMs, isolated, ...thread }) =>
    of(log, thread).debug('Worker has thrown an error that nobody caught.', { origin, isolated, error }),
  'worker:inspector': (log, { port, url, ...thread }) => {
    if (url !== null) of(log, thread).warn(inspectorWords.started, { url })
    else of(log, thread).warn('Inspector of the worker could not be opened: its port is in use.', { port })
  },
  'worker:cut': (log, { requests, hooks, ...thread }) =>
    of(log, thread).warn('Worker was ended before it had finished.', { requests, hooks }),
  'worker:restarting': (log, { reason, delayMs, failures, ...thread }) =>
    of(log, thread).warn('Worker will be replaced.', { reason, delayMs, failures }),
  'worker:restarted': (log, { restarts, bootMs, ...thread }) =>
    of(log, thread).info('Worker was replaced.', { restarts, bootMs }),
  'worker:blocked': (log, { blockedMs, where, ...thread }) =>
    of(log, thread).warn(
      `Worker is blocked for ${seconds(blockedMs)}${placeWords(where)}.`,
      where === null ? { blockedMs } : { blockedMs, where }
    ),
  'worker:unblocked': (log, { blockedMs, where, ...thread }) =>
    of(log, thread).info(
      `Worker turns again, after ${seconds(blockedMs)}${placeWords(where === null ? null : { ...where, doing: null })}.`,
      where === null ? { blockedMs } : { blockedMs, where }
    ),
  'worker:diagnosis': (log, { kind, state, tookMs, ...thread }) => {
    const fields = state === 'started' ? { kind } : { kind, tookMs }
    if (kind === 'inspector')
      of(log, thread)[state === 'started' ? 'warn' : 'info'](inspectorWords[state], fields)
    else of(log, thread).debug(`Worker is being looked into: ${kind} ${state}.`, fields)
  },
  'worker:unhealthy': (log, { checks, reasons, ...thread }) =>
    of(log, thread).warn('Worker is unhealthy.', { checks, reasons }),
  'worker:healthy': (log, thread) => of(log, thread).info('Worker is healthy again.'),
  'worker:kept': (log, { reason, ...thread }) =>
    of(log, thread).warn('Worker still gets requests: too few others are left.', { reason }),
  'worker:replacing': (log, { reason, detail, ...thread }) =>
    of(log, thread)[unlessChanged(reason, 'info')](
      'Worker is being replaced.',
      detail === null ? { reason } : { reason, detail }
    ),
  'worker:replaced': (log, { reason, bootMs, ...thread }) =>
    of(log, thread)[unlessChanged(reason, 'info')]('Worker was replaced; the old one finishes what it has.', {
      reason,
      bootMs
    }),
  'worker:spare': (log, { bootMs, ...thread }) => of(log, thread).debug('Spare worker is ready.', { bootMs }),
  'worker:spare-waits': (log, thread) =>
    of(log, thread).warn('There is no memory for a spare worker: it waits.'),
  'worker:stepped-in': (log, thread) => of(log, thread).info('Spare worker takes requests.'),
  'worker:replacement-failed': (log, { reason, error, ...thread }) =>
    of(log, thread)[unlessChanged(reason, 'error')](
      'Worker could not be replaced: the old one stays.',
      error === null ? { reason } : { reason, error }
    ),
  'worker:circuit': (log, { state, failures, openForMs, ...thread }) => {
    const fields = { state, failures, openForMs }
    if (state === 'closed') of(log, thread).info('Worker restarts again: its circuit is closed.', fields)
    else if (state === 'half-open') of(log, thread).info('Worker is tried: its circuit is half open.', fields)
    else of(log, thread).error('Worker fails too often: its circuit is open.', fields)
  },
  'machine:resized': (log, { from, to }) =>
    log.info('The process may use another part of its machine: its container was resized.', { from, to }),
  'machine:strained': (log, { worker, ...rest }) => {
    if (worker === null) log.warn('The memory of the container runs out, and workers do not hold it.', rest)
    else byName(log, worker).warn('The memory of the container runs out: a worker is replaced.', rest)
  },
  'mesh:circuit': (log, { from, to, state }) => {
    const fields = { from, to, state }
    if (state === 'closed') log.info('Calls go through again: their circuit is closed.', fields)
    else if (state === 'half-open') log.debug('Calls are tried: their circuit is half open.', fields)
    else log.warn('Calls fail at once: their circuit is open.', fields)
  },
  'application:added': (log, { application }) => log.child({ application }).info('Application was added.'),
  'application:removed': (log, { application }) =>
    log.child({ application }).info('Application was removed.'),
  'application:scaled': (log, { application, from, to }) =>
    log.child({ application }).info('Application has another number of workers.', { from, to }),
  'application:changed': (log, { application, files, count }) =>
    log.child({ application }).info('Application has changed: it is started anew.', { files, count }),
  'application:updated': (log, { application, updateMs }) =>
    log.child({ application }).info('Application runs its new code.', { updateMs }),
  'application:broken': (log, { application, error, isAnswering }) =>
    log
      .child({ application })
      // The event of the worker has told the error as a whole.
      .error(`Application does not start: ${brokenWords(isAnswering)} until its next change.`, {
        reason: error.message
      }),
  'application:mended': (log, { application }) => log.child({ application }).info('Application works again.'),
  'watch:limited': (log, { reason }) => log.warn('Not every change of a file is noticed.', { reason }),
  'application:scaling': (log, { application, numbers, ...rest }) =>
    log
      .child({ application })
      .info(
        `Application is given ${rest.to} instead of ${rest.from} workers: ${rest.reason}.`,
        numbers === null ? rest : { ...rest, numbers: rounded(numbers) }
      ),
  'application:scaling-refused': (log, { application, detail, reason, numbers }) =>
    log
      .child({ application })
      .warn(
        `Application does not get the workers it needs: ${detail}.`,
        numbers === null ? { reason } : { reason, numbers: rounded(numbers) }
      ),
  'application:scaling-failed': (log, { application, ...rest }) =>
    log.child({ application }).error('New workers for the load did not become ready.', rest),
  'restart:started': (log, { applications }) => log.info('Restart begins.', { applications }),
  'restart:finished': (log, { applications, restartMs }) =>
    log.info('Restart is done: every worker is a fresh one.', { applications, restartMs }),
  'restart:failed': (log, { applications, error }) =>
    log.error('Restart failed: not every worker is a fresh one.', { applications, error }),
  'operation:finished': (log, { application, slot, address, ...rest }) =>
    about(log, application, slot).info('Operation is done.', address === null ? rest : { ...rest, address }),
  'operation:failed': (log, { application, slot, address, ...rest }) =>
    about(log, application, slot).warn(
      'Operation could not be done.',
      address === null ? rest : { ...rest, address }
    ),
  'reload:started': (log, { reason, changes }) => log.info('Reload begins.', { reason, changes }),
  'reload:finished': (log, { changes, reloadMs }) => log.info('Reload is done.', { changes, reloadMs }),
  'reload:failed': (log, { error }) => log.error('Reload failed: everything runs on as it was.', { error }),
  'server:listening': (log, { url, port }) => log.info('Server is listening.', { url, port }),
  'server:closed': (log, { inTime }) => {
    if (inTime) log.debug('Server is closed: every request was finished.')
    else log.warn('Server is closed: requests in flight were cut at the deadline.')
  },
  'admin:listening': (log, { url, instead }) => {
    if (instead === null) log.info('Administrative server is listening.', { url })
    else
      log.info('Administrative server is listening on another port: its own was busy.', {
        url,
        busy: instead
      })
  },
  'admin:refused': (log, fact) => log.warn('Requests to the administrative port were refused.', fact),
  booted: (log, fact) => log.info('Server has started.', fact),
  stopping: (log, { reason, drainDelayMs, timeoutMs }) =>
    log.info('Server stops.', { reason, drainDelayMs, timeoutMs }),
  'stop:hurried': (log, { graceMs }) => log.warn('Server stops at once: delays are skipped.', { graceMs }),
  stopped: (log, { stopMs }) => log.info('Server has stopped.', { stopMs }),
  'stop:overdue': (log, { threads, afterMs }) =>
    log.error('Threads are stuck and cannot be ended: the process kills itself.', { threads, afterMs })
}

/** Of a change in development the events of the application say what matters. */
function unlessChanged<Level extends 'info' | 'error'>(reason: ReplaceReason, level: Level): Level | 'debug' {
  return reason === 'changed' ? 'debug' : level
}

function brokenWords(isAnswering: boolean): string {
  return isAnswering ? 'the code before this change goes on' : 'nothing of it answers'
}

/** The names of all events: each has its line. */
export const eventNames: readonly string[] = Object.keys(lines)

/** Whoever reaches an open inspector can run any code in the worker. */
const inspectorWords = {
  started: 'Inspector of the worker is open on this machine: it may stand at breakpoints.',
  finished: 'Inspector of the worker is closed.',
  failed: 'Inspector of the worker could not be opened.'
} as const

/**
 * Writes a line for every event from now on.
 *
 * @param narrated Names of those of which it does not.
 */
export function logEvents(events: Events, log: Log, narrated: ReadonlySet<string> = new Set()): void {
  const listen = <Name extends keyof HeddleEvents>(name: Name, write: Lines[Name]): unknown =>
    events.on(name, fact => write(log, fact))
  for (const name of Object.keys(lines))
    if (isEventName(name) && !narrated.has(name)) listen(name, lines[name])
}

function isEventName(name: string): name is keyof HeddleEvents {
  return name in lines
}

/** The log in the name of one thread. */
function of(log: Log, thread: { readonly application: string | null; readonly worker: string }): Log {
  const { application, worker } = thread
  return log.child(application === null ? { worker } : { application, worker })
}

/** The same by the name of a worker, `application:slot`. */
function byName(log: Log, worker: string): Log {
  return of(log, { application: worker.slice(0, worker.lastIndexOf(':')), worker })
}

/** The log in the name of what an operation is about: a worker, an application, or the server. */
function about(log: Log, application: string | null, slot: number | null): Log {
  if (application === null) return log
  return log.child(slot === null ? { application } : { application, worker: `${application}:${slot}` })
}

/** Numbers with as many places as matter. */
function rounded(numbers: ScalingNumbers): object {
  return Object.fromEntries(
    Object.entries(numbers).map(([name, value]: [string, number | null]) => [
      name,
      value === null ? null : Math.round(value * 100) / 100
    ])
  )
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** Where a worker is blocked, in words that follow for how long. */
function placeWords(where: BlockedPlace | null): string {
  if (where === null) return ''
  const { kind, function: name, location, doing } = where
  const code = name === null ? '' : ` ${name}${location === null ? '' : ` (${location})`}`
  const said = doing === null || (kind === 'javascript' && doing === 'computes') ? '' : `: it ${doing}`
  if (kind === 'unknown') return said
  if (kind === 'javascript') return ` in${code}${said}`
  return ` in native code${code === '' ? '' : `, called from${code}`}${said}`
}
