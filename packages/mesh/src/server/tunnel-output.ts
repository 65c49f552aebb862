/**
 * What an application sends over an upgraded connection, and the Close frame a WebSocket is ended with when
 * its worker is replaced. Any thread, server side.
 */
import { fieldOf, kindOf } from '../wire/body.ts'
import { BYTES, WINDOW } from '../wire/frames.ts'
import { SERVICE_RESTART, WebSocketBytes } from '../wire/websocket.ts'
import type { ResponseFrames } from './response-frames.ts'

/** How long a client may take to answer a Close frame, in milliseconds. */
const CLOSING_MS = 2000

/** The application's side of one upgraded connection. */
export class TunnelOutput {
  readonly #frames: ResponseFrames
  /** `null` for connections nobody here ends: of other protocols, or ended by the edge they come through. */
  readonly #webSocket: WebSocketBytes | null
  #waiting: (() => void) | null = null
  /** When the Close frame was due. */
  #leftMs: number | null = null

  constructor(frames: ResponseFrames, isWebSocket: boolean) {
    this.#frames = frames
    this.#webSocket = isWebSocket ? new WebSocketBytes() : null
  }

  /** Whether it can be ended in good order, and nobody has begun to. */
  get canLeave(): boolean {
    return this.#webSocket !== null && this.#leftMs === null
  }

  /** Sends a piece. `done` is called when the other side has room for more. */
  write(chunk: Uint8Array, done: () => void): void {
    const passed = this.#webSocket?.follow(BYTES, chunk) ?? chunk
    this.#send(passed)
    if (this.#frames.window > 0) done()
    else this.#waiting = done
  }

  /** The other side has room again. */
  proceed(): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.()
  }

  /** Nobody waits any more. */
  close(): void {
    this.#waiting = null
  }

  /** Sends a Close frame as soon as the frame under way is complete. */
  leave(nowMs: number): void {
    this.#leftMs = nowMs
    const frame = this.#webSocket?.leave(SERVICE_RESTART, 'service restart') ?? null
    if (frame !== null) this.#send(frame)
  }

  /** Whether it was to leave, and has had the time to. */
  isLate(nowMs: number): boolean {
    return this.#leftMs !== null && nowMs - this.#leftMs > CLOSING_MS
  }

  #send(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength; at += WINDOW) {
      const piece = bytes.subarray(at, at + WINDOW)
      this.#frames.data(kindOf(piece), fieldOf(piece))
    }
  }
}
