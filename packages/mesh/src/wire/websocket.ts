/**
 * Follows the bytes a server sends over a WebSocket, so that whoever passes them on can end it as WebSockets
 * are ended: with a Close frame between two of the server's frames. Any thread; pure.
 *
 * Only lengths are read (RFC 6455, section 5.2): what is in a frame, and whether it is compressed, does not
 * matter. A piece costs a few steps for each frame that begins in it. A control frame may stand between the
 * frames of one message (section 5.4).
 */
import { bytesOf } from './body.ts'
import { UTF8, type BodyField } from './frames.ts'

/** Close codes (RFC 6455, section 7.4.1, and the registry it founded). */
export const GOING_AWAY = 1001
/** The service restarts: come back, after a random wait. */
export const SERVICE_RESTART = 1012

const CLOSE = 0x8

const HEAD = 0
const OPCODE = 1
const LENGTH = 2
const EXTENSION = 3
/** The answer to the handshake was no 101: what follows is no WebSocket. */
const REFUSED = 4

const CR = 13
const LF = 10

/** One connection's bytes from the server, beginning with the answer to its handshake. */
export class WebSocketBytes {
  #step: typeof HEAD | typeof OPCODE | typeof LENGTH | typeof EXTENSION | typeof REFUSED = HEAD
  /** Position in the answer's head, and how much of the empty line that ends it has been seen. */
  #at = 0
  #status = 0
  #blank = 0
  #opcode = 0
  /** Bytes of an extended length that are still to come. */
  #extension = 0
  #masked = false
  #length = 0
  /** Bytes of the frame under way that are still to come. */
  #payload = 0
  /** The server has sent a Close frame itself: nothing follows it. */
  #closed = false
  #farewell: Buffer | null = null
  #left = false

  /** Whether the Close frame of {@link leave} has been given out: nothing of the server follows. */
  get left(): boolean {
    return this.#left
  }

  /**
   * Takes a piece from the server.
   *
   * @returns what to pass on in its place, `null` for the piece as it is.
   */
  follow(kind: number, body: BodyField): Buffer | null {
    if (this.#left) return Buffer.alloc(0)
    if (body === null) return null
    const readable = typeof body === 'string' && kind === UTF8 ? bytesOf(kind, body) : body
    const passed = this.#read(readable)
    if (this.#farewell === null || !this.#isBetween()) return null
    this.#left = true
    return Buffer.concat([bytesOf(kind, readable).subarray(0, passed), this.#farewell])
  }

  /**
   * From the end of the frame under way on, nothing of the server is passed on but a Close frame. Does
   * nothing when the server closes it by itself.
   *
   * @param reason At most 123 bytes.
   * @returns the Close frame when no frame is under way; `null` when it is to come from {@link follow}.
   */
  leave(code: number, reason: string): Buffer | null {
    if (this.#farewell !== null || this.#closed) return null
    this.#farewell = closeFrame(code, reason)
    if (!this.#isBetween()) return null
    this.#left = true
    return this.#farewell
  }

  #isBetween(): boolean {
    return this.#step === OPCODE && this.#payload === 0 && !this.#closed
  }

  /** Reads a piece, or what of it comes before a Close frame of ours; returns how much that is. */
  #read(body: string | Uint8Array): number {
    const size = body.length
    let at = 0
    while (at < size && !(this.#farewell !== null && this.#isBetween())) {
      if (this.#step === REFUSED) return size
      if (this.#payload > 0) {
        const passed = Math.min(this.#payload, size - at)
        this.#payload -= passed
        at += passed
      } else {
        this.#take(typeof body === 'string' ? body.charCodeAt(at) : (body[at] ?? 0))
        at++
      }
    }
    return at
  }

  #take(byte: number): void {
    switch (this.#step) {
      case HEAD:
        this.#takeHead(byte)
        break
      case OPCODE:
        this.#opcode = byte & 0x0f
        this.#step = LENGTH
        break
      case LENGTH:
        this.#takeLength(byte)
        break
      default:
        this.#length = this.#length * 256 + byte
        if (--this.#extension === 0) this.#beginPayload()
    }
  }

  /** The digits of the status are bytes 9 to 11: `HTTP/1.1 101`. */
  #takeHead(byte: number): void {
    const at = this.#at++
    if (at >= 9 && at <= 11) this.#status = this.#status * 10 + byte - 48
    if (byte === CR) this.#blank = this.#blank === 2 ? 3 : 1
    else if (byte === LF && (this.#blank === 1 || this.#blank === 3)) this.#blank++
    else this.#blank = 0
    if (this.#blank < 4) return
    if (this.#status === 101) this.#step = OPCODE
    // Informational: another head follows.
    else if (this.#status < 200) this.#at = this.#status = this.#blank = 0
    else this.#step = REFUSED
  }

  #takeLength(byte: number): void {
    const length = byte & 0x7f
    // No server masks its frames; one that did would be four bytes off.
    this.#masked = (byte & 0x80) !== 0
    this.#length = length < 126 ? length : 0
    this.#extension = length < 126 ? 0 : length === 126 ? 2 : 8
    if (this.#extension === 0) this.#beginPayload()
    else this.#step = EXTENSION
  }

  #beginPayload(): void {
    this.#payload = this.#length + (this.#masked ? 4 : 0)
    this.#closed ||= this.#opcode === CLOSE
    this.#step = OPCODE
  }
}

/** A Close frame of a server. */
function closeFrame(code: number, reason: string): Buffer {
  const text = Buffer.from(reason)
  return Buffer.concat([Buffer.from([0x80 | CLOSE, text.byteLength + 2, code >> 8, code & 0xff]), text])
}
