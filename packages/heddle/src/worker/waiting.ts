/**
 * Decides when a loaded entry counts as started, from what it exports, whether it listens, and what it still does.
 *
 * Runs in worker threads. {@link judgeStart} is pure; {@link awaitStart} asks it again until it is sure. The
 * main thread's `startTimeout` bounds the wait.
 *
 * The rule. Listening says all. An export that answers requests is used as soon as the module has loaded (code
 * that must do something first uses top-level await or the readiness hook). With neither, the entry may be a
 * server which still connects to its database, or a background job: a job says so with `hasServer = false`, or by
 * exporting nothing and never having loaded node's HTTP modules, without which nothing can serve. Everything
 * else is waited for, because calling a slow server a job would let traffic and dependants in before it is up.
 */
import type { Offer } from './recognise.ts'

/** What is known of an entry after it has loaded. */
export interface StartFacts {
  /** Whether the application's server is listening, or about to. */
  readonly listen: 'none' | 'opening' | 'open'
  readonly offer: Offer | null
  /** The entry's export of that name. */
  readonly hasServer: unknown
  readonly exportsAnything: boolean
  /** Whether the application's code has loaded node:http, node:https or node:http2, itself or through a framework. */
  readonly loadedHttp: boolean
  /** Milliseconds for which nothing of the application has kept the event loop alive; 0 while something does. */
  readonly idleMs: number
}

/** `nothing`: the entry has ended without anything that could answer. */
export type StartVerdict = 'listening' | 'offer' | 'background' | 'wait' | 'nothing'

/** Milliseconds of silence after which an entry that does not listen will never do so. */
export const idleMaxMs = 3000

/** How an entry stands now. */
export function judgeStart(facts: StartFacts): StartVerdict {
  if (facts.listen === 'open') return 'listening'
  if (facts.listen === 'opening') return 'wait'
  if (facts.hasServer === false) return 'background'
  if (facts.offer !== null) return 'offer'
  // Requests through the mesh cannot be seen from outside, so that silence has to last.
  if (facts.idleMs > 0) return facts.idleMs > idleMaxMs ? 'nothing' : 'wait'
  return facts.exportsAnything || facts.loadedHttp ? 'wait' : 'background'
}

/** Looks at the entry; `wake` makes {@link awaitStart} ask at once instead of at its next turn. */
export interface StartWatch {
  facts(idleMs: number): StartFacts
  /** Whether anything of the application keeps the event loop alive. */
  isAlive(): boolean
  /** Called once, after the wait has become remarkable. */
  remind(): void
  onWake(wake: () => void): void
}

const pollMs = 20
const remindMs = 5000

/** Resolves with the first verdict that is not `wait`. */
export async function awaitStart(watch: StartWatch): Promise<Exclude<StartVerdict, 'wait'>> {
  const begun = performance.now()
  let lastAlive = begun
  let reminded = false
  // One turn lets a script which has just called listen() be heard before anything is concluded.
  await new Promise(resolve => setImmediate(resolve))
  for (;;) {
    const now = performance.now()
    if (watch.isAlive()) lastAlive = now
    const verdict = judgeStart(watch.facts(now - lastAlive))
    if (verdict !== 'wait') return verdict
    if (!reminded && now - begun > remindMs) {
      reminded = true
      watch.remind()
    }
    // oxlint-disable-next-line no-await-in-loop -- Each turn of the loop is a wait.
    await nap(watch)
  }
}

function nap(watch: StartWatch): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  // Not kept referenced, since the nap itself must not look like life of the application.
  const timer = setTimeout(resolve, pollMs).unref()
  watch.onWake(() => {
    clearTimeout(timer)
    resolve()
  })
  return promise
}
