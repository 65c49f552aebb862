/**
 * What stands in a log line, whatever an application has put there: errors as far as they say something, and
 * JSON of values that JSON refuses.
 *
 * Runs in any thread. Pure.
 */
import { types } from 'node:util'

/** The deepest chain of causes that is written: a cause may refer to itself. */
export const causesMax = 5

/** Whether something can be written as an error is. */
export interface ErrorLike {
  readonly message: string
  readonly name?: string
  /** What loggers that write JSON call the name. */
  readonly type?: unknown
  readonly stack?: string | null
  readonly code?: unknown
  readonly cause?: unknown
}

/** Tells errors, and the facts of errors from elsewhere, from other values. */
export function isErrorLike(value: unknown): value is ErrorLike {
  return (
    typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string'
  )
}

/** What kind of error it is. */
export function errorName(error: ErrorLike): string {
  return error.name ?? (typeof error.type === 'string' ? error.type : 'Error')
}

const errorKeys = new Set(['name', 'type', 'message', 'code', 'stack', 'cause'])

/** An error as JSON shows it; also the facts of one from elsewhere, and whatever else was thrown. Never throws. */
export function toErrorRecord(error: unknown): unknown {
  try {
    return errorRecord(error, 0)
  } catch (failure) {
    return { type: typeof error, message: unserializable(failure) }
  }
}

function errorRecord(error: unknown, depth: number): unknown {
  if (!isErrorLike(error)) return { type: typeof error, message: describe(error) }
  const record: Record<string, unknown> = { type: errorName(error), message: error.message }
  if (error.code !== undefined && error.code !== null) record.code = error.code
  if (error.stack) record.stack = error.stack
  if (error.cause !== undefined && depth < causesMax) record.cause = errorRecord(error.cause, depth + 1)
  return Object.assign(record, furtherFacts(error))
}

/** What else an error says of itself (`errno`, `syscall`, `statusCode`): of a live one only what is no object. */
function furtherFacts(error: ErrorLike): Record<string, unknown> {
  const isLive = types.isNativeError(error)
  const names = Object.keys(error).filter(name => !errorKeys.has(name))
  const entries = names
    .map((name): [string, unknown] => [name, fact(error, name)])
    .filter(
      ([, value]) => value !== null && !(isLive && (typeof value === 'object' || typeof value === 'function'))
    )
  return Object.fromEntries(entries)
}

/** A getter that throws costs nothing but its own value. */
function fact(error: ErrorLike, name: string): unknown {
  try {
    return Reflect.get(error, name)
  } catch (failure) {
    return unserializable(failure)
  }
}

/** Any value in words. */
export function describe(value: unknown): string {
  return typeof value === 'string' ? value : stringify(value)
}

/** JSON of an object. One field that JSON refuses does not cost the others. */
export function stringifyFields(record: Readonly<Record<string, unknown>>): string {
  // A field that is a function of this name would be asked for the JSON of all of them.
  const fields = typeof record.toJSON === 'function' ? withoutToJson(record) : record
  try {
    return JSON.stringify(fields)
  } catch {
    // Only values which JSON refuses take the slow way.
    const parts = Object.entries(fields).flatMap(([key, value]) => {
      const text = jsonOf(value)
      return text === undefined ? [] : [`${JSON.stringify(key)}:${text}`]
    })
    return `{${parts.join(',')}}`
  }
}

function withoutToJson(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== 'toJSON'))
}

/** JSON of any value: circular references, big integers and throwing getters do not lose the line. */
export function stringify(value: unknown): string {
  return jsonOf(value) ?? inWords(value)
}

/** `undefined` for what JSON leaves out: functions, symbols, and what says so of itself. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    // Only values which JSON refuses take the slow way.
    return stringifySlowly(value)
  }
}

function stringifySlowly(value: unknown): string | undefined {
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
    return JSON.stringify(value, replace)
  } catch (error) {
    return JSON.stringify(unserializable(error))
  }
}

function unserializable(failure: unknown): string {
  return `[unserializable: ${inWords(failure)}]`
}

/** A value as text, shortly: what was thrown, for instance. Never throws, though not every object can be made text. */
export function inWords(value: unknown): string {
  try {
    return String(value)
  } catch {
    return typeof value
  }
}
