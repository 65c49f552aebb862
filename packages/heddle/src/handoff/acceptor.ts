/**
 * Holds the public port and hands every connection to a worker: the one with the fewest that is ready and turns.
 * Acceptor thread; it reads nothing from a connection and runs no user code, so nothing can hold it up.
 *
 * At each moment a connection is in one place: in the queue, on offer to a worker, or adopted by one. What is
 * on offer to a worker that is no longer ready, or whose event loop stands still, is taken back and offered to
 * another one; `channel/offers.ts` decides between the two.
 */
import { fstatSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'

import type { AdopterFacts, FromAdopter } from '../channel/handoff.ts'
import { Offers } from '../channel/offers.ts'
import type { ResolvedQueue, ResolvedServer } from '../config/resolved.ts'
import type { Clock } from '../shared/clock.ts'
import { closePort } from '../shared/accept-all.ts'
import { Adopter } from './adopter.ts'
import { chooseWorker, takesConnections } from './choice.ts'
import type { Descriptors } from './descriptors.ts'
import { refuse } from './refusal.ts'

/** What an acceptor is made of. */
export interface AcceptorOptions {
  readonly server: Pick<ResolvedServer, 'hostname' | 'backlog' | 'maxConnections'>
  readonly queue: ResolvedQueue
  readonly scoreboard: ConstructorParameters<typeof Adopter>[1]
  readonly descriptors: Descriptors
  readonly clock: Clock
}

/** A connection no worker has adopted yet. Its descriptor is the acceptor's unless somebody takes the offer. */
interface Connection {
  readonly descriptor: number
  /** Tells its socket from another that has its number later. */
  readonly inode: number
  /** Given back by a worker: it is the server's already, however many wait. */
  readonly isReturned: boolean
  /** Its client has been answered by a worker that has gone, and may be silent for long. */
  readonly isIdle: boolean
  /** When it began to wait, on the clock. */
  readonly since: number
}

/** What node's server listens with, as far as it is used here. */
interface Listener {
  onconnection: (status: number, accepted?: AcceptedHandle) => void
}

/** What node has accepted, before anything is made of it. It reads nothing until it is told to. */
interface AcceptedHandle {
  readonly fd: number
  close(): void
}

interface Pending {
  readonly connection: Connection
  readonly adopter: Adopter
  readonly ticket: number
}

/** How many offers may be under way at a time; beyond it connections wait in the queue. */
const offersMax = 4096

/** How often offers are looked after, and how often a queue, in milliseconds. */
const sweepMs = 100
const queueSweepMs = 10

/** The acceptor. */
export class Acceptor {
  readonly #options: AcceptorOptions
  #server: Server
  /** The one before, while it is not known which of the two stays. */
  #former: Server | null = null
  #maxConnections: number
  readonly #offers = Offers.create(offersMax)
  readonly #free: number[] = Array.from({ length: offersMax }, (_, index) => offersMax - 1 - index)
  readonly #pending = new Map<number, Pending>()
  /** Those who have come, and those who have been given back; the former are served first. */
  readonly #queue: Connection[] = []
  readonly #returned: Connection[] = []
  #adopters: Adopter[] = []
  #turn = 0
  #sweeping = false
  #isClosing = false
  #whenEmpty: (() => void) | null = null

  constructor(options: AcceptorOptions) {
    this.#options = options
    this.#maxConnections = options.server.maxConnections
    this.#server = this.#create()
  }

  /** Connections that wait for a worker. */
  get waiting(): number {
    return this.#queue.length + this.#returned.length
  }

  /** Opens the public port and resolves with its number; rejects with node's error. */
  listen(port: number): Promise<number> {
    return this.#open(this.#server, this.#options.server.hostname, port)
  }

  /** Opens another port beside the one that is open, until it is settled which of the two stays. */
  async stage(hostname: string, port: number): Promise<number> {
    const server = this.#create()
    const opened = await this.#open(server, hostname, port)
    this.#former = this.#server
    this.#server = server
    return opened
  }

  /** Closes one of the two ports {@link stage} has left open, and resolves when that one accepts nothing more. */
  settle(keep: 'staged' | 'former'): Promise<void> {
    const [staged, former] = [this.#server, this.#former]
    if (former === null) return Promise.resolve()
    if (keep === 'former') this.#server = former
    this.#former = null
    return new Promise(resolve => this.#closePort(keep === 'former' ? staged : former, resolve))
  }

  /** The most connections at a time from now on; 0 sets no limit. */
  limit(maxConnections: number): void {
    this.#maxConnections = maxConnections
  }

  /** Connections may be handed to this worker from now on, whenever it is ready. */
  introduce(facts: AdopterFacts): void {
    const adopter = new Adopter(facts, this.#options.scoreboard, this.#offers.buffer)
    adopter.listen({
      returned: connection => this.#takeReturned(adopter, connection),
      gone: () => this.#lose(adopter)
    })
    this.#adopters.push(adopter)
    this.#placeQueued()
  }

  /** Accepts nobody who has not connected yet. Resolves when every connection is with a worker, or refused. */
  close(): Promise<void> {
    this.#isClosing = true
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#whenEmpty = resolve
    if (this.#former !== null) this.#closePort(this.#former, () => {})
    this.#closePort(this.#server, () => this.#sweep())
    return promise
  }

  #closePort(server: Server, onClosed: () => void): void {
    closePort(server, this.#options.server.backlog, onClosed)
  }

  #create(): Server {
    const server = createServer()
    server.on('listening', () => {
      // In place of node's own, which would make a socket for each connection: a third of the whole cost.
      const listener = Reflect.get(server, '_handle') as Listener
      listener.onconnection = (status, accepted) => {
        if (status === 0 && accepted !== undefined) this.#accept(accepted)
      }
    })
    return server
  }

  #open(server: Server, host: string, port: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    server.once('error', reject)
    server.listen({ port, host, backlog: this.#options.server.backlog }, () => {
      server.off('error', reject)
      // What the system cannot accept (too many open files) is told to the server, which goes on.
      server.on('error', () => {})
      resolve((server.address() as AddressInfo).port)
    })
    return promise
  }

  #accept(accepted: AcceptedHandle): void {
    const { descriptors, clock } = this.#options
    const isFull = this.#maxConnections > 0 && this.#count() >= this.#maxConnections
    // Node's handle closes its descriptor whatever becomes of it; the copy is nobody's but ours.
    const descriptor = isFull || accepted.fd < 0 ? -1 : descriptors.dup(accepted.fd)
    accepted.close()
    if (descriptor === -1) return
    const { ino: inode } = fstatSync(descriptor)
    this.#place({ descriptor, inode, isReturned: false, isIdle: false, since: clock.now() })
  }

  /** Connections there are, over all workers. */
  #count(): number {
    return this.#adopters.reduce((sum, adopter) => sum + adopter.connections(), this.waiting)
  }

  #place(connection: Connection): void {
    if (this.waiting === 0 && this.#offer(connection)) return
    // A worker may give back more than there can be offers at a time, and than may wait to be served.
    if (connection.isReturned) this.#returned.push(connection)
    else if (this.#queue.length < this.#options.queue.max) this.#queue.push(connection)
    else refuse(connection.descriptor)
    this.#planSweep()
  }

  #offer(connection: Connection): boolean {
    const adopter = chooseWorker(this.#adopters, this.#turn++)
    if (adopter === null) return false
    if (this.#free.length === 0) this.#settleOffers()
    const cell = this.#free.pop()
    if (cell === undefined) return false
    const ticket = this.#offers.make(cell)
    this.#pending.set(cell, { connection, adopter, ticket })
    adopter.offer(cell, ticket, connection.descriptor, connection.isIdle)
    this.#planSweep()
    return true
  }

  #planSweep(): void {
    if (this.#sweeping) return
    this.#sweeping = true
    const inMs = this.waiting > 0 ? queueSweepMs : sweepMs
    this.#options.clock.after(inMs, () => {
      this.#sweeping = false
      this.#sweep()
    })
  }

  #sweep(): void {
    this.#settleOffers()
    this.#placeQueued()
    const isEmpty = this.#pending.size + this.waiting === 0
    if (!isEmpty) this.#planSweep()
    if (isEmpty && this.#isClosing && !this.#server.listening) this.#whenEmpty?.()
  }

  /** Forgets offers that were taken, and takes those back whose worker does not take them. */
  #settleOffers(): void {
    for (const [cell, { connection, adopter, ticket }] of this.#pending) {
      const state = this.#offers.state(cell)
      if (state === 'adopted') this.#release(cell)
      else if (state === 'offered' && !takesConnections(adopter))
        this.#revoke(cell, ticket, { connection, adopter })
    }
  }

  #revoke(
    cell: number,
    ticket: number,
    { connection, adopter }: Pick<Pending, 'connection' | 'adopter'>
  ): void {
    if (!this.#offers.revoke(cell, ticket)) return
    adopter.forgo()
    this.#release(cell)
    this.#place(connection)
  }

  #release(cell: number): void {
    this.#pending.delete(cell)
    this.#offers.free(cell)
    this.#free.push(cell)
  }

  #placeQueued(): void {
    for (const queue of [this.#queue, this.#returned]) {
      for (let next = queue[0]; next !== undefined && this.#offer(next); next = queue[0]) queue.shift()
    }
    const until = this.#options.clock.now() - this.#options.queue.timeout
    for (const queue of [this.#queue, this.#returned]) {
      for (let next = queue[0]; next !== undefined && next.since <= until; next = queue[0]) {
        queue.shift()
        refuse(next.descriptor)
      }
    }
  }

  #takeReturned(adopter: Adopter, { id, descriptor, inode, idle }: FromAdopter): void {
    const { descriptors, clock } = this.#options
    const copy = this.#isClosing ? -1 : descriptors.dup(descriptor)
    const isIt = copy !== -1 && inodeOf(copy) === inode
    adopter.answer(id, isIt)
    const returned = { descriptor: copy, inode, isReturned: true, isIdle: idle, since: clock.now() }
    if (isIt) this.#place(returned)
    else if (copy !== -1) descriptors.close(copy)
  }

  /** The thread is gone: what it had not taken goes to others. */
  #lose(adopter: Adopter): void {
    this.#adopters = this.#adopters.filter(each => each !== adopter)
    for (const [cell, pending] of this.#pending) {
      if (pending.adopter !== adopter) continue
      const { connection, ticket } = pending
      if (this.#offers.state(cell) === 'offered') this.#revoke(cell, ticket, pending)
      else if (this.#offers.state(cell) === 'taken') this.#rescue(cell, connection)
      else this.#release(cell)
    }
    this.#sweep()
  }

  /** It ended between taking an offer and adopting it: the descriptor is open still if its socket had not got it. */
  #rescue(cell: number, connection: Connection): void {
    this.#options.clock.after(sweepMs, () => {
      this.#release(cell)
      if (inodeOf(connection.descriptor) === connection.inode) this.#place(connection)
    })
  }
}

/** Which socket a descriptor stands for; `null` when it is closed. */
function inodeOf(descriptor: number): number | null {
  try {
    return fstatSync(descriptor).ino
  } catch {
    // Closed by now, which is what was asked.
    return null
  }
}
