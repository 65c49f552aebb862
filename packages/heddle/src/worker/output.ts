/**
 * Turns what the application prints into log lines: console.*, process.stdout and process.stderr, node's
 * warnings, and writes to file descriptors 1 and 2 (`descriptors.ts`; pino writes there without asking process.stdout).
 *
 * Runs in worker threads, installed once by `boot.ts` before any code of the application. Lines are written
 * synchronously by this thread: the last ones before a crash are not lost, and the main thread carries none.
 * Lines below the level in force are dropped, whoever wrote them.
 */
import type { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

import { ThreadLog } from '../channel/log-thread.ts'
import type { ThreadLogger } from '../channel/messages.ts'
import type { Level } from '../shared/log-line.ts'
import type { LogTarget } from '../shared/log.ts'
import { readApplicationLine } from './application-line.ts'
import { captureDescriptors } from './descriptors.ts'

/** Who prints: part of every line. */
export interface Speaker {
  readonly application: string
  readonly worker: string
}

/** Writes log lines in the voice of one worker. */
export interface Output extends LogTarget {
  /** Remembers what no newline has ended, in case the thread does not live to see one. */
  keepPending?(source: 'stdout' | 'stderr', text: string): void
}

/** The voice of a worker: adds who speaks, filters by the level in force, stands still while the output is full. */
export function createOutput(logger: ThreadLogger, speaker: Speaker): ThreadLog {
  return new ThreadLog(logger, speaker, { whenFull: 'wait' })
}

/** Replaces the ways out of this thread. */
export function captureOutput(output: Output): void {
  const out = new Channel(output, 'stdout')
  const err = new Channel(output, 'stderr')
  redirect(process.stdout, out)
  redirect(process.stderr, err)
  captureConsole([out, err])
  captureDescriptors({ stdout: bytes => out.write(bytes), stderr: bytes => err.write(bytes) })
  captureWarnings(output)
  process.on('exit', () => {
    out.flush()
    err.flush()
  })
}

/** What never ends its line is cut after so many characters, so that it does not fill the heap. */
export const lineMax = 1024 * 1024

/** One way out: cuts what is written into lines. */
class Channel {
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
    if (partial === this.#partial) return
    this.#partial = partial
    this.#output.keepPending?.(this.#source, partial)
  }

  #record(text: string, level: Level): void {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text
    if (line.length > lineMax) {
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

/** The streams stay node's own, since the main thread's end of them talks to them; only where they write changes. */
function redirect(stream: Writable, channel: Channel): void {
  const write: Writable['_write'] = (chunk: string | Uint8Array, encoding, done) => {
    const isText = typeof chunk !== 'string' || encoding === 'utf8' || encoding === 'utf-8'
    channel.write(isText ? chunk : Buffer.from(chunk, encoding))
    done()
  }
  Object.defineProperty(stream, '_write', { value: write })
  Object.defineProperty(stream, '_writev', { value: null })
}

const consoleLevels = {
  log: 'info',
  info: 'info',
  dir: 'info',
  table: 'info',
  debug: 'debug',
  trace: 'trace',
  warn: 'warn',
  error: 'error',
  assert: 'error'
} as const satisfies Readonly<Record<string, Level>>

function captureConsole(channels: readonly Channel[]): void {
  const speak = (level: Level | null): void => {
    for (const channel of channels) channel.speaking = level
  }
  for (const [name, level] of Object.entries(consoleLevels)) {
    const original: unknown = Reflect.get(console, name)
    if (typeof original !== 'function') continue
    Reflect.set(console, name, (...args: unknown[]) => {
      // Some methods call others: the outermost one says how urgent it is.
      const outer = channels[0]?.speaking ?? null
      speak(outer ?? level)
      try {
        Reflect.apply(original, console, args)
      } finally {
        speak(outer)
      }
    })
  }
}

/** Node prints warnings past process.stderr. Experimental ones say nothing about the application: they are debug. */
function captureWarnings(output: LogTarget): void {
  const printing = process.listeners('warning').find(({ name }) => name === 'onWarning')
  // Without node's own listener warnings were turned off.
  if (printing === undefined) return
  process.off('warning', printing)
  const option = '--disable-warning='
  const disabled = process.execArgv.filter(argument => argument.startsWith(option))
  const muted = new Set<unknown>(disabled.map(argument => argument.slice(option.length)))
  process.on('warning', warning => {
    const { name, message } = warning
    const code: unknown = Reflect.get(warning, 'code')
    if ((name === 'DeprecationWarning' && process.noDeprecation) || muted.has(name) || muted.has(code)) return
    const level = name === 'ExperimentalWarning' ? 'debug' : 'warn'
    const fields = code === undefined ? {} : { code }
    output.write({ time: Date.now(), level, message: `${name}: ${message}`, fields })
  })
}
