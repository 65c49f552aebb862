/**
 * Writes texts of others into a configuration so that they are taken as they are: `{NAME}` would be a variable.
 *
 * Pure, for any thread.
 */
import { isPlainObject } from '../config/substitute.ts'

/** The value with every brace in its texts written so that it stays a brace. */
export function literal<Value>(value: Value): Value {
  return escaped(value) as Value
}

function escaped(value: unknown): unknown {
  // Braces around anything but a name stay as they are: only what would be read is written differently.
  if (typeof value === 'string') return value.replaceAll(/\{(?=\{|[A-Za-z_]\w*\})/g, '{{')
  if (Array.isArray(value)) return value.map(escaped)
  if (!isPlainObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escaped(item)]))
}
