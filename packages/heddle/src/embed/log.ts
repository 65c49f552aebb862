/**
 * The log of a server as a program reads it: one line after the other, as fast as it likes.
 *
 * Main thread. Nothing is read between two calls for the next line.
 */
import type { Clock } from '../shared/clock.ts'

/** The levels of lines, from the least urgent to the most. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error'

/** Which lines are wanted. */
export interface LogOptions {
  /** Only those of this application. */
  readonly application?: string
  /** Only those of this thread, `application:slot` or `edge:index`. */
  readonly worker?: string
  /** Only those of this level and those more urgent. */
  readonly level?: LogLevel
  /** How many of the last lines come first. Defaults to 100. */
  readonly tail?: number
  /** Whether lines that come later follow; else it ends after the last ones. Defaults to true. */
  readonly follow?: boolean
  /** Ends it, without an error. */
  readonly signal?: AbortSignal
}

/** One line, and its fields. */
export interface LogEntry {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly level: LogLevel
  readonly message: string
  /** Absent for lines of Heddle itself. */
  readonly application?: string
  readonly worker?: string
  readonly [field: string]: unknown
}

/** The log of a server. `main/logs/` fits. */
export interface LogSource {
  open(
    filter: Pick<LogOptions, 'application' | 'worker' | 'level'>,
    from: { readonly tail: number }
  ): {
    read(max: number): {
      readonly messages: readonly { readonly line: Readonly<Record<string, unknown>> }[]
      readonly lost: number
    }
    close(): void
  }
}

/** Milliseconds between two looks at a log in which nothing was new, and lines of one look. */
const lookMs = 100
const linesMax = 500

/**
 * Reads the log of a server.
 *
 * @param hasEnded Whether the server has stopped: nothing comes any more then.
 */
export async function* readLog(
  log: LogSource,
  clock: Clock,
  hasEnded: () => boolean,
  options: LogOptions = {}
): AsyncGenerator<LogEntry, void, undefined> {
  const { tail = 100, follow = true, signal, ...filter } = options
  const reader = log.open(filter, { tail })
  const isOver = (): boolean => signal?.aborted === true
  try {
    while (!isOver()) {
      const isLast = !follow || hasEnded()
      const { messages, lost } = reader.read(linesMax)
      const entries = messages.map(({ line }) => line as LogEntry)
      if (lost > 0) entries.unshift(lossOf(lost))
      for (let at = 0; at < entries.length && !isOver(); at++) yield entries[at] as LogEntry
      if (entries.length > 0) continue
      if (isLast) return
      // oxlint-disable-next-line no-await-in-loop -- A log announces nothing: it is looked at.
      await pause(clock, signal)
    }
  } finally {
    reader.close()
  }
}

function lossOf(lines: number): LogEntry {
  const message = 'Log lines were lost because nothing read them in time.'
  return { time: Date.now(), level: 'warn', message, lines }
}

function pause(clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = clock.after(lookMs, resolve)
  const wake = (): void => {
    cancel()
    resolve()
  }
  signal?.addEventListener('abort', wake, { once: true })
  return promise.finally(() => signal?.removeEventListener('abort', wake))
}
