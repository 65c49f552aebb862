/**
 * Sends requests into the mesh. Any thread. THE WALK of a request begins in {@link MeshClient.send}:
 * find the application, choose an upstream, take or open the link, send; then the link reports.
 *
 * It also decides what becomes of requests whose upstream is lost or does not begin, and ends those
 * that wait too long. It never asks another thread anything on a request's way.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'

import { currentDeadline } from '../deadline.ts'
import { LoadSheddingError, MeshError, asError, throwLater } from '../errors.ts'
import { HEARTBEAT_MS, sharedMs, type Scoreboard } from '../scoreboard.ts'
import type { FromMember, Table, Upstream } from '../wire/control.ts'
import type { FlushMoment } from '../wire/frame-port.ts'
import { CELLS_BYTES, WINDOW } from '../wire/frames.ts'
import { sizeOf } from '../wire/body.ts'
import {
  ANSWERED,
  DONE,
  Exchange,
  UPLOADING,
  WAITING,
  type ExchangeHandler,
  type Link,
  type LinkOwner,
  type MeshRequest
} from './exchange.ts'
import { AddressLink } from './address-link.ts'
import { Group, type BalanceFunction, type Exclusions } from './balancing.ts'
import { ThreadLink } from './link.ts'
import { RetryBudget, decideRetry } from './retry.ts'

/** A request and its handler, as they are to be taken instead of what was given. */
export interface Intercepted {
  readonly request: MeshRequest
  readonly handler: ExchangeHandler
}

/** Sees every request before it is sent; what it throws fails the request. */
export type Intercept = (request: MeshRequest, handler: ExchangeHandler) => Intercepted

/** What a client is made with. */
export interface ClientOptions {
  /** Name of the member it belongs to, for messages. */
  readonly name: string
  readonly scoreboard: Scoreboard
  readonly flushMoment: FlushMoment
  /** A balancing function of the user's, which overrides the table's policies for requests of this thread. */
  readonly balance?: BalanceFunction | undefined
  /** Hooks of the user's, in front of every request. */
  readonly intercept?: Intercept | undefined
  /** Whether this thread has been taken out of the mesh: it may finish what it has begun. */
  isOut(): boolean
  /** Passes a message, and the ports in it, to the registry. */
  tell(message: FromMember, transfer: readonly MessagePort[]): void
}

/** A request not begun by an upstream that has missed this many heartbeats is sent elsewhere. */
const STALE_MS = 5 * HEARTBEAT_MS

/** How often deadlines and stuck upstreams are looked at, in milliseconds. */
const SWEEP_MS = 100

/** The sending half of a member. */
export class MeshClient implements LinkOwner {
  readonly scoreboard: Scoreboard
  readonly flushMoment: FlushMoment
  readonly #options: ClientOptions
  readonly #links = new Map<number, Link>()
  readonly #budget = new RetryBudget()
  /** Who answers for what. A map: hosts come from URLs, and objects have more keys than were put in. */
  readonly #groups = new Map<string, Group>()
  #denied: ReadonlySet<string> = new Set()
  /** Until when upstreams are passed over, by id; `null` while there are none. */
  #avoided: Map<number, number> | null = null
  #sweeps = 0
  #sweeper: NodeJS.Timeout | null = null
  #closed = false

  constructor(options: ClientOptions) {
    this.#options = options
    this.scoreboard = options.scoreboard
    this.flushMoment = options.flushMoment
  }

  /** Takes a new table into force: links to upstreams that are no longer in it end with their last exchange. */
  apply(table: Table): void {
    for (const hostname of this.#groups.keys()) {
      if (!Object.hasOwn(table.upstreams, hostname)) this.#groups.delete(hostname)
    }
    for (const [hostname, upstreams] of Object.entries(table.upstreams)) {
      let group = this.#groups.get(hostname)
      if (group === undefined) this.#groups.set(hostname, (group = new Group(hostname)))
      const policy = this.#options.balance ?? table.balance[hostname] ?? 'least-inflight'
      group.update(upstreams, { policy, slowStartMs: table.slowStartMs })
    }
    this.#denied = new Set(table.denied)
    for (const link of this.#links.values()) if (link.size === 0) this.#retire(link)
  }

  /** Whether the application is in the mesh, ready or not. */
  knows(hostname: string): boolean {
    return this.#groups.has(hostname)
  }

  /** Whether the application has a worker that takes requests right now. */
  hasReady(hostname: string): boolean {
    return this.#groups.get(hostname)?.hasReady(this.scoreboard) === true
  }

  /**
   * Sends a request. Failures to send are told to the handler too, later, never thrown.
   */
  send(request: MeshRequest, handler: ExchangeHandler): Exchange {
    const { intercept } = this.#options
    return intercept === undefined
      ? this.#send(request, handler)
      : this.#sendIntercepted(intercept, request, handler)
  }

  #sendIntercepted(intercept: Intercept, request: MeshRequest, handler: ExchangeHandler): Exchange {
    try {
      const instead = intercept(request, handler)
      return this.#send(instead.request, instead.handler)
    } catch (error) {
      const exchange = new Exchange(request, handler, performance.now(), 0)
      process.nextTick(fail, exchange, asError(error))
      return exchange
    }
  }

  #send(request: MeshRequest, handler: ExchangeHandler): Exchange {
    const window = WINDOW - sizeOf(request.flags, request.body)
    const exchange = new Exchange(request, handler, this.#clock(), window)
    const upstream = this.#inherit(exchange) ?? this.#choose(exchange)
    if (upstream instanceof Error) {
      process.nextTick(fail, exchange, upstream)
      return exchange
    }
    this.#budget.earn()
    const link = this.#link(upstream, request.hostname)
    if (link === null) process.nextTick(fail, exchange, this.#closedError())
    else link.send(exchange, exchange.startedMs)
    return exchange
  }

  /** Cuts every link. What is in flight fails. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const link of [...this.#links.values()]) link.close()
    if (this.#sweeper !== null) clearInterval(this.#sweeper)
  }

  onLinkLost(link: Link, orphans: readonly Exchange[], cause?: Error): void {
    this.#links.delete(link.upstream.id)
    for (const exchange of orphans) this.#rescue(exchange, link, cause)
  }

  onExchangeLost(link: Link, exchange: Exchange, cause: Error): void {
    this.#rescue(exchange, link, cause)
  }

  avoid(upstream: Upstream, forMs: number): void {
    this.#avoided ??= new Map()
    this.#avoided.set(upstream.id, performance.now() + forMs)
  }

  /** A request made while another is being answered waits no longer than that one's caller. */
  #inherit(exchange: Exchange): MeshError | null {
    const deadline = currentDeadline()
    if (deadline === 0) return null
    const left = Math.ceil(deadline - sharedMs(exchange.startedMs))
    if (exchange.timeoutMs > 0 && exchange.timeoutMs <= left) return null
    exchange.timeoutMs = Math.max(left, 1)
    if (left > 0) return null
    const { hostname } = exchange.request
    return new MeshError('MESH_TIMEOUT', { host: hostname, worker: 'Nobody', afterMs: 0 })
  }

  /** What load shedding or a balancing function throws fails the request it was asked about. */
  #choose(exchange: Exchange): Upstream | Error {
    try {
      return this.#pick(exchange)
    } catch (error) {
      return asError(error)
    }
  }

  #pick(exchange: Exchange): Upstream | Error {
    const { request, tried } = exchange
    const host = request.hostname
    if (this.#closed) return this.#closedError()
    if (this.#denied.has(host)) {
      return new MeshError('MESH_DENIED', { from: this.#options.name, host })
    }
    const group = this.#groups.get(host)
    if (group === undefined) return new MeshError('MESH_UNKNOWN_HOST', { host })
    const exclusions = tried.length === 0 && this.#avoided === null ? null : this.#exclusions(tried)
    const upstream = group.choose(request, this.scoreboard, exclusions, sharedMs(exchange.startedMs))
    if (upstream === null) return new MeshError('MESH_NO_UPSTREAM', { host })
    return request.accept === null || request.accept(upstream)
      ? upstream
      : this.#chooseAccepting(exchange, group, upstream)
  }

  /** Asks one upstream after the other whether it takes a request that the first has declined. */
  #chooseAccepting(exchange: Exchange, group: Group, declined: Upstream): Upstream | Error {
    const { request } = exchange
    const tried = [...exchange.tried, declined.id]
    const exclusions = this.#exclusions(tried)
    const nowMs = sharedMs(exclusions.nowMs)
    for (;;) {
      const next = group.choose(request, this.scoreboard, exclusions, nowMs)
      if (next === null) return new LoadSheddingError(request.hostname)
      if (request.accept === null || request.accept(next)) return next
      tried.push(next.id)
    }
  }

  #exclusions(tried: readonly number[]): Exclusions {
    return { tried, avoided: this.#avoided, nowMs: performance.now() }
  }

  #closedError(): MeshError {
    return new MeshError('MESH_CLOSED', { name: this.#options.name })
  }

  /** The link to an upstream; `null` when a new one would be needed and this thread is out of the mesh. */
  #link(upstream: Upstream, hostname: string): Link | null {
    const open = this.#links.get(upstream.id)
    if (open !== undefined) return open
    const { address } = upstream
    if (address !== null) {
      const link = new AddressLink({ upstream, hostname, address }, this)
      this.#links.set(upstream.id, link)
      return link
    }
    const { port1, port2 } = new MessageChannel()
    const cells = new SharedArrayBuffer(CELLS_BYTES)
    this.#options.tell({ type: 'link', to: upstream.id, port: port2, cells }, [port2])
    // Asked after it was posted: if it is not out now, the registry will find the wish.
    if (this.#options.isOut()) {
      port1.close()
      return null
    }
    const link = new ThreadLink({ upstream, hostname }, { port: port1, cells }, this)
    this.#links.set(upstream.id, link)
    return link
  }

  #retire(link: Link): void {
    const { id } = link.upstream
    for (const { upstreams } of this.#groups.values()) {
      if (upstreams.some(upstream => upstream.id === id)) return
    }
    this.#links.delete(link.upstream.id)
    link.close()
  }

  /** Sends a request that lost its upstream elsewhere, or fails it. */
  #rescue(exchange: Exchange, link: Link, cause?: Error): void {
    if (exchange.state === DONE) return
    if (exchange.state === UPLOADING) return finishUpload(exchange, link)
    const begun = !link.revoke(exchange)
    const { request } = exchange
    const decision = decideRetry(
      {
        begun,
        answered: exchange.state === ANSWERED,
        idempotent: request.idempotent,
        replayable: !exchange.bodyGone,
        attempts: exchange.tried.length
      },
      this.#budget.left
    )
    link.detach(exchange)
    const host = request.hostname
    const lost = new MeshError('MESH_UPSTREAM_LOST', { host, worker: link.upstream.name, begun }, { cause })
    if (!decision.retry) return fail(exchange, lost)
    const upstream = this.#choose(exchange)
    if (upstream instanceof Error) return fail(exchange, lost)
    const next = this.#link(upstream, host)
    if (next === null) return fail(exchange, this.#closedError())
    if (decision.costs) this.#budget.spend()
    next.send(exchange, this.#clock())
  }

  /** The time at which something is sent: from now on there is something to sweep. */
  #clock(): number {
    if (this.#sweeper === null) {
      this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS)
      this.#sweeper.unref()
    }
    return performance.now()
  }

  #sweep(): void {
    const now = performance.now()
    if (++this.#sweeps % (1000 / SWEEP_MS) === 0) {
      this.#budget.refill()
      this.#forgive(now)
    }
    let busy = false
    for (const link of this.#links.values()) {
      if (link.size === 0) continue
      busy = true
      const stuck = this.scoreboard.heartbeatAge(link.upstream.record) > STALE_MS
      for (const exchange of link.exchanges()) {
        if (exchange.state === WAITING) this.#look(exchange, link, { now, stuck })
      }
    }
    if (busy || this.#sweeper === null) return
    for (const link of this.#links.values()) this.#retire(link)
    clearInterval(this.#sweeper)
    this.#sweeper = null
  }

  /** Upstreams that were passed over long enough are chosen again. */
  #forgive(nowMs: number): void {
    if (this.#avoided === null) return
    for (const [id, untilMs] of this.#avoided) if (untilMs <= nowMs) this.#avoided.delete(id)
    if (this.#avoided.size === 0) this.#avoided = null
  }

  #look(exchange: Exchange, link: Link, at: { now: number; stuck: boolean }): void {
    const { request } = exchange
    const { timeoutMs } = exchange
    if (timeoutMs > 0 && at.now - exchange.startedMs >= timeoutMs) {
      const facts = { host: request.hostname, worker: link.upstream.name, afterMs: timeoutMs }
      link.abort(exchange, 'timeout')
      tell(exchange, new MeshError('MESH_TIMEOUT', facts))
      return
    }
    if (!at.stuck || at.now - exchange.sentMs < STALE_MS || !link.revocable(exchange)) return
    const upstream = this.#choose(exchange)
    if (upstream instanceof Error || !link.revoke(exchange)) return
    link.detach(exchange)
    const next = this.#link(upstream, request.hostname)
    if (next === null) fail(exchange, this.#closedError())
    else next.send(exchange, at.now)
  }
}

/** The response was complete: nothing is owed but the rest of the request, which nobody reads any more. */
function finishUpload(exchange: Exchange, link: Link): void {
  exchange.state = DONE
  link.detach(exchange)
  if (exchange.needsDrain) exchange.handler.onWritable()
}

function fail(exchange: Exchange, error: Error): void {
  if (exchange.state === DONE) return
  exchange.state = DONE
  tell(exchange, error)
}

/** A handler that throws must not keep others from being told. */
function tell(exchange: Exchange, error: Error): void {
  try {
    exchange.handler.onError(error)
  } catch (thrown) {
    throwLater(thrown)
  }
}
