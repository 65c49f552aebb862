/**
 * Keeps the sockets of finished requests for the next request of the same peer. Any thread, server side.
 *
 * Over TCP the requests of one keep-alive connection share a socket, and making one per request is a
 * third of the garbage of a small answer. A socket is never given to another peer: applications hang
 * state on sockets, a login for one.
 */
import { MeshSocket, type SocketOwner } from './socket.ts'

/** Sockets kept in all. The longest unused goes first, and sees its connection close then. */
const KEPT_MAX = 512

/** The idle sockets of one link. */
export class SocketPool {
  readonly #idle = new Map<string, MeshSocket[]>()
  #count = 0

  /** A socket for a request of `peer`; calls from inside the process are one peer. */
  take(owner: SocketOwner, peer: string | null): MeshSocket {
    const kept = this.#idle.get(peer ?? '')
    const socket = kept?.pop()
    if (socket === undefined) return new MeshSocket(owner, peer)
    this.#count--
    if (kept?.length === 0) this.#idle.delete(peer ?? '')
    if (socket.destroyed) return this.take(owner, peer)
    socket.serve(owner)
    return socket
  }

  /** Takes back a socket whose request is over. */
  release(socket: MeshSocket): void {
    if (!socket.rest()) return
    const key = socket.peer ?? ''
    const kept = this.#idle.get(key)
    if (kept === undefined) this.#idle.set(key, [socket])
    else kept.push(socket)
    if (++this.#count > KEPT_MAX) this.#evict()
  }

  /** Closes every idle socket. */
  close(): void {
    for (const sockets of this.#idle.values()) for (const socket of sockets) socket.destroy()
    this.#idle.clear()
    this.#count = 0
  }

  #evict(): void {
    const [oldest] = this.#idle
    if (oldest === undefined) return
    const [key, sockets] = oldest
    this.#idle.delete(key)
    this.#count -= sockets.length
    for (const socket of sockets) socket.destroy()
  }
}
