/**
 * What signals and errors nobody caught mean to the process: a graceful stop, then its end.
 *
 * Main thread only. Called by the command line: somebody who uses Heddle as a library keeps the process
 * for himself.
 */
import type { Log } from '../shared/log.ts'

/** What the process does to a server. A coordinator fits. */
export interface Stoppable {
  stop(reason: string): Promise<void>
  /** A stop that is under way goes faster. */
  hurry(): void
  /** Whether a thread is stuck in native code, so that `process.exit()` would hang. */
  isStuck(): boolean
}

/**
 * A terminal sends its signal to every process of the group, and a package manager passes it on as well:
 * what comes again within these milliseconds is the same wish, not impatience.
 */
const echoMs = 400

/**
 * SIGTERM and SIGINT stop the server and end the process with code 0; a second one hurries. An error in
 * the main thread that nobody caught is logged, stops the server too, and the code is 1. Returns how to
 * take it all back.
 */
export function handleSignals(server: Stoppable, log: Log): () => void {
  let firstAt: number | null = null
  let exitCode = 0
  const stop = (reason: string): void => {
    firstAt = performance.now()
    void stopFully(server, reason, log).then(() => endProcess(server, exitCode))
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstAt === null) stop(`received ${signal}`)
    else if (performance.now() - firstAt > echoMs) server.hurry()
  }
  const onError = (error: unknown): void => {
    log.error('An error in the main thread was not caught.', { error })
    exitCode = 1
    if (firstAt === null) stop('an error in the main thread was not caught')
  }
  const signals = ['SIGTERM', 'SIGINT'] as const
  const errors = ['uncaughtException', 'unhandledRejection'] as const
  for (const signal of signals) process.on(signal, onSignal)
  for (const event of errors) process.on(event, onError)
  return () => {
    for (const signal of signals) process.off(signal, onSignal)
    for (const event of errors) process.off(event, onError)
  }
}

async function stopFully(server: Stoppable, reason: string, log: Log): Promise<void> {
  try {
    await server.stop(reason)
  } catch (error) {
    log.error('The stop failed.', { error })
  }
}

/** Ends the process with the code; by SIGKILL when a thread is stuck, since nothing else works then. */
export function endProcess(server: Pick<Stoppable, 'isStuck'>, code: number): void {
  if (server.isStuck()) process.kill(process.pid, 'SIGKILL')
  process.exit(code)
}
