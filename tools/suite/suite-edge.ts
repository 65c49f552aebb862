/**
 * An edge that shows an application exactly what its client sent, and lives by the settings of the application's
 * server. Runs in the thread of a suite; what a suite is not to see of a proxy is left out here and nowhere else.
 */
import http, { type Server } from 'node:http'
import type { Socket } from 'node:net'

import { MeshError } from '@heddle/mesh'
import type { Connection, MeshClient, RequestHead } from '@heddle/mesh/internal'

import { createEdgeCounts } from '../../packages/heddle/src/channel/edge-counts.ts'
import type { EdgeBoot } from '../../packages/heddle/src/channel/messages.ts'
import { EdgeServer } from '../../packages/heddle/src/edge/edge-server.ts'
import type { ResolvedServer } from '../../packages/heddle/src/config/resolved.ts'

const untouchedIsIdle = Number(process.versions.node.split('.')[0]) >= 26

/** What is told of the connections of a {@link SuiteEdge}. */
export interface EdgeWatcher {
  onRequest(): void
  onConnected(): void
  onDisconnected(): void
}

/** The edge of one server of a suite. */
export class SuiteEdge extends EdgeServer {
  readonly #application: Server
  readonly #watcher: EdgeWatcher

  /**
   * @param application Whose settings count; asked again for each request.
   * @param ticket Of a member that may call `hostname`.
   */
  constructor(
    application: Server,
    boot: { hostname: string; ticket: EdgeBoot['ticket']; client: MeshClient },
    watcher: EdgeWatcher
  ) {
    super(
      {
        index: 0,
        name: 'edge:0',
        ticket: boot.ticket,
        server: new SettingsOf(application),
        routes: [],
        entrypoint: boot.hostname,
        reusePort: false,
        logger: { level: 'silent', format: 'json', colour: false },
        counts: createEdgeCounts()
      },
      boot.client
    )
    this.#application = application
    this.#watcher = watcher
    // In front of the edge's own listener, which may close a connection at once.
    this.server.prependListener('connection', () => watcher.onConnected())
  }

  /** Closes the connections that wait for a request; before Node 26 those that have had none do not count. */
  closeIdle(): void {
    for (const connection of this.connections()) {
      if (connection.requests > 0 || untouchedIsIdle) connection.closeWhenIdle()
    }
  }

  /** Breaks every connection off. */
  destroyAll(): void {
    for (const connection of this.connections()) connection.destroy()
  }

  override forward(head: RequestHead, connection: Connection): ReturnType<EdgeServer['forward']> {
    this.#watcher.onRequest()
    if (connection.requests === 1) this.#followEnd(connection.socket as Socket)
    return super.forward(head, connection)
  }

  /** A client whose exchange the application breaks off sees its connection break, and no page of the edge's. */
  override onFailed(connection: Connection, error: Error): boolean {
    const aborted = error instanceof MeshError && error.code === 'MESH_RESPONSE_ABORTED'
    if (aborted) connection.destroy()
    return aborted
  }

  override onClosed(connection: Connection): void {
    super.onClosed(connection)
    this.#watcher.onDisconnected()
  }

  /** Heddle's edge waits a second for the answer to a client that has closed its side; node does not wait. */
  #followEnd(socket: Socket): void {
    socket.once('end', () => {
      if (Reflect.get(this.#application, 'httpAllowHalfOpen') !== true) socket.destroySoon()
    })
  }

  /** A request without an id gets none. */
  protected override identify(): void {}

  /** What the edge took out of the head as a proxy is put back, and nothing is said of a client. */
  protected override introduce(head: RequestHead): string {
    const { forwardedFor, forwardedProto, forwardedHost, claims } = head
    const connection =
      head.upgrade === null ? `Connection: ${head.keepAlive ? 'keep-alive' : 'close'}\r\n` : ''
    return (
      line('X-Forwarded-For', forwardedFor) +
      line('X-Forwarded-Proto', forwardedProto) +
      line('X-Forwarded-Host', forwardedHost) +
      line('X-Request-Id', head.requestId) +
      claims +
      connection
    )
  }
}

function line(name: string, value: string): string {
  return value === '' ? '' : `${name}: ${value}\r\n`
}

/** The settings of an application's server as those of an edge; what node does not limit has no limit. */
class SettingsOf implements ResolvedServer {
  readonly #server: Server
  readonly port = 0
  readonly hostname = '127.0.0.1'
  readonly mode = 'edge'
  readonly threads = 1
  readonly backlog = 511
  readonly trustProxy: readonly string[] = ['0.0.0.0/0', '::/0']
  readonly requestTimeout = 0
  readonly clientTimeout = 0
  readonly tunnelTimeout = 0
  readonly maxUrlSize: number = Number.POSITIVE_INFINITY
  readonly maxBodySize = 0
  readonly maxConnections = 0
  readonly accessLog = 'off'

  constructor(server: Server) {
    this.#server = server
  }

  /** node's limit for a whole request holds for its head too. */
  get headersTimeout(): number {
    const { headersTimeout, requestTimeout } = this.#server
    return requestTimeout > 0 && (headersTimeout === 0 || requestTimeout < headersTimeout)
      ? requestTimeout
      : headersTimeout
  }

  get bodyTimeout(): number {
    return this.#server.requestTimeout
  }

  get keepAliveTimeout(): number {
    return this.#server.keepAliveTimeout
  }

  get maxRequestsPerSocket(): number {
    return this.#server.maxRequestsPerSocket ?? 0
  }

  get maxHeadersCount(): number {
    return this.#server.maxHeadersCount ?? Number.POSITIVE_INFINITY
  }

  get maxHeaderSize(): number {
    const own: unknown = Reflect.get(this.#server, 'maxHeaderSize')
    return typeof own === 'number' && own > 0 ? own : http.maxHeaderSize
  }
}
