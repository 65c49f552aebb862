/**
 * Knows who is in the mesh and tells every member. Main thread.
 *
 * It hands out seats, publishes the table of upstreams, waits until every sender has applied it, and
 * passes the ends of new links on. Requests never come through here. Changes of one turn of the event
 * loop are published together: sixty threads that join at once are told of one another a few times, not
 * sixty times.
 */
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'

import { GONE, Scoreboard, sharedMs } from '../scoreboard.ts'
import { HostnameNumbers } from '../traffic.ts'
import type {
  BalancePolicy,
  BreakerRules,
  CircuitState,
  FromMember,
  MeshTicket,
  QueueRules,
  ToMember
} from '../wire/control.ts'
import { Barriers } from './barriers.ts'
import { readMemberMessage } from './member-message.ts'
import type {
  Admission,
  Answering,
  Candidature,
  Circuit,
  Expectation,
  Member,
  RegistryOptions
} from './membership.ts'
import {
  balanceTable,
  checkedPolicy,
  createSeat,
  isAwaited,
  mayCall,
  normalizeDomain,
  queueTable,
  tableMaker,
  writeState,
  type Listing,
  type Seat
} from './seat.ts'

type LinkWish = Extract<FromMember, { type: 'link' }>

/** The mesh as its owner holds it. */
export class Registry {
  readonly scoreboard: Scoreboard
  /** Suffix of mesh host names, with its leading dot, in lower case. */
  readonly domain: string
  /** What every ticket says. */
  readonly #forAll: Pick<MeshTicket, 'domain' | 'timeoutMs' | 'scoreboard' | 'detail'>
  readonly #slowStartMs: number
  readonly #balance: BalancePolicy
  readonly #allow: (from: string, to: string) => boolean
  readonly #breaker: BreakerRules | null
  readonly #onCircuit: (circuit: Circuit) => void
  readonly #policies = new Map<string, BalancePolicy>()
  /** Hostnames that are known whoever answers to them, with where requests wait for them. */
  readonly #expected = new Map<string, QueueRules | null>()
  /** By id, which changes with a member's address. */
  readonly #seats = new Map<number, Seat>()
  readonly #freeRecords: number[]
  readonly #barriers = new Barriers(() => this.#settleBarriers(true))
  readonly #numbers = new HostnameNumbers()
  #version = 1
  #nextId = 1
  #nextOrder = 0
  #publishing = false

  constructor(options: RegistryOptions) {
    const capacity = options.capacity ?? 256
    this.domain = normalizeDomain(options.domain)
    this.#slowStartMs = options.slowStartMs ?? 2000
    this.#breaker = options.breaker ?? null
    this.#onCircuit = options.onCircuit ?? (() => {})
    this.#balance = checkedPolicy(options.balance ?? 'least-inflight')
    this.#allow = options.allow ?? (() => true)
    this.scoreboard = Scoreboard.create(capacity)
    const { timeout: timeoutMs = 0, detail = true } = options
    this.#forAll = { domain: this.domain, timeoutMs, scoreboard: this.scoreboard.buffer, detail }
    this.#freeRecords = Array.from({ length: capacity }, (_, index) => capacity - 1 - index)
  }

  /**
   * Prepares a seat for a thread.
   *
   * @throws RangeError when the mesh is full.
   */
  admit(candidature: Candidature): Admission {
    const { port1, port2 } = new MessageChannel()
    const seat = this.#seat(candidature, { control: port1, address: null })
    port1.on('message', (message: unknown) => this.#receive(seat, message))
    port1.on('messageerror', () => this.#remove(seat))
    // A thread that ends, however, must not be waited for.
    port1.on('close', () => this.#forget(seat))
    port1.unref()
    this.#tell([seat])
    const member = this.#handle(seat)
    const ticket: MeshTicket = {
      ...this.#forAll,
      id: seat.id,
      name: seat.name,
      record: seat.record,
      generation: seat.generation,
      hostname: member.hostname,
      breaker: candidature.breaker === false ? null : this.#breaker,
      control: port2,
      traffic: seat.traffic.buffer
    }
    return { ticket, transferList: [port2], member }
  }

  /**
   * Takes a network address in as an upstream beside threads: `http://host:port`, `https://host:port` or
   * `unix:/path`. It takes requests once it is published.
   *
   * @throws RangeError when the mesh is full.
   */
  admitAddress(candidature: Candidature & { readonly address: string }): Member {
    return this.#handle(this.#seat(candidature, { control: null, address: candidature.address }))
  }

  /**
   * Makes a hostname known for as long as it is not forgotten: while nobody answers to it, and while nobody
   * who does is ready, requests for it wait as the rules allow. Once more changes the rules. Resolves when
   * every sender has applied it.
   */
  expect(hostname: string, { balance, queue = null }: Expectation = {}): Promise<void> {
    const label = hostname.toLowerCase()
    if (balance !== undefined) this.#policies.set(label, checkedPolicy(balance))
    this.#expected.set(label, queue)
    return this.#publish()
  }

  /**
   * Takes back {@link expect}: nothing waits for the hostname any more, and requests that do fail. Resolves
   * when every sender has applied it.
   */
  forget(hostname: string): Promise<void> {
    const label = hostname.toLowerCase()
    const wasExpected = this.#expected.delete(label)
    if (wasExpected) this.#forgetPolicy(label)
    return wasExpected ? this.#publish() : Promise.resolve()
  }

  /** The circuits that are not closed. */
  circuits(): readonly Circuit[] {
    return [...this.#seats.values()].flatMap(({ name, circuits }) =>
      Array.from(circuits, ([to, state]) => ({ from: name, to, state }))
    )
  }

  /** Removes every member. */
  close(): void {
    for (const seat of [...this.#seats.values()]) this.#remove(seat)
  }

  #seat(candidature: Candidature, at: Pick<Seat, 'control' | 'address'>): Seat {
    const { name, hostname, meta, balance } = candidature
    const record = this.#freeRecords.pop()
    if (record === undefined) {
      throw new RangeError(`The mesh is full: it has room for ${this.scoreboard.capacity} members.`)
    }
    const hostnames = [hostname ?? []].flat().map(label => label.toLowerCase())
    const policy = balance === undefined ? null : checkedPolicy(balance)
    for (const label of hostnames) if (policy !== null) this.#policies.set(label, policy)
    const listing = (): Listing => ({ meta, paused: false, order: this.#nextOrder++ })
    const listings = new Map(hostnames.map(label => [label, listing()]))
    const generation = this.scoreboard.open(record)
    const seat = createSeat({ ...at, id: this.#nextId++, name, record, generation }, listings)
    this.#seats.set(seat.id, seat)
    return seat
  }

  #handle(seat: Seat): Member {
    const { scoreboard } = this
    const change = (make: () => void): Promise<void> => {
      if (!this.#has(seat)) return Promise.resolve()
      make()
      writeState(seat, scoreboard)
      return this.#publish()
    }
    const listing = (hostname: string, make: (at: Listing) => void): Promise<void> => {
      const at = seat.listings.get(hostname.toLowerCase())
      return at === undefined ? Promise.resolve() : change(() => make(at))
    }
    return {
      name: seat.name,
      get hostname() {
        return this.hostnames[0] ?? null
      },
      get hostnames() {
        return [...seat.listings.keys()]
      },
      publish: () =>
        change(() => {
          if (!seat.published) seat.readyAt = sharedMs()
          seat.published = true
          seat.draining = false
        }),
      eject: out => {
        seat.ejected = out
        if (this.#has(seat)) writeState(seat, scoreboard)
      },
      withdraw: (drainMs = 0) =>
        change(() => {
          scoreboard.limitDrain(seat.record, drainMs)
          Object.assign(seat, { published: false, draining: true })
        }),
      drained: timeoutMs => this.#drained(seat, timeoutMs),
      addHostname: (hostname, how = {}) => change(() => this.#addHostname(seat, hostname.toLowerCase(), how)),
      removeHostname: hostname => change(() => this.#removeHostname(seat, hostname.toLowerCase())),
      pause: (hostname, out) => listing(hostname, at => (at.paused = out)),
      updateMeta: (hostname, meta) => listing(hostname, at => (at.meta = meta)),
      moveTo: address => change(() => this.#move(seat, address)),
      inflight: () => (this.#has(seat) ? scoreboard.inflight(seat.record) : 0),
      counts: () => seat.lastCounts ?? scoreboard.counts(seat.record),
      traffic: () => seat.traffic.readAll(this.#numbers),
      heartbeatAge: () => scoreboard.heartbeatAge(seat.record),
      remove: () => this.#remove(seat)
    }
  }

  #has(seat: Seat): boolean {
    return this.#seats.get(seat.id) === seat
  }

  #addHostname(seat: Seat, hostname: string, how: Answering): void {
    seat.listings.set(hostname, { meta: how.meta, paused: false, order: how.order ?? this.#nextOrder++ })
    seat.callsAs = new Set(seat.listings.keys())
    if (how.balance !== undefined) this.#policies.set(hostname, checkedPolicy(how.balance))
  }

  #removeHostname(seat: Seat, hostname: string): void {
    if (!seat.listings.delete(hostname)) return
    if (seat.listings.size > 0) seat.callsAs = new Set(seat.listings.keys())
    this.#forgetPolicy(hostname)
  }

  #forgetPolicy(hostname: string): void {
    if (this.#expected.has(hostname)) return
    for (const { listings } of this.#seats.values()) if (listings.has(hostname)) return
    this.#policies.delete(hostname)
  }

  #move(seat: Seat, address: string | null): void {
    if (seat.address === address) return
    this.#seats.delete(seat.id)
    seat.id = this.#nextId++
    seat.address = address
    this.#seats.set(seat.id, seat)
  }

  #receive(seat: Seat, posted: unknown): void {
    const message = readMemberMessage(posted, this.#version)
    // Who does not speak the protocol is not a member any more.
    if (message === null) return this.#remove(seat)
    if (message.type === 'applied') {
      seat.applied = message.version
      this.#settleBarriers()
      return
    }
    if (message.type === 'circuit') this.#circuit(seat, message.hostname, message.state)
    else this.#link(seat, message)
  }

  #circuit({ name, circuits }: Seat, to: string, state: CircuitState): void {
    if (state === 'closed') circuits.delete(to)
    else circuits.set(to, state)
    this.#onCircuit({ from: name, to, state })
  }

  #link(seat: Seat, { to, port, cells }: LinkWish): void {
    const target = this.#seats.get(to)
    // Whoever asked learns from the closing port and chooses again.
    if (target === undefined || target.control === null || !this.#mayReach(seat, target)) port.close()
    else {
      const link: ToMember = { type: 'link', from: seat.id, name: seat.name, port, cells }
      target.control.postMessage(link, [port])
    }
  }

  /**
   * Passes on what a member asked for before it could see that it is out: requests on those links are counted
   * already, and whom they are counted to has to hear of them.
   */
  #handOverLinks(seat: Seat): void {
    const { control } = seat
    if (control === null) return
    for (let last = receiveMessageOnPort(control); last; last = receiveMessageOnPort(control)) {
      const message = readMemberMessage(last.message, this.#version)
      if (message?.type === 'link') this.#link(seat, message)
    }
  }

  #mayReach(from: Seat, to: Seat): boolean {
    return [...to.listings.keys()].some(hostname => mayCall(from, hostname, this.#allow))
  }

  /** Has everybody told what has changed, together with what else changes in this turn. */
  #publish(): Promise<void> {
    this.#version++
    if (!this.#publishing) setImmediate(() => this.#tellAll())
    this.#publishing = true
    return this.#barriers.reach(this.#version)
  }

  #tellAll(): void {
    this.#publishing = false
    this.#tell(this.#seats.values())
    // Somebody waits for the answers: the event loop must not end before they are here.
    for (const { control } of this.#seats.values()) control?.ref()
    this.#settleBarriers()
  }

  /**
   * Resolves the barriers every sender has passed. One that has not joined yet starts with the newest table;
   * one whose event loop stands still sends nothing, and its state in the scoreboard keeps it from who is gone.
   */
  #settleBarriers(judges = false): void {
    if (this.#publishing || !this.#barriers.pending) return
    this.#barriers.settle([...this.#seats.values()].filter(seat => isAwaited(seat, this.scoreboard, judges)))
    if (this.#barriers.pending) return
    for (const { control } of this.#seats.values()) control?.unref()
  }

  #tell(readers: Iterable<Seat>): void {
    const hostnames = new Set<string>(this.#expected.keys())
    for (const { listings } of this.#seats.values()) for (const label of listings.keys()) hostnames.add(label)
    const tableFor = tableMaker(this.#seats.values(), {
      version: this.#version,
      slowStartMs: this.#slowStartMs,
      balance: balanceTable(this.#policies, hostnames, this.#balance),
      queues: queueTable(this.#expected),
      expected: this.#expected.keys(),
      numberOf: hostname => this.#numbers.of(hostname),
      allow: this.#allow
    })
    for (const reader of readers) {
      const message: ToMember = { type: 'table', table: tableFor(reader) }
      reader.control?.postMessage(message)
    }
  }

  async #drained(seat: Seat, timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    // In-flight counts live in shared memory and announce nothing: they are looked at.
    for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
      if (!this.#has(seat) || this.scoreboard.inflight(seat.record) <= 0) return true
      if (performance.now() >= deadline) return false
      await new Promise(resolve => setTimeout(resolve, pause))
    }
  }

  #remove(seat: Seat): void {
    if (!this.#has(seat)) return
    // Before its messages are looked at: one that is posted later is posted by who can see that it is out.
    this.scoreboard.setState(seat.record, GONE)
    this.#handOverLinks(seat)
    seat.control?.close()
    this.#forget(seat)
  }

  /** Takes a member off the books whose port is closed: a closed port must not be read, it would crash. */
  #forget(seat: Seat): void {
    if (!this.#has(seat)) return
    this.#seats.delete(seat.id)
    seat.lastCounts = this.scoreboard.counts(seat.record)
    this.scoreboard.setState(seat.record, GONE)
    for (const hostname of seat.listings.keys()) this.#forgetPolicy(hostname)
    this.#freeRecords.unshift(seat.record)
    void this.#publish()
  }
}
