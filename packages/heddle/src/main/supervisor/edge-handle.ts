/**
 * An edge thread as the main thread sees it. Its other half is `edge/boot.ts`.
 *
 * Main thread only. It knows one thread from start to end and never waits for it without a bound.
 */
import type { EventLoopUtilization } from 'node:perf_hooks'

import type { MemberCounts, MemberTraffic } from '@heddle/mesh'

import type { ApplicationCondition } from '../../channel/failure.ts'
import type { EdgeSettings, FromEdge, ToEdge } from '../../channel/messages.ts'
import type { Announce, ThreadFact } from '../../events.ts'
import { within } from '../../shared/clock.ts'
import type { Clock } from '../../shared/clock.ts'
import type { Deadline } from '../../shared/deadline.ts'
import type { MeshSeat } from './mesh-seat.ts'
import { reviveError } from './revived-error.ts'
import type { Occupant } from './occupant.ts'
import { ThreadLife, endTimeOf } from './thread-life.ts'
import type { ThreadPlan, ThreadStarter } from './thread.ts'
import { canBecome } from './worker-state.ts'

/** What an edge handle is made of. */
export interface EdgeHandleOptions {
  readonly fact: ThreadFact
  readonly seat: MeshSeat
  readonly plan: ThreadPlan
  readonly clock: Clock
  readonly announce: Announce
  readonly startThread: ThreadStarter
  /** The port to open as soon as the thread has loaded; `null` while the public port is still to be closed. */
  readonly port: () => number | null
  /** Called at the very moment it is gone. */
  readonly onGone: (edge: EdgeHandle) => void
}

/** What came of opening the port. */
export type ListenOutcome =
  | { readonly opened: true; readonly port: number }
  | { readonly opened: false; readonly error: Error | null }

/** Milliseconds an edge thread may take to end its connections once their time is over. */
const cutMs = 100

/** One edge thread. */
export class EdgeHandle implements Occupant {
  readonly life: ThreadLife
  /** Resolves true when the thread has loaded and its port is open if it should be; false when it is gone before. */
  readonly ready: Promise<boolean>
  readonly #options: EdgeHandleOptions
  readonly #readyWith: (isReady: boolean) => void
  #listened = Promise.withResolvers<ListenOutcome>()
  #configured = Promise.withResolvers<void>()
  #settled = Promise.withResolvers<void>()
  readonly #closed = Promise.withResolvers<void>()
  #isAsked = false
  #closing: Promise<boolean> | null = null

  /** Starts the thread. @throws what `new Worker` throws; the seat is then given back. */
  constructor(options: EdgeHandleOptions) {
    const { fact, clock, announce, seat } = options
    const ready = Promise.withResolvers<boolean>()
    this.ready = ready.promise
    this.#readyWith = ready.resolve
    this.#options = options
    this.life = new ThreadLife({ fact, clock, announce, onGone: () => this.#handleGone() })
    try {
      const thread = options.startThread<FromEdge>(options.plan, {
        message: message => this.#handle(message),
        exit: (code, error) => this.life.handleExit(code, error)
      })
      this.life.attach(thread)
    } catch (error) {
      seat.member.remove()
      throw error
    }
  }

  /** Milliseconds since its event loop last wrote its heartbeat. */
  heartbeatAge(): number {
    return this.#options.seat.member.heartbeatAge()
  }

  /** How busy its event loop was, over its life; zeroes once it is gone. */
  eventLoopUtilization(): EventLoopUtilization {
    return this.life.thread?.eventLoopUtilization() ?? { idle: 0, active: 0, utilization: 0 }
  }

  /** What was counted of its answers: it gives none. */
  counts(): MemberCounts {
    return this.#options.seat.member.counts()
  }

  /** Requests it has answered itself. */
  served(): number {
    return 0
  }

  /** What it has sent, by hostname. */
  traffic(): readonly MemberTraffic[] {
    return this.#options.seat.member.traffic()
  }

  /** Opens the public port, once. */
  listen(port: number): Promise<ListenOutcome> {
    if (!this.#isAsked) this.#post({ type: 'listen', port })
    this.#isAsked = true
    return this.#listened.promise
  }

  /**
   * Opens another port beside the one that is open, which takes connections at once; {@link settleListener} says
   * which of the two stays.
   */
  stageListener(hostname: string, port: number): Promise<ListenOutcome> {
    this.#listened = Promise.withResolvers()
    if (this.life.isGone) this.#listened.resolve({ opened: false, error: null })
    else this.#post({ type: 'stage-listener', hostname, port })
    return this.#listened.promise
  }

  /** Closes one of two ports, and resolves when that is done or the thread is gone. Connections go on. */
  settleListener(keep: 'staged' | 'former'): Promise<void> {
    this.#settled = Promise.withResolvers()
    this.#post({ type: 'settle-listener', keep })
    return Promise.race([this.#settled.promise, this.life.exited])
  }

  /** Puts other routes and limits in force; resolves when the thread goes by them, or is gone. */
  configure(settings: EdgeSettings): Promise<void> {
    this.#configured = Promise.withResolvers()
    this.#post({ type: 'configure', settings })
    return Promise.race([this.#configured.promise, this.life.exited])
  }

  /** Tells it how all applications are, in development. */
  show(conditions: readonly ApplicationCondition[]): void {
    this.#post({ type: 'conditions', conditions })
  }

  /** Edge threads are never held: there is nothing to open. */
  open(): Promise<boolean> {
    return Promise.resolve(this.life.state === 'ready')
  }

  /** Keep-alive clients are told to go with their next response. */
  drain(): void {
    if (canBecome(this.life.state, 'draining')) this.life.move('draining', 'tells clients to go')
    this.#post({ type: 'drain' })
  }

  /**
   * Closes the port, waits for the last request until the deadline, ends the thread. Resolves true when
   * every request was finished in time.
   */
  stop(deadline: Deadline, endMs: number): Promise<boolean> {
    this.#closing ??= this.#close(deadline, endMs)
    return this.#closing
  }

  async #close(deadline: Deadline, endMs: number): Promise<boolean> {
    if (canBecome(this.life.state, 'stopping')) this.life.move('stopping', 'closes the port')
    this.#post({ type: 'close', timeoutMs: Math.ceil(deadline.remaining()) })
    const closed = Promise.race([this.#closed.promise, this.life.exited])
    const outcome = await deadline.bound(closed)
    if (!outcome.inTime) {
      // It cuts what is left itself, so that the access log has it.
      this.#post({ type: 'cut' })
      await within(this.#options.clock, cutMs, closed)
    }
    await this.life.end('stopped', endTimeOf(deadline, endMs))
    return outcome.inTime
  }

  #post(message: ToEdge): void {
    this.life.post(message)
  }

  #handle(message: FromEdge): void {
    switch (message.type) {
      case 'started':
        this.#handleStarted()
        break
      case 'listening':
        this.#listened.resolve({ opened: true, port: message.port })
        break
      case 'listen-failed':
        this.#listened.resolve({ opened: false, error: reviveError(message.error) })
        break
      case 'closed':
        this.#closed.resolve()
        break
      case 'failed':
        this.life.expectEnd('failed', reviveError(message.error))
        break
      case 'configured':
        this.#configured.resolve()
        break
      case 'settled':
        this.#settled.resolve()
        break
    }
  }

  #handleStarted(): void {
    const port = this.#options.port()
    if (port === null) this.#becomeReady('has loaded')
    else void this.#joinPort(port)
  }

  /** A replacement: the port is open already, or was before its predecessor crashed. */
  async #joinPort(port: number): Promise<void> {
    const outcome = await this.listen(port)
    if (outcome.opened) this.#becomeReady('accepts connections')
    else this.life.expectEnd('failed', outcome.error)
  }

  #becomeReady(reason: string): void {
    if (this.life.state !== 'starting') return
    const { clock, announce, fact } = this.#options
    this.life.move('ready', reason)
    announce('worker:ready', { ...fact, kind: 'edge', bootMs: Math.round(clock.now() - this.life.startedAt) })
    this.#readyWith(true)
  }

  #handleGone(): void {
    this.#options.seat.member.remove()
    this.#options.onGone(this)
    this.#listened.resolve({ opened: false, error: null })
    this.#readyWith(false)
  }
}
