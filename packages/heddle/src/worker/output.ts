/**
 * Turns what the application prints into log lines: console.*, process.stdout and process.stderr, node's
 * warnings, and writes to file descriptors 1 and 2 (`descriptors.ts`; pino writes there without asking process.stdout).
 *
 * Runs in worker threads, installed once by `boot.ts` before any code of the application. Lines are written
 * synchronously by this thread: the last ones before a crash are not lost, and the main thread carries none.
 * Lines below the level in force are dropped, whoever wrote them.
 */
import { syncBuiltinESMExports } from 'node:module'
import type { Writable } from 'node:stream'

import { ThreadLog } from '../channel/log-thread.ts'
import type { ThreadLogger } from '../channel/messages.ts'
import type { Level } from '../shared/log-line.ts'
import type { LogTarget } from '../shared/log.ts'
import { captureDescriptors } from './descriptors.ts'
import { LineCutter } from './line-cutter.ts'
import type { Output } from './line-cutter.ts'
import { captureThreads, rememberForThreads } from './own-threads.ts'

export type { Output } from './line-cutter.ts'

/** Who prints: part of every line. */
export interface Speaker {
  readonly application: string
  readonly worker: string
}

/** The voice of a worker: adds who speaks, filters by the level in force, stands still while the output is full. */
export function createOutput(logger: ThreadLogger, speaker: Speaker): ThreadLog {
  rememberForThreads(logger, speaker)
  return new ThreadLog(logger, speaker, { whenFull: 'wait' })
}

/**
 * Replaces the ways out of this thread.
 *
 * @param isFirst Whether it speaks for its siblings, too, where all of them would say the same.
 */
export function captureOutput(output: Output, isFirst: boolean = true): void {
  const out = new LineCutter(output, 'stdout')
  const err = new LineCutter(output, 'stderr')
  redirect(process.stdout, out)
  redirect(process.stderr, err)
  captureConsole([out, err])
  captureDescriptors({ stdout: bytes => out.write(bytes), stderr: bytes => err.write(bytes) })
  captureWarnings(output, isFirst)
  captureThreads()
  // For those who import them by name.
  syncBuiltinESMExports()
  process.on('exit', () => {
    out.flush()
    err.flush()
  })
}

/** The streams stay node's own, since the main thread's end of them talks to them; only where they write changes. */
function redirect(stream: Writable, channel: LineCutter): void {
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

function captureConsole(channels: readonly LineCutter[]): void {
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

/** What node says of a package, not of what a worker does: by its code. */
const saidOnce = new Set<unknown>(['MODULE_TYPELESS_PACKAGE_JSON'])

/**
 * Node prints warnings past process.stderr. Experimental ones say nothing about the application: they are debug, as is
 * what another worker has said.
 */
function captureWarnings(output: LogTarget, isFirst: boolean): void {
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
    const isQuiet = name === 'ExperimentalWarning' || (!isFirst && saidOnce.has(code))
    const level = isQuiet ? 'debug' : 'warn'
    const fields = code === undefined ? {} : { code }
    output.write({ time: Date.now(), level, message: `${name}: ${message}`, fields })
  })
}
