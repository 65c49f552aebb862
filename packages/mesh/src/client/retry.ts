/**
 * Decides whether a request that lost its upstream may be sent again. Any thread; pure.
 *
 * Not begun: always, whatever the method, because no application code has seen it. Begun: only when
 * sending twice is harmless, no byte of the answer was seen, its body is still at hand, and the budget
 * allows it. The budget (a fifth of the recent requests, at least three) keeps a failing application
 * from being buried under repeats; it is the rule Envoy and Finagle settled on.
 */

const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/** Whether a request of that method does no harm when its code runs twice (RFC 9110, section 9.2.2). */
export function isIdempotent(method: string): boolean {
  return idempotentMethods.has(method)
}

/** What is known about the request when its upstream went away. */
export interface LostRequest {
  readonly begun: boolean
  readonly answered: boolean
  readonly idempotent: boolean
  /** Whether all of the body sent so far is still at hand. */
  readonly replayable: boolean
  /** How many upstreams were lost that had begun it, this one included. */
  readonly losses: number
}

/** What to do with it. */
export type RetryDecision =
  | { readonly retry: true; readonly costs: boolean }
  | {
      readonly retry: false
      readonly reason: 'answered' | 'not-idempotent' | 'body-gone' | 'budget' | 'losses'
    }

/**
 * After so many upstreams that were lost while they answered it a request is not sent again: it may be what ends them.
 * One that goes from worker to worker would take all of them with it.
 */
export const MAX_LOSSES = 2

/** The rule. `budgetLeft` is asked only where a repeat costs budget. */
export function decideRetry(lost: LostRequest, budgetLeft: number): RetryDecision {
  if (lost.answered) return { retry: false, reason: 'answered' }
  // It ends by itself: no upstream is tried twice.
  if (!lost.begun) return { retry: true, costs: false }
  if (lost.losses >= MAX_LOSSES) return { retry: false, reason: 'losses' }
  if (!lost.idempotent) return { retry: false, reason: 'not-idempotent' }
  if (!lost.replayable) return { retry: false, reason: 'body-gone' }
  if (budgetLeft < 1) return { retry: false, reason: 'budget' }
  return { retry: true, costs: true }
}

/** How many repeats may still be spent: each request earns a fifth of one, up to a ceiling. */
export class RetryBudget {
  static readonly floor = 3
  static readonly ceiling = 100
  #left = RetryBudget.floor

  /** Repeats that may be spent now. */
  get left(): number {
    return this.#left
  }

  /** A request was sent for the first time. */
  earn(): void {
    if (this.#left < RetryBudget.ceiling) this.#left += 0.2
  }

  /** A request was repeated. */
  spend(): void {
    this.#left -= 1
  }

  /** Called once a second: an application with little traffic gets its floor back. */
  refill(): void {
    if (this.#left < RetryBudget.floor) this.#left = RetryBudget.floor
  }
}
