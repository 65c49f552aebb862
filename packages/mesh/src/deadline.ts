/**
 * The deadline of the request being answered: what its handler calls meanwhile has no more time than
 * that. Any thread; the server sets it, the client reads it.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** The deadline of one request. */
export class Deadline {
  /** On the clock all threads share, in milliseconds. */
  readonly at: number
  /** The request has been answered. What its handler left running, a poll for one, may take its time. */
  over = false

  constructor(at: number) {
    this.at = at
  }
}

const scope = new AsyncLocalStorage<Deadline>()

/** Runs a handler under its request's deadline. */
export function underDeadline(deadline: Deadline, run: () => void): void {
  scope.run(deadline, run)
}

/** When the caller of the request being answered stops waiting, on the shared clock; 0 when nobody said. */
export function currentDeadline(): number {
  const deadline = scope.getStore()
  return deadline === undefined || deadline.over ? 0 : deadline.at
}
