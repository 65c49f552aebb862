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

/** An error as JSON shows it; also the facts of one from elsewhere, and whatever else was thrown. */
export function toErrorRecord(error: unknown, depth = 0): unknown {
  if (!isErrorLike(error)) return { type: typeof error, message: describe(error) }
  const record: Record<string, unknown> = { type: errorName(error), message: error.message }
  if (error.code !== undefined && error.code !== null) record.code = error.code
  if (error.stack) record.stack = error.stack
  if (error.cause !== undefined && depth < causesMax) record.cause = toErrorRecord(error.cause, depth + 1)
  return Object.assign(record, furtherFacts(error))
}

/** What else an error says of itself (`errno`, `syscall`, `statusCode`): of a live one only what is no object. */
function furtherFacts(error: ErrorLike): Record<string, unknown> {
  const isLive = types.isNativeError(error)
  const entries = Object.entries(error).filter(
    ([key, value]: [string, unknown]) =>
      !errorKeys.has(key) &&
      value !== null &&
      !(isLive && (typeof value === 'object' || typeof value === 'function'))
  )
  return Object.fromEntries(entries)
}

/** Any value in words. */
export function describe(value: unknown): string {
  return typeof value === 'string' ? value : stringify(value)
}

/** JSON of an object. One field that JSON refuses does not cost the others. */
export function stringifyFields(record: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify(record)
  } catch {
    // Only values which JSON refuses take the slow way.
    const parts = Object.entries(record).map(([key, value]) => {
      const text = stringify(value)
      return `${JSON.stringify(key)}:${text === 'undefined' || typeof value === 'function' ? 'null' : text}`
    })
    return `{${parts.join(',')}}`
  }
}

/** JSON of any value: circular references, big integers and throwing getters do not lose the line. */
export function stringify(value: unknown): string {
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
