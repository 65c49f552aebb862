/**
 * The upgraded connections clients have to a worker itself, and the way out of those that are WebSockets while it
 * drains: each is sent a Close frame between two frames of the application, one after another over the time there
 * is (`shared/farewell.ts`).
 *
 * Runs in worker threads, in direct and handoff mode. What speaks another protocol goes on until the worker ends.
 */
import type { Socket } from 'node:net'

import { BYTES, SERVICE_RESTART, WebSocketBytes } from '@heddle/mesh/internal'

import { dueBy, spreadOf } from '../shared/farewell.ts'

/** How often it is looked who is due, in milliseconds. */
const lookMs = 50

/** Milliseconds a client may take to answer a Close frame. */
const closingMs = 2000

type Write = (
  chunk: string | Uint8Array,
  encoding?: BufferEncoding | (() => void),
  done?: () => void
) => boolean

/** All WebSockets of one worker. */
export class Tunnels {
  /** What ends each, in the order in which they came. */
  readonly #leave = new Map<Socket, () => void>()
  #timer: NodeJS.Timeout | null = null

  /** Takes in a connection before the application answers its handshake. */
  add(socket: Socket): void {
    const bytes = new WebSocketBytes()
    // Typed anew, since overloads cannot be called with arguments that were passed on.
    const write = socket.write.bind(socket) as Write
    const follow: Write = (chunk, encoding, done) => {
      const whole = typeof chunk === 'string' ? Buffer.from(chunk, encodingOf(encoding)) : chunk
      const passed = bytes.follow(BYTES, whole)
      if (passed === null) return write(chunk, encoding, done)
      return write(passed, typeof encoding === 'function' ? encoding : done)
    }
    Object.defineProperty(socket, 'write', { configurable: true, writable: true, value: follow })
    this.#leave.set(socket, () => {
      const frame = bytes.leave(SERVICE_RESTART, 'service restart')
      if (frame !== null) write(frame)
      const cut = setTimeout(() => socket.destroy(), closingMs).unref()
      socket.once('close', () => clearTimeout(cut))
    })
    socket.once('close', () => this.#leave.delete(socket))
  }

  /** Sends all away within so many milliseconds, those too that come meanwhile. */
  leave(withinMs: number): void {
    if (this.#timer !== null) return
    const beganMs = performance.now()
    const spreadMs = spreadOf(withinMs)
    let told = 0
    const look = (): void => {
      const due = dueBy(performance.now() - beganMs, { count: told + this.#leave.size, spreadMs })
      for (const [socket, leave] of this.#leave) {
        if (told >= due) break
        told++
        this.#leave.delete(socket)
        leave()
      }
    }
    this.#timer = setInterval(look, lookMs).unref()
    look()
  }
}

function encodingOf(encoding: Parameters<Write>[1]): BufferEncoding {
  return typeof encoding === 'string' ? encoding : 'utf8'
}
