/**
 * Knows who is in the mesh and tells every member. Main thread.
 *
 * It hands out seats, publishes the table of upstreams, waits until every sender has applied it, and
 * passes the ends of new links on. Requests never come through here.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'

import { DRAINING, EJECTED, GONE, READY, Scoreboard } from '../scoreboard.ts'
import type { FromMember, MeshTicket, Table, ToMember, Upstream } from '../wire/control.ts'

/** What a mesh is made with. */
export interface RegistryOptions {
  /** Suffix of mesh host names: `http://<hostname><domain>`. A missing leading dot is added. */
  readonly domain: string
  /**
   * Most members at one time.
   *
   * @default 256
   */
  readonly capacity?: number
  /** Whether `from` may call `to`, by hostname. Members without a hostname may call everyone. */
  readonly allow?: (from: string, to: string) => boolean
  /**
   * Milliseconds a request may wait for its response head; 0 waits for ever.
   *
   * @default 0
   */
  readonly timeout?: number
}

/** A seat for a thread about to be started. */
export interface Admission {
  /** Goes into the thread's `workerData`. */
  readonly ticket: MeshTicket
  /** Goes into its `transferList`. */
  readonly transferList: readonly MessagePort[]
  readonly member: Member
}

/** A thread in the mesh as the main thread sees it. Its other half is `thread.ts`. */
export interface Member {
  readonly name: string
  readonly hostname: string | null
  /** Puts the member in the table as ready. Resolves when every sender has applied it. */
  publish(): Promise<void>
  /** Takes it out of balancing, or puts it back, in one store: no sender is waited for. */
  eject(out: boolean): void
  /** No new requests: marks it draining. Resolves when no sender can choose it any more. */
  withdraw(): Promise<void>
  /** Resolves with whether nothing is in flight to it, after at most `timeoutMs` milliseconds. */
  drained(timeoutMs: number): Promise<boolean>
  /** Requests sent to it and not finished. */
  inflight(): number
  /** Milliseconds since its event loop last wrote its heartbeat (every 100 ms while it turns). */
  heartbeatAge(): number
  /** The thread is gone or given up: it leaves the table and its links are cut. Idempotent. */
  remove(): void
}

interface Seat extends Omit<Upstream, 'address' | 'readyAt'> {
  readonly hostname: string | null
  readonly control: MessagePort
  listed: boolean
  /** Last table version the member has applied; 0 until its thread has joined. */
  applied: number
}

interface Barrier {
  readonly version: number
  readonly resolve: () => void
}

/** The mesh as its owner holds it. */
export class Registry {
  readonly scoreboard: Scoreboard
  readonly #domain: string
  readonly #timeoutMs: number
  readonly #allow: (from: string, to: string) => boolean
  readonly #seats = new Map<number, Seat>()
  readonly #freeRecords: number[]
  #barriers: Barrier[] = []
  #version = 1
  #nextId = 1

  constructor(options: RegistryOptions) {
    const capacity = options.capacity ?? 256
    this.#domain = normalizeDomain(options.domain)
    this.#timeoutMs = options.timeout ?? 0
    this.#allow = options.allow ?? (() => true)
    this.scoreboard = Scoreboard.create(capacity)
    this.#freeRecords = Array.from({ length: capacity }, (_, index) => capacity - 1 - index)
  }

  /**
   * Prepares a seat for a thread.
   *
   * @throws RangeError when the mesh is full.
   */
  admit(member: { name: string; hostname: string | null; meta?: unknown }): Admission {
    const record = this.#freeRecords.pop()
    if (record === undefined) {
      throw new RangeError(`The mesh is full: it has room for ${this.scoreboard.capacity} members.`)
    }
    const { port1, port2 } = new MessageChannel()
    const hostname = member.hostname?.toLowerCase() ?? null
    const generation = this.scoreboard.open(record)
    const identity = { id: this.#nextId++, name: member.name, record, generation }
    const seat: Seat = { ...identity, meta: member.meta, hostname, control: port1, listed: false, applied: 0 }
    this.#seats.set(seat.id, seat)
    port1.on('message', (message: FromMember) => this.#receive(seat, message))
    // A thread that ends, however, must not be waited for.
    port1.on('close', () => this.#remove(seat))
    port1.unref()
    this.#tell(seat)
    const ticket: MeshTicket = {
      ...identity,
      hostname,
      domain: this.#domain,
      timeoutMs: this.#timeoutMs,
      control: port2,
      scoreboard: this.scoreboard.buffer
    }
    return { ticket, transferList: [port2], member: this.#handle(seat) }
  }

  /** Removes every member. */
  close(): void {
    for (const seat of this.#seats.values()) this.#remove(seat)
  }

  #handle(seat: Seat): Member {
    const { scoreboard } = this
    return {
      name: seat.name,
      hostname: seat.hostname,
      publish: () => {
        if (!this.#seats.has(seat.id)) return Promise.resolve()
        scoreboard.setState(seat.record, READY)
        seat.listed = true
        return this.#publish()
      },
      eject: out => {
        if (this.#seats.has(seat.id)) scoreboard.setState(seat.record, out ? EJECTED : READY)
      },
      withdraw: () => {
        if (!this.#seats.has(seat.id)) return Promise.resolve()
        scoreboard.setState(seat.record, DRAINING)
        seat.listed = false
        return this.#publish()
      },
      drained: timeoutMs => this.#drained(seat, timeoutMs),
      inflight: () => (this.#seats.has(seat.id) ? scoreboard.inflight(seat.record) : 0),
      heartbeatAge: () => scoreboard.heartbeatAge(seat.record),
      remove: () => this.#remove(seat)
    }
  }

  #receive(seat: Seat, message: FromMember): void {
    if (message.type === 'applied') {
      seat.applied = message.version
      this.#settleBarriers()
      return
    }
    const target = this.#seats.get(message.to)
    // Whoever asked learns from the closing port and chooses again.
    if (target === undefined || !this.#mayCall(seat, target.hostname)) message.port.close()
    else {
      const { port, cells } = message
      const link: ToMember = { type: 'link', from: seat.id, name: seat.name, port, cells }
      target.control.postMessage(link, [port])
    }
  }

  #mayCall(from: Seat, hostname: string | null): boolean {
    if (hostname === null) return false
    return from.hostname === null || this.#allow(from.hostname, hostname)
  }

  #publish(): Promise<void> {
    const version = ++this.#version
    for (const seat of this.#seats.values()) this.#tell(seat)
    return new Promise(resolve => {
      this.#barriers.push({ version, resolve })
      // Somebody waits for the answers: the event loop must not end before they are here.
      for (const { control } of this.#seats.values()) control.ref()
      this.#settleBarriers()
    })
  }

  /** Resolves the barriers every joined member has passed. One that has not joined yet starts with the newest table. */
  #settleBarriers(): void {
    if (this.#barriers.length === 0) return
    let slowest = Number.POSITIVE_INFINITY
    for (const { applied, record, generation } of this.#seats.values()) {
      if (this.scoreboard.hasJoined(record, generation)) slowest = Math.min(slowest, applied)
    }
    const passed = this.#barriers.filter(({ version }) => version <= slowest)
    this.#barriers = this.#barriers.filter(({ version }) => version > slowest)
    for (const { resolve } of passed) resolve()
    if (this.#barriers.length > 0) return
    for (const { control } of this.#seats.values()) control.unref()
  }

  #tell(seat: Seat): void {
    const message: ToMember = { type: 'table', table: this.#tableFor(seat) }
    seat.control.postMessage(message)
  }

  #tableFor(reader: Seat): Table {
    const upstreams: Record<string, Upstream[]> = Object.create(null)
    const denied = new Set<string>()
    for (const { id, name, record, generation, meta, hostname, listed } of this.#seats.values()) {
      if (hostname === null) continue
      if (!this.#mayCall(reader, hostname)) denied.add(hostname)
      const list = (upstreams[hostname] ??= [])
      if (listed) list.push({ id, name, record, generation, meta, address: null, readyAt: 0 })
    }
    return { version: this.#version, upstreams, denied: [...denied], balance: {}, slowStartMs: 0 }
  }

  async #drained(seat: Seat, timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    // In-flight counts live in shared memory and announce nothing: they are looked at.
    for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
      if (!this.#seats.has(seat.id) || this.scoreboard.inflight(seat.record) <= 0) return true
      if (performance.now() >= deadline) return false
      await new Promise(resolve => setTimeout(resolve, pause))
    }
  }

  #remove(seat: Seat): void {
    if (!this.#seats.delete(seat.id)) return
    this.scoreboard.setState(seat.record, GONE)
    seat.control.close()
    this.#freeRecords.unshift(seat.record)
    void this.#publish()
  }
}

/** A mesh domain in lower case with its leading dot. */
function normalizeDomain(domain: string): string {
  const lower = domain.toLowerCase()
  return lower.startsWith('.') ? lower : `.${lower}`
}
