/**
 * The log as whoever reads it has it: its last lines, and those that come, as the reader is ready for them.
 *
 * Types only. In the main thread `main/logs/` reads the rings that every thread writes its lines into, for the
 * management API. Nothing is read as long as nobody asks.
 */

/** Which lines are wanted. Everything that is given has to fit. */
export interface LogFilter {
  readonly application?: string
  /** `application:slot` or `edge:index`. */
  readonly worker?: string
  /** This level and those more urgent. */
  readonly level?: 'trace' | 'debug' | 'info' | 'warn' | 'error'
}

/** One line, and how a reader that has seen it goes on behind it. */
export interface LogMessage {
  /** Where in the log it stands: of letters, digits and `.:-_,`; opaque to whoever gets it. */
  readonly id: string
  /** The line: `time` (milliseconds since the epoch), `level`, `message`, `application?`, `worker?` and its fields. */
  readonly line: Readonly<Record<string, unknown>>
}

/** What came of a look at the log. */
export interface LogLook {
  /** Oldest first. */
  readonly messages: readonly LogMessage[]
  /** Lines that were overwritten before they were read, since the last look. */
  readonly lost: number
}

/** Where a reader begins. */
export interface LogStart {
  /** With so many of the last lines that fit. */
  readonly tail: number
  /** Behind the line of this id; one that is not known any more, or is of another server, counts as `tail`. */
  readonly after?: string
}

/** Reads the log once, for one reader. */
export interface LogReader {
  /** What has come since the last look, `max` lines at most: what is left comes at the next. */
  read(max: number): LogLook
  close(): void
}

/** The log of a server. */
export interface LogSource {
  /** Begins to read. */
  open(filter: LogFilter, from: LogStart): LogReader
}
