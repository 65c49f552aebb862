/**
 * A worker as the main thread sees it. Its other half is `worker/boot.ts`.
 *
 * Main thread only. It knows one thread from start to end; that a worker which is gone gets replaced is
 * the business of `slot.ts`, and how many may be out at a time that of `worker-pool.ts`. It never waits for
 * a worker without a bound.
 */
import type { EventLoopUtilization } from 'node:perf_hooks'
import type { MessagePort, Worker } from 'node:worker_threads'

import type { MemberCounts, MemberTraffic } from '@heddle/mesh'

import type { ClientCounts } from '../../channel/ledger.ts'
import type { FromWorker, ToWorker } from '../../channel/messages.ts'
import { readFromWorker } from '../../channel/worker-message.ts'
import type { Announce, ReplaceReason, ThreadFact, ThreadState } from '../../events.ts'
import { within } from '../../shared/clock.ts'
import type { Clock } from '../../shared/clock.ts'
import { Deadline } from '../../shared/deadline.ts'
import type { ClientConnections } from './client-connections.ts'
import { answeredOf } from './member-counts.ts'
import type { MeshSeat } from './mesh-seat.ts'
import { reviveError } from './revived-error.ts'
import type { Occupant, Wish } from './occupant.ts'
import { ThreadLife, endTimeOf } from './thread-life.ts'
import type { ThreadPlan, ThreadStarter } from './thread.ts'
import type { WatchedWorker } from './watched.ts'
import { canBecome } from './worker-state.ts'

/** What a worker handle is made of. */
export interface WorkerHandleOptions {
  readonly fact: ThreadFact
  readonly seat: MeshSeat
  readonly plan: ThreadPlan
  /** What the plan gives to the thread to write into. */
  readonly vitals: SharedArrayBuffer
  /** The connections clients have to it; `null` when all its requests come through the mesh. */
  readonly clients: ClientConnections | null
  /** Whether it takes no requests before it is opened. */
  readonly held: boolean
  readonly clock: Clock
  readonly announce: Announce
  readonly startThread: ThreadStarter
  readonly company: Company
}

/** What a worker handle needs of those it is one of. */
export interface Company {
  /**
   * Milliseconds a worker may finish what it has after an error nobody caught.
   *
   * @param isolated Whether nobody waits for the request at fault any more.
   */
  crashDrainMs(isolated: boolean): number
  /** Whether one that serves nothing (yet) is not ready: those it is to replace answer public requests. */
  hasToServe(): boolean
  /** Whether this one may be taken out of balancing. */
  mayEject(handle: WorkerHandle): boolean
  replace(handle: WorkerHandle, wish: Wish): Promise<boolean>
  /** It went from one state to another. */
  moved(): void
  /** It is gone or given up. */
  gone(handle: WorkerHandle): void
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

/** Milliseconds a thread may take to end once it was told to. */
const endMs = 1000

/** Milliseconds a worker has to say which of its close hooks took too long, half of what there is at most. */
const sayMs = 100

const crashReasons: Readonly<Record<Extract<FromWorker, { type: 'crashed' }>['origin'], string>> = {
  uncaughtException: 'uncaught error',
  unhandledRejection: 'unhandled rejection',
  processExit: 'called process.exit()'
}

/** One worker thread. */
export class WorkerHandle implements Occupant, WatchedWorker {
  readonly life: ThreadLife
  readonly fact: ThreadFact
  readonly vitals: SharedArrayBuffer
  readonly ready: Promise<boolean>
  readonly #options: WorkerHandleOptions
  readonly #readyWith: (isReady: boolean) => void
  readonly #stopped = Promise.withResolvers<void>()
  #introduction: WorkerIntroduction | null = null
  #registry: MessagePort | null = null
  #stopping: Promise<void> | null = null
  #isHeld: boolean
  #isKeptOut = false
  #isCut = false
  /** Senders may know it already, and send. */
  #isPublished = false

  /** Starts the thread. @throws what `new Worker` throws; the seat is then given back. */
  constructor(options: WorkerHandleOptions) {
    const { fact, clock, announce, seat, vitals, held, company } = options
    const ready = Promise.withResolvers<boolean>()
    this.fact = fact
    this.vitals = vitals
    this.ready = ready.promise
    this.#readyWith = ready.resolve
    this.#options = options
    this.#isHeld = held
    const onMove = (): void => company.moved()
    this.life = new ThreadLife({ fact, clock, announce, onGone: () => this.#handleGone(), onMove })
    try {
      const thread = options.startThread<unknown>(options.plan, {
        message: posted => this.#handle(readFromWorker(posted)),
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

  get state(): ThreadState {
    return this.life.state
  }

  get readyMs(): number | null {
    return this.life.readyMs
  }

  /** Whether an operator holds it out of balancing. */
  get isKeptOut(): boolean {
    return this.#isKeptOut
  }

  /** Where its application is asked for metrics of its own; `null` when it has said of none. */
  get registry(): MessagePort | null {
    return this.#registry
  }

  inflight(): number {
    const { seat, clients } = this.#options
    return seat.member.inflight() + (clients?.requests ?? 0)
  }

  /** The connections clients have to it; `null` when all its requests come through the mesh. */
  connections(): ClientCounts | null {
    return this.#options.clients?.counts ?? null
  }

  heartbeatAge(): number {
    return this.#options.seat.member.heartbeatAge()
  }

  counts(): MemberCounts {
    return this.#options.seat.member.counts()
  }

  traffic(): readonly MemberTraffic[] {
    return this.#options.seat.member.traffic()
  }

  served(): number {
    // Those on connections of its own are counted there as well.
    return answeredOf(this.counts())
  }

  eventLoopUtilization(previous?: EventLoopUtilization): EventLoopUtilization {
    return this.life.thread?.eventLoopUtilization(previous) ?? { idle: 0, active: 0, utilization: 0 }
  }

  thread(): Worker | null {
    return this.life.thread?.worker ?? null
  }

  eject(reason: string): boolean {
    const { company, seat } = this.#options
    if (this.life.state !== 'ready' || !company.mayEject(this)) return false
    seat.member.eject(true)
    this.life.move('ejected', reason)
    return true
  }

  restore(reason: string): void {
    if (!this.#isKeptOut) this.#restore(reason)
  }

  /** Takes it out of balancing until {@link letIn}, whatever those who watch it say. False as in {@link eject}. */
  keepOut(reason: string): boolean {
    if (this.life.state !== 'ejected' && !this.eject(reason)) return false
    this.#isKeptOut = true
    return true
  }

  /** Takes back {@link keepOut}, and whatever else keeps it out. */
  letIn(reason: string): void {
    this.#isKeptOut = false
    this.#restore(reason)
  }

  replace(reason: ReplaceReason, detail: string, vacateMs?: number): Promise<boolean> {
    const wish = { reason, detail, ...(vacateMs === undefined ? {} : { vacateMs }) }
    return this.#options.company.replace(this, wish)
  }

  async open(): Promise<boolean> {
    this.#isHeld = false
    if (this.life.state === 'starting' && this.#introduction !== null) return this.#enter(this.#introduction)
    return this.life.state === 'ready' || this.life.state === 'ejected'
  }

  /**
   * No new requests, the ones in flight finished, close hooks run, thread ended. What is not done at the
   * deadline is cut; a thread that does not end within {@link endTimeOf} after that is a zombie. One that is stopping
   * already is cut at the earlier deadline.
   *
   * @param patience Milliseconds its close hooks have in any case, also when requests took all the time there was.
   */
  stop(deadline: Deadline, endLimitMs: number, patience = 0): Promise<void> {
    if (this.#stopping === null) this.#stopping = this.#stop(deadline, endLimitMs, patience)
    else void this.#cutAt(deadline, endLimitMs)
    return this.#stopping
  }

  async #stop(deadline: Deadline, endLimitMs: number, patience: number): Promise<void> {
    if (canBecome(this.life.state, 'draining')) await this.#drain(deadline, 'gets no new requests')
    let hooks = true
    if (this.life.state === 'draining')
      hooks = await this.#askToStop(Math.max(deadline.remaining(), patience))
    this.#tellCut(!hooks)
    if (this.life.state === 'starting') this.life.move('stopping', 'stopped before it was ready')
    await this.life.end('stopped', endTimeOf(deadline, endLimitMs))
  }

  async #cutAt(deadline: Deadline, endLimitMs: number): Promise<void> {
    const { inTime } = await deadline.bound(this.life.gone)
    if (inTime) return
    this.#tellCut(this.life.state === 'stopping')
    await this.life.end('stopped', endLimitMs)
  }

  /** To be called before it is ended. */
  #tellCut(hooks: boolean): void {
    const requests = this.inflight()
    if (this.#isCut || this.life.isGone || (requests === 0 && !hooks)) return
    this.#isCut = true
    this.#options.announce('worker:cut', { ...this.fact, requests, hooks })
  }

  async #drain(deadline: Deadline, reason: string): Promise<void> {
    const { seat, clock, clients } = this.#options
    this.life.move('draining', reason)
    if (this.#introduction?.hasServer !== true) return
    await deadline.bound(within(clock, tableMs, seat.member.withdraw(Math.ceil(deadline.remaining()))))
    const remainingMs = Math.ceil(deadline.remaining())
    if (clients !== null) this.life.post({ type: 'drain', timeoutMs: remainingMs } satisfies ToWorker)
    await deadline.bound(Promise.all([seat.member.drained(remainingMs), clients?.drained(remainingMs)]))
  }

  /** Whether its close hooks were done in time. */
  async #askToStop(limitMs: number): Promise<boolean> {
    this.life.move('stopping', 'runs its close hooks')
    const message: ToWorker = { type: 'stop', timeoutMs: Math.ceil(limitMs - Math.min(sayMs, limitMs / 2)) }
    this.life.post(message)
    const ended = Promise.race([this.#stopped.promise, this.life.exited])
    const { inTime } = await within(this.#options.clock, limitMs, ended)
    return inTime
  }

  /** @param message `null` for what the application itself has posted. */
  #handle(message: FromWorker | null): void {
    switch (message?.type) {
      case 'ready':
        void this.#handleReady(message)
        break
      case 'failed':
        this.#leave('could not be loaded')
        this.life.expectEnd('failed', reviveError(message.error))
        break
      case 'crashed':
        this.#handleCrashed(message)
        break
      case 'stopped':
        this.#stopped.resolve()
        break
      case 'inspector':
        this.#options.announce('worker:inspector', { ...this.fact, port: message.port, url: message.url })
        break
      case 'metrics':
        this.#registry = message.port
        break
      case 'loaded':
        // Whoever watches files hears it where threads are started.
        break
      case undefined:
        break
    }
  }

  #handleCrashed({ origin, error, isolated }: Extract<FromWorker, { type: 'crashed' }>): void {
    const reason = crashReasons[origin]
    const thrown = reviveError(error)
    const { readyMs } = this
    this.#options.announce('worker:crashed', { ...this.fact, origin, error: thrown, readyMs, isolated })
    // The first requests come before every sender is known to know it: they are finished as any others.
    if (this.life.state === 'starting' && this.#isPublished) this.life.move('ready', 'answers requests')
    if (origin === 'processExit') {
      this.#leave(reason)
      this.life.expectEnd('exited', thrown)
    } else if (canBecome(this.life.state, 'draining')) {
      this.#stopping = this.#finish(reason, thrown, isolated)
    } else if (this.life.state === 'starting') {
      this.#leave(reason)
      this.life.lose('crashed', thrown)
      void this.life.end('crashed', endMs)
    } else {
      // It is on its way out and goes on with that.
      this.life.lose('crashed', thrown)
    }
  }

  /** After an error nobody caught: the thread lives on for as long as its other requests may take. */
  async #finish(reason: string, thrown: Error, isolated: boolean): Promise<void> {
    const deadline = new Deadline(this.#options.clock, this.#options.company.crashDrainMs(isolated))
    const drained = this.#drain(deadline, reason)
    this.life.lose('crashed', thrown)
    await drained
    deadline.cancel()
    this.#tellCut(false)
    await this.life.end('crashed', endMs)
  }

  async #handleReady({ kind, hasServer, port }: Extract<FromWorker, { type: 'ready' }>): Promise<void> {
    const known = this.#introduction
    // A worker that was given up, or is being stopped, comes too late.
    if (this.life.state !== 'starting' && known === null) return
    // It says so again when it listens after all; one that never does fails as any other that is not ready in time.
    if (known === null && !hasServer && this.#options.company.hasToServe()) return
    this.#introduction = { kind, hasServer, port }
    if (known !== null) {
      // What was taken for a job has begun to listen after all.
      const isLate = hasServer && !known.hasServer && this.life.state === 'ready'
      if (isLate) await this.#options.seat.member.publish()
      return
    }
    if (this.#isHeld || (await this.#enter(this.#introduction))) this.#readyWith(true)
  }

  /** Into the table. Resolves false when it is being stopped meanwhile. */
  async #enter({ kind, hasServer }: WorkerIntroduction): Promise<boolean> {
    const { clock, seat, announce, fact } = this.#options
    this.#isPublished = hasServer
    if (hasServer) await within(clock, tableMs, seat.member.publish())
    if (this.life.state !== 'starting') return false
    this.life.move('ready', hasServer ? 'answers requests' : 'has loaded')
    announce('worker:ready', { ...fact, kind, bootMs: Math.round(clock.now() - this.life.startedAt) })
    return true
  }

  #restore(reason: string): void {
    if (this.life.state !== 'ejected') return
    this.#options.seat.member.eject(false)
    this.life.move('ready', reason)
  }

  /** Out of the table at once: nobody sends to a thread that is about to end. */
  #leave(reason: string): void {
    this.#options.seat.member.remove()
    if (canBecome(this.life.state, 'stopping')) this.life.move('stopping', reason)
  }

  #handleGone(): void {
    this.#options.seat.member.remove()
    this.#readyWith(false)
    this.#options.company.gone(this)
  }
}
