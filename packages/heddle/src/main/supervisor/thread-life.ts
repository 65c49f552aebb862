/**
 * The life of one thread: its state, why it ended, and an end that never takes longer than allowed.
 *
 * Main thread only. Worker handles and edge handles each have one. It never starts or replaces a thread.
 */
import assert from 'node:assert/strict'
import type { MessagePort } from 'node:worker_threads'

import type { Announce, ExitReason, ThreadFact, ThreadState } from '../../events.ts'
import { within } from '../../shared/clock.ts'
import type { Clock } from '../../shared/clock.ts'
import type { Deadline } from '../../shared/deadline.ts'
import type { Thread } from './thread.ts'
import { canBecome } from './worker-state.ts'

/** How a thread ended, or that it was given up. */
export interface ThreadEnd {
  readonly reason: ExitReason
  /** Exit code of the thread; `null` when it has not ended. */
  readonly code: number | null
  /** What it threw, as it threw it. */
  readonly error: Error | null
  /** Milliseconds for which it was ready; `null` when it never was. */
  readonly readyMs: number | null
}

/** What a life needs from those around it. */
export interface LifeOptions {
  readonly fact: ThreadFact
  readonly clock: Clock
  readonly announce: Announce
  /** Called once, at the very moment the thread is gone or given up. */
  readonly onGone: () => void
  /** Called after each move. */
  readonly onMove?: () => void
}

/** Milliseconds a thread that announced its own end may still take. */
const ownEndMs = 1000

/** Milliseconds a thread may take to end where nothing is urgent: on a machine that is very busy it takes seconds. */
const calmEndMs = 5000

/** How long the end of a thread is waited for: longer than `limitMs` when the deadline is still far away. */
export function endTimeOf(deadline: Deadline, limitMs: number): number {
  return Math.max(limitMs, Math.min(calmEndMs, deadline.remaining()))
}

/** One thread from start to end. */
export class ThreadLife {
  /**
   * Resolves once, as soon as it is known that the thread will end without having been asked to, and with the
   * end at the latest. It may still finish what it has until it is {@link gone}.
   */
  readonly lost: Promise<ThreadEnd>
  /** Resolves once, when the thread has ended or was given up as a zombie. */
  readonly gone: Promise<ThreadEnd>
  /** Resolves when the thread has really ended; a zombie may never do. */
  readonly exited: Promise<void>
  readonly startedAt: number
  readonly #options: LifeOptions
  readonly #lostWith: (end: ThreadEnd) => void
  readonly #goneWith: (end: ThreadEnd) => void
  readonly #exitedNow: () => void
  #thread: Thread | null = null
  #state: ThreadState = 'starting'
  #readyAt: number | null = null
  #isGone = false
  /** Why it is about to end, when that is known before it does. */
  #expected: { reason: ExitReason; error: Error | null } | null = null

  constructor(options: LifeOptions) {
    const lost = Promise.withResolvers<ThreadEnd>()
    const gone = Promise.withResolvers<ThreadEnd>()
    const exited = Promise.withResolvers<void>()
    this.lost = lost.promise
    this.gone = gone.promise
    this.exited = exited.promise
    this.#lostWith = lost.resolve
    this.#goneWith = gone.resolve
    this.#exitedNow = exited.resolve
    this.#options = options
    this.startedAt = options.clock.now()
  }

  get state(): ThreadState {
    return this.#state
  }

  /** Whether it has ended or was given up. */
  get isGone(): boolean {
    return this.#isGone
  }

  /** Milliseconds since it was started. */
  get uptimeMs(): number {
    return this.#options.clock.now() - this.startedAt
  }

  /** Milliseconds since it became ready; `null` before. */
  get readyMs(): number | null {
    return this.#readyAt === null ? null : this.#options.clock.now() - this.#readyAt
  }

  /** The thread this is the life of; given right after it was started. */
  attach(thread: Thread): void {
    this.#thread = thread
  }

  /** The thread itself; `null` once it has ended. */
  get thread(): Thread | null {
    return this.#state === 'exited' ? null : this.#thread
  }

  post(message: unknown, transferList: readonly MessagePort[] = []): void {
    this.#thread?.post(message, transferList)
  }

  move(to: ThreadState, reason: string): void {
    const from = this.#state
    assert(canBecome(from, to), `${this.#options.fact.worker} may not go from ${from} to ${to}`)
    this.#state = to
    if (to === 'ready' && this.#readyAt === null) this.#readyAt = this.#options.clock.now()
    this.#options.announce('worker:moved', { ...this.#options.fact, from, to, reason })
    this.#options.onMove?.()
  }

  /** The thread is of no more use, and why: whoever replaces it need not wait for its end. */
  lose(reason: ExitReason, error: Error | null): void {
    this.#expected ??= { reason, error }
    this.#lostWith({ ...this.#expected, code: null, readyMs: this.readyMs })
  }

  /** The thread said that it is about to end, and why; it gets a moment to do so, then it is ended. */
  expectEnd(reason: ExitReason, error: Error | null): void {
    this.lose(reason, error)
    void within(this.#options.clock, ownEndMs, this.exited).then(outcome =>
      outcome.inTime ? undefined : this.end(reason, ownEndMs)
    )
  }

  /**
   * Ends the thread. Resolves true when it has ended, false when it has not within `limitMs`: it is then
   * a zombie, and ends when the native code it is stuck in returns, if it ever does.
   */
  async end(reason: ExitReason, limitMs: number): Promise<boolean> {
    if (this.#state === 'exited') return true
    this.#expected ??= { reason, error: null }
    this.#thread?.terminate()
    const outcome = await within(this.#options.clock, limitMs, this.exited)
    if (outcome.inTime) return true
    if (this.state !== 'zombie') {
      this.move('zombie', `did not end within ${limitMs} ms`)
      this.#leave({ reason: 'stuck', code: null, error: this.#expected.error, readyMs: this.readyMs })
    }
    return false
  }

  /** To be called when the thread has ended. */
  handleExit(code: number, thrown: Error | null): void {
    const error = this.#expected?.error ?? thrown
    const reason = this.#expected?.reason ?? reasonOf(thrown)
    this.move('exited', describeEnd(reason, code))
    this.#leave({ reason, code, error, readyMs: this.readyMs })
    this.#exitedNow()
  }

  #leave(end: ThreadEnd): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#options.onGone()
    this.#options.announce('worker:exited', { ...this.#options.fact, ...end })
    this.#lostWith(end)
    this.#goneWith(end)
  }
}

function reasonOf(thrown: Error | null): ExitReason {
  if (thrown === null) return 'exited'
  return 'code' in thrown && thrown.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out-of-memory' : 'crashed'
}

const sentences: Readonly<Record<ExitReason, string>> = {
  stopped: 'stopped',
  failed: 'could not be loaded',
  crashed: 'threw an error that nobody caught',
  'out-of-memory': 'ran out of memory',
  exited: 'ended by itself',
  'timed-out': 'was not ready in time',
  stuck: 'is stuck in native code and did not end'
}

/** How a thread ended, in words that follow its name. */
export function describeEnd(reason: ExitReason, code: number | null): string {
  return reason === 'exited' && code !== null ? `${sentences.exited} with code ${code}` : sentences[reason]
}
