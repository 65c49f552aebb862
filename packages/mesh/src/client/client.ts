/**
 * Sends requests into the mesh. Any thread. THE WALK of a request begins in {@link MeshClient.send}:
 * find the application, choose an upstream, take or open the link, send; then the link reports.
 *
 * It also decides what becomes of requests whose upstream is lost or does not begin, and ends those
 * that wait too long. It never asks another thread anything on a request's way.
 */
import { MessageChannel } from 'node:worker_threads'

import { currentDeadline } from '../deadline.ts'
import { MeshError, asError } from '../errors.ts'
import { HEARTBEAT_MS, sharedMs, type Scoreboard } from '../scoreboard.ts'
import type { Table, Upstream } from '../wire/control.ts'
import type { FlushMoment } from '../wire/frame-port.ts'
import { CELLS_BYTES, WINDOW } from '../wire/frames.ts'
import { sizeOf } from '../wire/body.ts'
import {
  ANSWERED,
  DONE,
  Exchange,
  UPLOADING,
  WAITING,
  fail,
  finishUpload,
  tell,
  type ExchangeHandler,
  type Link,
  type LinkOwner,
  type MeshRequest
} from './exchange.ts'
import { AddressLink } from './address-link.ts'
import type { ClientOptions, Intercept } from './client-options.ts'
import { isLate } from './balancing.ts'
import { Directory, isNobodyReady } from './directory.ts'
import { ThreadLink } from './link.ts'
import { overdue, type Queue } from './queue.ts'
import { RetryBudget, decideRetry } from './retry.ts'
import { Rhythm } from './rhythm.ts'
import { Tally } from './tally.ts'

/** A request not begun by an upstream that has missed this many heartbeats is sent elsewhere, where there is one. */
const STALE_MS = 3 * HEARTBEAT_MS

/** How often deadlines and stuck upstreams are looked at, in milliseconds. */
const SWEEP_MS = 100

/** The sending half of a member. */
export class MeshClient implements LinkOwner {
  readonly scoreboard: Scoreboard
  readonly flushMoment: FlushMoment
  readonly tally: Tally
  readonly #options: ClientOptions
  readonly #links = new Map<number, Link>()
  readonly #budget = new RetryBudget()
  readonly #directory: Directory
  #sweeps = 0
  readonly #rhythm = new Rhythm(SWEEP_MS)
  #sweeper: NodeJS.Timeout | null = null
  #closed = false

  constructor(options: ClientOptions) {
    this.#options = options
    this.scoreboard = options.scoreboard
    this.flushMoment = options.flushMoment
    const { name, scoreboard, traffic, balance, breaker } = options
    this.#directory = new Directory({
      name,
      scoreboard,
      traffic: options.detail ? traffic : null,
      balance,
      breaker,
      onCircuit: (hostname, state) => options.tell({ type: 'circuit', hostname, state }, [])
    })
    this.tally = new Tally(scoreboard, this.#directory, options.detail)
  }

  /** Takes a new table into force: links to upstreams that are no longer in it end with their last exchange. */
  apply(table: Table): void {
    const gone = this.#directory.apply(table)
    for (const link of this.#links.values()) if (link.size === 0) this.#retire(link)
    for (const { queue } of gone) this.#release(queue)
    for (const { queue } of this.#directory.destinations()) if (queue.size > 0) this.#release(queue)
  }

  /** Whether the application is in the mesh, ready or not. */
  knows(hostname: string): boolean {
    return this.#directory.find(hostname) !== null
  }

  /** Whether the application has a worker that takes requests right now. */
  hasReady(hostname: string): boolean {
    return this.#directory.find(hostname)?.group.hasReady(this.scoreboard) === true
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
    const bytes = sizeOf(request.flags, request.body)
    const exchange = new Exchange(request, handler, this.#clock(), WINDOW - bytes)
    exchange.bytesSent = bytes
    const upstream = this.#inherit(exchange) ?? this.#directory.admit(exchange) ?? this.#choose(exchange)
    if (upstream instanceof Error) {
      this.#sendLater(exchange, upstream)
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
    for (const { queue } of this.#directory.destinations()) this.#release(queue)
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
    this.#directory.avoid(upstream, performance.now() + forMs)
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

  #choose(exchange: Exchange): Upstream | Error {
    return this.#closed ? this.#closedError() : this.#directory.choose(exchange)
  }

  /** Lets a request wait that nobody takes now, where that is allowed, and fails it where it is not. */
  #sendLater(exchange: Exchange, cause: Error): void {
    const refusal = this.#enqueue(exchange, cause)
    if (refusal === null) return
    this.#directory.unreached(exchange.request.hostname)
    process.nextTick(fail, exchange, refusal)
  }

  #enqueue(exchange: Exchange, cause: Error): Error | null {
    const destination = this.#directory.find(exchange.request.hostname)
    if (!isNobodyReady(cause) || destination === null || destination.rules === null) return cause
    const { queue, rules, hostname: host } = destination
    if (queue.size >= rules.max) {
      return rules.max === 0 ? cause : new MeshError('MESH_QUEUE_FULL', { host, max: rules.max })
    }
    queue.send(exchange, this.#clock())
    // Nobody else keeps the thread alive for it.
    this.#sweeper?.ref()
    return null
  }

  /** Sends what waits and has found somebody, and fails what will not find anybody any more. */
  #release(queue: Queue): void {
    for (const exchange of queue.exchanges()) {
      // A handler that was told of another may have given it up.
      if (exchange.link !== queue) continue
      const upstream = this.#choose(exchange)
      if (isNobodyReady(upstream)) continue
      queue.detach(exchange)
      const nowMs = performance.now()
      const waitedMs = nowMs - exchange.sentMs
      if (upstream instanceof Error) fail(exchange, upstream)
      else {
        if (exchange.tried.length === 0) this.#budget.earn()
        this.#sendOn(exchange, this.#link(upstream, queue.hostname), nowMs, waitedMs)
      }
    }
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
    if (this.#directory.lists(id)) return
    this.#links.delete(id)
    link.close()
  }

  /** Sends a request that lost its upstream elsewhere, or fails it. */
  #rescue(exchange: Exchange, link: Link, cause?: Error): void {
    if (exchange.state === DONE) return
    if (exchange.state === UPLOADING) {
      this.tally.over(exchange, link)
      return finishUpload(exchange, link)
    }
    const begun = !link.revoke(exchange)
    if (begun) exchange.losses++
    const { request } = exchange
    const decision = decideRetry(
      {
        begun,
        answered: exchange.state === ANSWERED,
        idempotent: request.idempotent,
        replayable: !exchange.bodyGone,
        losses: exchange.losses
      },
      this.#budget.left
    )
    link.detach(exchange)
    const host = request.hostname
    const lost = new MeshError('MESH_UPSTREAM_LOST', { host, worker: link.upstream.name, begun }, { cause })
    if (!decision.retry) {
      this.#directory.record(host, true, performance.now())
      return fail(exchange, lost)
    }
    const upstream = this.#choose(exchange)
    if (upstream instanceof Error) {
      if (this.#enqueue(exchange, upstream) !== null) return fail(exchange, lost)
      if (decision.costs) this.#budget.spend()
      return
    }
    if (decision.costs) this.#budget.spend()
    this.#sendOn(exchange, this.#link(upstream, host), this.#clock())
  }

  /** Sends a request that was sent to another upstream before, or has waited for one. */
  #sendOn(exchange: Exchange, link: Link | null, nowMs: number, waitedMs = 0): void {
    if (link === null) return fail(exchange, this.#closedError())
    this.tally.sending(exchange, link, waitedMs)
    link.send(exchange, nowMs)
  }

  /** The time at which something is sent: from now on there is something to sweep. */
  #clock(): number {
    if (this.#sweeper === null) {
      this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS)
      this.#sweeper.unref()
      this.#rhythm.begin(performance.now())
    }
    return performance.now()
  }

  #sweep(): void {
    const now = performance.now()
    if (++this.#sweeps % (1000 / SWEEP_MS) === 0) {
      this.#budget.refill()
      this.#directory.forgive(now)
    }
    // Answers may lie in the ports unread: who has waited too long is for the next sweep to say.
    if (this.#rhythm.isBehind(now)) return
    let busy = this.#sweepQueues(now)
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

  /** Returns whether requests wait. */
  #sweepQueues(nowMs: number): boolean {
    let waiting = false
    for (const { queue, rules, hostname: host } of this.#directory.destinations()) {
      if (queue.size === 0) continue
      this.#release(queue)
      for (const exchange of queue.exchanges()) {
        const afterMs = rules?.timeoutMs ?? 0
        if (nowMs - exchange.sentMs < afterMs) this.#look(exchange, queue, { now: nowMs, stuck: false })
        else this.#giveUp(exchange, queue, overdue(host, rules))
      }
      waiting ||= queue.size > 0
    }
    if (!waiting) this.#sweeper?.unref()
    return waiting
  }

  #giveUp(exchange: Exchange, link: Link, error: MeshError): void {
    link.abort(exchange, 'timeout')
    this.tally.failed(exchange, link)
    tell(exchange, error)
  }

  #look(exchange: Exchange, link: Link, at: { now: number; stuck: boolean }): void {
    const { request } = exchange
    const { timeoutMs } = exchange
    if (timeoutMs > 0 && at.now - exchange.startedMs >= timeoutMs) {
      const facts = { host: request.hostname, worker: link.upstream.name, afterMs: timeoutMs }
      this.#giveUp(exchange, link, new MeshError('MESH_TIMEOUT', facts))
      return
    }
    if (!at.stuck || !link.revocable(exchange)) return
    const upstream = this.#choose(exchange)
    // One that stands still as well would be no better.
    if (upstream instanceof Error || isLate(upstream, this.scoreboard, sharedMs(at.now))) return
    if (!link.revoke(exchange)) return
    link.detach(exchange)
    this.#sendOn(exchange, this.#link(upstream, request.hostname), at.now)
  }
}
