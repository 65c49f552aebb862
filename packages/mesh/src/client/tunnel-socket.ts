/**
 * The caller's end of an upgraded exchange. Any thread, client side.
 *
 * A real `net.Socket` without a handle, as the application's end is (`server/socket.ts`): bytes written
 * here are read there and the other way round, each side no faster than the other reads. Ends and closes
 * look as they do over TCP.
 */
import { Socket } from 'node:net'

import { fieldOf, kindOf } from '../wire/body.ts'
import type { Exchange } from './exchange.ts'
import { MeshError } from '../errors.ts'

type Done = (error?: Error | null) => void

/** An upgraded connection. */
export class TunnelSocket extends Socket {
  readonly #exchange: Exchange
  /** Bytes received that nobody has read. */
  #unread = 0
  #proceed: Done | null = null
  override readonly remoteAddress: string = '127.0.0.1'
  override readonly remotePort: number = 80
  override readonly remoteFamily: string = 'IPv4'
  override readonly localAddress: string = '127.0.0.1'
  override readonly localPort: number = 0
  override readonly localFamily: string = 'IPv4'
  override readonly connecting: boolean = false
  override readonly pending: boolean = false

  constructor(exchange: Exchange) {
    super({ allowHalfOpen: false })
    this.#exchange = exchange
  }

  override address(): { address: string; family: string; port: number } {
    return { address: this.localAddress, family: this.localFamily, port: this.localPort }
  }

  /** Bytes from the other side. */
  receive(bytes: Buffer): void {
    if (this.destroyed || this.readableEnded) return
    stir(this)
    this.#unread += bytes.byteLength
    if (this.push(bytes)) this.#acknowledge()
  }

  /** The other side has ended. */
  receiveEnd(): void {
    if (!this.destroyed) this.push(null)
  }

  /** The exchange is over. An application that destroyed its socket is seen to end, as over TCP; one that is lost resets the connection. */
  lose(error: Error): void {
    this.#release()
    if (error instanceof MeshError && error.code === 'MESH_RESPONSE_ABORTED') this.receiveEnd()
    else this.destroy(Object.assign(new Error('read ECONNRESET', { cause: error }), { code: 'ECONNRESET' }))
  }

  /** The other side reads on. */
  onWritable(): void {
    this.#release()
  }

  override _read(): void {
    this.#acknowledge()
  }

  override _write(chunk: Uint8Array | string, encoding: BufferEncoding, done: Done): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
    stir(this)
    // `done` waits for the batch to leave: until then the bytes are still the caller's.
    if (this.#exchange.write(kindOf(bytes), fieldOf(bytes))) process.nextTick(done)
    else this.#proceed = done
  }

  override _writev(chunks: { chunk: Uint8Array | string; encoding: BufferEncoding }[], done: Done): void {
    const pieces = chunks.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
    )
    this._write(Buffer.concat(pieces), 'utf8', done)
  }

  override _final(done: Done): void {
    this.#exchange.end()
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#exchange.abort(error?.message ?? 'the client destroyed the connection')
    this.#release()
    this.setTimeout(0)
    done(error)
    // node's own says whether there was an error only for sockets with a handle.
    process.nextTick(emitClose, this, error !== null)
  }

  #acknowledge(): void {
    if (this.#unread === 0) return
    this.#exchange.consumed(this.#unread)
    this.#unread = 0
  }

  #release(): void {
    const done = this.#proceed
    this.#proceed = null
    done?.()
  }
}

/** Something happened on the connection: `setTimeout` begins anew. */
function stir(socket: Socket): void {
  const unrefTimer: unknown = Reflect.get(socket, '_unrefTimer')
  if (typeof unrefTimer === 'function') unrefTimer.call(socket)
}

function emitClose(socket: Socket, hadError: boolean): void {
  socket.emit('close', hadError)
}
