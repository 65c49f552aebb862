/**
 * A thread's membership of the mesh. Runs in the thread itself; its other half is the `Member` the
 * registry gave out with the ticket.
 */
import type { RequestListener, Server } from 'node:http'
import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads'

import { MeshClient } from './client/client.ts'
import { installGlobals } from './client/globals.ts'
import { HEARTBEAT_MS, Scoreboard } from './scoreboard.ts'
import { MeshServer } from './server/server.ts'
import type { FlushMoment } from './wire/frame-port.ts'
import type { FromMember, MeshTicket, ToMember } from './wire/control.ts'

/** How a thread takes part. */
export interface JoinOptions {
  /**
   * When requests leave: at the end of the current callback, or together with all others of one turn
   * of the event loop. `turn` suits a thread that takes many requests from sockets in one turn.
   *
   * @default 'tick'
   */
  readonly flush?: FlushMoment
}

/** The mesh as a member thread sees it. */
export class Mesh {
  readonly name: string
  /** Suffix of mesh host names, with its leading dot. */
  readonly domain: string
  readonly client: MeshClient
  readonly #server: MeshServer
  readonly #control: MessagePort
  readonly #heart: NodeJS.Timeout
  readonly #timeoutMs: number
  #left = false

  constructor(ticket: MeshTicket, options: JoinOptions) {
    const scoreboard = new Scoreboard(ticket.scoreboard)
    const { record, generation } = ticket
    this.name = ticket.name
    this.domain = ticket.domain
    this.#control = ticket.control
    this.#timeoutMs = ticket.timeoutMs
    this.#server = new MeshServer({ record, generation, scoreboard })
    this.client = new MeshClient({
      name: ticket.name,
      scoreboard,
      flushMoment: options.flush ?? 'tick',
      tell: (message, transfer) => this.#tell(message, transfer)
    })
    scoreboard.join(record, generation)
    // What was sent before this thread ran is taken at once: the first request needs a table.
    for (
      let first = receiveMessageOnPort(this.#control);
      first;
      first = receiveMessageOnPort(this.#control)
    ) {
      this.#receive(first.message as ToMember)
    }
    this.#control.on('message', (message: ToMember) => this.#receive(message))
    this.#control.unref()
    scoreboard.beat(record)
    this.#heart = setInterval(() => scoreboard.beat(record), HEARTBEAT_MS)
    this.#heart.unref()
  }

  /**
   * Requests for this thread go to `target` from now on: a server, which need not listen, or a listener.
   * Until the first call they are refused.
   */
  serve(target: Server | RequestListener): { replace(target: Server | RequestListener): void } {
    this.#server.serve(target)
    return {
      replace: next => this.#server.serve(next)
    }
  }

  /**
   * Lets this thread's ordinary clients reach the mesh: global `fetch`, undici's global dispatcher, and
   * whatever opens TCP connections to port 80 of `*.<domain>` through `node:net`. Once per thread.
   */
  installGlobals(): void {
    installGlobals({ client: this.client, domain: this.domain, timeoutMs: this.#timeoutMs })
  }

  /** Leaves at once: links are cut, what is in flight fails. Idempotent. */
  leave(): void {
    if (this.#left) return
    this.#left = true
    clearInterval(this.#heart)
    this.client.close()
    this.#server.close()
    this.#control.close()
  }

  #receive(message: ToMember): void {
    if (message.type === 'link') {
      this.#server.accept(message)
      return
    }
    this.client.apply(message.table)
    this.#tell({ type: 'applied', version: message.table.version }, [])
  }

  #tell(message: FromMember, transfer: readonly MessagePort[]): void {
    this.#control.postMessage(message, [...transfer])
  }
}

/** Takes the seat a ticket stands for. Once per ticket. */
export function joinMesh(ticket: MeshTicket, options: JoinOptions = {}): Mesh {
  return new Mesh(ticket, options)
}
