/**
 * A log to speak into: levels as methods, who is speaking as part of each line.
 *
 * Runs in any thread. Where the lines go is the target's business: `channel/log-thread.ts` in the threads of a server.
 */
import { formatLine, isLevelEnabled } from './log-line.ts'
import type { Level, LineStyle, LogLine } from './log-line.ts'
import { writeLine } from './log-stdout.ts'

/** Further facts of a line. The key `error` is written as an error with its stack. */
export type LogFields = Readonly<Record<string, unknown>>

/** Who is speaking: part of every line of one log. */
export interface LogDefaults {
  readonly application?: string
  /** Name of the thread, `application:slot` or `edge:index`. */
  readonly worker?: string
  /** Fields of every line; a line's own win. */
  readonly fields?: LogFields
}

/** A log with the voice of one thread or one part of it. */
export interface Log {
  trace(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** Whether lines of this level are written; for skipping the work of making one. */
  isEnabled(level: Level): boolean
  /** A log that adds to who is speaking. */
  child(defaults: LogDefaults): Log
}

/** Takes lines. */
export interface LogTarget {
  /** Whether lines of this level are written. */
  isEnabled(level: Level): boolean
  /** Writes one, if its level is written at all. */
  write(line: LogLine): void
}

/** A log whose lines go to the target. */
export function logInto(target: LogTarget, defaults: LogDefaults = {}): Log {
  const write = (level: Level, message: string, own?: LogFields): void => {
    if (!target.isEnabled(level)) return
    const { error, ...fields } = { ...defaults.fields, ...own }
    const { application, worker } = defaults
    target.write({
      time: Date.now(),
      level,
      message,
      fields,
      ...(application === undefined ? {} : { application }),
      ...(worker === undefined ? {} : { worker }),
      ...(error === undefined ? {} : { error })
    })
  }
  return {
    trace: (message, fields) => write('trace', message, fields),
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
    isEnabled: level => target.isEnabled(level),
    child: more => {
      const fields = { ...defaults.fields, ...more.fields }
      return logInto(target, { ...defaults, ...more, fields })
    }
  }
}

/** Takes one finished line without its newline. */
export type LineSink = (line: string) => void

/** A log in the given style, of a thread that shares its output with none. To descriptor 1 unless a sink is given. */
export function createLog(style: LineStyle, defaults: LogDefaults = {}, sink: LineSink = writeLine): Log {
  const target: LogTarget = {
    isEnabled: level => isLevelEnabled(style.level, level),
    write: line => sink(formatLine(style, line))
  }
  return logInto(target, defaults)
}
