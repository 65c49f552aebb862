/**
 * Tells the main thread why this thread is about to end: an error nobody caught, or process.exit().
 *
 * Runs in worker threads, installed once by `boot.ts`. It only watches: whether an error is fatal is decided
 * by node and by the application's own `uncaughtException` and `unhandledRejection` listeners, as always.
 */
import { inspect } from 'node:util'

import type { ErrorFacts, FromWorker } from '../channel/messages.ts'
import { toErrorFacts } from '../channel/error-facts.ts'

/** What Heddle itself says of the end of its thread. */
export interface Ending {
  /** Ends the thread without a report. */
  exit(code: number): void
  /** The worker was asked to stop: process.exit() is no crash any more, but the end of the stop. */
  expect(): void
}

/** Watches for the end of the thread. Only the first reason is reported. */
export function reportCrashes(send: (message: FromWorker) => void): Ending {
  let reported = false
  let expected = false
  const report = (message: FromWorker): void => {
    if (reported) return
    reported = true
    send(message)
  }
  process.on('uncaughtExceptionMonitor', (error: unknown, origin) => {
    if (process.listenerCount('uncaughtException') > 0) return
    report({ type: 'crashed', origin, error: toErrorFacts(error) })
  })
  const exit: (code: number) => never = Reflect.get(process, 'exit')
  Reflect.set(process, 'exit', (...args: unknown[]) => {
    const [code = process.exitCode ?? 0] = args
    if (expected) report({ type: 'stopped' })
    report({ type: 'crashed', origin: 'processExit', error: describeExit(code) })
    // The number of arguments counts: process.exit(undefined) is not process.exit().
    Reflect.apply(exit, process, args)
  })
  return {
    exit: code => {
      reported = true
      exit(code)
    },
    expect: () => {
      expected = true
    }
  }
}

function describeExit(code: unknown): ErrorFacts {
  const error = new Error(`The application called process.exit(${inspect(code)}).`)
  error.name = 'ProcessExit'
  return toErrorFacts(error)
}
