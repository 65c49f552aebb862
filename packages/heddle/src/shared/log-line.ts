/**
 * What one log line looks like: a JSON object, or a line for people to read.
 *
 * Runs in any thread. Pure: it returns a string and writes nothing; `log.ts` does the writing.
 */
import { types } from 'node:util'

/** How urgent a line is. */
export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error'

/** How lines look and which are written. `channel/messages.ts` carries the same three facts to a thread. */
export interface LineStyle {
  /** The least urgent level that is written; `silent` writes nothing. */
  readonly level: Level | 'silent'
  readonly format: 'pretty' | 'json'
  /** Whether pretty lines carry ANSI colours. JSON never does. */
  readonly colour: boolean
}

/** The facts of one line. */
export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly level: Level
  readonly application?: string
  /** Name of the thread, `application:slot` or `edge:index`. */
  readonly worker?: string
  readonly message: string
  readonly fields?: Readonly<Record<string, unknown>>
  /** What was thrown: an error, the facts of one from another thread, or any value. */
  readonly error?: unknown
}

const severity: Readonly<Record<Level | 'silent', number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  silent: 100
}

/** Whether a line of `level` is written at all under `threshold`. */
export function isLevelEnabled(threshold: LineStyle['level'], level: Level): boolean {
  return severity[level] >= severity[threshold]
}

/** Returns the line without its newline. A JSON line never contains one; a pretty line may, before indented ones. */
export function formatLine(style: LineStyle, line: LogLine): string {
  return style.format === 'json' ? toJson(line) : toPretty(line, style.colour ? paint : plain)
}

const reserved = new Set(['level', 'time', 'application', 'worker', 'msg', 'err'])

function toJson(line: LogLine): string {
  const record: Record<string, unknown> = { level: line.level, time: new Date(line.time).toISOString() }
  if (line.application !== undefined) record.application = line.application
  if (line.worker !== undefined) record.worker = line.worker
  record.msg = line.message
  for (const [key, value] of Object.entries(line.fields ?? {})) {
    // A field may not replace what Heddle says about the line, and is not lost either.
    record[reserved.has(key) ? `_${key}` : key] = types.isNativeError(value) ? toErrorRecord(value) : value
  }
  if (line.error !== undefined) record.err = toErrorRecord(line.error)
  return stringify(record)
}

/** The deepest chain of causes that is written: a cause may refer to itself. */
const causesMax = 5

function toErrorRecord(error: unknown, depth = 0): unknown {
  if (!isErrorLike(error)) return { type: typeof error, message: describe(error) }
  const record: Record<string, unknown> = { type: error.name ?? 'Error', message: error.message }
  if (error.code !== undefined && error.code !== null) record.code = error.code
  if (error.stack) record.stack = error.stack
  if (error.cause !== undefined && depth < causesMax) record.cause = toErrorRecord(error.cause, depth + 1)
  return record
}

interface ErrorLike {
  readonly message: string
  readonly name?: string
  readonly stack?: string | null
  readonly code?: unknown
  readonly cause?: unknown
}

function isErrorLike(value: unknown): value is ErrorLike {
  return (
    typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string'
  )
}

function describe(value: unknown): string {
  return typeof value === 'string' ? value : stringify(value)
}

/** JSON of any value: circular references, big integers and throwing getters do not lose the line. */
function stringify(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    // Only values which JSON refuses take the slow way.
    return stringifySlowly(value)
  }
}

function stringifySlowly(value: unknown): string {
  const ancestors: unknown[] = []
  const replace = function (this: unknown, _key: string, item: unknown): unknown {
    if (typeof item === 'bigint') return item.toString()
    if (typeof item !== 'object' || item === null) return item
    while (ancestors.length > 0 && ancestors.at(-1) !== this) ancestors.pop()
    if (ancestors.includes(item)) return '[circular]'
    ancestors.push(item)
    return item
  }
  try {
    return JSON.stringify(value, replace) ?? String(value)
  } catch (error) {
    return JSON.stringify(`[unserializable: ${String(error)}]`)
  }
}

type Paint = (colour: keyof typeof codes, text: string) => string

const codes = { grey: 90, blue: 34, green: 32, yellow: 33, red: 31, cyan: 36 }
const paint: Paint = (colour, text) => `\u001B[${codes[colour]}m${text}\u001B[39m`
const plain: Paint = (_colour, text) => text

const levelColour: Readonly<Record<Level, keyof typeof codes>> = {
  trace: 'grey',
  debug: 'blue',
  info: 'green',
  warn: 'yellow',
  error: 'red'
}

function toPretty(line: LogLine, tint: Paint): string {
  const parts = [tint('grey', clockTime(line.time)), tint(levelColour[line.level], line.level.padEnd(5))]
  const origin = line.worker ?? line.application
  if (origin !== undefined) parts.push(tint('cyan', origin))
  parts.push(indent(line.message))
  const calls: string[] = []
  for (const [key, value] of Object.entries(line.fields ?? {})) {
    if (hasStack(value)) calls.push(...value.stack.map(call => `\n        ${call}`))
    else parts.push(`${tint('grey', `${key}=`)}${prettyValue(value)}`)
  }
  const text = parts.join(' ') + calls.join('')
  return line.error === undefined ? text : `${text}\n${prettyError(line.error)}`
}

/** A field that is a place with a stack: for people the stack is what is worth reading of it. */
function hasStack(value: unknown): value is { readonly stack: readonly string[] } {
  return typeof value === 'object' && value !== null && 'stack' in value && Array.isArray(value.stack)
}

function clockTime(time: number): string {
  const at = new Date(time)
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map(part => String(part).padStart(2, '0'))
  return `${clock.join(':')}.${String(at.getMilliseconds()).padStart(3, '0')}`
}

function prettyValue(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value)
  if (types.isNativeError(value)) return JSON.stringify(value.message)
  return stringify(value)
}

function prettyError(error: unknown, depth = 0): string {
  if (!isErrorLike(error)) return `    ${indent(describe(error))}`
  // Some stacks do not begin with the message: it was changed after the error was made.
  const headline = `${error.name ?? 'Error'}: ${error.message}`
  const stack = error.stack ?? headline
  const text = stack.includes(error.message) ? stack : `${headline}\n${stack}`
  const own = `    ${indent(text)}`
  if (error.cause === undefined || depth >= causesMax) return own
  return `${own}\n    caused by:\n${prettyError(error.cause, depth + 1)}`
}

/** Lines after the first are set in, so that where one entry ends and the next begins is seen at once. */
function indent(text: string): string {
  return text.includes('\n') ? text.replaceAll('\n', '\n    ') : text
}
