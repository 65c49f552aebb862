/**
 * One `listen()` of a suite's HTTP server: an edge that holds the port, a mesh of two members, and the server
 * behind it, which never receives a connection. Runs in the thread of the suite.
 *
 * The server is given a handle of ours in place of node's, so that all it can be asked (`listening`, `address()`,
 * `close()`, `ref()`) is node's own code, and it counts the edge's connections as its own.
 */
import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { addAbortListener } from 'node:events'
import { appendFileSync } from 'node:fs'

import { Registry, joinMesh } from '@heddle/mesh'

import { SuiteEdge } from './suite-edge.ts'

const hostname = 'suite'

type Listen = (this: NetServer, ...args: unknown[]) => NetServer

/** node's own `listen`. Typed anew: its overloads cannot be called with arguments that are passed on. */
export const listenOfNode: Listen = Reflect.get(NetServer.prototype, 'listen') as Listen

/** The parts of node's server its types do not show. */
interface Internals {
  _handle: object | null
  _connections: number
  _connectionKey: string | undefined
  _pipeName: string | undefined
  _emitCloseIfDrained(): void
}

const ledger = process.env['HEDDLE_SUITE_LEDGER']
const traffic = { servers: 0, requests: 0 }

/** Writes down what has come through the mesh in this thread since the last time: some runners kill their threads. */
export function recordTraffic(): void {
  if (ledger === undefined || traffic.servers + traffic.requests === 0) return
  appendFileSync(ledger, `${JSON.stringify({ traffic })}\n`)
  traffic.servers = 0
  traffic.requests = 0
}

const openings = new WeakMap<Server, Opening>()

/** The opening of a server that listens or still has connections, if there is one. */
export function openingOf(server: Server): Opening | undefined {
  return openings.get(server)
}

/** A server of a suite while it listens and until its last connection is gone. */
export class Opening {
  readonly edge: SuiteEdge
  readonly #server: Server
  readonly #internals: Internals
  readonly #leave: () => void
  #closed = false

  /**
   * Carries out `server.listen(...args)`.
   *
   * @throws what node throws for such arguments.
   */
  static of(server: Server, args: readonly unknown[]): Opening {
    return new Opening(server, args)
  }

  private constructor(server: Server, args: readonly unknown[]) {
    this.#server = server
    this.#internals = server as unknown as Internals
    const registry = new Registry({ domain: '.suite', capacity: 2 })
    const served = registry.admit({ name: 'suite:0', hostname })
    const answering = joinMesh(served.ticket)
    answering.serve(server)
    void served.member.publish()
    // Only now: a member finds the table of its time in its ticket, and does not have to wait for one.
    const { ticket } = registry.admit({ name: 'edge:0', hostname: null })
    const calling = joinMesh(ticket)
    this.#leave = () => {
      calling.leave()
      answering.leave()
      registry.close()
    }
    const internals = this.#internals
    this.edge = new SuiteEdge(
      server,
      { hostname, ticket, client: calling.client },
      {
        onRequest: () => {
          traffic.requests++
        },
        onConnected: () => {
          internals._connections++
        },
        onDisconnected: () => {
          internals._connections--
          internals._emitCloseIfDrained()
        }
      }
    )
    traffic.servers++
    this.#pass()
    try {
      this.#listen(args)
    } catch (error) {
      this.#leave()
      throw error
    }
    openings.set(server, this)
  }

  /** The server has closed: the port is closed, and what there is ends when the last connection does, as node's. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.edge.server.close(() => void this.#finish())
  }

  async #finish(): Promise<void> {
    await this.edge.close(0)
    if (openings.get(this.#server) === this) openings.delete(this.#server)
    this.#leave()
    recordTraffic()
  }

  #listen(args: readonly unknown[]): void {
    const [server, { server: holder }] = [this.#server, this.edge]
    const last = args.at(-1)
    if (typeof last === 'function') server.once('listening', last as () => void)
    const rest = typeof last === 'function' ? args.slice(0, -1) : [...args]
    const [first] = rest
    if (typeof first === 'object' && first !== null && 'signal' in first) {
      const { signal, ...options } = first
      rest[0] = options
      closeOnAbort(server, signal as AbortSignal | undefined)
    }
    listenOfNode.apply(holder, rest)
    // Unless a name has to be looked up first, node has the port by now.
    this.#take()
  }

  /** Lets the server appear to hold what the edge holds. */
  #take(): void {
    const holder = this.edge.server as unknown as Internals
    const handle = holder._handle
    if (handle === null || handle === undefined) return
    this.#internals._handle = new LentHandle(handle, this)
    this.#internals._connectionKey = holder._connectionKey
    this.#internals._pipeName = holder._pipeName
  }

  /** Passes on what happens to the port. */
  #pass(): void {
    const [server, { server: holder }] = [this.#server, this.edge]
    holder.on('listening', () => {
      if (!server.listening) this.#take()
      server.emit('listening')
    })
    holder.on('error', error => {
      this.#leave()
      openings.delete(server)
      this.#internals._handle = null
      server.emit('error', error)
    })
    holder.on('drop', facts => server.emit('drop', facts))
    Object.defineProperty(holder, 'maxConnections', { get: () => server.maxConnections })
  }
}

/** The edge's handle as the application's server has it. */
class LentHandle {
  readonly #handle: object
  readonly #opening: Opening

  constructor(handle: object, opening: Opening) {
    this.#handle = handle
    this.#opening = opening
    // Without a method to ask, node answers with the name of the pipe.
    const ask: unknown = Reflect.get(handle, 'getsockname')
    if (typeof ask === 'function') {
      Reflect.set(this, 'getsockname', (out: object): unknown => Reflect.apply(ask, handle, [out]))
    }
  }

  get fd(): unknown {
    return Reflect.get(this.#handle, 'fd')
  }

  close(): void {
    this.#opening.close()
  }

  ref(): void {
    this.#opening.edge.server.ref()
  }

  unref(): void {
    this.#opening.edge.server.unref()
  }

  hasRef(): boolean {
    return Reflect.apply(Reflect.get(this.#handle, 'hasRef') as () => boolean, this.#handle, [])
  }
}

function closeOnAbort(server: Server, signal: AbortSignal | undefined): void {
  if (signal === undefined) return
  if (signal.aborted) {
    process.nextTick(() => server.close())
    return
  }
  const disposable = addAbortListener(signal, () => server.close())
  server.once('close', () => disposable[Symbol.dispose]())
}
