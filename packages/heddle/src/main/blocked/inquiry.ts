/**
 * Has questions put to worker threads whose event loops stand still. Its other half, which does the asking, is
 * the thread `inquirer.ts`.
 *
 * Main thread only. The other thread is there only while workers are blocked. Nothing here waits without a bound.
 */
import { Worker } from 'node:worker_threads'

import { within } from '../../shared/clock.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'
import type { FromInquirer, ToInquirer } from './question.ts'

/** What an expression came to: a string, or `null` when it threw, or the thread has gone. */
export type Answer = string | null

/** A way to one thread. */
export interface Line {
  /** Has an expression evaluated. Settles when the thread is back in JavaScript, or gone; never rejects. */
  ask(expression: string): Promise<Answer>
  /** Lets go of the thread. What was asked and not answered is `null` then. */
  close(): void
}

/** Opens a line to each of the threads; one to which no way is found has none. Bounded; never rejects. */
export type OpenLines = (threadIds: readonly number[]) => Promise<ReadonlyMap<number, Line>>

/** Milliseconds the asking thread may take to start and to reach the others. */
const openMs = 2000

/** Milliseconds for which it is kept when there is nothing to ask. */
const idleMs = 10_000

/** Starts the asking thread when it is needed, and ends it when it is not. */
export class Inquiries {
  readonly #clock: Clock
  #worker: Worker | null = null
  #cancelEnd: Cancel | null = null
  #isRetired = false
  #numbers = 0
  readonly #opening = new Map<number, (threadIds: readonly number[]) => void>()
  readonly #asked = new Map<number, { readonly line: string; readonly resolve: (answer: Answer) => void }>()
  /** Open lines, by inquiry and thread. */
  readonly #lines = new Set<string>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** See {@link OpenLines}. */
  readonly open: OpenLines = async threadIds => {
    if (!mayInspect()) return new Map()
    const inquiry = ++this.#numbers
    const { promise, resolve } = Promise.withResolvers<readonly number[]>()
    this.#opening.set(inquiry, resolve)
    this.#post({ type: 'open', inquiry, threadIds })
    const outcome = await within(this.#clock, openMs, promise)
    this.#opening.delete(inquiry)
    const found = outcome.inTime ? outcome.value : []
    return new Map(found.map(threadId => [threadId, this.#line(inquiry, threadId)]))
  }

  /** Ends the asking thread; open lines are closed. Whoever asks later has it ended as soon as that is done. */
  stop(): void {
    this.#isRetired = true
    this.#end()
  }

  #end(): void {
    this.#cancelEnd?.()
    this.#cancelEnd = null
    void this.#worker?.terminate()
    this.#lose(this.#worker)
  }

  #line(inquiry: number, threadId: number): Line {
    const line = `${inquiry}:${threadId}`
    return {
      ask: expression => {
        if (!this.#lines.has(line)) return Promise.resolve(null)
        const question = ++this.#numbers
        const { promise, resolve } = Promise.withResolvers<Answer>()
        this.#asked.set(question, { line, resolve })
        this.#post({ type: 'ask', inquiry, threadId, question, expression })
        return promise
      },
      close: () => {
        if (!this.#lines.has(line)) return
        this.#post({ type: 'close', inquiry, threadId })
        this.#forget(line)
      }
    }
  }

  #post(message: ToInquirer): void {
    this.#cancelEnd?.()
    this.#cancelEnd = null
    this.#worker ??= this.#start()
    this.#worker.postMessage(message)
  }

  #start(): Worker {
    const worker = new Worker(new URL(import.meta.resolve('#inquirer')), {
      name: 'inquirer',
      execArgv: import.meta.url.endsWith('.ts') ? ['--conditions=@heddle/source'] : [],
      resourceLimits: { maxYoungGenerationSizeMb: 4 }
    })
    // It keeps nothing running, and what it fails at (a node without an inspector) is no failure of the server.
    worker.unref()
    worker.on('message', (message: FromInquirer) => {
      // What is still on its way when it is ended concerns nobody.
      if (worker === this.#worker) this.#handle(message)
    })
    worker.on('error', noop)
    worker.on('exit', () => this.#lose(worker))
    return worker
  }

  #handle(message: FromInquirer): void {
    switch (message.type) {
      case 'opened':
        this.#handleOpened(message.inquiry, message.threadIds)
        break
      case 'answer':
        this.#asked.get(message.question)?.resolve(message.value)
        this.#asked.delete(message.question)
        break
      case 'gone':
        this.#forget(`${message.inquiry}:${message.threadId}`)
        break
      default:
        message satisfies never
    }
  }

  #handleOpened(inquiry: number, threadIds: readonly number[]): void {
    const resolve = this.#opening.get(inquiry)
    this.#opening.delete(inquiry)
    for (const threadId of threadIds) {
      // Nobody waits for them any more.
      if (resolve === undefined) this.#post({ type: 'close', inquiry, threadId })
      else this.#lines.add(`${inquiry}:${threadId}`)
    }
    resolve?.(threadIds)
    this.#endWhenIdle()
  }

  #forget(line: string): void {
    this.#lines.delete(line)
    for (const [question, asked] of this.#asked) {
      if (asked.line !== line) continue
      this.#asked.delete(question)
      asked.resolve(null)
    }
    this.#endWhenIdle()
  }

  #endWhenIdle(): void {
    this.#cancelEnd?.()
    this.#cancelEnd = null
    if (this.#lines.size > 0 || this.#opening.size > 0) return
    if (this.#isRetired) this.#end()
    else this.#cancelEnd = this.#clock.after(idleMs, () => this.#end())
  }

  #lose(worker: Worker | null): void {
    if (worker === null || worker !== this.#worker) return
    this.#worker = null
    for (const resolve of this.#opening.values()) resolve([])
    for (const { resolve } of this.#asked.values()) resolve(null)
    this.#opening.clear()
    this.#asked.clear()
    this.#lines.clear()
  }
}

/** Under node's permission model, `connectToMainThread()` without this permission ends the process. */
function mayInspect(): boolean {
  const { features, permission } = process as { features: { inspector: boolean }; permission?: Permission }
  return features.inspector && permission?.has('inspector') !== false
}

/** `process.permission` is there only with `--permission`. */
interface Permission {
  has(scope: string): boolean
}

function noop(): void {}
