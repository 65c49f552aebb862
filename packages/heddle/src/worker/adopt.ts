/**
 * Takes connections the acceptor hands over, in handoff mode: each becomes a socket of this thread, and a connection
 * of the application's own server, as if that had accepted it.
 *
 * Runs in worker threads. While the worker drains, connections go the other way.
 */
import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Server } from 'node:net'
import type { MessagePort } from 'node:worker_threads'

import type { MeshTicket } from '@heddle/mesh'
import { Scoreboard } from '@heddle/mesh/internal'

import type { FromAdopter, ToAdopter } from '../channel/handoff.ts'
import { Ledger } from '../channel/ledger.ts'
import { Offers } from '../channel/offers.ts'
import { Connections } from './connections.ts'
import type { CountAnswer, GiveBack } from './connections.ts'

/** The adopting side of a worker. Lives as long as the thread; acceptors may come and go. */
export class Adoption {
  readonly connections: Connections
  readonly #ledger: Ledger
  readonly #reception: () => Server | null
  readonly #returning = new Map<number, () => void>()
  #port: MessagePort | null = null
  #returns = 0

  /**
   * @param reception The server that gets the next connection; `null` while there is none.
   * @param ticket Of the worker: answers over sockets have no sender in the mesh who would count them.
   */
  constructor(ledger: SharedArrayBuffer, ticket: MeshTicket, reception: () => Server | null) {
    this.#ledger = new Ledger(ledger)
    this.#reception = reception
    const giveBack: GiveBack = (socket, isFresh) => this.#giveBack(socket, isFresh)
    const { record, generation } = ticket
    const scoreboard = new Scoreboard(ticket.scoreboard)
    const countAnswer: CountAnswer = (status, afterMs) =>
      scoreboard.countHead(record, generation, status, afterMs)
    this.connections = new Connections(this.#ledger, { giveBack, countAnswer })
  }

  /** Takes what comes from this acceptor. */
  connect(port: MessagePort): void {
    this.#port = port
    let offers: Offers | null = null
    port.on('message', (message: ToAdopter) => {
      if (message.type === 'cells') offers = new Offers(message.cells)
      else if (message.type === 'returned') this.#finishReturn(message.id)
      else if (offers !== null) this.#takeAll(offers, message.offers)
    })
    port.on('close', () => {
      if (this.#port === port) this.#port = null
      for (const id of this.#returning.keys()) this.#finishReturn(id)
    })
    // The thread is kept alive by the main thread's channel.
    port.unref()
  }

  #takeAll(offers: Offers, numbers: readonly number[]): void {
    for (let at = 0; at + 3 < numbers.length; at += 4) {
      const [cell = 0, ticket = 0, descriptor = -1, idle = 0] = numbers.slice(at, at + 4)
      if (!offers.take(cell, ticket)) continue
      const server = this.#reception()
      // Reading begins with the next turn of the event loop: nothing is missed until the server has it.
      const socket = new Socket({
        fd: descriptor,
        readable: true,
        writable: true,
        allowHalfOpen: server !== null && Reflect.get(server, 'allowHalfOpen') === true
      })
      offers.adopt(cell, ticket)
      this.#adopt(socket, server, idle === 1)
    }
  }

  #adopt(socket: Socket, server: Server | null, isIdle: boolean): void {
    if (server === null || isFull(server)) {
      socket.once('close', () => this.#ledger.addConnections(-1))
      socket.destroy()
      return
    }
    configure(socket, server)
    this.connections.watch(server)
    const idleMs: unknown = Reflect.get(server, 'keepAliveTimeout')
    const isTimed = isIdle && typeof idleMs === 'number' && idleMs > 0
    this.connections.adopt(socket, isIdle, () => {
      if (isTimed) socket.setTimeout(Number(Reflect.get(server, 'timeout') ?? 0))
    })
    server.emit('connection', socket)
    // Its client has been answered before: it may be silent as long as any other, not as long as a new one.
    if (isTimed) socket.setTimeout(idleMs)
  }

  #giveBack(socket: Socket, isFresh: boolean): boolean {
    const handle = Reflect.get(socket, '_handle') as { fd: number; readStop(): number } | null
    if (this.#port === null || handle === null || handle.fd < 0) return false
    // From here on no byte is read: what the client sends is for whoever has the connection next.
    handle.readStop()
    socket.setTimeout(0)
    const destroy = socket.destroy.bind(socket)
    // The number must stay this socket's until the acceptor has its own.
    Object.defineProperty(socket, 'destroy', { configurable: true, writable: true, value: () => socket })
    const id = ++this.#returns
    this.#returning.set(id, () => destroy())
    const { fd: descriptor } = handle
    const inode = fstatSync(descriptor).ino
    const message: FromAdopter = { type: 'return', id, descriptor, inode, idle: !isFresh }
    this.#port.postMessage(message)
    return true
  }

  /** The connection lives on elsewhere, or nobody wants it: this side of it goes. */
  #finishReturn(id: number): void {
    const destroy = this.#returning.get(id)
    this.#returning.delete(id)
    destroy?.()
  }
}

/** What node does with a connection a server has accepted, before the server hears of it. */
function configure(socket: Socket, server: Server): void {
  if (Reflect.get(server, 'noDelay') === true) socket.setNoDelay(true)
  if (Reflect.get(server, 'keepAlive') === true) {
    socket.setKeepAlive(true, Number(Reflect.get(server, 'keepAliveInitialDelay')) * 1000)
  }
  Reflect.set(server, '_connections', Number(Reflect.get(server, '_connections')) + 1)
  // Counts it out again when it closes.
  Reflect.set(socket, '_server', server)
  Reflect.set(socket, 'server', server)
}

function isFull(server: Server): boolean {
  const { maxConnections } = server
  return typeof maxConnections === 'number' && Number(Reflect.get(server, '_connections')) >= maxConnections
}
