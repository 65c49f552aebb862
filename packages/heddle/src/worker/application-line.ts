/**
 * Reads one line that an application wrote: plain text, or the JSON object of a logger like pino or bunyan.
 *
 * Runs in worker threads. Pure: `output.ts` collects the lines and writes what is returned here.
 */
import type { Level, LogLine } from '../shared/log-line.ts'

/** The facts of a line. `fallback` is the level of text and of objects that name none. */
export function readApplicationLine(line: string, fallback: Level, now: number): LogLine {
  const record = parseRecord(line)
  if (record === null) return { time: now, level: fallback, message: line }
  const { level, time, msg, message, err, error, ...rest } = record
  const text = toText(msg ?? message)
  const others = err === undefined || error === undefined ? rest : { ...rest, error }
  const { thrown, fields } =
    err === undefined && error === undefined
      ? readStack(text, rest)
      : { thrown: err ?? error, fields: others }
  return {
    time: readTime(time) ?? now,
    level: readLevel(level) ?? fallback,
    message: text,
    fields: msg === undefined || message === undefined ? fields : { ...fields, message },
    ...(thrown === undefined ? {} : { error: thrown })
  }
}

/** Loggers such as winston write of an error its message and its stack, as a message and a field. */
function readStack(message: string, record: Record<string, unknown>): Reading {
  const { stack, ...fields } = record
  if (typeof stack !== 'string') return { thrown: undefined, fields: record }
  const name = /^(\w+): /.exec(stack)?.[1]
  return { thrown: { message, stack, ...(name === undefined ? {} : { name }) }, fields }
}

interface Reading {
  readonly thrown: unknown
  readonly fields: Record<string, unknown>
}

/** Whether a line is a JSON object: what it says is told apart then. */
export function isJsonLine(text: string): boolean {
  return parseRecord(text) !== null
}

function parseRecord(line: string): Record<string, unknown> | null {
  const text = line.trim()
  if (!text.startsWith('{') || !text.endsWith('}')) return null
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    // Not JSON after all: text that happens to stand in braces.
    return null
  }
}

/** Loggers that count seconds since the epoch have had between these many of them: 1973 and 5138. */
const secondsMin = 1e8
const secondsMax = 1e11

/** Loggers that count nanoseconds have had more than these. */
const nanosecondsMin = 1e17

function readTime(value: unknown): number | null {
  const read = typeof value === 'string' ? Date.parse(value) : value
  const time = typeof read === 'number' ? toMilliseconds(read) : read
  return typeof time === 'number' && Number.isFinite(time) && Math.abs(time) < 8.64e15 ? time : null
}

function toMilliseconds(time: number): number {
  if (time >= nanosecondsMin) return Math.trunc(time / 1e6)
  return time >= secondsMin && time < secondsMax ? Math.trunc(time * 1000) : time
}

/** A map: an application may call a level `constructor`. */
const levelNames: ReadonlyMap<string, Level> = new Map([
  ['trace', 'trace'],
  ['silly', 'trace'],
  ['debug', 'debug'],
  ['verbose', 'debug'],
  ['info', 'info'],
  ['http', 'info'],
  ['notice', 'info'],
  ['warn', 'warn'],
  ['warning', 'warn'],
  ['error', 'error'],
  ['fatal', 'error'],
  ['crit', 'error'],
  ['critical', 'error'],
  ['alert', 'error'],
  ['emerg', 'error']
])

/** The numbers of pino and bunyan: 10 is trace, 60 is fatal. */
function readLevel(value: unknown): Level | null {
  if (typeof value === 'string') return levelNames.get(value.toLowerCase()) ?? null
  if (typeof value !== 'number') return null
  if (value >= 50) return 'error'
  if (value >= 40) return 'warn'
  if (value >= 30) return 'info'
  return value >= 20 ? 'debug' : 'trace'
}

function toText(value: unknown): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
