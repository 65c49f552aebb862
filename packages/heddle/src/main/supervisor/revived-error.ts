/**
 * Makes an error again out of the facts that came through a port.
 *
 * Main thread only. The application's own error is shown as it was thrown: name, message, code and stack
 * are those of the thread it happened in.
 */
import type { ErrorFacts } from '../../channel/messages.ts'

/** An error with the name, message, code and stack of the one that was thrown in the other thread. */
export function reviveError(facts: ErrorFacts): Error {
  const error = new Error(facts.message)
  // Not enumerable, as on every error: a logged error does not show them a second time.
  Object.defineProperty(error, 'name', { value: facts.name, configurable: true, writable: true })
  Object.defineProperty(error, 'stack', {
    value: facts.stack ?? `${facts.name}: ${facts.message}`,
    configurable: true,
    writable: true
  })
  return facts.code === null ? error : Object.assign(error, { code: facts.code })
}
