/**
 * Tells the main thread why this thread is about to end: an error nobody caught, or process.exit().
 *
 * Runs in worker threads, installed once by `boot.ts`. It only watches: whether an error is fatal is decided
 * by node and by the application's own `uncaughtException` and `unhandledRejection` listeners, as always.
 */
import type { FromWorker } from '../channel/messages.ts'
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
  const exit = process.exit
  Reflect.set(process, 'exit', (...args: unknown[]) => {
    const code = args[0] ?? process.exitCode ?? 0
    report({ type: 'crashed', origin: 'processExit', error: describeExit(String(code)) })
    // The number of arguments counts: process.exit(undefined) is not process.exit().
    Reflect.apply(exit, process, args)
  })
  return code => {
    reported = true
    exit(code)
  }
}

function describeExit(code: string): ReturnType<typeof toErrorFacts> {
  const error = new Error(`The application called process.exit(${code}).`)
  error.name = 'ProcessExit'
  // The two frames of this file say nothing; the caller is what matters.
  Error.captureStackTrace(error, process.exit)
  return toErrorFacts(error)
}
