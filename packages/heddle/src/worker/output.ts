/**
 * Turns what the application prints into log lines: console.*, process.stdout and process.stderr, node's
 * warnings, and writes to file descriptors 1 and 2 (pino writes there without asking process.stdout).
 *
 * Runs in worker threads, installed once by `boot.ts` before any code of the application. Lines are written
 * synchronously by this thread: the last ones before a crash are not lost, and the main thread carries none.
 * Lines below the configured level are dropped, whoever wrote them.
 */
import fs from 'node:fs'
import type { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

import type { LogStyle } from '../channel/messages.ts'
import { formatLine, isLevelEnabled } from '../shared/log-line.ts'
import type { Level, LogLine } from '../shared/log-line.ts'
import { writeLine } from '../shared/log.ts'
import { readApplicationLine } from './application-line.ts'

/** Who prints: part of every line. */
export interface Speaker {
  readonly application: string
  readonly worker: string
}

/** Writes log lines in the voice of one worker. */
export interface Output {
  /** One line, if its level is written at all. */
  write(line: LogLine): void
  isEnabled(level: Level): boolean
}

/** The voice of a worker: adds who speaks, filters by level, writes to the process's standard output. */
export function createOutput(style: LogStyle, speaker: Speaker): Output {
  return {
    write: line => {
      if (isLevelEnabled(style.level, line.level)) emitLine(formatLine(style, { ...line, ...speaker }))
    },
    isEnabled: level => isLevelEnabled(style.level, level)
  }
}

/** Set while a log line is being written, so that the write itself is not taken for one of the application's. */
let emitting = false

function emitLine(text: string): void {
  emitting = true
  try {
    writeLine(text)
  } finally {
    emitting = false
  }
}

/** Replaces the ways out of this thread. */
export function captureOutput(output: Output): void {
  const out = new Channel(output, 'info')
  const err = new Channel(output, 'error')
  redirect(process.stdout, out)
  redirect(process.stderr, err)
  captureConsole([out, err])
  captureDescriptors(
    new Map([
      [1, out],
      [2, err]
    ])
  )
  captureWarnings(output)
  process.on('exit', () => {
    out.flush()
    err.flush()
  })
}

/** One way out: cuts what is written into lines. */
class Channel {
  readonly #output: Output
  readonly #level: Level
  readonly #decoder = new StringDecoder('utf8')
  #partial = ''
  /** While a console method runs: its level. What it writes is one message, however many lines it has. */
  speaking: Level | null = null

  constructor(output: Output, level: Level) {
    this.#output = output
    this.#level = level
  }

  write(chunk: string | Uint8Array): void {
    const text = typeof chunk === 'string' ? chunk : this.#decoder.write(chunk)
    if (this.speaking !== null) {
      this.#record(text.endsWith('\n') ? text.slice(0, -1) : text, this.speaking)
      return
    }
    const lines = (this.#partial + text).split('\n')
    this.#partial = lines.pop() ?? ''
    for (const line of lines) this.#record(line, this.#level)
  }

  /** Writes what no newline has ended. */
  flush(): void {
    const rest = this.#partial + this.#decoder.end()
    this.#partial = ''
    if (rest !== '') this.#record(rest, this.#level)
  }

  #record(text: string, level: Level): void {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text
    if (line.trim() !== '') this.#output.write(readApplicationLine(line, level, Date.now()))
  }
}

/** The streams stay node's own, since the main thread's end of them talks to them; only where they write changes. */
function redirect(stream: Writable, channel: Channel): void {
  const write: Writable['_write'] = (chunk: string | Uint8Array, _encoding, done) => {
    channel.write(chunk)
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
  for (const [name, level] of Object.entries(consoleLevels)) {
    const original: unknown = Reflect.get(console, name)
    if (typeof original !== 'function') continue
    Reflect.set(console, name, (...args: unknown[]) => {
      for (const channel of channels) channel.speaking ??= level
      try {
        Reflect.apply(original, console, args)
      } finally {
        for (const channel of channels) channel.speaking = null
      }
    })
  }
}

/** Only what is called as `fs.write` and `fs.writeSync` can be seen; loggers do that. */
function captureDescriptors(channels: ReadonlyMap<unknown, Channel>): void {
  const { write, writeSync } = fs
  const take = (channel: Channel, [chunk, start, length]: readonly unknown[]): number => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : cut(chunk, start, length)
    channel.write(bytes)
    return bytes.length
  }
  Reflect.set(fs, 'writeSync', (fd: unknown, ...args: unknown[]): unknown => {
    const channel = emitting ? undefined : channels.get(fd)
    return channel === undefined ? Reflect.apply(writeSync, fs, [fd, ...args]) : take(channel, args)
  })
  const captured = (fd: unknown, ...args: unknown[]): void => {
    const channel = channels.get(fd)
    if (channel === undefined) {
      Reflect.apply(write, fs, [fd, ...args])
      return
    }
    const written = take(channel, args)
    const callback = args.at(-1)
    if (typeof callback === 'function') process.nextTick(callback, null, written, args[0])
  }
  Reflect.set(fs, 'write', Object.assign(captured, keepSymbols(write)))
}

/** `util.promisify(fs.write)` finds its own version by a symbol on the function. */
function keepSymbols(original: object): object {
  return Object.fromEntries(
    Object.getOwnPropertySymbols(original).map(key => [key, Reflect.get(original, key) as unknown])
  )
}

function cut(chunk: unknown, start: unknown, length: unknown): Buffer {
  if (!ArrayBuffer.isView(chunk)) throw new TypeError('The data to write must be a string or a byte array.')
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  const from = typeof start === 'number' ? start : 0
  return bytes.subarray(from, typeof length === 'number' ? from + length : undefined)
}

/** Node prints warnings past process.stderr. Experimental ones say nothing about the application: they are debug. */
function captureWarnings(output: Output): void {
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
