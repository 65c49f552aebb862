/**
 * Facts as JSON: errors with name, message and stack, and no text longer than anybody reads.
 *
 * Main thread only. Pure.
 */
import { inspect } from 'node:util'

/** Longest text that is kept whole, in characters. */
const textMax = 16_384

/** A value as JSON; an error in it as name, message and stack, with its causes. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, withErrors, indent)
}

/** The same with long texts cut: for what is remembered. What JSON cannot have becomes a sentence. */
export function factJson(value: unknown): string {
  try {
    return JSON.stringify(value, (key, item: unknown) => shorten(withErrors(key, item)))
  } catch (error) {
    return JSON.stringify({ unserializable: String(error) })
  }
}

function withErrors(_key: string, value: unknown): unknown {
  // A program that embeds a server may have written one into its configuration.
  if (typeof value === 'bigint') return String(value)
  return value instanceof Error ? errorRecord(value, 0) : value
}

/** The deepest chain of causes that is told: a cause may refer to itself. */
const causesMax = 5

function errorRecord(error: Error, depth: number): Readonly<Record<string, unknown>> {
  const { name, message, stack = null, cause } = error
  const record = { name, message, stack }
  if (cause === undefined || depth >= causesMax) return record
  return { ...record, cause: cause instanceof Error ? errorRecord(cause, depth + 1) : wordsOf(cause) }
}

/** What was given as a cause and is no error. */
function wordsOf(cause: unknown): string {
  return typeof cause === 'string' ? cause : inspect(cause, { depth: 1 })
}

function shorten(value: unknown): unknown {
  if (typeof value !== 'string' || value.length <= textMax) return value
  return `${value.slice(0, textMax)}… (${value.length - textMax} more characters)`
}
