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

/** Objects and lists inside one another: far more than any setting needs, far less than a stack holds. */
const depthMax = 100

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

  /** The objects and lists around what is being read. */
  const around: object[] = []

  const inside = (part: unknown, path: string): unknown => {
    if (typeof part === 'string') {
      const text = inText(part, path)
      return lacking.has(path) ? undefined : text
    }
    if (!Array.isArray(part) && !isPlainObject(part)) return part
    const trouble = troubleOf(part, around)
    if (trouble !== null) {
      mistakes.push({ path, message: trouble, offered: undefined })
      return undefined
    }
    around.push(part)
    const whole = within(part, path)
    around.pop()
    return whole
  }

  const within = (part: readonly unknown[] | Record<string, unknown>, path: string): unknown => {
    if (isList(part)) {
      const items: readonly unknown[] = part.map((item, index) => inside(item, `${path}[${index}]`))
      return items.filter((_, index) => !lacking.has(`${path}[${index}]`))
    }
    return Object.fromEntries(
      Object.entries(part).map(([key, item]) => [key, inside(item, joinPath(path, key))])
    )
  }

  return { value: inside(value, ''), paths, mistakes }
}

/** What no file can contain, but a module that makes its configuration; `null` when all is well. */
function troubleOf(part: object, around: readonly object[]): string | null {
  if (around.includes(part)) return 'contains itself'
  return around.length < depthMax ? null : `is inside more than ${depthMax} objects and lists`
}

function isList(value: object): value is readonly unknown[] {
  return Array.isArray(value)
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
