/**
 * What the management API needs of the log: its last lines, and those that come, as whoever reads is ready for them.
 *
 * Main thread only. An interface: the rings that every thread writes its lines into are read elsewhere
 * (`main/logs/`). Nothing is read as long as nobody asks.
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

/** Reads the log once, for one reader. */
export interface LogReader {
  /** What has come since the last look, `max` lines at most: what is left comes at the next. */
  read(max: number): LogLook
  close(): void
}

/** The log of a server. */
export interface LogSource {
  /**
   * Begins to read.
   *
   * @param from `tail`: with so many of the last lines that fit. `after`: behind the line of this id; one that is not
   * known any more, or is of another server, counts as `tail`.
   */
  open(filter: LogFilter, from: { readonly tail: number; readonly after?: string }): LogReader
}
