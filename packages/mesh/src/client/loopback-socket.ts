/**
 * The client's end of an in-memory connection. Any thread, client side.
 *
 * A `net.Socket` without a handle that behaves as a connected one: events and their order, time-outs,
 * counters, half-closed states, back-pressure. What is destroyed here is known at the far end at once.
 */
import { Socket, type NetConnectOpts } from 'node:net'

import type { FarEnd, NearEnd } from './far-end.ts'

type Done = (error?: Error | null) => void

/** The client's end. */
export class LoopbackSocket extends Socket implements NearEnd {
  #far: FarEnd | null = null
  /** A write that waits for the connection to be open, or for the far end to have room. */
  #waiting: (() => void) | null = null
  #sent = 0
  override connecting = true
  override pending = true
  override bytesRead = 0
  override readonly remoteAddress: string = '127.0.0.1'
  override readonly remotePort: number = 80
  override readonly remoteFamily: string = 'IPv4'
  override readonly localAddress: string = '127.0.0.1'
  override readonly localPort: number = 0
  override readonly localFamily: string = 'IPv4'

  /** @param options Of `net.connect`: `allowHalfOpen`, `signal`, `highWaterMark` and `timeout` are heeded. */
  constructor(options: Partial<NetConnectOpts>) {
    const { allowHalfOpen, signal, timeout } = options
    const highWaterMark: unknown = Reflect.get(options, 'highWaterMark')
    super({
      allowHalfOpen: allowHalfOpen === true,
      ...(signal !== undefined && { signal }),
      ...(typeof highWaterMark === 'number' && { highWaterMark })
    })
    if (timeout !== undefined && timeout > 0) this.setTimeout(timeout)
    // Two ticks: whoever is given the socket in the next one can still listen for `connect`.
    process.nextTick(openInNextTick, this)
  }

  static {
    // node has it as a getter, whose type says it is a field. What waits to be written counts.
    Object.defineProperty(this.prototype, 'bytesWritten', {
      configurable: true,
      get(this: LoopbackSocket): number {
        return this.connecting ? this.writableLength : this.#sent
      }
    })
  }

  /** Gives it its other end. Once, at the start. */
  join(far: FarEnd): void {
    this.#far = far
  }

  /** Opens it for what was written meanwhile. */
  open(): void {
    if (this.destroyed) return
    this.connecting = false
    this.pending = false
    this.emit('connect')
    this.proceed()
    this.emit('ready')
  }

  /** The far end has room again. */
  proceed(): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.()
  }

  /** Takes a piece from the far end; false when the client has enough for now. */
  receive(data: string | Uint8Array, encoding: BufferEncoding): boolean {
    const bytes = typeof data === 'string' ? Buffer.from(data, encoding) : data
    this.bytesRead += bytes.byteLength
    touch(this)
    return this.push(bytes)
  }

  /** The far end sends no more; with `gone` it does not read either. */
  receiveEnd(gone: boolean): void {
    if (gone) this.#far = null
    touch(this)
    this.push(null)
    // As node does: `end` is emitted even where nobody reads; later, for one who is just about to.
    setImmediate(readOn, this)
    if (gone) this.proceed()
  }

  override address(): { address: string; family: string; port: number } {
    return { address: this.localAddress, family: this.localFamily, port: this.localPort }
  }

  /** Nothing here keeps the event loop alive: a request that is being answered does (`client/link.ts`). */
  override ref(): this {
    return this
  }

  override unref(): this {
    return this
  }

  override resetAndDestroy(): this {
    return this.destroy()
  }

  override _read(): void {
    this.#far?.onRoom()
  }

  override _write(chunk: Uint8Array | string, encoding: BufferEncoding, done: Done): void {
    this.#send([{ chunk, encoding }], done)
  }

  override _writev(pieces: Piece[], done: Done): void {
    this.#send(pieces, done)
  }

  override _final(done: Done): void {
    if (this.connecting) {
      this.#waiting = () => this._final(done)
      return
    }
    this.#far?.receiveEnd()
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    const far = this.#far
    this.#far = null
    this.pending = true
    far?.onClientClosed(this.writableFinished)
    this.#delayClose()
    super._destroy(error, done)
    this.proceed()
  }

  /** A handle takes a turn of the event loop to close: `close` comes that much later than `error`. */
  #delayClose(): void {
    const emit = this.emit.bind(this) as (event: string | symbol, ...args: unknown[]) => boolean
    this.emit = (event: string | symbol, ...args: unknown[]): boolean => {
      if (event !== 'close') return emit(event, ...args)
      setImmediate(emit, event, ...args)
      return this.listenerCount(event) > 0
    }
  }

  #send(pieces: Piece[], done: Done): void {
    if (this.connecting) {
      this.#waiting = () => this.#send(pieces, done)
      return
    }
    const far = this.#far
    if (far === null) {
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE', errno: -32, syscall: 'write' }))
      return
    }
    touch(this)
    const buffers = pieces.map(bytesOfPiece)
    for (const { byteLength } of buffers) this.#sent += byteLength
    if (far.receive(buffers) || this.#far === null) done()
    else this.#waiting = () => done(this.destroyed ? cancelled() : null)
  }
}

interface Piece {
  readonly chunk: Uint8Array | string
  readonly encoding: BufferEncoding
}

/**
 * What the client wrote, as bytes. An array that has its buffer to itself would travel as it is and be kept for
 * another try (`wire/body.ts`), when the client may long have put something else into it: it is copied here.
 */
function bytesOfPiece({ chunk, encoding }: Piece): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk, encoding)
  const { buffer, byteOffset, byteLength } = chunk
  return buffer.byteLength === byteLength ? Buffer.from(chunk) : Buffer.from(buffer, byteOffset, byteLength)
}

/** What a write is told that did not come to its end. */
function cancelled(): Error {
  return Object.assign(new Error('write ECANCELED'), { code: 'ECANCELED', errno: -125, syscall: 'write' })
}

/** Starts the time-out of a socket anew: node does so for what passes a handle. */
function touch(socket: Socket): void {
  if (socket.timeout === undefined || socket.timeout === 0) return
  const refresh = Reflect.get(socket, '_unrefTimer') as (this: Socket) => void
  refresh.call(socket)
}

function openInNextTick(socket: LoopbackSocket): void {
  process.nextTick(open, socket)
}

function open(socket: LoopbackSocket): void {
  socket.open()
}

function readOn(socket: Socket): void {
  socket.read(0)
}
