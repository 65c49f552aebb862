/**
 * Hides what must not be in a log: the values at given places of a line's fields.
 *
 * Runs in any thread. Pure: a line is never changed, only copied as far as something in it is hidden.
 */

/** What stands in the place of a hidden value. */
export const censored = '[redacted]'

/** Gives back the record itself when there is nothing to hide in it, else a copy. */
export type Redact = <Fields extends Readonly<Record<string, unknown>>>(fields: Fields) => Fields

/**
 * What a path may look like: names with dots between them, `*` for any name of one level, and brackets for names that
 * dots cannot say: `req.headers["x-api-key"]`, `users[*].password`.
 */
export const pathPattern = String.raw`(?:[^.[\]"'\s]+|\["[^"]+"\]|\['[^']+'\]|\[\*\]|\[\d+\])(?:\.[^.[\]"'\s]+|\["[^"]+"\]|\['[^']+'\]|\[\*\]|\[\d+\])*`

/** One level of the places: what is hidden below each name. `null` hides the value itself. */
type Places = Map<string, Places | null>

/** Prepares the hiding of these places. Without paths it gives every record back as it is. */
export function compileRedaction(paths: readonly string[]): Redact {
  if (paths.length === 0) return fields => fields
  const places: Places = new Map()
  for (const path of paths) add(places, readPath(path))
  return fields => hide(fields, [places])
}

function readPath(path: string): string[] {
  const step = /\[["']?([^\]]*?)["']?\]|[^.[\]]+/g
  return Array.from(path.matchAll(step), ([name, inBrackets]) => inBrackets ?? name)
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

function hide<Value>(value: Value, every: readonly Places[]): Value {
  if (typeof value !== 'object' || value === null) return value
  let copy: object | null = null
  for (const key of namesIn(value, every)) {
    const own: unknown = Reflect.get(value, key)
    const found = every
      .flatMap(places => [places.get(key), places.get('*')])
      .filter(below => below !== undefined)
    if (found.length === 0 || own === undefined) continue
    const below = found.filter(each => each !== null)
    const hidden = below.length < found.length ? censored : hide(own, below)
    if (hidden === own) continue
    copy ??= Array.isArray(value) ? Array.from<unknown>(value) : { ...value }
    Reflect.set(copy, key, hidden)
  }
  // Only what its own names are written of was copied: the kind is the same.
  return (copy ?? value) as Value
}

/** Only a `*` has to look at all names there are. */
function namesIn(value: object, every: readonly Places[]): Iterable<string> {
  if (every.some(places => places.has('*'))) return Object.keys(value)
  return new Set(every.flatMap(places => [...places.keys()].filter(key => Object.hasOwn(value, key))))
}
