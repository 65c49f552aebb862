/**
 * The deadline of the request being answered: what its handler calls meanwhile has no more time than
 * that. Any thread; the server sets it, the client reads it. By it the request is known too when its handler
 * fails, wherever that happens.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** The deadline of one request. */
export class Deadline {
  /** On the clock all threads share, in milliseconds; 0 when nobody said, as for an upload. */
  readonly at: number
  /** The request has been answered. What its handler left running, a poll for one, may take its time. */
  over = false
  readonly #breakOff: (reason: string) => void

  /** @param breakOff Ends the request without an answer. */
  constructor(at: number, breakOff: (reason: string) => void) {
    this.at = at
    this.#breakOff = breakOff
  }

  /** The request will not be answered any more: its caller is told so. */
  breakOff(reason: string): void {
    if (!this.over) this.#breakOff(reason)
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

/** Breaks off the request being answered where this is called; false when there is none, or it has been answered. */
export function breakOffCurrent(reason: string): boolean {
  const deadline = scope.getStore()
  if (deadline === undefined || deadline.over) return false
  deadline.breakOff(reason)
  return true
}
