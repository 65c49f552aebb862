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
  type RequestAccount,
  type RequestHead
} from '@heddle/mesh/internal'

import { EdgeCounter } from '../channel/edge-counts.ts'
import type { EdgeBoot, EdgeSettings } from '../channel/messages.ts'
import { closePort } from '../shared/accept-all.ts'
import { AccessLog } from './access-log.ts'
import type { AccessLines } from './access-log.ts'
import {
  clientAddress,
  createTrust,
  forwardingLines,
  requestIdOf,
  type Peer,
  type Trust
} from './forwarding.ts'
import { Failures, nowhere } from './failures.ts'
import { KnownLinks } from './known-links.ts'
import { createRouter, type Destination, type Router, type Routes } from './routing.ts'
import { terminationOf, type Termination } from './termination.ts'
import { Tunnels } from './tunnels.ts'

/** How often time limits are looked at, in milliseconds. No limit is exceeded by more than this. */
const SWEEP_MS = 500

/** How often idle connections are looked for while the server closes, in milliseconds. */
const CLOSING_MS = 50

/**
 * Milliseconds without a request after which a connection is taken for idle while the server closes. One that was
 * used just now may carry its next request already, which would be lost: that one is answered, and told to close.
 */
const QUIET_MS = 250

/** What part of the time a close may take upgraded connections get; requests and the applications need theirs. */
const TUNNELS_PART = 0.5

/** A connection and who is at its other end. */
interface Guest {
  readonly connection: Connection
  peer: Peer
  /** Where its current request goes; `null` when there is none, or nobody claims it. */
  destination: Destination | null
  /** Over which workers have sockets for it; `null` while there are none. */
  links: KnownLinks | null
}

/** The server. */
export class EdgeServer implements ConnectionHost {
  /** What holds the port. {@link listen} opens it; whoever opens it in another way need not call that. */
  server: Server
  /** A second port, until it is settled which of the two stays. */
  #staged: Server | null = null
  draining = false
  /** Counts what there is to see of clients. */
  readonly traffic: EdgeCounter
  /** Why applications do not answer; `null` but in development. */
  readonly failures: Failures | null
  readonly #boot: EdgeBoot
  readonly #accessLog: AccessLog | null
  readonly #client: MeshClient
  readonly #connections = new Slots<Guest>()
  readonly #tunnels: Tunnels
  #settings: EdgeSettings
  #route: Router
  #trust: Trust
  #sweeper: NodeJS.Timeout | null = null
  /** Connections so far: two that happen to come from one port are still two. */
  #accepted = 0
  #whenEmpty: (() => void) | null = null

  /** @param lines Where requests are logged, when the settings want them to be. */
  constructor(boot: EdgeBoot, client: MeshClient, lines: AccessLines | null = null) {
    this.#boot = boot
    this.#client = client
    this.#accessLog = lines === null ? null : new AccessLog(lines, boot.logger)
    this.traffic = new EdgeCounter(boot.counts)
    this.failures = boot.development === true ? new Failures() : null
    this.#tunnels = new Tunnels(client.scoreboard)
    this.#settings = boot
    this.#route = createRouter(routesOf(boot))
    this.#trust = createTrust(boot.server.trustProxy)
    this.server = this.#createServer()
  }

  get limits(): ConnectionLimits {
    return this.#settings.server
  }

  /**
   * Puts other settings in force: for the next request of every connection, those that are open included.
   * Where the port is, and how long its backlog, is settled when it is opened ({@link stageListener}).
   */
  configure(settings: EdgeSettings): void {
    this.#settings = settings
    this.#route = createRouter(routesOf(settings))
    this.#trust = createTrust(settings.server.trustProxy)
    for (const guest of this.#connections.values()) {
      guest.peer = { ...guest.peer, trusted: this.#trusts(guest.peer.address) }
    }
    this.#limitConnections(this.server)
  }

  /** Opens the public port and resolves with its number; rejects with node's error. */
  listen(port: number): Promise<number> {
    return this.#open(this.server, this.#boot.server.hostname, port)
  }

  /**
   * Opens another port beside the one that is open, which takes connections at once, and resolves with its number;
   * rejects with node's error. {@link settleListener} says which of the two stays.
   */
  async stageListener(hostname: string, port: number): Promise<number> {
    const staged = this.#createServer()
    const number = await this.#open(staged, hostname, port)
    this.#staged = staged
    return number
  }

  /** Closes one of two ports, and resolves when it takes no more connections. Those that came through it go on. */
  settleListener(keep: 'staged' | 'former'): Promise<void> {
    const staged = this.#staged
    if (staged === null) return Promise.resolve()
    this.#staged = null
    const former = this.server
    if (keep === 'staged') this.server = staged
    return new Promise(resolve => this.#closePort(keep === 'staged' ? former : staged, resolve))
  }

  /** From now on every response closes its connection. New connections are still taken. */
  drain(): void {
    this.draining = true
  }

  /**
   * Takes no more connections, closes those that are idle, sends WebSockets away, and resolves when the last
   * connection is gone. A request that is on its way when its connection would be closed is still answered, as
   * far as this side can know of it.
   *
   * @param timeoutMs How long all that may take. Upgraded connections are cut after half of it; requests go on.
   */
  close(timeoutMs: number): Promise<void> {
    this.draining = true
    return new Promise(resolve => {
      if (this.#staged !== null) this.#closePort(this.#staged, () => {})
      // What has arrived by now is read, and who has connected by now accepted.
      this.#closePort(this.server, () => {
        this.#whenEmpty = resolve
        this.#tunnels.leave(timeoutMs * TUNNELS_PART)
        this.#closeIdle()
        this.#settle()
      })
    })
  }

  /** Ends every connection that is left, whatever it is doing. */
  cut(): void {
    for (const connection of this.connections()) connection.destroy()
  }

  forward(head: RequestHead, connection: Connection): Exchange | Refusal {
    const guest = this.#connections.get(connection.id)
    if (guest === null) return { status: 500, reason: 'the connection is closed' }
    const { peer } = guest
    const { host, target: path } = head
    const looked = this.failures?.look(head) ?? null
    if (looked !== null) {
      guest.destination = nowhere
      return looked
    }
    const destination = this.#route(host, path)
    guest.destination = destination
    this.identify(head, peer)
    if (destination === null) return { status: 404, reason: `no application answers ${host}${path}` }
    this.failures?.pass(connection, head, destination.application)
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
        timeoutMs: destination.timeoutMs,
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

  onFailed(connection: Connection, error: Error): boolean {
    return this.failures?.take(connection, error, this.#settings) ?? false
  }

  onUpgraded(connection: Connection): void {
    this.traffic.upgraded()
    this.#tunnels.add(connection)
  }

  onEnded(connection: Connection, account: RequestAccount): void {
    const termination = terminationOf(account)
    const { head, sent, status } = account
    this.traffic.ended(termination.reason, status)
    if (connection.wasUpgraded) this.traffic.tunnelClosed()
    // What could be read, and went nowhere, was a request nobody claims.
    if (termination.reason === 'refused' && (head === null || sent !== null)) this.traffic.invalid()
    const guest = this.#connections.get(connection.id)
    if (guest === null) return
    // For the first request of a connection nothing is kept.
    if (connection.requests > 1) remember(guest, sent)
    if (this.#settings.server.accessLog !== 'off') this.#log(guest, account, termination)
    guest.destination = null
  }

  onClosed(connection: Connection): void {
    this.traffic.closed()
    const guest = this.#connections.get(connection.id)
    guest?.links?.dismiss(guest.peer.line)
    this.#connections.delete(connection.id)
    if (connection.wasUpgraded) this.#tunnels.delete(connection)
    this.#settle()
  }

  #log({ peer, destination }: Guest, account: RequestAccount, termination: Termination): void {
    if (this.#accessLog === null || destination?.isLogged === false) return
    this.#accessLog.write(this.#settings.server.accessLog, {
      account,
      termination,
      client: clientAddress(peer, account.head?.forwardedFor ?? '', this.#trust),
      application: destination?.application ?? null,
      time: Date.now()
    })
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
      trusted: this.#trusts(address),
      firstLine: `${line} 0`,
      line: `${line} ${++this.#accepted}`
    }
    connection.id = this.#connections.add({ connection, peer, destination: null, links: null })
    this.traffic.opened()
  }

  #trusts(address: string): boolean {
    return address !== '' && this.#trust(address)
  }

  #createServer(): Server {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, socket =>
      this.#accept(socket)
    )
    server.on('drop', () => this.traffic.dropped())
    server.on('listening', () => {
      // What has arrived is in time, also when this thread comes late to reading it.
      this.#sweeper ??= setInterval(() => afterReading(() => this.#sweep()), SWEEP_MS).unref()
    })
    this.#limitConnections(server)
    return server
  }

  #open(server: Server, host: string, port: number): Promise<number> {
    const { backlog } = this.#settings.server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host, backlog, reusePort: this.#boot.reusePort }, () => {
        server.off('error', reject)
        resolve((server.address() as AddressInfo).port)
      })
    })
  }

  #closePort(server: Server, onClosed: () => void): void {
    closePort(server, this.#settings.server.backlog, onClosed)
  }

  /** The limit is one for all edge threads. */
  #limitConnections(server: Server): void {
    const { maxConnections, threads } = this.#settings.server
    server.maxConnections = maxConnections > 0 ? Math.ceil(maxConnections / threads) : Infinity
  }

  #sweep(): void {
    const now = performance.now()
    for (const connection of this.connections()) connection.sweep(now)
  }

  #closeIdle(): void {
    const now = performance.now()
    for (const connection of this.connections()) connection.closeWhenIdle(now, QUIET_MS)
    if (this.#whenEmpty === null || this.#connections.size === 0) return
    setTimeout(() => afterReading(() => this.#closeIdle()), CLOSING_MS).unref()
  }

  #settle(): void {
    if (this.#whenEmpty === null || this.#connections.size > 0) return
    if (this.#sweeper !== null) clearInterval(this.#sweeper)
    this.#whenEmpty()
    this.#whenEmpty = null
  }
}

/** Writes down by which way a request of a guest went. */
function remember(guest: Guest, sent: Exchange | null): void {
  if (sent === null || sent.through === null) return
  guest.links ??= new KnownLinks()
  guest.links.add(sent.through)
}

function routesOf({ routes, entrypoint, server: { requestTimeout } }: EdgeSettings): Routes {
  return { routes, entrypoint, requestTimeout }
}

/** Calls back when the event loop has read once more what there is to read. */
function afterReading(callback: () => void): void {
  setImmediate(() => setImmediate(callback))
}
