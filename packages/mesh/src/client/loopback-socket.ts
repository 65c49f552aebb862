/**
 * The two ends of an in-memory connection. Any thread, client side.
 *
 * The client's end is a `net.Socket` without a handle, and behaves as a connected one: events and their
 * order, time-outs, counters, half-closed states. The far end is no stream at all: its connection takes
 * each piece in the call that wrote it, and what it writes is read in the call that wrote that. Both
 * directions have back-pressure. What is destroyed here is known there at once.
 */
import { EventEmitter } from 'node:events'
import { Socket, type NetConnectOpts } from 'node:net'

import type { ClientSocket } from '../http1/client-socket.ts'

type Done = (error?: Error | null) => void

/** Pieces written together up to so many bytes are joined; beyond, copying costs more than a read more. */
const JOIN_MAX = 4096

/** The client's end. */
export class LoopbackSocket extends Socket {
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
    this.#waiting = null
    this.pending = true
    far?.onClientClosed(this.writableFinished)
    this.#delayClose()
    super._destroy(error, done)
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
    else this.#waiting = done
  }
}

/** The end a connection of `http1/` holds. Made with the client's end. */
export class FarEnd extends EventEmitter implements ClientSocket {
  #near: LoopbackSocket | null
  readonly #onData: (chunk: Buffer) => void
  readonly #outlivesClient: () => boolean
  destroyed = false
  writableNeedDrain = false
  #paused = false
  #receiving = false
  /** Pieces the client wrote that are not taken yet. */
  #inbox: Buffer[] = []
  /** What is written while corked, or during a call of the client's. */
  #outbox: { data: string | Uint8Array; encoding: BufferEncoding }[] = []
  #corked = false
  #ended = false
  #endSent = false
  #clientEnded = false
  #endTold = false

  /**
   * @param onData Takes each piece. It belongs to the taker.
   * @param outlivesClient Whether a client that has closed its side and then gone is told apart only by
   *   writing to it, as over TCP. Otherwise its going is known at once.
   */
  constructor(near: LoopbackSocket, onData: (chunk: Buffer) => void, outlivesClient: () => boolean) {
    super()
    this.#near = near
    this.#onData = onData
    this.#outlivesClient = outlivesClient
    near.join(this)
  }

  get writableLength(): number {
    return this.writableNeedDrain ? (this.#near?.readableLength ?? 0) : 0
  }

  write(data: string | Uint8Array, encoding: BufferEncoding = 'utf8'): boolean {
    if (this.#corked || this.#receiving || this.#outbox.length > 0) {
      this.#outbox.push({ data, encoding })
      return !this.writableNeedDrain
    }
    return this.#deliver(data, encoding)
  }

  cork(): void {
    this.#corked = true
  }

  uncork(): void {
    this.#corked = false
    if (!this.#receiving) this.#flush()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    // The taker is not called from inside its own call.
    if (this.#receiving) process.nextTick(pump, this)
    else this.pump()
  }

  isPaused(): boolean {
    return this.#paused
  }

  end(): void {
    if (this.#ended || this.destroyed) return
    this.#ended = true
    if (!this.#receiving) this.sendLate()
  }

  destroy(): void {
    if (this.destroyed) return
    if (!this.#receiving) this.#flush()
    this.#close()
    this.#near?.receiveEnd(true)
  }

  /** Takes pieces from the client; false when it has to wait for `proceed`. */
  receive(pieces: Buffer[]): boolean {
    if (this.#paused || this.#inbox.length > 0) this.#inbox.push(...pieces)
    else this.#take(pieces)
    return !this.#paused && this.#inbox.length === 0
  }

  /** The client has closed its side. */
  receiveEnd(): void {
    this.#clientEnded = true
    if (!this.#paused && this.#inbox.length === 0) this.#tellEnd()
  }

  /** The client has room again. */
  onRoom(): void {
    if (!this.writableNeedDrain) return
    this.writableNeedDrain = false
    process.nextTick(emitDrain, this)
  }

  /** Both of the client's sides are closed. */
  onClientClosed(orderly: boolean): void {
    this.#near = null
    this.writableNeedDrain = false
    if (orderly && !this.#ended && this.#outlivesClient()) return
    this.#close()
  }

  /** Goes on with what waited while it was paused. */
  pump(): void {
    if (this.#paused || this.destroyed) return
    const pieces = this.#inbox
    this.#inbox = []
    this.#take(pieces)
    if (this.#paused || this.#inbox.length > 0) return
    this.#near?.proceed()
    if (this.#clientEnded) this.#tellEnd()
  }

  /** Sends what could not be sent at once: what was written during a call of the client's, and the end. */
  sendLate(): void {
    if (this.destroyed) return
    this.#flush()
    if (!this.#ended || this.#endSent) return
    this.#endSent = true
    this.#near?.receiveEnd(false)
    if (this.#endTold) this.#close()
  }

  #take(pieces: Buffer[]): void {
    this.#receiving = true
    for (const piece of pieces) {
      if (this.#paused) this.#inbox.push(piece)
      else if (!this.destroyed) this.#onData(piece)
    }
    this.#receiving = false
    // An answer must not come before the write that asked for it has returned.
    if (this.#outbox.length > 0 || this.#ended !== this.#endSent) process.nextTick(sendLate, this)
  }

  #flush(): void {
    const outbox = this.#outbox
    if (outbox.length === 0) return
    this.#outbox = []
    let size = 0
    for (const { data } of outbox) size += data.length
    if (size > JOIN_MAX) for (const { data, encoding } of outbox) this.#deliver(data, encoding)
    else this.#deliver(Buffer.concat(outbox.map(({ data, encoding }) => asBytes(data, encoding))), 'utf8')
  }

  #deliver(data: string | Uint8Array, encoding: BufferEncoding): boolean {
    const near = this.#near
    if (this.destroyed) return true
    if (near === null) {
      // The client is gone: writing is how that is found out.
      this.#close()
      return true
    }
    if (!near.receive(data, encoding)) this.writableNeedDrain = true
    return !this.writableNeedDrain
  }

  #tellEnd(): void {
    if (this.#endTold || this.destroyed) return
    this.#endTold = true
    this.emit('end')
    if (this.#endSent) this.#close()
  }

  #close(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.#inbox = []
    this.#outbox = []
    this.emit('close')
  }
}

interface Piece {
  readonly chunk: Uint8Array | string
  readonly encoding: BufferEncoding
}

/**
 * What the client wrote, as bytes of our own: they may be sent again when the client has long written
 * something else to its buffer.
 */
function bytesOfPiece({ chunk, encoding }: Piece): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk)
}

function asBytes(data: string | Uint8Array, encoding: BufferEncoding): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data, encoding) : data
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

function pump(far: FarEnd): void {
  far.pump()
}

function sendLate(far: FarEnd): void {
  far.sendLate()
}

function emitDrain(far: FarEnd): void {
  if (!far.destroyed) far.emit('drain')
}
