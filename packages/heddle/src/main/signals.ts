/**
 * What signals and errors nobody caught mean to the process: SIGTERM and SIGINT stop it gracefully, SIGHUP
 * reloads, SIGUSR2 restarts.
 *
 * Main thread only. Called by the command line: somebody who uses Heddle as a library keeps the process
 * for himself.
 */
import { closeSync, openSync } from 'node:fs'
import { isatty } from 'node:tty'

import type { Log } from '../shared/log.ts'
import type { Operations } from './admin/operations.ts'

/** What the process does to a server. A coordinator fits. */
export interface Stoppable {
  stop(reason: string): Promise<void>
  /** A stop that is under way goes faster. */
  hurry(): void
  /** Whether a thread is stuck in native code, so that `process.exit()` would hang. */
  isStuck(): boolean
}

/** A server that signals can change as well. */
export interface Signalled extends Stoppable {
  readonly operations: Pick<Operations, 'restart' | 'reload'>
}

/** What has been set up. */
export interface SignalHandling {
  /** Stops the server and ends the process, as SIGTERM does. */
  shutDown(reason: string): void
  /** Takes it all back. */
  forget(): void
}

/** How signals are taken. */
export interface SignalOptions {
  /** Whether the second one ends the process at once, whatever is under way. Defaults to false: it hurries. */
  readonly forces?: boolean
}

/** The exit code of a process that was not left time to stop: that of Ctrl-C. */
const forcedCode = 130

/**
 * A terminal sends its signal to every process of the group, and a package manager passes it on as well:
 * what comes again within these milliseconds is the same wish, not impatience.
 */
const echoMs = 400

/**
 * SIGTERM and SIGINT stop the server and end the process with code 0; a second one hurries. SIGHUP reloads and
 * SIGUSR2 restarts; when that fails it is logged and the server runs on. An error in the main thread that
 * nobody caught is logged, stops the server, and the code is 1.
 */
export function handleSignals(
  server: Signalled,
  log: Log,
  { forces = false }: SignalOptions = {}
): SignalHandling {
  let firstAt: number | null = null
  let exitCode = 0
  const stop = (reason: string): void => {
    if (firstAt !== null) return
    firstAt = performance.now()
    void stopFully(server, reason, log).then(() => endProcess(server, exitCode))
  }
  const onStop = (signal: NodeJS.Signals): void => {
    if (firstAt === null) stop(`received ${signal}`)
    else if (performance.now() - firstAt <= echoMs) return
    else if (forces) endProcess(server, forcedCode)
    else server.hurry()
  }
  const onError = (error: unknown): void => {
    log.error('An error in the main thread was not caught.', { error })
    exitCode = 1
    stop('an error in the main thread was not caught')
  }
  const { operations } = server
  const runReload = async (): Promise<void> => {
    const { warnings } = await operations.reload('received SIGHUP')
    for (const warning of warnings) log.warn(warning)
  }
  const reload = coalesced('SIGHUP', { run: runReload, repeats: true, log })
  const restart = coalesced('SIGUSR2', { run: () => operations.restart(), repeats: false, log })
  const isFromTerminal = isatty(0)
  const onHangUp = (): void => {
    if (isFromTerminal && isTerminalGone()) stop('the terminal was closed')
    else reload()
  }
  const onSignal: Readonly<Record<string, (signal: NodeJS.Signals) => void>> = {
    SIGTERM: onStop,
    SIGINT: onStop,
    SIGHUP: onHangUp,
    SIGUSR2: restart
  }
  const errors = ['uncaughtException', 'unhandledRejection'] as const
  for (const [signal, handler] of Object.entries(onSignal)) process.on(signal, handler)
  for (const event of errors) process.on(event, onError)
  return {
    shutDown: stop,
    forget: () => {
      for (const [signal, handler] of Object.entries(onSignal)) process.off(signal, handler)
      for (const event of errors) process.off(event, onError)
    }
  }
}

interface Wish {
  readonly run: () => Promise<unknown>
  /** Whether a signal that comes meanwhile is done afterwards: what was changed since would be missed. */
  readonly repeats: boolean
  readonly log: Log
}

/** Signals that come while the first one is being obeyed are one more at most. */
function coalesced(signal: string, { run, repeats, log }: Wish): () => void {
  let isRunning = false
  let isWanted = false
  const obey = async (): Promise<void> => {
    isRunning = true
    try {
      await run()
    } catch (error) {
      // What failed has told so in an event of its own, except when it was not even begun.
      log.warn('A signal could not be obeyed: the server runs on as it was.', {
        signal,
        reason: error instanceof Error ? error.message : String(error)
      })
    }
    isRunning = false
    if (!isWanted) return
    isWanted = false
    void obey()
  }
  return () => {
    if (!isRunning) {
      void obey()
      return
    }
    isWanted = repeats
    const message = repeats
      ? 'A signal came while the last one is being obeyed: it is obeyed afterwards.'
      : 'A signal came while the last one is being obeyed: it is the same wish.'
    log.info(message, { signal })
  }
}

/** A closed terminal sends SIGHUP too: then there is nobody left whom a server in the foreground would serve. */
function isTerminalGone(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return false
  } catch {
    // ENXIO: the terminal this process belonged to is no more.
    return true
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
