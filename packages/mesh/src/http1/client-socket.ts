/**
 * What a connection needs of the byte stream to its client. Any thread; pure.
 *
 * A `net.Socket` is one; `client/far-end.ts` has another, without the machinery of streams.
 */

/** The byte stream between a connection and its client. */
export interface ClientSocket {
  readonly destroyed: boolean
  /** Bytes written that the client has not taken. */
  readonly writableLength: number
  /** Whether `drain` will be emitted. */
  readonly writableNeedDrain: boolean
  /** False when the client has enough for now: wait for `drain`. */
  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean
  /** Keeps what is written back until {@link uncork}, to send it together. */
  cork(): void
  uncork(): void
  /** Reads no more until {@link resume}. */
  pause(): unknown
  resume(): unknown
  isPaused(): boolean
  /** Closes this side, after what was written. */
  end(): unknown
  /** Closes both sides at once. */
  destroy(): unknown
  /** Closes both sides so that the client sees it was no end. Throws where that cannot be said: on pipes. */
  resetAndDestroy?(): unknown
  /**
   * `drain`: there is room again; `end`: the client has closed its side; `finish`: this side is closed, and all
   * that was written is with the system; `close`: both sides are closed.
   */
  on(event: 'drain' | 'end' | 'error' | 'finish' | 'close', listener: () => void): unknown
}

/** Closes both sides so that the client sees it was no end, where that can be said. */
export function reset(socket: ClientSocket): void {
  try {
    if (socket.resetAndDestroy === undefined) socket.destroy()
    else socket.resetAndDestroy()
  } catch {
    socket.destroy()
  }
}

/** Bytes handed to the socket that the kernel has not taken: the stream's, and those of a write under way. */
export function queuedBytes(socket: ClientSocket): number {
  const handle: unknown = Reflect.get(socket, '_handle')
  const size: unknown =
    typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'writeQueueSize') : 0
  return socket.writableLength + (typeof size === 'number' ? size : 0)
}
