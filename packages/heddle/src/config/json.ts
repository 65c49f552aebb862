/**
 * Finds what JSON.parse drops without a word: keys that are written twice.
 *
 * Pure, for any thread. Made for text that JSON.parse has already accepted; it does not look for other errors.
 */
import type { Mistake } from '../errors.ts'
import { joinPath } from './substitute.ts'

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g

interface Level {
  readonly path: string
  /** Keys seen so far; `null` in a list. */
  readonly keys: Set<string> | null
  /** Path of the value being read. */
  current: string
  index: number
  expectsKey: boolean
}

/** One mistake for every key that is written twice in the same object. */
export function findDuplicateKeys(text: string): Mistake[] {
  const mistakes: Mistake[] = []
  const levels: Level[] = []
  for (const [part] of text.matchAll(token)) {
    const level = levels.at(-1)
    if (part === '{' || part === '[') levels.push(openLevel(level?.current ?? '', part === '{'))
    else if (part === '}' || part === ']') levels.pop()
    else if (level !== undefined) step(level, part, mistakes)
  }
  return mistakes
}

/** One token that neither opens nor closes anything. */
function step(level: Level, part: string, mistakes: Mistake[]): void {
  if (level.keys === null) {
    if (part !== ',') return
    level.index += 1
    level.current = `${level.path}[${level.index}]`
  } else if (part === ',' || part === ':') {
    level.expectsKey = part === ','
  } else if (level.expectsKey) {
    const key = String(JSON.parse(part))
    level.current = joinPath(level.path, key)
    if (level.keys.has(key)) {
      mistakes.push({
        path: level.current,
        message: 'is written twice in the same object',
        offered: undefined
      })
    }
    level.keys.add(key)
  }
}

function openLevel(path: string, isObject: boolean): Level {
  return {
    path,
    keys: isObject ? new Set() : null,
    current: isObject ? path : `${path}[0]`,
    index: 0,
    expectsKey: isObject
  }
}
