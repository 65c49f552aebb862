/**
 * The only way to ask for the time or to wait for it. What decides by time takes a {@link Clock}, so that
 * a test can hold time still.
 *
 * Runs in any thread.
 */

/** Takes back what was planned; does nothing when it has already happened. */
export type Cancel = () => void

/** A source of time. */
export interface Clock {
  /** Milliseconds on a clock that never goes back. The zero is arbitrary. */
  now(): number
  /** Calls `run` once, `delayMs` milliseconds from now. */
  after(delayMs: number, run: () => void): Cancel
}

/** Milliseconds a timer of Node.js waits at most, 24.8 days; told to wait longer it does not wait at all. */
export const timerMaxMs: number = 2 ** 31 - 1

/** The clock of the machine. It waits for any time, `Infinity` for ever. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (delayMs, run) => {
    let timer: NodeJS.Timeout
    const wait = (leftMs: number): void => {
      if (leftMs <= timerMaxMs) timer = setTimeout(run, leftMs)
      else timer = setTimeout(() => wait(leftMs - timerMaxMs), timerMaxMs)
    }
    wait(delayMs)
    return () => clearTimeout(timer)
  }
}

/**
 * Calls `run` every `everyMs` milliseconds, the first time when these have passed. The next time is planned before each
 * call, so that one that throws is not the last, and one that cancels is.
 */
export function repeat(clock: Clock, everyMs: number, run: () => void): Cancel {
  const runAndPlan = (): void => {
    cancel = clock.after(everyMs, runAndPlan)
    run()
  }
  let cancel = clock.after(everyMs, runAndPlan)
  return () => cancel()
}

/** What became of something that had only so long to happen. */
export type Bounded<Value> = { readonly inTime: true; readonly value: Value } | { readonly inTime: false }

/** Waits for a promise, but no longer than `limitMs`. A rejection in time passes through; a later one is nobody's. */
export async function within<Value>(
  clock: Clock,
  limitMs: number,
  promise: Promise<Value>
): Promise<Bounded<Value>> {
  const { promise: late, resolve } = Promise.withResolvers<Bounded<Value>>()
  const cancel = clock.after(limitMs, () => resolve({ inTime: false }))
  try {
    return await Promise.race([promise.then(value => ({ inTime: true, value }) as const), late])
  } finally {
    cancel()
  }
}
