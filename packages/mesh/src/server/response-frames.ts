/**
 * Turns what node's ServerResponse writes to its socket into frames. Any thread, server side.
 *
 * A response that is complete before its batch leaves is a single frame: the head's place in the batch
 * is remembered, and the body and the end are put into it.
 */
import { fieldOf, kindOf, sizeOf } from '../wire/body.ts'
import type { FramePort } from '../wire/frame-port.ts'
import {
  ABORT,
  BODY_MASK,
  DATA,
  END,
  HEAD,
  INFO,
  LATIN1,
  MORE,
  NO_BODY,
  UTF8,
  WINDOW,
  type BodyField
} from '../wire/frames.ts'
import type { MeshResponse } from './http-objects.ts'
import { RawResponse, type RawReceiver } from './raw-response.ts'

/** Fields of a HEAD frame, counted from its opcode. */
const FLAGS = 2
const BODY = 6

/** node writes the framing it chose as the last line of the head. */
const chunkedLine = 'Transfer-Encoding: chunked\r\n'

/** The frames of one response. */
export class ResponseFrames implements RawReceiver {
  readonly #port: FramePort
  readonly #id: number
  /** The batch the head is in, as long as it is known not to have left. */
  #batch: unknown[] | null = null
  /** Pieces follow the head in frames of their own. */
  #split = false
  #at = 0
  #headSent = false
  /** Reads what the application writes past its response object, once it does. */
  raw: RawResponse | null = null
  /** Body bytes the receiver still has room for. What travels with a head is not counted: nobody gives credit for it. */
  window: number = WINDOW

  constructor(port: FramePort, id: number) {
    this.#port = port
    this.#id = id
  }

  /** Takes what the response wrote; false when the receiver has enough for now. */
  write(response: MeshResponse, data: string | Uint8Array, encoding: BufferEncoding | null): boolean {
    const header = response._header
    if (header === null || this.raw !== null) return this.#writeRaw(response, data, encoding)
    if (this.#headSent) return this.#body(data, encoding)
    this.#headSent = true
    const message: unknown = response.statusMessage
    const block = header.slice(header.indexOf('\r\n') + 2, -2)
    const joined = typeof data === 'string' && data.length > header.length
    const kind = joined ? (encoding === 'latin1' ? LATIN1 : UTF8) : NO_BODY
    const { batch } = this.#port
    this.#batch = batch
    this.#at = batch.length
    batch.push(
      HEAD,
      this.#id,
      kind | MORE,
      response.statusCode,
      // Whatever the application put there, as node does when it writes the line to a socket.
      String(message),
      block.endsWith(chunkedLine) ? block.slice(0, -chunkedLine.length) : block,
      joined ? data.slice(header.length) : null
    )
    this.#port.schedule()
    return true
  }

  /** The response is complete. */
  end(trailers: string): void {
    const batch = this.#batch
    this.#batch = null
    if (trailers === '' && !this.#split && batch !== null && batch === this.#port.batch) {
      batch[this.#at + FLAGS] = (batch[this.#at + FLAGS] as number) & ~MORE
      return
    }
    this.#port.batch.push(END, this.#id, trailers)
    this.#port.schedule()
  }

  /**
   * Puts a failure in the place of a head that has not left: over TCP, what a connection still held back when it
   * was destroyed is never sent. False when the head is out, or there is none.
   */
  recall(reason: string): boolean {
    const batch = this.#batch
    this.#batch = null
    if (batch === null || batch !== this.#port.batch) return false
    // As long as a head's frame. What follows a failure finds no exchange any more, and is passed over.
    const frames = [ABORT, this.#id, reason, INFO, this.#id, 100, '']
    for (const [offset, field] of frames.entries()) batch[this.#at + offset] = field
    return true
  }

  /** Sends a piece of a body, or of a tunnel. */
  data(kind: number, field: BodyField): boolean {
    this.#split = true
    if (this.#batch !== this.#port.batch) this.#batch = null
    this.#port.batch.push(DATA, this.#id, kind, field)
    this.#port.schedule()
    this.window -= sizeOf(kind, field)
    return this.window > 0
  }

  onInformation(status: number, block: string): void {
    this.#port.batch.push(INFO, this.#id, status, block)
    this.#port.schedule()
  }

  onHead(status: number, message: string, block: string): void {
    this.#headSent = true
    this.#port.batch.push(HEAD, this.#id, NO_BODY | MORE, status, message, block, null)
    this.#port.schedule()
  }

  onBody(bytes: string): void {
    this.data(LATIN1, bytes)
  }

  onEnd(trailers: string): void {
    this.end(trailers)
  }

  /** Bytes without a head: node writes an informational response like that, applications anything. */
  #writeRaw(response: MeshResponse, data: string | Uint8Array, encoding: BufferEncoding | null): boolean {
    this.raw ??= new RawResponse(this, response.req.method === 'HEAD')
    this.raw.push(
      typeof data === 'string' ? Buffer.from(data, encoding ?? 'utf8').toString('latin1') : latin1(data)
    )
    if (this.raw.fresh) this.raw = null
    return this.window > 0
  }

  #body(data: string | Uint8Array, encoding: BufferEncoding | null): boolean {
    if (data.length === 0) return this.window > 0
    if (typeof data !== 'string') return this.#piece(kindOf(data), fieldOf(data))
    switch (encoding) {
      case null:
      case 'utf8':
      case 'utf-8':
        return this.#piece(UTF8, data)
      case 'latin1':
        return this.#piece(LATIN1, data)
      default: {
        const bytes = Buffer.from(data, encoding)
        return this.#piece(kindOf(bytes), fieldOf(bytes))
      }
    }
  }

  /** The first piece goes into the head's frame if that has not left and holds none yet. */
  #piece(kind: number, field: BodyField): boolean {
    const batch = this.#batch
    if (this.#split || batch === null || batch !== this.#port.batch) return this.data(kind, field)
    const flags = batch[this.#at + FLAGS] as number
    if ((flags & BODY_MASK) !== NO_BODY) return this.data(kind, field)
    batch[this.#at + FLAGS] = flags | kind
    batch[this.#at + BODY] = field
    return true
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
