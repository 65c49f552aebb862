/**
 * Decides whether calls to one hostname are let through, from how the last ones ended. Any thread; pure but
 * for the time it is given.
 *
 *     closed ──▶ open ──▶ half-open ──▶ closed
 *                 ▲───────────┘
 *
 * The rule is that of Hystrix and its heirs: so many failures among enough calls within a window open the
 * circuit; after a while a few calls are let through to try, and what becomes of those decides.
 */
import type { BreakerRules, CircuitState } from '../wire/control.ts'

/** The window moves on in so many steps. */
const STEPS = 10

/** One circuit. */
export class Breaker {
  readonly #rules: BreakerRules
  readonly #moved: (state: CircuitState) => void
  #state: CircuitState = 'closed'
  /** Calls of each step of the window, good and bad ones, and which step the last of them is. */
  readonly #good: number[] = Array.from({ length: STEPS }, () => 0)
  readonly #bad: number[] = Array.from({ length: STEPS }, () => 0)
  #step: number
  /** When the open circuit lets calls try, and the half-open one lets further ones try. */
  #tryAtMs = 0
  #triesLeft = 0
  #successes = 0

  /** @param moved Called when the state changes. */
  constructor(rules: BreakerRules, nowMs: number, moved: (state: CircuitState) => void) {
    this.#rules = rules
    this.#moved = moved
    this.#step = this.#stepAt(nowMs)
  }

  get state(): CircuitState {
    return this.#state
  }

  /** Whether a call may be made. Asking takes one of the tries of a half-open circuit. */
  admits(nowMs: number): boolean {
    if (this.#state === 'closed') return true
    if (nowMs >= this.#tryAtMs) {
      // The tries of the last round have not all come back by now: they are not waited for.
      this.#tryAtMs = nowMs + this.#rules.openMs
      this.#triesLeft = this.#rules.probes
      if (this.#state === 'open') {
        this.#successes = 0
        this.#move('half-open')
      }
    }
    if (this.#state === 'open' || this.#triesLeft === 0) return false
    this.#triesLeft -= 1
    return true
  }

  /** Milliseconds until calls are let through again, 0 when they may be already. */
  waitMs(nowMs: number): number {
    return this.#state === 'closed' ? 0 : Math.max(0, this.#tryAtMs - nowMs)
  }

  /** A call has ended. */
  record(failed: boolean, nowMs: number): void {
    if (this.#state === 'open') return
    if (this.#state === 'half-open') return this.#judgeTry(failed, nowMs)
    this.#advance(nowMs)
    const counts = failed ? this.#bad : this.#good
    const at = this.#step % STEPS
    counts[at] = (counts[at] ?? 0) + 1
    if (failed && this.#tooMany()) this.#open(nowMs)
  }

  /** Whether nothing has failed within the window: then there is nothing to remember. */
  isQuiet(nowMs: number): boolean {
    if (this.#state !== 'closed') return false
    this.#advance(nowMs)
    return sum(this.#bad) === 0
  }

  #judgeTry(failed: boolean, nowMs: number): void {
    if (failed) return this.#open(nowMs)
    this.#successes += 1
    // Calls from before the circuit opened may end now: what they say is as good.
    if (this.#successes < this.#rules.probes) return
    this.#good.fill(0)
    this.#bad.fill(0)
    this.#move('closed')
  }

  #tooMany(): boolean {
    const bad = sum(this.#bad)
    const all = bad + sum(this.#good)
    return all >= this.#rules.volume && bad >= all * this.#rules.errorRatio
  }

  #open(nowMs: number): void {
    this.#tryAtMs = nowMs + this.#rules.openMs
    this.#move('open')
  }

  #move(state: CircuitState): void {
    this.#state = state
    this.#moved(state)
  }

  #stepAt(nowMs: number): number {
    return Math.floor((nowMs * STEPS) / this.#rules.windowMs)
  }

  #advance(nowMs: number): void {
    const step = this.#stepAt(nowMs)
    for (let gone = Math.max(this.#step + 1, step - STEPS + 1); gone <= step; gone++) {
      this.#good[gone % STEPS] = 0
      this.#bad[gone % STEPS] = 0
    }
    this.#step = Math.max(step, this.#step)
  }
}

function sum(counts: readonly number[]): number {
  let total = 0
  for (const count of counts) total += count
  return total
}
