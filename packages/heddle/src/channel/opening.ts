/**
 * Tells the main thread what came of opening a port. Edge and acceptor threads.
 */
import { toErrorFacts } from './error-facts.ts'
import type { FromEdge } from './messages.ts'

/** Says `listening` with the number of the port, or `listen-failed` with why not. */
export function tellOpening(opening: Promise<number>, tell: (message: FromEdge) => void): void {
  opening.then(
    port => tell({ type: 'listening', port }),
    (error: unknown) => tell({ type: 'listen-failed', error: toErrorFacts(error) })
  )
}
