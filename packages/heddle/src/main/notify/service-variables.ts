/**
 * What a service manager says in the environment of a service it has started (sd_notify(3), sd_watchdog_enabled(3)).
 *
 * Main thread only; pure but for {@link takeServiceVariables}. Applications and programs they run do not find these
 * variables: they would speak for the service.
 */

/** Who wants to be told. */
export interface ServiceVariables {
  /** Where: an absolute path, or an abstract name after `@`. */
  readonly socket: string
  /** Microseconds within which the service has to say that it turns; `null` when nobody waits for that. */
  readonly watchdogUsec: number | null
}

const names = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'] as const

type Variables = Record<string, string | undefined>

/** Reads them and takes them out of the environment; `null` when no service manager wants to be told. */
export function takeServiceVariables(env: Variables, pid: number): ServiceVariables | null {
  const found = readServiceVariables(env, pid)
  for (const name of names) Reflect.deleteProperty(env, name)
  return found
}

/** Reads them. */
export function readServiceVariables(env: Readonly<Variables>, pid: number): ServiceVariables | null {
  const [socket, watchdog, watched] = names.map(name => env[name] ?? '')
  if (socket === undefined || socket === '') return null
  const usec = Number(watchdog)
  const isMeant = watched === undefined || watched === '' || Number(watched) === pid
  const watchdogUsec = isMeant && Number.isSafeInteger(usec) && usec > 0 ? usec : null
  return { socket, watchdogUsec }
}
