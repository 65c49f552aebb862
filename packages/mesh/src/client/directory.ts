/**
 * Finds the upstream for a request: what a sender knows of hostnames, who answers to them, whom to pass over
 * and whose circuit is open. Any thread, client side; it sends nothing.
 */
import { LoadSheddingError, MeshError, asError } from '../errors.ts'
import { sharedMs, type Scoreboard } from '../scoreboard.ts'
import { OTHERS, type Traffic } from '../traffic.ts'
import type { BreakerRules, CircuitState, QueueRules, Table, Upstream } from '../wire/control.ts'
import { Group, type BalanceFunction, type Exclusions } from './balancing.ts'
import { Breaker } from './breaker.ts'
import type { Exchange } from './exchange.ts'
import { Queue } from './queue.ts'

/** What a directory is made with. */
export interface DirectoryOptions {
  /** Name of the member that asks, for messages. */
  readonly name: string
  readonly scoreboard: Scoreboard
  /** Where calls are counted; `null` for nowhere. */
  readonly traffic: Traffic | null
  /** Chooses instead of the table's policies. */
  readonly balance?: BalanceFunction | undefined
  /** When circuits open; `null` for never. */
  readonly breaker: BreakerRules | null
  /** The circuit to a hostname is in another state now. */
  onCircuit(hostname: string, state: CircuitState): void
}

/** A hostname as one sender knows it. */
export interface Destination {
  readonly hostname: string
  readonly group: Group
  readonly queue: Queue
  /** Under which its calls are counted. */
  number: number
  /** Where requests may wait; `null` when they may not. */
  rules: QueueRules | null
  /** Made by the first failure, and gone when none is remembered: a hostname without failures costs nothing. */
  circuit: Breaker | null
}

/** All hostnames. */
export class Directory {
  readonly #options: DirectoryOptions
  /** A map: hosts come from URLs, and objects have more keys than were put in. */
  readonly #destinations = new Map<string, Destination>()
  #denied: ReadonlySet<string> = new Set()
  /** Until when upstreams are passed over, by id; `null` while there are none. */
  #avoided: Map<number, number> | null = null

  constructor(options: DirectoryOptions) {
    this.#options = options
  }

  /** Takes a new table into force. Returns the destinations that are no longer known. */
  apply(table: Table): readonly Destination[] {
    const gone = [...this.#destinations.values()].filter(
      ({ hostname }) => !Object.hasOwn(table.upstreams, hostname)
    )
    for (const { hostname } of gone) this.#destinations.delete(hostname)
    for (const [hostname, upstreams] of Object.entries(table.upstreams)) {
      const destination = this.#destinations.get(hostname) ?? this.#add(hostname)
      const policy = this.#options.balance ?? table.balance[hostname] ?? 'least-inflight'
      destination.group.update(upstreams, { policy, slowStartMs: table.slowStartMs })
      destination.rules = table.queues[hostname] ?? null
      destination.number = table.numbers[hostname] ?? OTHERS
    }
    this.#denied = new Set(table.denied)
    return gone
  }

  /** Every hostname that is known. */
  destinations(): Iterable<Destination> {
    return this.#destinations.values()
  }

  /** What is known of a hostname; `null` for nothing. */
  find(hostname: string): Destination | null {
    return this.#destinations.get(hostname) ?? null
  }

  /** Whether an upstream is in the table. */
  lists(id: number): boolean {
    for (const { group } of this.#destinations.values()) {
      if (group.upstreams.some(upstream => upstream.id === id)) return true
    }
    return false
  }

  /**
   * The upstream for a request, or why there is none. What load shedding or a balancing function throws
   * fails the request it was asked about.
   */
  choose(exchange: Exchange): Upstream | Error {
    try {
      return this.#pick(exchange)
    } catch (error) {
      return asError(error)
    }
  }

  /** Counts a request, and lets it pass the circuit of its hostname or says why not. */
  admit(exchange: Exchange): MeshError | null {
    const { hostname } = exchange.request
    const destination = this.#destinations.get(hostname)
    if (destination === undefined) return null
    const { circuit, number } = destination
    this.#options.traffic?.sent(number)
    if (circuit === null || circuit.admits(exchange.startedMs)) return null
    const retryAfterMs = Math.ceil(circuit.waitMs(exchange.startedMs))
    return new MeshError('MESH_CIRCUIT_OPEN', { from: this.#options.name, host: hostname, retryAfterMs })
  }

  /** Counts a call that was not even sent: nobody is known to fail. */
  unreached(hostname: string): void {
    const destination = this.#destinations.get(hostname)
    if (destination !== undefined) this.#options.traffic?.failed(destination.number)
  }

  /** Counts how a call to a hostname has ended. */
  record(hostname: string, failed: boolean, nowMs: number): void {
    const { breaker, traffic } = this.#options
    if (breaker === null && !failed) return
    const destination = this.#destinations.get(hostname)
    if (destination === undefined) return
    if (failed) traffic?.failed(destination.number)
    if (breaker === null || (!failed && destination.circuit === null)) return
    destination.circuit ??= new Breaker(breaker, nowMs, state => this.#options.onCircuit(hostname, state))
    destination.circuit.record(failed, nowMs)
  }

  /** Passes an upstream over, unless it is the only one, until a time of this thread's clock. */
  avoid(upstream: Upstream, untilMs: number): void {
    this.#avoided ??= new Map()
    this.#avoided.set(upstream.id, untilMs)
  }

  /** Forgets whom to pass over and what has failed, when that is long enough ago. */
  forgive(nowMs: number): void {
    for (const destination of this.#destinations.values()) {
      if (destination.circuit?.isQuiet(nowMs) === true) destination.circuit = null
    }
    if (this.#avoided === null) return
    for (const [id, untilMs] of this.#avoided) if (untilMs <= nowMs) this.#avoided.delete(id)
    if (this.#avoided.size === 0) this.#avoided = null
  }

  #add(hostname: string): Destination {
    const group = new Group(hostname)
    const destination = {
      hostname,
      group,
      queue: new Queue(hostname),
      number: OTHERS,
      rules: null,
      circuit: null
    }
    this.#destinations.set(hostname, destination)
    return destination
  }

  #pick(exchange: Exchange): Upstream | Error {
    const { request, tried } = exchange
    const host = request.hostname
    if (this.#denied.has(host)) return new MeshError('MESH_DENIED', { from: this.#options.name, host })
    const group = this.#destinations.get(host)?.group
    if (group === undefined) return new MeshError('MESH_UNKNOWN_HOST', { host })
    const { only } = request
    if (only !== undefined) {
      const named = group.upstreams.find(({ name, id }) => name === only && !tried.includes(id))
      return named ?? new MeshError('MESH_NO_UPSTREAM', { host })
    }
    const exclusions = tried.length === 0 && this.#avoided === null ? null : this.#exclusions(tried)
    // One that was sent before, or has waited, began long ago: who turned then says nothing of who does now.
    const nowMs = exclusions?.nowMs ?? (exchange.link === null ? exchange.startedMs : performance.now())
    const upstream = group.choose(request, this.#options.scoreboard, exclusions, sharedMs(nowMs))
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
      const next = group.choose(request, this.#options.scoreboard, exclusions, nowMs)
      if (next === null) return new LoadSheddingError(request.hostname)
      if (request.accept === null || request.accept(next)) return next
      tried.push(next.id)
    }
  }

  #exclusions(tried: readonly number[]): Exclusions {
    return { tried, avoided: this.#avoided, nowMs: performance.now() }
  }
}

/** Whether a hostname is known and has nobody who takes requests, so that waiting may help. */
export function isNobodyReady(found: unknown): boolean {
  return found instanceof MeshError && found.code === 'MESH_NO_UPSTREAM'
}
