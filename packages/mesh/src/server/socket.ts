/**
 * Plays the connection of one request towards the application. Any thread, server side.
 *
 * A real `net.Socket` without a handle: what handlers, frameworks and node's own ServerResponse do with
 * a socket works as ever. In HTTP mode node's response writes its bytes to it and the invocation takes
 * them before they are buffered; after an upgrade it is a plain byte stream.
 */
import { Socket } from 'node:net'

/** What the socket tells the invocation it belongs to. */
export interface SocketOwner {
  /** The response wrote something: a head, a piece of the body. HTTP mode only. */
  onResponseBytes(data: string | Uint8Array, encoding: BufferEncoding | null): boolean
  /** Raw bytes after an upgrade. `done` is called when the other side has room for more. */
  onTunnelBytes(chunk: Uint8Array, done: (error?: Error | null) => void): void
  /** The application, or node on its behalf, wants to read on. */
  onResume(): void
  /** The application has ended its side of the tunnel. */
  onTunnelEnd(): void
  /** Nothing has happened for as long as somebody set (`setTimeout`, `server.timeout`). */
  onTimeout(): void
  /** The socket is destroyed, by the application or because the peer is gone. */
  onDestroyed(error: Error | null): void
  /** `close` is being emitted. */
  onClosed(): void
}

/** What node's types do not show of its sockets. */
interface Timed {
  _unrefTimer(): void
}

type WriteCallback = (error?: Error | null) => void

/** Stands for the owner of a socket at rest. */
const nobody: SocketOwner = {
  onResponseBytes: () => true,
  onTunnelBytes: (_chunk, done) => done(),
  onResume: () => {},
  onTunnelEnd: () => {},
  onTimeout: () => {},
  onDestroyed: () => {},
  onClosed: () => {}
}

/** The server's end of a request's connection. */
export class MeshSocket extends Socket {
  #owner: SocketOwner
  #tunnel = false
  /** The peer it was made for, as the frame said. */
  readonly peer: string | null
  override readonly remoteAddress: string | undefined
  override readonly remotePort: number | undefined
  override readonly remoteFamily: string | undefined
  override readonly localAddress: string
  override readonly localPort: number = 0
  /** As on a TLS socket: whether the public client spoke TLS. Frameworks read it for `req.protocol`. */
  readonly encrypted: boolean
  /** node's `_http_server` keeps these two on its sockets and its prototypes read them. */
  readonly _paused = false
  readonly parser = null

  constructor(owner: SocketOwner, peer: string | null) {
    super({ allowHalfOpen: true })
    this.#owner = owner
    this.peer = peer
    const [address = '127.0.0.1', port = '0', secure = '0'] = peer === null ? [] : peer.split(' ')
    const sixth = address.includes(':')
    // A client that came through a pipe has no address.
    const known = address !== ''
    this.remoteAddress = known ? address : undefined
    this.remotePort = known ? Number(port) : undefined
    this.remoteFamily = !known ? undefined : sixth ? 'IPv6' : 'IPv4'
    this.localAddress = sixth ? '::1' : '127.0.0.1'
    this.encrypted = secure === '1'
    // node's http server listens for errors too, so that a broken connection is no uncaught error.
    this.on('error', ignore)
    this.on('close', () => this.#owner.onClosed())
    this.on('timeout', () => this.#owner.onTimeout())
  }

  /** Goes into service for another request. */
  serve(owner: SocketOwner): void {
    this.#owner = owner
  }

  /** Its request is over; false when it cannot serve another. */
  rest(): boolean {
    if (this.destroyed || this.#tunnel || this.writableEnded) return false
    // A response that has ended but not announced it yet still sits on the socket.
    if (Reflect.get(this, '_httpMessage') !== null) return false
    if (this.timeout !== undefined && this.timeout > 0) this.setTimeout(0)
    this.#owner = nobody
    return true
  }

  override address(): { address: string; family: string; port: number } {
    return { address: this.localAddress, family: this.remoteFamily ?? 'IPv4', port: this.localPort }
  }

  /** Something has come or gone: a time-out, if one is set, counts from now. */
  active(): void {
    // node's own, which nothing calls where there is no handle.
    if (this.timeout !== undefined && this.timeout > 0) (this as unknown as Timed)._unrefTimer()
  }

  /** From here on bytes pass as they are, both ways. */
  becomeTunnel(): void {
    this.#tunnel = true
  }

  /** The client's side of the tunnel has ended. As node does, `end` is emitted even where nobody reads. */
  endFromPeer(): void {
    this.push(null)
    setImmediate(() => this.read(0))
  }

  /** The client is gone. Over TCP the end of its bytes is seen before the connection is closed. */
  closeFromPeer(): void {
    if (!this.destroyed && !this.readableEnded) this.push(null)
    setImmediate(() => this.destroy())
  }

  override write(
    data: string | Uint8Array,
    encodingOrCallback?: BufferEncoding | WriteCallback | null,
    callback?: WriteCallback | null
  ): boolean {
    const encoding = typeof encodingOrCallback === 'string' ? encodingOrCallback : null
    const done = typeof encodingOrCallback === 'function' ? encodingOrCallback : callback
    if (this.#tunnel || this.destroyed) return super.write(data, encoding ?? 'utf8', done ?? undefined)
    this.active()
    const more = this.#owner.onResponseBytes(data, encoding)
    if (typeof done === 'function') process.nextTick(done)
    return more
  }

  override resume(): this {
    if (this.#tunnel) return super.resume()
    this.#owner.onResume()
    return this
  }

  override pause(): this {
    return this.#tunnel ? super.pause() : this
  }

  override _read(): void {
    this.#owner.onResume()
  }

  /** Comes to bytes of a tunnel, and to those of `end(bytes)`, which does not go through `write`. */
  override _write(chunk: Uint8Array | string, encoding: BufferEncoding, done: WriteCallback): void {
    if (!this.#tunnel) {
      this.#owner.onResponseBytes(chunk, encoding)
      done()
      return
    }
    this.#owner.onTunnelBytes(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk, done)
  }

  override _writev(chunks: { chunk: Uint8Array; encoding: BufferEncoding }[], done: WriteCallback): void {
    const pieces = chunks.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
    )
    this.#owner.onTunnelBytes(Buffer.concat(pieces), done)
  }

  override _final(done: WriteCallback): void {
    if (this.#tunnel) this.#owner.onTunnelEnd()
    // An HTTP handler that ends its socket wants the connection gone.
    else process.nextTick(() => this.destroy())
    done()
  }

  override _destroy(error: Error | null, done: WriteCallback): void {
    this.#owner.onDestroyed(error)
    super._destroy(error, done)
  }
}

function ignore(): void {
  // The invocation learns of the end through onDestroyed.
}
