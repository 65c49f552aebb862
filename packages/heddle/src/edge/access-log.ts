/**
 * Writes the lines of the access log, in the form that is asked for and without what must not be in a log. Edge thread.
 */
import type { ThreadLogger } from '../channel/messages.ts'
import type { EdgeSettings } from '../channel/messages.ts'
import type { LogLine } from '../shared/log-line.ts'
import { accessLine, combinedLine } from './access-line.ts'
import type { AccessFacts } from './access-line.ts'
import { accessRedaction } from './access-redaction.ts'
import type { HideFacts } from './access-redaction.ts'
import { shortLine } from './short-line.ts'

/**
 * Takes the lines of the access log, and writes those of one turn of the event loop together. They are wanted
 * whatever the level of the log.
 */
export interface AccessLines {
  write(line: LogLine): void
  /** Writes a line that has a form of its own. */
  writeText(text: string, line: LogLine): void
}

/** One line for each request. */
export class AccessLog {
  readonly #lines: AccessLines
  readonly #colour: boolean
  readonly #hide: HideFacts | null

  constructor(lines: AccessLines, { colour, redact = [] }: ThreadLogger) {
    this.#lines = lines
    this.#colour = colour
    this.#hide = accessRedaction(redact)
  }

  /** Writes the line of a request that has ended. */
  write(form: EdgeSettings['server']['accessLog'], known: AccessFacts): void {
    if (form === 'off') return
    const facts = this.#hide === null ? known : this.#hide(known)
    const line = accessLine(facts)
    if (form === 'json') this.#lines.write(line)
    else if (form === 'combined') this.#lines.writeText(combinedLine(facts), line)
    else this.#lines.writeText(shortLine(facts, this.#colour), line)
  }
}
