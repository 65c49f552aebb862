/**
 * Compares a value with its key in the schema: finds every mistake, fills in the defaults and turns
 * durations and sizes into numbers.
 *
 * Pure, for any thread. What takes more than one key to judge is judged in `resolve.ts`.
 */
import type { Mistake } from '../errors.ts'
import type { ChoiceKey, Key, ListKey, MapKey, NumberKey, ObjectKey, TextKey } from './key.ts'
import { didYouMean } from './nearest.ts'
import { isPlainObject, joinPath } from './substitute.ts'
import { parseDuration, parseMemory, parseRatio, parseSize } from './units.ts'

/** What the checker has to know about where the value comes from. */
export interface CheckContext {
  /** Paths where a number or a boolean may be written as text, because it came from a variable. */
  readonly asText: ReadonlySet<string>
  /** Where the mistakes go. */
  readonly mistakes: Mistake[]
}

/**
 * The value with defaults filled in and units applied. After a mistake it is `undefined`, and so left out of
 * maps, a hole in lists and replaced by the default in objects: the result is whole as far as it goes.
 */
export function check(key: Key, value: unknown, path: string, context: CheckContext): unknown {
  if (key.kind === 'text') return checkText(key, value, path, context)
  if (key.kind === 'choice') return checkChoice(key, value, path, context)
  if (key.kind === 'boolean') return checkBoolean(value, path, context)
  if (key.kind === 'list') return checkList(key, value, path, context)
  if (key.kind === 'map') return checkMap(key, value, path, context)
  if (key.kind === 'object') return checkObject(key, value, path, context)
  return checkNumber(key, value, path, context)
}

function checkText(key: TextKey, value: unknown, path: string, context: CheckContext): unknown {
  const told = tellable(key, value)
  const isNone = value === false || (value === 'false' && context.asText.has(path))
  if (key.mayBeFalse === true && isNone) return false
  if (typeof value !== 'string') return refuse(context, path, told, `expected ${key.expected ?? 'a text'}`)
  if (value === '' && key.mayBeEmpty !== true)
    return refuse(context, path, told, 'expected a text that is not empty')
  if (key.pattern !== undefined && !new RegExp(`^(?:${key.pattern})$`).test(value)) {
    return refuse(context, path, told, `expected ${key.expected ?? `a text like ${key.pattern}`}`)
  }
  return value
}

/** What was written, unless it may be a secret: mistakes are logged. */
function tellable(key: Key, value: unknown): unknown {
  return key.kind === 'text' && key.isSecret === true ? undefined : value
}

function checkChoice(key: ChoiceKey, value: unknown, path: string, context: CheckContext): unknown {
  if (typeof value === 'string' && key.choices.includes(value)) return value
  return refuse(context, path, value, `expected ${oneOf(key.choices)}${meant(value, key.choices)}`)
}

function checkBoolean(value: unknown, path: string, context: CheckContext): unknown {
  if (typeof value === 'boolean') return value
  if (context.asText.has(path) && (value === 'true' || value === 'false')) return value === 'true'
  return refuse(context, path, value, 'expected true or false')
}

function checkNumber(key: NumberKey, value: unknown, path: string, context: CheckContext): unknown {
  const read = acceptNumber(key, value, context.asText.has(path))
  return read ?? refuse(context, path, value, `expected ${expectedNumber(key)}`)
}

/** What may be written instead of an object. */
function checkInstead({ instead }: ObjectKey, value: unknown, path: string, context: CheckContext): unknown {
  if (instead === undefined) return refuse(context, path, value, 'expected an object')
  const read = acceptNumber(instead, value, context.asText.has(path))
  if (read !== null) return read
  const orElse = typeof value === 'number' ? '' : ' or an object'
  return refuse(context, path, value, `expected ${expectedNumber(instead)}${orElse}`)
}

function acceptNumber(key: NumberKey, value: unknown, asText: boolean): number | null {
  const read = readNumber(key, value, asText)
  const isNumber = isFraction(key) ? Number.isFinite(read) : Number.isSafeInteger(read)
  return read !== null && isNumber && read >= key.min && read <= (key.max ?? Infinity) ? read : null
}

const readers: Readonly<Record<NumberKey['kind'], (text: string) => number | null>> = {
  integer: text => (/^[+-]?\d+$/.test(text.trim()) ? Number(text) : null),
  duration: parseDuration,
  size: parseSize,
  memory: parseMemory,
  ratio: parseRatio,
  seconds: text => (/^\d+(?:\.\d+)?$/.test(text.trim()) ? Number(text) : null)
}

/** Whether a number of this key need not be whole. */
export function isFraction({ kind }: NumberKey): boolean {
  return kind === 'ratio' || kind === 'seconds'
}

function readNumber(key: NumberKey, value: unknown, asText: boolean): number | null {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return null
  return (key.kind === 'integer' || key.kind === 'seconds') && !asText ? null : readers[key.kind](value)
}

/** What a number of this key may be, in words that follow "expected". */
export function expectedNumber(key: NumberKey): string {
  const units = {
    integer: { noun: 'a whole number', of: '', example: '' },
    duration: { noun: 'a duration', of: ' ms', example: ' (milliseconds or a text such as "30s")' },
    size: { noun: 'a size', of: ' bytes', example: ' (bytes or a text such as "16KB")' },
    memory: { noun: 'an amount of memory', of: ' MiB', example: ' (MiB or a text such as "256MB")' },
    ratio: { noun: 'a part', of: '', example: ' (such as 0.25 or "25%")' },
    seconds: { noun: 'a number', of: ' s', example: ' (such as 0.25)' }
  }
  const { noun, of, example } = units[key.kind]
  const bounds = key.max === undefined ? `of at least ${key.min}${of}` : `from ${key.min} to ${key.max}${of}`
  return `${noun} ${bounds}${example}`
}

function checkList(key: ListKey, value: unknown, path: string, context: CheckContext): unknown {
  if (!Array.isArray(value)) return refuse(context, path, value, 'expected a list')
  // An item with a mistake leaves a hole, so that the others keep the index they were written at; map() and
  // forEach() pass over it. Lists with holes never leave this room: a mistake ends the walk.
  const checked: unknown[] = []
  for (const [index, item] of value.entries()) {
    const found = check(key.of, item, `${path}[${index}]`, context)
    if (found !== undefined) checked[index] = found
  }
  return checked
}

function checkMap(key: MapKey, value: unknown, path: string, context: CheckContext): unknown {
  if (!isPlainObject(value)) {
    return refuse(context, path, tellable(key.of, value), `expected an object by ${key.by}`)
  }
  const checked = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([name, item]) => [name, check(key.of, item, joinPath(path, name), context)] as const)
  return Object.fromEntries(checked.filter(([, item]) => item !== undefined))
}

function checkObject(key: ObjectKey, value: unknown, path: string, context: CheckContext): unknown {
  if (!isPlainObject(value)) return checkInstead(key, value, path, context)
  refuseUnknown(key, value, path, context)
  const filled: Record<string, unknown> = {}
  let isWhole = true
  for (const [name, inner] of Object.entries(key.keys)) {
    const innerPath = joinPath(path, name)
    const written = value[name]
    const checked = written === undefined ? undefined : check(inner, written, innerPath, context)
    const item = checked ?? (key.inherits === undefined ? startingValue(inner) : undefined)
    if (item !== undefined) filled[name] = item
    if (inner.required !== true) continue
    if (written === undefined) refuse(context, innerPath, undefined, 'this key is required')
    isWhole &&= item !== undefined
  }
  return isWhole ? filled : undefined
}

function refuseUnknown(
  key: ObjectKey,
  value: Record<string, unknown>,
  path: string,
  context: CheckContext
): void {
  const known = Object.keys(key.keys)
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(key.keys, name)) continue
    const message = `unknown key${didYouMean(name, known)}`
    // Nobody knows what it is: it may be the token, or variables, behind a slip of the pen.
    context.mistakes.push({ path: joinPath(path, name), message, offered: undefined })
  }
}

/** What stands for a key nobody wrote: its default, and for an object the defaults of the keys inside. */
function startingValue(key: Key): unknown {
  if (key.default !== undefined || key.kind !== 'object') return key.default
  const isOptional =
    key.inherits !== undefined ||
    key.instead !== undefined ||
    Object.values(key.keys).some(inner => inner.required === true)
  if (isOptional) return undefined
  const inside = Object.entries(key.keys).map(([name, inner]) => [name, startingValue(inner)] as const)
  return Object.fromEntries(inside.filter(([, value]) => value !== undefined))
}

function refuse(context: CheckContext, path: string, offered: unknown, message: string): undefined {
  context.mistakes.push({ path, message, offered })
  return undefined
}

function oneOf(choices: readonly string[]): string {
  return choices.map(choice => `"${choice}"`).join(' or ')
}

function meant(value: unknown, choices: readonly string[]): string {
  return typeof value === 'string' ? didYouMean(value, choices) : ''
}
