/**
 * Tells the main thread what this thread will not get over: an error nobody caught, or process.exit().
 *
 * Runs in worker threads, installed once by `boot.ts`. Whether an error is fatal is decided by node and by the
 * application's own `uncaughtException` and `unhandledRejection` listeners, as always. A fatal one does not end
 * the thread at once, as node would: requests that have nothing to do with it are finished first. The main thread
 * sends no new ones, replaces the worker and ends it.
 */
import { inspect } from 'node:util'

import type { ErrorFacts, FromWorker } from '../channel/messages.ts'
import { toErrorFacts } from '../channel/error-facts.ts'
import { currentContext } from './context.ts'

/** What Heddle itself says of the end of its thread. */
export interface Ending {
  /** Ends the thread without a report. */
  exit(code: number): void
  /**
   * Calls `isolate` for each fatal error, in the asynchronous context in which it was thrown, and for process.exit(),
   * where it is called: it returns whether it has broken off the request that belongs to. `reason` follows the name of
   * its handler. One listener.
   */
  onFatal(isolate: (reason: string) => boolean): void
  /** The application wants the worker gone: it finishes what it has, and another takes its place. */
  giveUp(reason: Error): void
  /** The worker was asked to stop: process.exit() is no crash any more, but the end of the stop. */
  expect(): void
}

/** So many errors after the fatal one are logged: what is broken may throw in every turn of the event loop. */
const laterMax = 5

/** Watches for the end of the thread. Only the first reason is reported. */
export function reportCrashes(send: (message: FromWorker) => void): Ending {
  let reported = false
  let expected = false
  let later = 0
  let isolate: (reason: string) => boolean = nobody
  const report = (message: FromWorker): boolean => {
    if (reported) return false
    reported = true
    send(message)
    return true
  }
  process.on('uncaughtExceptionMonitor', (error: unknown, origin) => {
    const isHandled =
      process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()
    if (isHandled) return
    // Added at the last moment, and gone after this error: the application does not find a listener it has not added.
    process.once('uncaughtException', liveOn)
    const isolated = isolate('threw an error that nobody caught')
    if (report({ type: 'crashed', origin, error: toErrorFacts(error), isolated })) return
    if (later++ < laterMax) logLater(error)
  })
  const exit: (code: number) => never = Reflect.get(process, 'exit')
  Reflect.set(process, 'exit', (...args: unknown[]) => {
    const [code = process.exitCode ?? 0] = args
    if (expected) report({ type: 'stopped' })
    // A request that ends its worker must not be sent to the next one.
    const isolated = isolate('called process.exit()')
    report({ type: 'crashed', origin: 'processExit', error: describeExit(code), isolated })
    // The number of arguments counts: process.exit(undefined) is not process.exit().
    Reflect.apply(exit, process, args)
  })
  return {
    exit: code => {
      reported = true
      exit(code)
    },
    onFatal: other => {
      isolate = other
    },
    giveUp: reason => {
      if (expected) return
      report({ type: 'crashed', origin: 'uncaughtException', error: toErrorFacts(reason), isolated: false })
    },
    expect: () => {
      expected = true
    }
  }
}

function nobody(): boolean {
  return false
}

/** Whoever listens keeps node from ending the thread. */
function liveOn(): void {}

function logLater(error: unknown): void {
  const message = 'Another error was not caught while the worker finished what it had.'
  currentContext()?.output.write({ time: Date.now(), level: 'error', message, error })
}

function describeExit(code: unknown): ErrorFacts {
  const error = new Error(`The application called process.exit(${inspect(code)}).`)
  error.name = 'ProcessExit'
  return toErrorFacts(error)
}
