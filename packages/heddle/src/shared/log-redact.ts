/**
 * Hides what must not be in a log: the values at given places of a line's fields.
 *
 * Runs in any thread. Pure: a line is never changed, only copied as far as something in it is hidden.
 */
import { types } from 'node:util'

import { toErrorRecord } from './log-value.ts'

/** What stands in the place of a hidden value. */
export const censored = '[redacted]'

/** Gives back the record itself when there is nothing to hide in it, else a copy. */
export type Redact = <Fields extends Readonly<Record<string, unknown>>>(fields: Fields) => Fields

/**
 * What a path may look like: names with dots between them, `*` for any name of one level, and brackets for names that
 * dots cannot say: `req.headers["x-api-key"]`, `users[*].password`.
 */
export const pathPattern: string = String.raw`(?:[^.[\]"'\s]+|\["[^"]+"\]|\['[^']+'\]|\[\*\]|\[\d+\])(?:\.[^.[\]"'\s]+|\["[^"]+"\]|\['[^']+'\]|\[\*\]|\[\d+\])*`

/** One level of the places: what is hidden below each name, and below `*` every other one. `null` hides the value itself. */
type Places = Map<string, Places | null>

/** Prepares the hiding of these places. Without paths it gives every record back as it is. */
export function compileRedaction(paths: readonly string[]): Redact {
  if (paths.length === 0) return fields => fields
  const places: Places = new Map()
  for (const path of paths) add(places, readPath(path))
  spread(places)
  // Only what its own names are written of is copied: the kind is the same.
  return fields => hideIn(fields, places) as typeof fields
}

function readPath(path: string): string[] {
  const step = /\["([^"]+)"\]|\['([^']+)'\]|\[(\*|\d+)\]|[^.[\]]+/g
  return Array.from(path.matchAll(step), ([name, ...inBrackets]) => inBrackets.find(Boolean) ?? name)
}

function add(places: Places, [name, ...rest]: readonly string[]): void {
  if (name === undefined) return
  const known = places.get(name)
  // A shorter path hides more.
  if (known === null) return
  if (rest.length === 0) {
    places.set(name, null)
    return
  }
  const below = known ?? new Map()
  places.set(name, below)
  add(below, rest)
}

/** What holds for every name holds for those that are written down too. */
function spread(places: Places): void {
  const every = places.get('*')
  for (const [name, below] of places) {
    if (name !== '*' && every !== undefined) places.set(name, merged(below, every))
  }
  for (const below of places.values()) if (below !== null) spread(below)
}

function merged(one: Places | null, other: Places | null): Places | null {
  if (one === null || other === null) return null
  const both: Places = new Map(one)
  for (const [name, below] of other) {
    const known = both.get(name)
    both.set(name, known === undefined ? below : merged(known, below))
  }
  return both
}

function hide(value: unknown, places: Places): unknown {
  if (typeof value !== 'object' || value === null) return value
  const shown = toShown(value)
  if (typeof shown !== 'object' || shown === null) return value
  const hidden = hideIn(shown, places)
  return hidden === shown ? value : hidden
}

/** What is written of an object. A copy of the object itself would show what it does not. */
function toShown(value: object): unknown {
  if (types.isNativeError(value)) return toErrorRecord(value)
  return 'toJSON' in value && typeof value.toJSON === 'function' ? value.toJSON() : value
}

function hideIn(value: object, places: Places): object {
  const every = places.get('*')
  let copy: object | null = null
  for (const key of every === undefined ? places.keys() : Object.keys(value)) {
    const own: unknown = Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined
    const below = places.get(key) ?? (places.has(key) ? null : every)
    if (own === undefined || below === undefined) continue
    const hidden = below === null ? censored : hide(own, below)
    if (hidden === own) continue
    copy ??= Array.isArray(value) ? Array.from<unknown>(value) : { ...value }
    Reflect.set(copy, key, hidden)
  }
  return copy ?? value
}
