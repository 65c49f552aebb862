/**
 * Writes log lines straight to the process's standard output, from whichever thread it is called in.
 *
 * Synchronous: what was logged before a crash or a SIGKILL has left the process. It never throws, and it
 * never waits longer than {@link stallMaxMs} for a reader that does not read.
 */
import { writeSync } from 'node:fs'

import { formatLine, isLevelEnabled } from './log-line.ts'
import type { Level, LineStyle } from './log-line.ts'

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

/** Takes one finished line without its newline. */
export type LineSink = (line: string) => void

/** A log in the given style. Lines go to file descriptor 1 unless a sink is given. */
export function createLog(style: LineStyle, defaults: LogDefaults = {}, sink: LineSink = writeLine): Log {
  const write = (level: Level, message: string, own?: LogFields): void => {
    if (!isLevelEnabled(style.level, level)) return
    const { error, ...fields } = { ...defaults.fields, ...own }
    const { application, worker } = defaults
    sink(
      formatLine(style, {
        time: Date.now(),
        level,
        message,
        fields,
        ...(application === undefined ? {} : { application }),
        ...(worker === undefined ? {} : { worker }),
        ...(error === undefined ? {} : { error })
      })
    )
  }
  return {
    trace: (message, fields) => write('trace', message, fields),
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
    isEnabled: level => isLevelEnabled(style.level, level),
    child: more => {
      const fields = { ...defaults.fields, ...more.fields }
      return createLog(style, { ...defaults, ...more, fields }, sink)
    }
  }
}

/** What the process knows about where its output goes. */
export interface StreamFacts {
  readonly isTerminal: boolean
}

/**
 * Turns the configured format into one to write in: `auto` is pretty on a terminal and JSON elsewhere.
 * Colours are for terminals; `NO_COLOR` and `TERM=dumb` turn them off, `FORCE_COLOR` outranks both.
 */
export function resolveLogStyle(
  logger: { readonly level: LineStyle['level']; readonly format: 'auto' | 'pretty' | 'json' },
  stream: StreamFacts,
  env: Readonly<Record<string, string | undefined>>
): LineStyle {
  const automatic = stream.isTerminal ? 'pretty' : 'json'
  const format = logger.format === 'auto' ? automatic : logger.format
  return { level: logger.level, format, colour: format === 'pretty' && wantsColour(stream, env) }
}

function wantsColour(stream: StreamFacts, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false'
  if (env.NO_COLOR) return false
  return stream.isTerminal && env.TERM !== 'dumb'
}

/** Milliseconds a full pipe may hold up one line before the line is given up and counted. */
export const stallMaxMs = 1000

const outputs = new Map<number, { lost: number; torn: boolean; closed: boolean }>()
const naps = new Int32Array(new SharedArrayBuffer(4))

/**
 * Writes one line and its newline to a file descriptor, 1 unless told. When the reader is gone nothing is
 * written any more; when it is too slow the line is dropped and the next one says how many were.
 */
export function writeLine(line: string, fd = 1): void {
  const output = outputs.get(fd) ?? { lost: 0, torn: false, closed: false }
  outputs.set(fd, output)
  if (output.closed) return
  const notice = output.lost === 0 ? '' : `${lostNotice(output.lost)}\n`
  const bytes = Buffer.from(`${output.torn ? '\n' : ''}${notice}${line}\n`)
  // One stall is enough: a reader that is still not reading holds nobody up a second time.
  const outcome = writeAll(fd, bytes, output.lost === 0 ? stallMaxMs : 0)
  if (outcome.failed) {
    output.closed = true
  } else if (outcome.written < bytes.length) {
    output.lost++
    output.torn = outcome.written > 0
  } else {
    output.lost = 0
    output.torn = false
  }
}

function lostNotice(lines: number): string {
  const message = 'Log lines were lost because nothing read them in time.'
  const style: LineStyle = { level: 'warn', format: 'json', colour: false }
  return formatLine(style, { time: Date.now(), level: 'warn', message, fields: { lines } })
}

function writeAll(fd: number, bytes: Buffer, patienceMs: number): { written: number; failed: boolean } {
  let written = 0
  const deadline = performance.now() + patienceMs
  while (written < bytes.length) {
    try {
      written += writeSync(fd, bytes, written)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      // EPIPE and EBADF are for good: nobody is there to read.
      if (code !== 'EAGAIN') return { written, failed: true }
      if (performance.now() >= deadline) break
      // A pipe that is full: this thread sleeps, since a line must not overtake an earlier one.
      Atomics.wait(naps, 0, 0, 5)
    }
  }
  return { written, failed: false }
}
