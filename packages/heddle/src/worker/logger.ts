/**
 * The logger an application gets from `heddle/worker`: pino's way of calling, this worker's lines.
 *
 * Runs in worker threads. It filters nothing itself; the output knows the level.
 */
import { format } from 'node:util'

import type { Level } from '../shared/log-line.ts'
import type { Output } from './output.ts'

/** Writes one line: `(message, ...values)`, `(fields, message, ...values)` or `(error, message)`. */
export interface LogMethod {
  (message: string, ...values: unknown[]): void
  (fields: object, message?: string, ...values: unknown[]): void
}

/** A log with pino's signature. An `err` or `error` among the fields is written with its stack. */
export interface Logger {
  readonly trace: LogMethod
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
  /** The same as `error`: a line cannot end the worker. */
  readonly fatal: LogMethod
  /** Whether lines of this level are written at present: it can be changed while the worker runs. */
  isLevelEnabled(level: Level | 'fatal'): boolean
  /** A logger which adds `fields` to each of its lines. */
  child(fields: object): Logger
}

/** A logger over the output of a worker. `bound` is part of every line. */
export function createLogger(output: Output, bound: object): Logger {
  const at = (level: Level): LogMethod => {
    return (first: string | object, ...rest: unknown[]): void => {
      if (!output.isEnabled(level)) return
      const isText = typeof first !== 'object'
      const own = isText ? {} : first instanceof Error ? { err: first } : first
      const { err, error, ...fields }: Record<string, unknown> = { ...bound, ...own }
      const thrown = err ?? error
      output.write({
        time: Date.now(),
        level,
        message: toMessage(isText ? [first, ...rest] : rest, thrown),
        fields,
        ...(thrown === undefined ? {} : { error: thrown })
      })
    }
  }
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('error'),
    isLevelEnabled: level => output.isEnabled(level === 'fatal' ? 'error' : level),
    child: fields => createLogger(output, { ...bound, ...fields })
  }
}

function toMessage(values: readonly unknown[], thrown: unknown): string {
  if (values.length > 0) return format(...values)
  return thrown instanceof Error ? thrown.message : ''
}
