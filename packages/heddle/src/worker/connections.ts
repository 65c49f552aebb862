/**
 * The connections clients have to a worker's own servers, in direct and handoff mode: counts them and what is under
 * way on them, and ends them gently when the worker drains.
 *
 * Runs in worker threads. It watches what a server emits and adds no listener of its own, since node and frameworks
 * act on whether there are any. Requests that come through the mesh are no business of this file.
 */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { ServerHttp2Session } from 'node:http2'
import type { Server, Socket } from 'node:net'

import type { Ledger } from '../channel/ledger.ts'
import { Tunnels } from './tunnels.ts'

/** Takes a connection on which nothing is under way into other hands; false when there are none. */
export type GiveBack = (socket: Socket, isFresh: boolean) => boolean

/** Counts an answer: its status, and the milliseconds to its head. */
export type CountAnswer = (status: number, afterMs: number) => void

/** Milliseconds the client of a connection that was never used may still take to ask, while the worker drains. */
const freshMs = 1000

/**
 * Milliseconds without a request after which a connection that was used is taken for idle while the worker drains, as
 * in edges: one that was used just now may carry its next request already, which would be lost.
 */
const quietMs = 250

/** How often it is looked whose time is over, in milliseconds. */
const againMs = 50

/**
 * What a connection carries: HTTP/1 as it is, so that another server can go on with it; HTTP/1 within TLS; or
 * something that sees to its own end, HTTP/2 and the bytes below TLS.
 */
type Content = 'plain' | 'wrapped' | 'other'

interface Guest {
  readonly content: Content
  /** When it was opened, or its last request ended. */
  quietSince: number
  /** Called when the first request is there. */
  readonly onAsked: () => void
  readonly destroy: Socket['destroy']
  /** Requests under way on it. */
  requests: number
  hasAsked: boolean
}

/** All connections of one worker. */
export class Connections {
  readonly #ledger: Ledger
  readonly #giveBack: GiveBack
  readonly #countAnswer: CountAnswer
  readonly #watched = new Set<Server>()
  readonly #guests = new Map<Socket, Guest>()
  /** Handed over, and counted by who did. */
  readonly #adopted = new WeakMap<Socket, () => void>()
  /** Those whose clients had been answered by then. */
  readonly #rested = new WeakSet<Socket>()
  readonly #responses = new Set<ServerResponse>()
  readonly #tunnels = new Tunnels()
  readonly #sessions = new Set<ServerHttp2Session>()
  #isDraining = false
  /** Idle connections, while they are being found out. */
  #sweeping: Map<Socket, Guest> | null = null
  #isSweepPlanned = false
  #isLookPlanned = false

  constructor(ledger: Ledger, actions: { readonly giveBack: GiveBack; readonly countAnswer: CountAnswer }) {
    this.#ledger = ledger
    this.#giveBack = actions.giveBack
    this.#countAnswer = actions.countAnswer
  }

  /** Counts what this server gets from now on. */
  watch(server: Server): void {
    if (this.#watched.has(server)) return
    this.#watched.add(server)
    // Not a listener: an `upgrade` listener alone would make node treat requests differently.
    const emit = Reflect.get(server, 'emit') as (...args: unknown[]) => boolean
    Object.defineProperty(server, 'emit', {
      configurable: true,
      writable: true,
      value: (...args: unknown[]) => {
        if (this.#excuses(args)) return true
        this.#see(server, args)
        return Reflect.apply(emit, server, args)
      }
    })
  }

  /**
   * A connection that was handed over: it is in the ledger already. To be called before a server gets it.
   *
   * @param isIdle Whether its client has been answered before.
   * @param onAsked Called when its first request is there.
   */
  adopt(socket: Socket, isIdle: boolean, onAsked: () => void): void {
    this.#adopted.set(socket, onAsked)
    if (isIdle) this.#rested.add(socket)
  }

  /**
   * From now on every response closes its connection, and those on which nothing is under way go: to another worker
   * where that is possible, else they are closed. WebSockets are sent away over so many milliseconds.
   */
  drain(withinMs: number): void {
    if (this.#isDraining) return
    this.#isDraining = true
    this.#tunnels.leave(withinMs)
    for (const response of this.#responses) closeAfter(response)
    for (const session of this.#sessions) session.close()
    for (const [socket, guest] of this.#guests) this.#guard(socket, guest)
    this.#planSweep()
  }

  /**
   * Whether this is node's giving up on a client that has been answered before and is silent since: to node it is one
   * that takes too long to begin. With somebody who has taken that up node leaves the connection as it is.
   */
  #excuses([event, error, socket]: readonly unknown[]): boolean {
    if (event !== 'clientError') return false
    const isLate = error instanceof Error && 'code' in error && error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
    return isLate && this.#rested.has(socket as Socket) && (socket as Socket).bytesRead === 0
  }

  #see(server: Server, [event, first, second]: readonly unknown[]): void {
    switch (event) {
      case 'connection':
        this.#open(
          first as Socket,
          'setSecureContext' in server || 'updateSettings' in server ? 'other' : 'plain'
        )
        break
      case 'secureConnection':
        this.#admit(
          first as Socket,
          Reflect.get(first as Socket, 'alpnProtocol') === 'h2' ? 'other' : 'wrapped'
        )
        break
      case 'request':
      case 'checkContinue':
      case 'checkExpectation':
        this.#answer(first as { socket: Socket; httpVersionMajor: number }, second as ServerResponse)
        break
      case 'upgrade':
      case 'connect':
        this.#tunnel(first as { headers: IncomingHttpHeaders }, second as Socket)
        break
      case 'session':
        this.#welcome(first as ServerHttp2Session)
        break
      case 'stream':
        this.#begin(null, first as NodeJS.EventEmitter)
        break
      default:
    }
  }

  #open(socket: Socket, content: Content): void {
    if (!this.#adopted.has(socket)) this.#ledger.addConnections(1)
    this.#ledger.accept()
    socket.once('close', () => this.#ledger.addConnections(-1))
    this.#admit(socket, content)
  }

  #admit(socket: Socket, content: Content): void {
    const guest: Guest = {
      content,
      quietSince: performance.now(),
      onAsked: this.#adopted.get(socket) ?? (() => {}),
      destroy: socket.destroy.bind(socket),
      requests: 0,
      hasAsked: false
    }
    this.#guests.set(socket, guest)
    socket.once('close', () => this.#guests.delete(socket))
    if (!this.#isDraining) return
    this.#guard(socket, guest)
    this.#planSweep()
  }

  #answer(request: { socket: Socket; httpVersionMajor: number }, response: ServerResponse): void {
    const guest = this.#guests.get(request.socket)
    // Through the mesh, or a stream of HTTP/2, which is counted as such.
    if (guest === undefined || request.httpVersionMajor > 1) return
    this.#responses.add(response)
    this.#start(guest)
    // A single listener that nothing has to take away: `close` comes once, and this is in each request's way.
    response.on('close', () => {
      this.#responses.delete(response)
      this.#end(guest)
    })
    this.#time(response)
    if (this.#isDraining) closeAfter(response)
  }

  /**
   * Counts the answer when its head is written: how long its body takes says nothing of the worker. Assigned, not
   * defined: that would cost a microsecond and make node's own way with the response slower.
   */
  #time(response: ServerResponse): void {
    const begunAt = performance.now()
    const { writeHead } = response as unknown as { writeHead: (...args: unknown[]) => ServerResponse }
    Reflect.set(response, 'writeHead', (...args: unknown[]): ServerResponse => {
      const written = Reflect.apply(writeHead, response, args)
      this.#countAnswer(response.statusCode, performance.now() - begunAt)
      return written
    })
  }

  #tunnel({ headers }: { headers: IncomingHttpHeaders }, socket: Socket): void {
    const guest = this.#guests.get(socket)
    if (guest === undefined) return
    this.#begin(guest, socket)
    this.#countAnswer(101, 0)
    this.#ledger.upgrade()
    socket.once('close', () => this.#ledger.endUpgrade())
    if (headers.upgrade?.toLowerCase() === 'websocket') this.#tunnels.add(socket)
  }

  /** Something is under way until it says `close`, on a connection if it is not a stream of a session. */
  #begin(guest: Guest | null, until: NodeJS.EventEmitter): void {
    this.#start(guest)
    until.once('close', () => this.#end(guest))
  }

  #start(guest: Guest | null): void {
    this.#ledger.addRequests(1)
    if (guest === null) return
    guest.requests++
    if (!guest.hasAsked) guest.onAsked()
    guest.hasAsked = true
  }

  #end(guest: Guest | null): void {
    this.#ledger.addRequests(-1)
    if (guest !== null) {
      guest.requests--
      guest.quietSince = performance.now()
    }
    if (this.#isDraining) this.#planSweep()
  }

  #welcome(session: ServerHttp2Session): void {
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
    if (this.#isDraining) session.close()
  }

  /** Once in each turn, after node has done its part: what has arrived by now is read before anything is closed. */
  #planSweep(): void {
    if (this.#isSweepPlanned) return
    this.#isSweepPlanned = true
    setImmediate(() => {
      setImmediate(() => {
        this.#isSweepPlanned = false
        this.#sweep()
      })
    })
  }

  /** Some have not had their time yet. */
  #lookAgain(): void {
    if (this.#isLookPlanned) return
    this.#isLookPlanned = true
    setTimeout(() => {
      this.#isLookPlanned = false
      this.#planSweep()
    }, againMs).unref()
  }

  #sweep(): void {
    // Node knows which connections are between two requests: it destroys them, which `#guard` catches.
    const idle = new Map<Socket, Guest>()
    this.#sweeping = idle
    for (const server of this.#watched) {
      if ('closeIdleConnections' in server)
        (server as { closeIdleConnections(): void }).closeIdleConnections()
    }
    this.#sweeping = null
    // It does not count those on which nothing has come yet.
    for (const [socket, guest] of this.#guests) {
      if (!guest.hasAsked && (guest.content === 'wrapped' || socket.bytesRead === 0)) idle.set(socket, guest)
    }
    for (const [socket, guest] of idle) this.#dismiss(socket, guest)
  }

  #guard(socket: Socket, guest: Guest): void {
    Object.defineProperty(socket, 'destroy', {
      configurable: true,
      writable: true,
      value: (error?: Error): Socket => {
        if (this.#sweeping === null) return guest.destroy(error)
        // Unless it is answered, but the answer is not with the system yet.
        if (guest.requests === 0 && socket.writableLength === 0) this.#sweeping.set(socket, guest)
        return socket
      }
    })
  }

  /** Ends a connection on which nothing is under way. */
  #dismiss(socket: Socket, guest: Guest): void {
    const { content, hasAsked, quietSince, destroy } = guest
    if (content === 'other') return
    if (
      content === 'plain' &&
      this.#adopted.has(socket) &&
      this.#giveBack(socket, !hasAsked && !this.#rested.has(socket))
    ) {
      this.#guests.delete(socket)
    } else if (performance.now() - quietSince >= (hasAsked ? quietMs : freshMs)) destroy()
    else this.#lookAgain()
  }
}

/** Makes a response say that it is the last of its connection, if it has not begun. */
function closeAfter(response: ServerResponse): void {
  if (!response.headersSent) response.shouldKeepAlive = false
}
