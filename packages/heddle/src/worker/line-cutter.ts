/**
 * Cuts what an application writes to one of its outputs into lines, and reads each of them.
 *
 * Runs in worker threads, and in threads that applications start. It writes nothing itself.
 */
import { StringDecoder } from 'node:string_decoder'

import type { Level } from '../shared/log-line.ts'
import type { LogTarget } from '../shared/log.ts'
import { isJsonLine, readApplicationLine } from './application-line.ts'

/** Writes log lines in the voice of one worker. */
export interface Output extends LogTarget {
  /** Remembers what no newline has ended, in case the thread does not live to see one. */
  keepPending?(source: 'stdout' | 'stderr', text: string): void
}

/** What never ends its line is cut after so many characters, so that it does not fill the heap. */
export const lineMax: number = 1024 * 1024

/** Characters of a line without an end that are kept in case it never gets one. */
const keptMax = 1024

/** One way out of a thread. */
export class LineCutter {
  readonly #output: Output
  readonly #source: 'stdout' | 'stderr'
  readonly #level: Level
  readonly #decoder = new StringDecoder('utf8')
  #partial = ''
  /** While a console method runs: its level. What it writes is one message, however many lines it has. */
  speaking: Level | null = null

  constructor(output: Output, source: 'stdout' | 'stderr') {
    this.#output = output
    this.#source = source
    this.#level = source === 'stdout' ? 'info' : 'error'
  }

  write(chunk: string | Uint8Array): void {
    const text = typeof chunk === 'string' ? chunk : this.#decoder.write(chunk)
    if (this.speaking === null) {
      this.#writeText(text)
      return
    }
    if (this.#partial !== '') this.flush()
    this.#record(text.endsWith('\n') ? text.slice(0, -1) : text, this.speaking)
  }

  /** Writes what no newline has ended. */
  flush(): void {
    const rest = this.#partial + this.#decoder.end()
    this.#keep('')
    if (rest !== '') this.#record(rest, this.#level)
  }

  #writeText(text: string): void {
    const end = text.lastIndexOf('\n')
    if (end === -1) {
      this.#keep(this.#partial + text)
      if (this.#partial.length > lineMax) this.flush()
      return
    }
    const whole = this.#partial + text.slice(0, end)
    this.#keep(text.slice(end + 1))
    for (const message of messagesIn(whole)) this.#record(message, this.#level)
  }

  #keep(partial: string): void {
    const before = this.#partial
    if (partial === before) return
    this.#partial = partial
    // Of a long one the beginning has been kept already.
    if (before.length <= keptMax || partial.length <= keptMax)
      this.#output.keepPending?.(this.#source, partial)
  }

  #record(text: string, level: Level): void {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text
    // What is cut is text: of an object nobody could hide anything any more.
    if (line.length > lineMax && !isJsonLine(line)) {
      this.#record(line.slice(0, lineMax), level)
      this.#record(line.slice(lineMax), level)
    } else if (line.trim() !== '') {
      this.#output.write(readApplicationLine(line, level, Date.now()))
    }
  }
}

/**
 * The messages in lines that were written at once. A line that is indented goes on with what the line before says, as
 * the calls of a stack do.
 */
function messagesIn(text: string): readonly string[] {
  if (!text.includes('\n')) return [text]
  return text.split(/\n(?![ \t]+\S)/)
}
