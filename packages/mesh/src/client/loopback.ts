/**
 * In-memory connections for HTTP clients that know only TCP. Any thread, client side.
 *
 * The client gets one end of a pair of sockets without handles; the other end is an HTTP/1 connection
 * whose requests go to the application the client connected to. Upgrades pass through as bytes.
 */
import { Socket } from 'node:net'

import { Connection, type ConnectionHost } from '../http1/connection.ts'
import type { Refusal, RequestHead } from '../http1/request-head.ts'
import type { ConnectionLimits } from '../http1/time-limits.ts'
import { HTTP10, MORE, NO_BODY, UPGRADE } from '../wire/frames.ts'
import type { MeshClient } from './client.ts'
import type { Exchange } from './exchange.ts'
import { isIdempotent } from './retry.ts'

/** A caller inside the process is not held to the limits of strangers. */
const limits: ConnectionLimits = {
  maxHeaderSize: 256 * 1024,
  maxHeadersCount: 2000,
  maxUrlSize: 128 * 1024,
  maxBodySize: Number.MAX_SAFE_INTEGER,
  headersTimeout: 0,
  requestTimeout: 0,
  keepAliveTimeout: 0,
  clientTimeout: 0,
  tunnelTimeout: 0,
  maxRequestsPerSocket: 0
}

/** Opens connections into the mesh. */
export class LoopbackConnections {
  readonly #client: MeshClient
  readonly #timeoutMs: number

  constructor(options: { client: MeshClient; timeoutMs: number }) {
    this.#client = options.client
    this.#timeoutMs = options.timeoutMs
  }

  /** A connected socket to an application; `connect` is emitted in a later turn, as on any socket. */
  open(hostname: string, onConnect?: () => void): Socket {
    const near = new LoopbackSocket()
    const far = new LoopbackSocket()
    near.join(far)
    far.join(near)
    const host: ConnectionHost = {
      limits,
      draining: false,
      forward: (head, connection) => this.#forward(hostname, head, connection),
      requestId: head => head.requestId,
      onClosed: () => near.destroy()
    }
    const connection = new Connection(far, host)
    far.on('data', (chunk: Buffer) => connection.receive(chunk))
    if (onConnect !== undefined) near.once('connect', onConnect)
    process.nextTick(() => {
      if (!near.destroyed) near.becomeConnected()
    })
    return near
  }

  #forward(hostname: string, head: RequestHead, connection: Connection): Exchange | Refusal {
    const body = head.contentLength !== 0 || head.upgrade !== null
    const upgrade = head.upgrade === null ? 0 : UPGRADE
    return this.#client.send(
      {
        hostname,
        method: head.method,
        path: head.target,
        headers: head.block + proxiedLines(head),
        flags: NO_BODY | (body ? MORE : 0) | upgrade | (head.minor === 0 ? HTTP10 : 0),
        body: null,
        peer: null,
        timeoutMs: this.#timeoutMs,
        idempotent: isIdempotent(head.method) && head.upgrade === null,
        accept: null
      },
      connection
    )
  }
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

/** One end of an in-memory connection: what is written here is read there. */
class LoopbackSocket extends Socket {
  #other: LoopbackSocket | null = null
  #proceed: (() => void) | null = null
  override readonly remoteAddress: string = '127.0.0.1'
  override readonly remotePort: number = 80
  override readonly remoteFamily: string = 'IPv4'
  override readonly localAddress: string = '127.0.0.1'
  override readonly localPort: number = 0
  override readonly connecting: boolean = false
  override readonly pending: boolean = false

  constructor() {
    super({ allowHalfOpen: true })
  }

  join(other: LoopbackSocket): void {
    this.#other = other
  }

  becomeConnected(): void {
    this.emit('connect')
    this.emit('ready')
  }

  override _read(): void {
    const proceed = this.#other?.takeProceed()
    proceed?.()
  }

  takeProceed(): (() => void) | null {
    const proceed = this.#proceed
    this.#proceed = null
    return proceed
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: () => void): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
    if (this.#other === null || this.#other.destroyed) done()
    else if (this.#other.push(bytes)) process.nextTick(done)
    else this.#proceed = done
  }

  override _writev(chunks: { chunk: Buffer | string; encoding: BufferEncoding }[], done: () => void): void {
    const pieces = chunks.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
    )
    this._write(Buffer.concat(pieces), 'utf8', done)
  }

  override _final(done: () => void): void {
    this.#other?.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const other = this.#other
    this.#other = null
    this.takeProceed()?.()
    // The other end sees its connection close, after what was written has been read.
    if (other !== null && !other.destroyed) process.nextTick(() => other.closeFromOtherEnd())
    super._destroy(error, done)
  }

  closeFromOtherEnd(): void {
    if (this.destroyed) return
    if (!this.readableEnded) this.push(null)
    this.#other = null
    setImmediate(() => this.destroy())
  }
}

function line(name: string, value: string): string {
  return value === '' ? '' : `${name}: ${value}\r\n`
}
