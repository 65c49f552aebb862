/**
 * Puts a question to one worker and waits for its answer no longer than it may take.
 *
 * Main thread only. The worker is reached in the middle of its JavaScript; what keeps it from answering is native
 * code, and it is told so. What comes too late is done by nobody: each question says until when it is wanted.
 */
import { diagnosisKey } from '../../channel/diagnosis.ts'
import type { OfferDiagnosis, Reply } from '../../channel/diagnosis.ts'
import { readOsThread } from '../../channel/vitals.ts'
import { HeddleError } from '../../errors.ts'
import { within } from '../../shared/clock.ts'
import type { Clock } from '../../shared/clock.ts'
import type { DiagnosedThread, DiagnosedWorker, Line, OpenLines } from './diagnosed.ts'

/** What a conversation needs. */
export interface Means {
  readonly clock: Clock
  readonly openLines: OpenLines
  /**
   * Resolves when no thread of the process is about to end, true, or when that has taken too long, false: node may
   * abort the process when its inspector reaches for a thread in the moment in which that is taken down.
   */
  readonly quiet: () => Promise<boolean>
  /** What the operating system says a thread does, in words that follow its name; `null` when it does not. */
  readonly describe: (osThread: number) => string | null
}

/** One question: which, for what, and for how many milliseconds it is waited for. */
export interface Question {
  /** What the operator has asked for, as in `the <asked> of api:0`. */
  readonly asked: string
  readonly limitMs: number
  /** Milliseconds in which the worker has to begin with it, when that is less. */
  readonly beginMs?: number
}

/** The arguments of a call, of which the last may be until when it is wanted. */
export type Call<Name extends keyof OfferDiagnosis> = (
  wantedUntilMs: number
) => readonly [name: Name, ...args: Parameters<OfferDiagnosis[Name]>]

/** Milliseconds a thread that is out of reach has for its end, before another reason is looked for. */
const endMs = 1000

/** Speaks with one worker. */
export class Conversation {
  readonly worker: DiagnosedWorker
  readonly #means: Means

  constructor(worker: DiagnosedWorker, means: Means) {
    this.worker = worker
    this.#means = means
  }

  /**
   * Has the worker do something, and resolves with the value it answers.
   *
   * @throws HEDDLE_WORKER_LOST, HEDDLE_WORKER_STUCK, HEDDLE_DIAGNOSIS_UNREADY, HEDDLE_DIAGNOSIS_FAILED
   */
  async call<Value>(question: Question, make: Call<keyof OfferDiagnosis>): Promise<Value> {
    const line = await this.#open(question)
    try {
      const { limitMs, beginMs = limitMs } = question
      const wantedUntilMs = monotonicMs() + beginMs
      const text = await this.#ask(line, question, make(wantedUntilMs))
      const reply: Reply<Value> = JSON.parse(text)
      if ('value' in reply) return reply.value
      if (reply.failure === 'late') throw this.#stuck({ ...question, limitMs: beginMs })
      throw this.failed(question, reply.reason)
    } finally {
      line.close()
    }
  }

  /** Fetches the pieces of a text, one after the other. Throws as {@link call} does. */
  async fetch(question: Question, pieces: number): Promise<string> {
    const line = await this.#open(question)
    try {
      let text = ''
      for (let index = 0; index < pieces; index++) {
        // oxlint-disable-next-line no-await-in-loop -- All at once would hold up the main thread.
        text += await this.#ask(line, question, ['takePiece', index])
      }
      return text
    } finally {
      line.close()
    }
  }

  /** The thread. @throws HEDDLE_WORKER_LOST when there is none any more. */
  thread({ asked }: Pick<Question, 'asked'>): DiagnosedThread {
    const thread = this.worker.thread()
    if (thread === null || thread.threadId <= 0) throw this.lost({ asked })
    return thread
  }

  /** That the worker has ended. */
  lost({ asked }: Pick<Question, 'asked'>): HeddleError {
    return new HeddleError('HEDDLE_WORKER_LOST', { worker: this.worker.fact.worker, asked })
  }

  /** That it could not be done. */
  failed({ asked }: Pick<Question, 'asked'>, reason: string): HeddleError {
    return new HeddleError('HEDDLE_DIAGNOSIS_FAILED', { worker: this.worker.fact.worker, asked, reason })
  }

  /** That it has to be asked again. */
  #unready({ asked }: Question, reason: string): HeddleError {
    return new HeddleError('HEDDLE_DIAGNOSIS_UNREADY', { worker: this.worker.fact.worker, asked, reason })
  }

  async #open(question: Question): Promise<Line> {
    this.thread(question)
    if (!(await this.#means.quiet())) {
      throw this.#unready(question, 'other threads are about to end')
    }
    const { threadId } = this.thread(question)
    const line = (await this.#means.openLines([threadId])).get(threadId)
    if (line !== undefined) return line
    await this.#awaitEnd(question)
    throw this.failed(
      question,
      'its thread cannot be reached through the inspector of node (under --permission that needs --allow-inspector)'
    )
  }

  async #ask(
    line: Line,
    question: Question,
    [name, ...args]: readonly [keyof OfferDiagnosis, ...unknown[]]
  ): Promise<string> {
    const { clock } = this.#means
    const call = `globalThis[Symbol.for(${JSON.stringify(diagnosisKey)})].${name}`
    const answer = line.ask(`${call}(${args.map(arg => JSON.stringify(arg)).join()})`)
    const outcome = await within(clock, question.limitMs, answer)
    if (!outcome.inTime) throw this.#stuck(question)
    if (outcome.value !== null) return outcome.value
    await this.#awaitEnd(question)
    throw this.#unready(question, 'its thread is not ready for that')
  }

  /**
   * A thread that ends is out of reach before this one hears of it.
   *
   * @throws HEDDLE_WORKER_LOST when it has ended.
   */
  async #awaitEnd(question: Question): Promise<void> {
    const thread = this.thread(question)
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#means.clock.after(endMs, resolve)
    thread.once('exit', resolve)
    await promise
    cancel()
    thread.off('exit', resolve)
    this.thread(question)
  }

  #stuck({ asked, limitMs }: Question): HeddleError {
    const { fact, vitals } = this.worker
    const osThread = readOsThread(vitals)
    const doing = osThread === null ? null : this.#means.describe(osThread)
    return new HeddleError('HEDDLE_WORKER_STUCK', { worker: fact.worker, asked, afterMs: limitMs, doing })
  }
}

/** The clock of a call that is wanted until a time: one for all threads. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
