/**
 * In-memory connections for HTTP clients that know only TCP. Any thread, client side.
 *
 * The client gets a socket without a handle; at its other end is an HTTP/1 connection whose requests go to
 * the application the client connected to, each to the upstream that suits it. Upgrades pass as bytes.
 *
 * What the mesh itself cannot do is never answered with a made-up response: the socket fails with the
 * `MeshError`, which `node:http` gives to the request's `error` event: `error.code` is `MESH_UNKNOWN_HOST`,
 * `MESH_NO_UPSTREAM`, `MESH_DENIED`, `MESH_TIMEOUT`, `MESH_UPSTREAM_LOST` or `MESH_CLOSED`, or
 * `UND_ERR_LOAD_SHEDDING`. A handler that breaks its connection off
 * is seen as over TCP: `ECONNRESET` with the reason as its `cause`; after the head, the response is cut.
 * What is no request, or too large, is answered with 400, 413, 414, 431 or 501 as node's own server does.
 *
 * Mesh hosts are on HTTP's port, 80: another port of the same name is another server, on the network, and
 * so is whatever speaks TLS.
 */
import type { NetConnectOpts } from 'node:net'

import { MeshError } from '../errors.ts'
import { Connection } from '../http1/connection.ts'
import type { ConnectionHost } from '../http1/connection-host.ts'
import type { Refusal, RequestHead } from '../http1/request-head.ts'
import type { ConnectionLimits } from '../http1/time-limits.ts'
import { HTTP10, MORE, NO_BODY, UPGRADE } from '../wire/frames.ts'
import type { MeshClient } from './client.ts'
import { meshHostname } from './dispatcher.ts'
import type { Exchange } from './exchange.ts'
import { FarEnd } from './far-end.ts'
import { LoopbackSocket } from './loopback-socket.ts'
import { isIdempotent } from './retry.ts'

/** A caller inside the process is not held to the limits of strangers. */
const limits: ConnectionLimits = {
  maxHeaderSize: 256 * 1024,
  maxHeadersCount: 2000,
  maxUrlSize: 128 * 1024,
  maxBodySize: Number.MAX_SAFE_INTEGER,
  headersTimeout: 0,
  bodyTimeout: 0,
  keepAliveTimeout: 0,
  clientTimeout: 0,
  tunnelTimeout: 0,
  maxRequestsPerSocket: 0
}

/** What connections need of the thread's membership; a `Mesh` is that. */
export interface LoopbackOptions {
  readonly client: MeshClient
  /** Suffix of mesh host names, with its leading dot. */
  readonly domain: string
  /** Milliseconds a request may wait for its response head; 0 waits for ever. */
  readonly timeoutMs: number
}

/** Opens connections into the mesh. */
export class LoopbackConnections {
  readonly #options: LoopbackOptions

  constructor(options: LoopbackOptions) {
    this.#options = options
  }

  /**
   * Stands in for `net.connect`.
   *
   * @param args As `net.connect` takes them, in any of their forms.
   * @returns A socket, or `null` when they are not for a host of the mesh.
   */
  connect(args: readonly unknown[]): LoopbackSocket | null {
    const [first, second] = args
    const given = Array.isArray(first) ? (first as unknown[])[0] : first
    const options = typeof given === 'object' && given !== null ? given : { port: given, host: second }
    const { host, port, path } = options as { host?: unknown; port?: unknown; path?: unknown }
    if (typeof host !== 'string' || typeof path === 'string' || Number(port) !== 80) return null
    const hostname = meshHostname(`http://${host}`, this.#options.domain)
    if (hostname === null) return null
    const near = this.#open(hostname, options)
    const listener = args.findLast(argument => typeof argument === 'function')
    if (listener !== undefined) near.once('connect', listener as () => void)
    return near
  }

  #open(hostname: string, options: Partial<NetConnectOpts>): LoopbackSocket {
    const near = new LoopbackSocket(options)
    const far = new FarEnd(
      near,
      chunk => connection.receive(chunk),
      () => connection.upgraded
    )
    const host: ConnectionHost = {
      limits,
      draining: false,
      forward: (head, connection) => this.#forward(hostname, head, connection),
      requestId: head => head.requestId,
      onFailed: (_connection, error) => {
        near.destroy(asSeenOverTcp(error))
        return true
      },
      onClosed: () => undefined
    }
    const connection = new Connection(far, host)
    return near
  }

  #forward(hostname: string, head: RequestHead, connection: Connection): Exchange | Refusal {
    const { client, timeoutMs } = this.#options
    const body = head.contentLength !== 0 || head.upgrade !== null
    const upgrade = head.upgrade === null ? 0 : UPGRADE
    return client.send(
      {
        hostname,
        method: head.method,
        path: head.target,
        headers: head.block + proxiedLines(head),
        flags: NO_BODY | (body ? MORE : 0) | upgrade | (head.minor === 0 ? HTTP10 : 0),
        body: null,
        peer: null,
        timeoutMs,
        idempotent: isIdempotent(head.method) && head.upgrade === null,
        accept: null
      },
      connection
    )
  }
}

/** A handler that broke its connection off did so over TCP too; everything else is told as it is. */
function asSeenOverTcp(error: Error): Error {
  const broken = error instanceof MeshError && error.code === 'MESH_RESPONSE_ABORTED'
  return broken ? Object.assign(new Error('socket hang up', { cause: error }), { code: 'ECONNRESET' }) : error
}

/** Lines the parser took out for proxies to decide about: inside the process they pass as they are. */
function proxiedLines(head: RequestHead): string {
  return (
    head.claims +
    line('x-forwarded-for', head.forwardedFor) +
    line('x-forwarded-proto', head.forwardedProto) +
    line('x-forwarded-host', head.forwardedHost) +
    line('x-request-id', head.requestId)
  )
}

function line(name: string, value: string): string {
  return value === '' ? '' : `${name}: ${value}\r\n`
}
