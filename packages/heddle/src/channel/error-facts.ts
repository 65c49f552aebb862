/**
 * What is kept of a thrown value on its way to the main thread.
 *
 * Worker and edge threads. Pure, and it never throws, whatever was thrown.
 */
import { inspect, types } from 'node:util'

import type { ErrorFacts } from './messages.ts'

/** The facts of anything thrown. The stack ends with those of its causes, and of the errors it gathers. */
export function toErrorFacts(thrown: unknown): ErrorFacts {
  if (!isError(thrown)) {
    return { name: 'NonError', message: `Thrown: ${shown(thrown)}`, stack: null, code: null }
  }
  const code = valueOf(thrown, 'code')
  return {
    name: textOf(thrown, 'name'),
    message: textOf(thrown, 'message'),
    stack: describeStack(thrown),
    code: typeof code === 'string' || typeof code === 'number' ? String(code) : null
  }
}

/** Whether it is an error, also one of another realm. */
function isError(value: unknown): value is object {
  try {
    return value instanceof Error || types.isNativeError(value)
  } catch {
    // A proxy may throw whatever it is asked.
    return false
  }
}

function shown(value: unknown): string {
  try {
    return inspect(value)
  } catch {
    return `a value of the type ${typeof value} that cannot be shown`
  }
}

function valueOf(error: object, key: string): unknown {
  try {
    return Reflect.get(error, key)
  } catch {
    // A getter may throw as well.
    return undefined
  }
}

/** Only texts can be sent, and anything may have been put there. */
function textOf(error: object, key: string): string {
  const value = valueOf(error, key)
  if (typeof value === 'string') return value
  return value === undefined ? '' : shown(value)
}

const causesMax = 5

function describeStack(error: object): string {
  const found = new Set([error])
  // What is added to a set while it is walked is walked as well.
  for (const at of found) {
    const gathered = valueOf(at, 'errors')
    const further = [valueOf(at, 'cause'), ...(Array.isArray(gathered) ? gathered.slice(0, causesMax) : [])]
    for (const each of further) if (isError(each) && found.size <= causesMax) found.add(each)
  }
  return Array.from(
    found,
    each => textOf(each, 'stack') || `${textOf(each, 'name')}: ${textOf(each, 'message')}`
  ).join('\ncaused by: ')
}
