/**
 * Puts environment variables into the texts of a configuration: `{NAME}`.
 *
 * Pure, for any thread; `resolve.ts` calls it before anything is checked. `{{` writes one brace, and braces
 * around anything that is not the name of a variable stay as they are.
 */
import type { Mistake } from '../errors.ts'

/** A configuration with its variables put in. */
export interface Substituted {
  readonly value: unknown
  /** Paths of the texts that had a variable in them: numbers and booleans may come from there as text. */
  readonly paths: ReadonlySet<string>
  readonly mistakes: readonly Mistake[]
}

const variable = /\{\{|\{([A-Za-z_][A-Za-z0-9_]*)\}/g

/**
 * Replaces `{NAME}` in every text inside `value`. A variable that is not set is a mistake that names it.
 *
 * @param mayLack Whether it is none at that path: what needs the variable counts as not written then.
 */
export function substitute(
  value: unknown,
  env: Readonly<Record<string, string | undefined>>,
  mayLack: (path: string) => boolean = () => false
): Substituted {
  const paths = new Set<string>()
  const mistakes: Mistake[] = []
  const lacking = new Set<string>()

  const inText = (text: string, path: string): string =>
    text.replace(variable, (match, name: string | undefined) => {
      if (name === undefined) return '{'
      paths.add(path)
      const found = Object.hasOwn(env, name) ? env[name] : undefined
      if (found !== undefined) return found
      if (mayLack(path)) lacking.add(path)
      // Beside the variable there may be a secret.
      else mistakes.push({ path, message: `the environment variable ${name} is not set`, offered: undefined })
      return match
    })

  const inside = (part: unknown, path: string): unknown => {
    if (typeof part === 'string') {
      const text = inText(part, path)
      return lacking.has(path) ? undefined : text
    }
    if (Array.isArray(part)) {
      const items: readonly unknown[] = part.map((item, index) => inside(item, `${path}[${index}]`))
      return items.filter((_, index) => !lacking.has(`${path}[${index}]`))
    }
    if (!isPlainObject(part)) return part
    return Object.fromEntries(
      Object.entries(part).map(([key, item]) => [key, inside(item, joinPath(path, key))])
    )
  }

  return { value: inside(value, ''), paths, mistakes }
}

/** Whether `value` is an object as a configuration may contain it: no list, no instance of a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // A module namespace has no prototype; an object made in another context has a foreign Object.prototype.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** The path of `key` inside `path`, written as in JavaScript. */
export function joinPath(path: string, key: string): string {
  const plain = /^[\w$-]+$/.test(key)
  if (!plain) return `${path}[${JSON.stringify(key)}]`
  return path === '' ? key : `${path}.${key}`
}
