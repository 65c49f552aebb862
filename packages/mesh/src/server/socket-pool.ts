/**
 * Keeps the sockets of finished requests for the next request of the same peer. Any thread, server side.
 *
 * Over TCP the requests of one keep-alive connection share a socket, and making one per request is a
 * third of the garbage of a small answer. A socket is never given to another peer: applications hang
 * state on sockets, a login for one.
 */
import { MeshSocket, type SocketOwner } from './socket.ts'

/** Ends the description of a connection that may not be heard of again: nothing is kept for it. */
const unnumbered = ' 0'

/** Peers whose sockets are kept. The longest known goes first, and sees its connections close then. */
const PEERS_MAX = 512

/** The idle sockets of one link. */
export class SocketPool {
  /** An entry stays when it is empty: maps that entries come to and go from are a burden (`wire/slots.ts`). */
  readonly #peers = new Map<string, MeshSocket[]>()

  /** A socket for a request of `peer`; calls from inside the process are one peer. */
  take(owner: SocketOwner, peer: string | null): MeshSocket {
    const idle = this.#peers.get(peer ?? '')
    for (let socket = idle?.pop(); socket !== undefined; socket = idle?.pop()) {
      if (socket.destroyed) continue
      socket.serve(owner)
      return socket
    }
    return new MeshSocket(owner, peer)
  }

  /** Takes back a socket whose request is over. */
  release(socket: MeshSocket): void {
    const key = socket.peer ?? ''
    if (!socket.rest()) return
    if (key.endsWith(unnumbered)) {
      // Nobody will be told when this connection closes: whoever waits for that is told now.
      if (socket.listenerCount('close') > 1) socket.destroy()
      return
    }
    const idle = this.#peers.get(key)
    if (idle !== undefined) {
      idle.push(socket)
      return
    }
    this.#peers.set(key, [socket])
    if (this.#peers.size > PEERS_MAX) this.#evict()
  }

  /** The connection of that peer is closed: so are its sockets. */
  dismiss(peer: string): void {
    const idle = this.#peers.get(peer)
    this.#peers.delete(peer)
    for (const socket of idle ?? []) socket.destroy()
  }

  /** Closes every idle socket. */
  close(): void {
    for (const idle of this.#peers.values()) for (const socket of idle) socket.destroy()
    this.#peers.clear()
  }

  #evict(): void {
    const [oldest] = this.#peers
    if (oldest === undefined) return
    const [key, idle] = oldest
    this.#peers.delete(key)
    for (const socket of idle) socket.destroy()
  }
}
