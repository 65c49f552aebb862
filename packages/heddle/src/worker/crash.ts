/**
 * Tells the main thread why this thread is about to end: an error nobody caught, or process.exit().
 *
 * Runs in worker threads, installed once by `boot.ts`. It only watches: whether an error is fatal is decided
 * by node and by the application's own `uncaughtException` and `unhandledRejection` listeners, as always.
 */
import { inspect } from 'node:util'

import type { ErrorFacts, FromWorker } from '../channel/messages.ts'
import { toErrorFacts } from './error-facts.ts'

/** Ends the thread without a report: Heddle's own way out. */
export type Exit = (code: number) => void

/** Watches for the end of the thread. Only the first reason is reported. */
export function reportCrashes(send: (message: FromWorker) => void): Exit {
  let reported = false
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
    report({ type: 'crashed', origin: 'processExit', error: describeExit(code) })
    // The number of arguments counts: process.exit(undefined) is not process.exit().
    Reflect.apply(exit, process, args)
  })
  return code => {
    reported = true
    exit(code)
  }
}

function describeExit(code: unknown): ErrorFacts {
  const error = new Error(`The application called process.exit(${inspect(code)}).`)
  error.name = 'ProcessExit'
  return toErrorFacts(error)
}
