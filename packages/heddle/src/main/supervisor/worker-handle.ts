/**
 * A worker as the main thread sees it. Its other half is `worker/boot.ts`.
 *
 * Main thread only. It knows one thread from start to end; that a worker which is gone gets replaced is
 * the business of `slot.ts`. It never waits for a worker without a bound.
 */
import type { FromWorker, ToWorker } from '../../channel/messages.ts'
import type { Announce, ThreadFact } from '../../events.ts'
import { within } from '../../shared/clock.ts'
import type { Clock } from '../../shared/clock.ts'
import type { Deadline } from '../../shared/deadline.ts'
import type { MeshSeat } from './mesh-seat.ts'
import { reviveError } from './revived-error.ts'
import { ThreadLife } from './thread-life.ts'
import type { ThreadPlan, ThreadStarter } from './thread.ts'
import { canBecome } from './worker-state.ts'

/** What a worker handle is made of. */
export interface WorkerHandleOptions {
  readonly fact: ThreadFact
  readonly seat: MeshSeat
  readonly plan: ThreadPlan
  readonly clock: Clock
  readonly announce: Announce
  readonly startThread: ThreadStarter
}

/** What a worker said about itself when it became ready. */
export interface WorkerIntroduction {
  /** How its application was recognised, for example `fastify`. */
  readonly kind: string
  readonly hasServer: boolean
  /** The port it listens on itself, in direct mode. */
  readonly port: number | null
}

/**
 * Milliseconds the other threads may take to apply a change of the mesh table. One that is stuck never
 * does, and must hold up nobody's start or stop: it cannot send anything meanwhile either.
 */
const tableMs = 1000

const crashReasons: Readonly<Record<Extract<FromWorker, { type: 'crashed' }>['origin'], string>> = {
  uncaughtException: 'uncaught error',
  unhandledRejection: 'unhandled rejection',
  processExit: 'called process.exit()'
}

/** One worker thread. */
export class WorkerHandle {
  readonly life: ThreadLife
  /** Resolves true when the worker is ready, false when it is gone before that. */
  readonly ready: Promise<boolean>
  readonly #options: WorkerHandleOptions
  readonly #readyWith: (isReady: boolean) => void
  readonly #stopped = Promise.withResolvers<void>()
  #introduction: WorkerIntroduction | null = null
  #stopping: Promise<void> | null = null

  /** Starts the thread. @throws what `new Worker` throws; the seat is then given back. */
  constructor(options: WorkerHandleOptions) {
    const { fact, clock, announce, seat } = options
    const ready = Promise.withResolvers<boolean>()
    this.ready = ready.promise
    this.#readyWith = ready.resolve
    this.#options = options
    this.life = new ThreadLife({ fact, clock, announce, onGone: () => this.#handleGone() })
    try {
      const thread = options.startThread<FromWorker>(options.plan, {
        message: message => this.#handle(message),
        exit: (code, error) => this.life.handleExit(code, error)
      })
      this.life.attach(thread)
    } catch (error) {
      seat.member.remove()
      throw error
    }
  }

  /** What the worker said when it was ready; `null` before. */
  get introduction(): WorkerIntroduction | null {
    return this.#introduction
  }

  /** Requests sent to it through the mesh and not finished. */
  inflight(): number {
    return this.#options.seat.member.inflight()
  }

  /** Milliseconds since its event loop last wrote its heartbeat. */
  heartbeatAge(): number {
    return this.#options.seat.member.heartbeatAge()
  }

  /**
   * No new requests, the ones in flight finished, close hooks run, thread ended. What is not done at the
   * deadline is cut; a thread that does not end within `endMs` after that is a zombie.
   */
  stop(deadline: Deadline, endMs: number): Promise<void> {
    this.#stopping ??= this.#stop(deadline, endMs)
    return this.#stopping
  }

  async #stop(deadline: Deadline, endMs: number): Promise<void> {
    if (canBecome(this.life.state, 'draining')) await this.#drain(deadline)
    if (this.life.state === 'draining') await this.#askToStop(deadline)
    if (this.life.state === 'starting') this.life.move('stopping', 'stopped before it was ready')
    await this.life.end('stopped', endMs)
  }

  async #drain(deadline: Deadline): Promise<void> {
    const { seat, clock } = this.#options
    this.life.move('draining', 'gets no new requests')
    if (this.#introduction?.hasServer !== true) return
    await deadline.bound(within(clock, tableMs, seat.member.withdraw(deadline.remaining())))
    await deadline.bound(seat.member.drained(deadline.remaining()))
  }

  async #askToStop(deadline: Deadline): Promise<void> {
    this.life.move('stopping', 'runs its close hooks')
    const message: ToWorker = { type: 'stop', timeoutMs: Math.ceil(deadline.remaining()) }
    this.life.post(message)
    await deadline.bound(Promise.race([this.#stopped.promise, this.life.exited]))
  }

  #handle(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        void this.#handleReady(message)
        break
      case 'failed':
        this.#leave('could not be loaded')
        this.life.expectEnd('failed', reviveError(message.error))
        break
      case 'crashed':
        this.#leave(crashReasons[message.origin])
        this.life.expectEnd('crashed', reviveError(message.error))
        break
      case 'stopped':
        this.#stopped.resolve()
        break
    }
  }

  async #handleReady(introduction: WorkerIntroduction): Promise<void> {
    const { clock, seat, announce, fact } = this.#options
    const { kind, hasServer, port } = introduction
    const known = this.#introduction
    // A worker that was given up, or is being stopped, comes too late.
    if (this.life.state !== 'starting' && known === null) return
    this.#introduction = { kind, hasServer, port }
    if (known !== null) {
      // What was taken for a job has begun to listen after all.
      if (hasServer && !known.hasServer && this.life.state === 'ready') await seat.member.publish()
      return
    }
    if (hasServer) await within(clock, tableMs, seat.member.publish())
    if (this.life.state !== 'starting') return
    this.life.move('ready', hasServer ? 'answers requests' : 'has loaded')
    announce('worker:ready', { ...fact, kind, bootMs: Math.round(clock.now() - this.life.startedAt) })
    this.#readyWith(true)
  }

  /** Out of the table at once: nobody sends to a thread that is about to end. */
  #leave(reason: string): void {
    this.#options.seat.member.remove()
    if (canBecome(this.life.state, 'stopping')) this.life.move('stopping', reason)
  }

  #handleGone(): void {
    this.#options.seat.member.remove()
    this.#readyWith(false)
  }
}
