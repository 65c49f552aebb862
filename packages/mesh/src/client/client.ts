/**
 * Sends requests into the mesh. Any thread. THE WALK of a request begins in {@link MeshClient.send}:
 * find the application, choose an upstream, take or open the link, send; then the link reports.
 *
 * It also decides what becomes of requests whose upstream is lost or does not begin, and ends those
 * that wait too long. It never asks another thread anything on a request's way.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'

import { MeshError } from '../errors.ts'
import { HEARTBEAT_MS, type Scoreboard } from '../scoreboard.ts'
import type { FromMember, Table, Upstream } from '../wire/control.ts'
import type { FlushMoment } from '../wire/frame-port.ts'
import { CELLS, WINDOW } from '../wire/frames.ts'
import { sizeOf } from '../wire/body.ts'
import {
  ANSWERED,
  DONE,
  Exchange,
  UPLOADING,
  WAITING,
  type ExchangeHandler,
  type MeshRequest
} from './exchange.ts'
import { Link, type LinkOwner } from './link.ts'
import { RetryBudget, decideRetry } from './retry.ts'
import { leastInflight } from './selection.ts'

/** What a client is made with. */
export interface ClientOptions {
  /** Name of the member it belongs to, for messages. */
  readonly name: string
  readonly scoreboard: Scoreboard
  readonly flushMoment: FlushMoment
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
  #upstreams: ReadonlyMap<string, readonly Upstream[]> = new Map()
  #denied: ReadonlySet<string> = new Set()
  #turn = 0
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
    this.#upstreams = new Map(Object.entries(table.upstreams))
    this.#denied = new Set(table.denied)
    for (const link of this.#links.values()) if (link.size === 0) this.#retire(link)
  }

  /** Whether the application is in the mesh, ready or not. */
  knows(hostname: string): boolean {
    return this.#upstreams.has(hostname)
  }

  /** Whether the application has a worker that takes requests right now. */
  hasReady(hostname: string): boolean {
    const upstreams = this.#upstreams.get(hostname)
    return (
      upstreams !== undefined &&
      upstreams.some(({ record, generation }) => this.scoreboard.isReady(record, generation))
    )
  }

  /**
   * Sends a request. Failures to send are told to the handler too, later, never thrown.
   */
  send(request: MeshRequest, handler: ExchangeHandler): Exchange {
    const window = WINDOW - sizeOf(request.flags, request.body)
    const exchange = new Exchange(request, handler, this.#clock(), window)
    const upstream = this.#choose(request, [])
    if (upstream instanceof MeshError) {
      process.nextTick(fail, exchange, upstream)
      return exchange
    }
    this.#budget.earn()
    this.#link(upstream, request.hostname).send(exchange, exchange.startedMs)
    return exchange
  }

  /** Cuts every link. What is in flight fails. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const link of [...this.#links.values()]) link.close()
    if (this.#sweeper !== null) clearInterval(this.#sweeper)
  }

  onLinkLost(link: Link, orphans: readonly Exchange[]): void {
    this.#links.delete(link.upstream.id)
    for (const exchange of orphans) this.#rescue(exchange, link)
  }

  #choose(request: MeshRequest, avoid: readonly number[]): Upstream | MeshError {
    const host = request.hostname
    if (this.#closed) return new MeshError('MESH_CLOSED', { name: this.#options.name })
    if (this.#denied.has(host)) {
      return new MeshError('MESH_DENIED', { from: this.#options.name, host })
    }
    const upstreams = this.#upstreams.get(host)
    if (upstreams === undefined) return new MeshError('MESH_UNKNOWN_HOST', { host })
    const turn = this.#turn++ & 0xffff
    return (
      leastInflight(upstreams, this.scoreboard, turn, avoid) ?? new MeshError('MESH_NO_UPSTREAM', { host })
    )
  }

  #link(upstream: Upstream, hostname: string): Link {
    const open = this.#links.get(upstream.id)
    if (open !== undefined) return open
    const { port1, port2 } = new MessageChannel()
    const cells = new SharedArrayBuffer((CELLS + 1) * Int32Array.BYTES_PER_ELEMENT)
    const link = new Link({ upstream, hostname }, { port: port1, cells }, this)
    this.#links.set(upstream.id, link)
    this.#options.tell({ type: 'link', to: upstream.id, port: port2, cells }, [port2])
    return link
  }

  #retire(link: Link): void {
    const listed = this.#upstreams.get(link.hostname)?.some(({ id }) => id === link.upstream.id)
    if (listed === true) return
    this.#links.delete(link.upstream.id)
    link.close()
  }

  /** Sends a request that lost its upstream elsewhere, or fails it. */
  #rescue(exchange: Exchange, link: Link): void {
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
    const lost = new MeshError('MESH_UPSTREAM_LOST', { host, worker: link.upstream.name, begun })
    if (!decision.retry) return fail(exchange, lost)
    const upstream = this.#choose(request, exchange.tried)
    if (upstream instanceof MeshError) return fail(exchange, lost)
    if (decision.costs) this.#budget.spend()
    this.#link(upstream, host).send(exchange, this.#clock())
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
    if (++this.#sweeps % (1000 / SWEEP_MS) === 0) this.#budget.refill()
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
    clearInterval(this.#sweeper)
    this.#sweeper = null
  }

  #look(exchange: Exchange, link: Link, at: { now: number; stuck: boolean }): void {
    const { request } = exchange
    if (request.timeoutMs > 0 && at.now - exchange.startedMs >= request.timeoutMs) {
      const facts = { host: request.hostname, worker: link.upstream.name, afterMs: request.timeoutMs }
      link.abort(exchange, 'timeout')
      exchange.handler.onError(new MeshError('MESH_TIMEOUT', facts))
      return
    }
    if (!at.stuck || at.now - exchange.sentMs < STALE_MS) return
    const upstream = this.#choose(request, exchange.tried)
    if (upstream instanceof MeshError || !link.revoke(exchange)) return
    link.detach(exchange)
    this.#link(upstream, request.hostname).send(exchange, at.now)
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
  exchange.handler.onError(error)
}
