/**
 * What is kept of a thrown value on its way to the main thread.
 *
 * Worker and edge threads. Pure, and it never throws, whatever was thrown.
 */
import { inspect } from 'node:util'

import type { ErrorFacts } from './messages.ts'

/** The facts of anything thrown. The stack ends with those of its causes. */
export function toErrorFacts(thrown: unknown): ErrorFacts {
  if (!(thrown instanceof Error)) {
    return { name: 'NonError', message: `Thrown: ${inspect(thrown)}`, stack: null, code: null }
  }
  const code: unknown = Reflect.get(thrown, 'code')
  return {
    name: thrown.name,
    message: thrown.message,
    stack: describeStack(thrown),
    code: typeof code === 'string' || typeof code === 'number' ? String(code) : null
  }
}

const causesMax = 5

function describeStack(error: Error): string | null {
  const stacks: string[] = []
  for (let at: unknown = error; at instanceof Error && stacks.length <= causesMax; at = at.cause) {
    stacks.push(String(at.stack))
  }
  return stacks.join('\ncaused by: ')
}
