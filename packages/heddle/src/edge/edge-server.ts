/**
 * The public server of one edge thread. Edge thread; runs no user code, so nothing an application does
 * can hold it up.
 *
 * It accepts connections, decides for each request where it goes and what is said about its client, and
 * hands it to the mesh. Connections themselves are `@heddle/mesh`'s.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

import {
  adoptSocket,
  Connection,
  HTTP10,
  isIdempotent,
  MORE,
  NO_BODY,
  Slots,
  UPGRADE,
  type ConnectionHost,
  type ConnectionLimits,
  type Exchange,
  type MeshClient,
  type Refusal,
  type RequestHead
} from '@heddle/mesh/internal'

import type { EdgeBoot } from '../channel/messages.ts'
import { createTrust, forwardingLines, requestIdOf, type Peer, type Trust } from './forwarding.ts'
import { createRouter, type Router } from './routing.ts'

/** How often time limits are looked at, in milliseconds. No limit is exceeded by more than this. */
const SWEEP_MS = 500

/** A connection and who is at its other end. */
interface Guest {
  readonly connection: Connection
  readonly peer: Peer
}

/** The server. */
export class EdgeServer implements ConnectionHost {
  /** What holds the port. {@link listen} opens it; whoever opens it in another way need not call that. */
  readonly server: Server
  readonly limits: ConnectionLimits
  draining = false
  readonly #boot: EdgeBoot
  readonly #client: MeshClient
  readonly #route: Router
  readonly #trust: Trust
  readonly #connections = new Slots<Guest>()
  #sweeper: NodeJS.Timeout | null = null
  /** Connections so far: two that happen to come from one port are still two. */
  #accepted = 0
  #whenEmpty: (() => void) | null = null

  constructor(boot: EdgeBoot, client: MeshClient) {
    this.#boot = boot
    this.#client = client
    this.limits = boot.server
    this.#route = createRouter(boot.routes, boot.entrypoint)
    this.#trust = createTrust(boot.server.trustProxy)
    this.server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, socket =>
      this.#accept(socket)
    )
    this.server.on('listening', () => {
      this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS).unref()
    })
    const { maxConnections, threads } = boot.server
    // The limit is one for all edge threads.
    if (maxConnections > 0) this.server.maxConnections = Math.ceil(maxConnections / threads)
  }

  /** Opens the public port and resolves with its number; rejects with node's error. */
  listen(port: number): Promise<number> {
    const { hostname: host, backlog } = this.#boot.server
    return new Promise((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen({ port, host, backlog, reusePort: this.#boot.reusePort }, () => {
        this.server.off('error', reject)
        resolve((this.server.address() as AddressInfo).port)
      })
    })
  }

  /** From now on every response closes its connection. New connections are still taken. */
  drain(): void {
    this.draining = true
  }

  /**
   * Takes no more connections, closes idle ones and resolves when the last is gone. Upgraded connections
   * are ended: they have no end of their own to wait for.
   */
  close(): Promise<void> {
    this.draining = true
    this.server.close()
    for (const connection of this.connections()) {
      if (connection.upgraded) connection.destroy()
      else connection.closeWhenIdle()
    }
    return new Promise(resolve => {
      this.#whenEmpty = resolve
      this.#settle()
    })
  }

  forward(head: RequestHead, connection: Connection): Exchange | Refusal {
    const peer = this.#connections.get(connection.id)?.peer
    if (peer === undefined) return { status: 500, reason: 'the connection is closed' }
    const { host, target: path } = head
    const destination = this.#route(host, path)
    this.identify(head, peer)
    if (destination === null) return { status: 404, reason: `no application answers ${host}${path}` }
    const body = head.contentLength !== 0 || head.upgrade !== null
    return this.#client.send(
      {
        hostname: destination.application,
        method: head.method,
        path: destination.path,
        headers: head.block + this.introduce(head, peer, destination.strippedPrefix),
        flags:
          NO_BODY |
          (body ? MORE : 0) |
          (head.upgrade === null ? 0 : UPGRADE) |
          (head.minor === 0 ? HTTP10 : 0),
        body: null,
        peer: connection.requests === 1 ? peer.firstLine : peer.line,
        timeoutMs: this.#boot.server.requestTimeout,
        idempotent: isIdempotent(head.method) && head.upgrade === null,
        accept: null
      },
      connection
    )
  }

  requestId(head: RequestHead): string {
    return head.requestId
  }

  /** Every connection there is. */
  protected connections(): Connection[] {
    return this.#connections.values().map(({ connection }) => connection)
  }

  /** Gives a request the id that error pages and the application are told. */
  protected identify(head: RequestHead, peer: Peer): void {
    requestIdOf(head, peer)
  }

  /** The header lines that follow those of the request: what the application is told of its client. */
  protected introduce(head: RequestHead, peer: Peer, strippedPrefix: string): string {
    return forwardingLines(head, peer, strippedPrefix)
  }

  onClosed(connection: Connection): void {
    this.#connections.delete(connection.id)
    this.#settle()
  }

  #accept(accepted: Socket): void {
    const { remoteAddress, remotePort: port } = accepted
    if (remoteAddress === undefined && typeof this.server.address() !== 'string') {
      // Reset before it was accepted.
      accepted.destroy()
      return
    }
    // Through a pipe: there is no address.
    const address = remoteAddress ?? ''
    const line = `${address} ${port ?? 0} 0`
    const socket = adoptSocket(accepted, chunk => connection.receive(chunk))
    const connection = new Connection(socket, this)
    const peer = {
      address,
      trusted: address !== '' && this.#trust(address),
      firstLine: `${line} 0`,
      line: `${line} ${++this.#accepted}`
    }
    connection.id = this.#connections.add({ connection, peer })
  }

  #sweep(): void {
    const now = performance.now()
    for (const { connection } of this.#connections.values()) {
      connection.sweep(now)
      if (this.#whenEmpty !== null) connection.closeWhenIdle()
    }
  }

  #settle(): void {
    if (this.#whenEmpty === null || this.#connections.size > 0) return
    if (this.#sweeper !== null) clearInterval(this.#sweeper)
    this.#whenEmpty()
    this.#whenEmpty = null
  }
}
