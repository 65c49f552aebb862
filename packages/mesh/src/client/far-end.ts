/**
 * The far end of an in-memory connection, where the mesh is. Any thread, client side.
 *
 * No stream at all: its connection takes each piece in the call that wrote it, and what that writes is read
 * in the call that wrote it. Only what a connection writes during a call of the client's waits for the next
 * tick: an answer never comes before the write that asked for it has returned.
 */
import { EventEmitter } from 'node:events'

import type { ClientSocket } from '../http1/client-socket.ts'

/** Pieces written together up to so many bytes are joined; beyond, copying costs more than one read more. */
const JOIN_MAX = 4096

/** What the far end needs of the client's. */
export interface NearEnd {
  /** Bytes the client has not read. */
  readonly readableLength: number
  join(far: FarEnd): void
  /** Takes a piece; false when the client has enough for now. */
  receive(data: string | Uint8Array, encoding: BufferEncoding): boolean
  /** Nothing more is sent; with `gone` nothing is read either. */
  receiveEnd(gone: boolean): void
  /** There is room again. */
  proceed(): void
}

/** The end a connection of `http1/` holds. */
export class FarEnd extends EventEmitter implements ClientSocket {
  #near: NearEnd | null
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
  constructor(near: NearEnd, onData: (chunk: Buffer) => void, outlivesClient: () => boolean) {
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

function asBytes(data: string | Uint8Array, encoding: BufferEncoding): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data, encoding) : data
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
