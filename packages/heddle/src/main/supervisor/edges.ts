/**
 * Keeps the edge threads running and the public port open, from the boot to the stop.
 *
 * Main thread only. Without edge threads (direct mode) every step does nothing.
 */
import { createEdgeCounts, readEdgeCounts } from '../../channel/edge-counts.ts'
import type { EdgeCounts } from '../../channel/edge-counts.ts'
import type { ApplicationCondition } from '../../channel/failure.ts'
import type { ResolvedConfig, ResolvedRestart } from '../../config/resolved.ts'
import { HeddleError } from '../../errors.ts'
import type { ThreadFact, ThreadState } from '../../events.ts'
import { within } from '../../shared/clock.ts'
import { Deadline } from '../../shared/deadline.ts'
import { EdgeHandle } from './edge-handle.ts'
import { assertPortFree, listenFailure } from './public-port.ts'
import { publicUrl } from './public-url.ts'
import { Slot } from './slot.ts'
import { planAcceptor, planEdge } from './spawn.ts'
import type { Surroundings } from './surroundings.ts'
import { describeEnd } from './thread-life.ts'

/** One edge thread as it stands. Times in milliseconds. */
export interface EdgeStatus {
  readonly index: number
  readonly name: string
  /** `exited` while the slot is empty and waits for its next thread. */
  readonly state: ThreadState
  readonly heartbeatAgeMs: number | null
  readonly restarts: number
  readonly zombies: number
}

/** An edge runs no code but ours: one that crashes is replaced without much ado. */
const restart: ResolvedRestart = {
  backoffMin: 100,
  backoffMax: 5000,
  resetAfter: 10_000,
  jitter: 0.25,
  maxFailures: 0,
  window: 60_000,
  openFor: 5000
}

/** A public port that is open beside another one. Neither of its methods rejects. */
export interface StagedListener {
  /** Why it cannot take the place of the other one any more; `null` as long as it can. */
  failure(): Error | null
  commit(): Promise<void>
  undo(): Promise<void>
}

/** Milliseconds an edge thread may take to put other routes in force, or to close a port. It runs no code but ours. */
const configureMs = 1000

/** All edge threads. */
export class Edges {
  readonly #surroundings: Surroundings
  #slots: readonly Slot<EdgeHandle>[] = []
  /** What each slot has counted of its clients, by its index: over all threads that sat in it. */
  readonly #counts = new Map<number, SharedArrayBuffer>()
  /** Whether edge threads open the public port as soon as they have loaded. */
  #isOpen = false
  /** What was told of all applications last. */
  #conditions: readonly ApplicationCondition[] = []

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  /**
   * Starts the threads and resolves when all have loaded. No port is opened.
   *
   * @throws HEDDLE_EDGE_FAILED
   */
  async start(): Promise<void> {
    const { config, clock } = this.#surroundings
    this.#slots = Array.from({ length: threadsOf(config) }, (_, index) => this.#createSlot(index))
    const deadline = new Deadline(clock, config.startTimeout)
    try {
      await Promise.all(this.#slots.map(slot => this.#startFirst(slot, deadline)))
    } finally {
      deadline.cancel()
    }
  }

  /**
   * Opens the public port, on all threads.
   *
   * @throws HEDDLE_LISTEN_FAILED
   */
  async listen(): Promise<void> {
    const { config, publicPort } = this.#surroundings
    const [first, ...others] = this.#slots
    if (first === undefined) return
    const { hostname } = config.server
    // SO_REUSEPORT would silently share the port with another server of the same user.
    if (others.length > 0) await assertPortFree(hostname, publicPort.number)
    publicPort.number = await this.#open(first, publicPort.number)
    this.#isOpen = true
    await Promise.all(others.map(slot => this.#open(slot, publicPort.number)))
  }

  /**
   * Puts other routes and limits in force, and resolves when every thread goes by them; one that stands still is
   * not waited for. Threads that are replaced later begin with those of the configuration in force.
   */
  async configure({ routes, entrypoint, server }: ResolvedConfig): Promise<void> {
    const settings = { routes, entrypoint, server }
    const configured = Promise.all(this.#sitting().map(edge => edge.configure(settings)))
    await within(this.#surroundings.clock, configureMs, configured)
  }

  /** Tells all edge threads how the applications are, in development; threads that are replaced later as well. */
  show(conditions: readonly ApplicationCondition[]): void {
    this.#conditions = conditions
    if (this.#surroundings.handoff === undefined) for (const edge of this.#sitting()) edge.show(conditions)
  }

  /**
   * Opens the public port of another configuration beside the one that is open, on all threads. Both take
   * connections until one of them is closed, by `commit` the old one and by `undo` the new one.
   *
   * @throws HEDDLE_LISTEN_FAILED; the old port stays the only one then.
   */
  async stageListener({ server }: ResolvedConfig): Promise<StagedListener> {
    const { hostname } = server
    const { publicPort, announce } = this.#surroundings
    const edges = this.#sitting()
    if (edges.length > 1) await assertPortFree(hostname, server.port)
    let { port } = server
    for (const edge of edges) {
      // oxlint-disable-next-line no-await-in-loop -- The first one finds out which port the system has chosen.
      const outcome = await edge.stageListener(hostname, port)
      if (outcome.opened) {
        port ||= outcome.port
        continue
      }
      await this.#settle(edges, 'former')
      throw listenFailure({ server: 'public', hostname, port }, outcome.error)
    }
    return {
      failure: () => {
        const gone = edges.find(({ life }) => life.isGone)
        return gone === undefined ? null : new Error('An edge thread ended while it opened the port.')
      },
      commit: () => {
        publicPort.number = port
        announce('server:listening', { url: publicUrl(hostname, port), port })
        return this.#settle(edges, 'staged')
      },
      undo: () => this.#settle(edges, 'former')
    }
  }

  /** Keep-alive clients are told to go with their next response. */
  drain(): void {
    for (const slot of this.#slots) {
      slot.retire()
      slot.current?.drain()
    }
  }

  /** Nobody is replaced any more. */
  retire(): void {
    for (const slot of this.#slots) slot.retire()
  }

  /** Closes the port and ends the threads. Resolves true when every request was finished before the deadline. */
  async close(deadline: Deadline, endMs: number): Promise<boolean> {
    this.retire()
    const sitting = this.#slots.flatMap(slot => slot.current ?? [])
    const finished = await Promise.all(sitting.map(edge => edge.stop(deadline, endMs)))
    return finished.every(Boolean)
  }

  /** Names of the threads that have not ended, given up or not. */
  remaining(): readonly string[] {
    const slots = this.#slots
    return slots.filter(slot => slot.current !== null || slot.zombies > 0).map(slot => slot.fact.worker)
  }

  /** Names of the threads that were given up and have not ended. */
  zombies(): readonly string[] {
    return this.#slots.filter(slot => slot.zombies > 0).map(slot => slot.fact.worker)
  }

  status(): readonly EdgeStatus[] {
    return this.#slots.map(({ fact, current, book, zombies }) => ({
      index: fact.slot,
      name: fact.worker,
      state: current?.life.state ?? 'exited',
      heartbeatAgeMs: current === null ? null : Math.round(current.heartbeatAge()),
      restarts: book.restarts,
      zombies
    }))
  }

  /** The threads by their places, in their order. */
  get slots(): readonly Slot<EdgeHandle>[] {
    return this.#slots
  }

  /** What the edge threads have seen of their clients, by name, since the start; none in the other modes. */
  counts(): ReadonlyMap<string, EdgeCounts> {
    const { config } = this.#surroundings
    return new Map(
      Array.from(this.#counts, ([index, counts]) => [factOf(config, index).worker, readEdgeCounts(counts)])
    )
  }

  #countsOf(index: number): SharedArrayBuffer {
    const counts = this.#counts.get(index) ?? createEdgeCounts()
    this.#counts.set(index, counts)
    return counts
  }

  async #settle(edges: readonly EdgeHandle[], keep: 'staged' | 'former'): Promise<void> {
    const settled = Promise.all(edges.map(edge => edge.settleListener(keep)))
    await within(this.#surroundings.clock, configureMs, settled)
  }

  #sitting(): readonly EdgeHandle[] {
    return this.#slots.flatMap(slot => slot.current ?? [])
  }

  #createSlot(index: number): Slot<EdgeHandle> {
    const { config, clock, announce, chance } = this.#surroundings
    return new Slot({
      fact: factOf(config, index),
      rules: () => ({ restart, startTimeoutMs: config.startTimeout, drainTimeoutMs: 0 }),
      clock,
      announce,
      chance,
      spawn: () => this.#spawn(index)
    })
  }

  #spawn(index: number): EdgeHandle {
    const { config, seats, files, clock, announce, startThread, publicPort } = this.#surroundings
    const { handoff, logs } = this.#surroundings
    const fact = factOf(config, index)
    const seat = seats.admit({ name: fact.worker, hostname: null, breaker: config.mesh.breaker.edge })
    const { logger, gone } = logs.issue(fact, config.logger.level)
    const edge = new EdgeHandle({
      fact,
      seat,
      plan: handoff
        ? planAcceptor(config, fact.worker, { files, seat })
        : planEdge(config, index, { files, seat, logger, counts: this.#countsOf(index) }),
      clock,
      announce,
      startThread,
      port: () => (this.#isOpen ? publicPort.number : null),
      onGone: gone => this.#slots[index]?.book.counted(gone)
    })
    if (handoff) handoff.useAcceptor(edge.life)
    else if (this.#conditions.length > 0) edge.show(this.#conditions)
    void edge.life.exited.then(gone)
    return edge
  }

  async #startFirst(slot: Slot<EdgeHandle>, deadline: Deadline): Promise<void> {
    const edge = slot.start()
    const outcome = await deadline.bound(edge.ready)
    if (outcome.inTime && outcome.value) return
    const { worker } = slot.fact
    if (!outcome.inTime) {
      const reason = `was not ready within ${this.#surroundings.config.startTimeout} ms`
      throw new HeddleError('HEDDLE_EDGE_FAILED', { edge: worker, reason })
    }
    const end = await edge.life.gone
    const cause: unknown = end.error
    if (cause instanceof Error && 'code' in cause && cause.code === 'HEDDLE_HANDOFF_UNAVAILABLE') {
      const { version: node, platform } = process
      throw new HeddleError('HEDDLE_HANDOFF_UNAVAILABLE', { node, platform })
    }
    const reason = describeEnd(end.reason, end.code)
    throw new HeddleError('HEDDLE_EDGE_FAILED', { edge: worker, reason }, { cause: end.error })
  }

  async #open(slot: Slot<EdgeHandle>, port: number): Promise<number> {
    const { hostname } = this.#surroundings.config.server
    const outcome = await slot.current?.listen(port)
    if (outcome?.opened) return outcome.port
    throw listenFailure({ server: 'public', hostname, port }, outcome?.error ?? null)
  }
}

/** In handoff mode the acceptor stands in the place of the edge threads; in direct mode nobody does. */
function threadsOf({ server }: ResolvedConfig): number {
  if (server.mode === 'edge') return server.threads
  return server.mode === 'handoff' ? 1 : 0
}

function factOf({ server }: ResolvedConfig, index: number): ThreadFact {
  const kind = server.mode === 'handoff' ? 'handoff' : 'edge'
  return { application: null, slot: index, worker: `${kind}:${index}` }
}
