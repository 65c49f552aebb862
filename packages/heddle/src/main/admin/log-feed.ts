/**
 * The log as a feed of messages: what is new is looked for a few times a second, as long as somebody reads.
 *
 * Main thread only.
 */
import type { Cancel, Clock } from '../../shared/clock.ts'
import { factJson } from './fact-json.ts'
import type { Feed, Look } from './feed.ts'
import type { LogReader } from '../../control/log-source.ts'

/** Milliseconds between two looks: people see no difference, and threads that log are not disturbed. */
const lookMs = 100

/** What one client reads of the log. */
export class LogFeed implements Feed {
  readonly #reader: LogReader
  readonly #clock: Clock
  #cancel: Cancel = () => {}

  constructor(reader: LogReader, clock: Clock) {
    this.#reader = reader
    this.#clock = clock
  }

  read(max: number): Look {
    const { messages, lost } = this.#reader.read(max)
    return { messages: messages.map(({ id, line }) => ({ id, name: null, data: factJson(line) })), lost }
  }

  wait(wake: () => void): Cancel {
    this.#cancel = this.#clock.after(lookMs, wake)
    return this.#cancel
  }

  close(): void {
    this.#cancel()
    this.#reader.close()
  }
}
