/**
 * Facts as JSON: errors with name, message and stack, and no text longer than anybody reads.
 *
 * Main thread only. Pure.
 */

/** Longest text that is kept whole, in characters. */
const textMax = 16_384

/** A value as JSON; an error in it as name, message and stack, its causes inside it. */
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
  if (!(value instanceof Error)) return value
  const { name, message, stack = null } = value
  return { name, message, stack }
}

function shorten(value: unknown): unknown {
  if (typeof value !== 'string' || value.length <= textMax) return value
  return `${value.slice(0, textMax)}… (${value.length - textMax} more characters)`
}
