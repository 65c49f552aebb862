/**
 * Asks an application how it is, once in an interval, and writes down what it says.
 *
 * Runs in worker threads. What an application gave to `health()` and `readiness()` is called here, and the path
 * of the configuration is asked of its server. It decides nothing: the main thread reads the answers, and takes
 * a worker whose answers stop coming for one that does not check any more.
 */
import type { CheckPlan } from '../channel/messages.ts'
import type { CheckName, VitalsWriter } from '../channel/vitals.ts'
import { timerMaxMs } from '../shared/clock.ts'

/**
 * What a check says: whether all is well, and why not. Nothing at all says yes, so that a function that throws
 * when something is wrong is a check.
 */
export type CheckAnswer = boolean | undefined | void | { readonly ok: boolean; readonly reason?: string }

/** A check of the application's own. */
export type Check = () => CheckAnswer | PromiseLike<CheckAnswer>

/** The checks an application has given. */
export interface OwnChecks {
  readonly health: Check[]
  readonly readiness: Check[]
}

/** Asks the own server for a path; resolves with what is wrong with the answer, `null` for nothing. */
export type AskServer = (path: string, signal: AbortSignal) => Promise<string | null>

/** What the checks of a worker are made of. */
export interface ChecksOptions {
  readonly plan: CheckPlan
  readonly writer: Pick<VitalsWriter, 'check'>
  readonly own: OwnChecks
  /** `null` while there is no server to ask. */
  readonly server: () => AskServer | null
}

/** A check that has not answered for so many times its timeout is called again beside the one that hangs. */
const givenUpAfter = 10

/** The checks of one worker. */
export class Checks {
  readonly #options: ChecksOptions
  /** Since when a check has been waited for, by its name. */
  readonly #asked = new Map<CheckName, number>()

  constructor(options: ChecksOptions) {
    this.#options = options
  }

  /**
   * Begins. Resolves when readiness is known, so that a worker that is not ready is not taken for one; after
   * the timeout of a check at the latest.
   */
  async begin(): Promise<void> {
    await this.#ask('readiness')
    void this.#ask('health')
    void this.#ask('path')
    setInterval(() => void this.round(), Math.min(this.#options.plan.intervalMs, timerMaxMs)).unref()
  }

  /** Asks every check there is. Resolves when each has answered or is late; never rejects. */
  async round(): Promise<void> {
    await Promise.all([this.#ask('readiness'), this.#ask('health'), this.#ask('path')])
  }

  async #ask(name: CheckName): Promise<void> {
    const { plan, writer } = this.#options
    const asked = this.#asked.get(name)
    const waitedMs = asked === undefined ? 0 : performance.now() - asked
    if (asked !== undefined && waitedMs < plan.timeoutMs * givenUpAfter) {
      // Not a second time meanwhile: what hangs would hang in ever more copies.
      if (waitedMs >= plan.timeoutMs) writer.check(name, 'bad', lateness(name, waitedMs))
      return
    }
    const abort = new AbortController()
    const answer = this.#begin(name, abort.signal)
    if (answer === null) return
    await this.#settle(name, answer, abort)
  }

  /** The answer to come: what is wrong, `null` for nothing. `null` instead when there is no such check. */
  #begin(name: CheckName, signal: AbortSignal): Promise<string | null> | null {
    const { plan, own, server } = this.#options
    if (name !== 'path') return own[name].length === 0 ? null : askAll(name, own[name])
    return plan.path === null ? null : (server()?.(plan.path, signal) ?? null)
  }

  async #settle(name: CheckName, answer: Promise<string | null>, abort: AbortController): Promise<void> {
    const { plan, writer } = this.#options
    const asked = performance.now()
    this.#asked.set(name, asked)
    // Also long after it was late: then it may be asked again.
    const answered = answer
      .catch((error: unknown) => describeThrown(error))
      .finally(() => this.#asked.get(name) === asked && this.#asked.delete(name))
    const late = Promise.withResolvers<string>()
    const timer = setTimeout(
      () => {
        abort.abort()
        late.resolve(lateness(name, plan.timeoutMs))
      },
      Math.min(plan.timeoutMs, timerMaxMs)
    ).unref()
    const reason = await Promise.race([answered, late.promise])
    clearTimeout(timer)
    if (reason === null) writer.check(name, 'good')
    else writer.check(name, 'bad', reason)
  }
}

/** Asks all checks of one kind: what is wrong by their answers, `null` for nothing. Never rejects. */
export async function askAll(name: 'health' | 'readiness', checks: readonly Check[]): Promise<string | null> {
  const answers = await Promise.all(checks.map(check => askOne(name, check)))
  const reasons = answers.filter(reason => reason !== null)
  return reasons.length === 0 ? null : reasons.join('; ')
}

async function askOne(name: 'health' | 'readiness', check: Check): Promise<string | null> {
  const title = check.name === '' ? `${name}()` : check.name
  try {
    const problem = readAnswer(await check())
    return problem === null ? null : `${title} ${problem}`
  } catch (error) {
    return `${title} ${describeThrown(error)}`
  }
}

/** What is wrong by an answer, in words that follow the name of the check; `null` for nothing. */
export function readAnswer(answer: unknown): string | null {
  if (answer === undefined || answer === true) return null
  if (answer === false) return 'says no'
  if (typeof answer !== 'object' || answer === null || !('ok' in answer)) {
    return `answered ${describe(answer)}; true, false or { ok, reason } was expected`
  }
  if (answer.ok === true) return null
  const reason = 'reason' in answer ? answer.reason : undefined
  return typeof reason === 'string' && reason !== '' ? `says: ${reason}` : 'says no'
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return typeof value === 'object' && value !== null ? 'an object without ok' : String(value)
}

function describeThrown(error: unknown): string {
  return `threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`
}

const titles: Readonly<Record<CheckName, string>> = {
  health: 'health()',
  readiness: 'readiness()',
  path: 'the path'
}

function lateness(name: CheckName, afterMs: number): string {
  return `${titles[name]} did not answer within ${Math.round(afterMs)} ms`
}
