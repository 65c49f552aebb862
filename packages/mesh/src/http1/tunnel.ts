/**
 * An upgraded connection on its way to the client: passes bytes on, and ends a WebSocket as WebSockets are
 * ended when it has to go. Any thread that holds a connection.
 */
import { BYTES, type BodyField } from '../wire/frames.ts'
import { WebSocketBytes } from '../wire/websocket.ts'
import type { ResponseWriter } from './response-writer.ts'

/**
 * How long a client may take to answer a Close frame, and its application to end the connection then, in
 * milliseconds. Then it is cut: the client knows the code already.
 */
const CLOSING_MS = 2000

/** The bytes towards the client of an upgraded connection. */
export class Tunnel {
  readonly #writer: ResponseWriter
  /** `null` for protocols nothing is known of. */
  readonly #webSocket: WebSocketBytes | null
  #leftMs: number | null = null

  /** @param protocol As the request named it. */
  constructor(writer: ResponseWriter, protocol: string) {
    this.#writer = writer
    this.#webSocket = protocol.toLowerCase() === 'websocket' ? new WebSocketBytes() : null
  }

  /** Passes a piece on; false when the socket has enough for now. What comes after a Close frame is dropped. */
  pass(flags: number, body: BodyField): boolean {
    const instead = this.#webSocket?.follow(flags, body) ?? null
    if (instead === null) return this.#writer.writeRaw(flags, body)
    if (this.#webSocket?.left === true) this.#leftMs ??= performance.now()
    return instead.byteLength === 0 || this.#writer.writeRaw(BYTES, instead)
  }

  /**
   * Sends a Close frame as soon as the frame under way is complete. Other protocols than WebSocket go on.
   *
   * @returns whether it has such a word.
   */
  leave(code: number, reason: string): boolean {
    if (this.#webSocket === null) return false
    const frame = this.#webSocket.leave(code, reason)
    if (frame === null) return true
    this.#leftMs = performance.now()
    this.#writer.writeRaw(BYTES, frame)
    return true
  }

  /** Whether a client was told to close, and has had the time to. */
  isLate(nowMs: number): boolean {
    return this.#leftMs !== null && nowMs - this.#leftMs > CLOSING_MS
  }
}
