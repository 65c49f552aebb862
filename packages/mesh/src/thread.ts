/**
 * A thread's membership of the mesh. Runs in the thread itself; its other half is the `Member` the
 * registry gave out with the ticket.
 */
import type { RequestListener, Server } from 'node:http'
import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads'

import type { BalanceFunction } from './client/balancing.ts'
import type { Intercept } from './client/client-options.ts'
import { MeshClient } from './client/client.ts'
import { installGlobals } from './client/globals.ts'
import { HEARTBEAT_MS, Scoreboard } from './scoreboard.ts'
import type { ServerHooks } from './server/hooks.ts'
import type { Invocation } from './server/invocation.ts'
import { MeshServer } from './server/server.ts'
import { Traffic } from './traffic.ts'
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
  /** Chooses the upstreams of this thread's requests, instead of the policies of the registry. */
  readonly balance?: BalanceFunction | undefined
  /** Sees this thread's requests before they are sent. */
  readonly intercept?: Intercept | undefined
  /**
   * Milliseconds a request of this thread may wait for its response head; 0 waits for ever.
   *
   * @default what the registry says
   */
  readonly timeout?: number | undefined
}

/** The mesh as a member thread sees it. */
export class Mesh {
  readonly name: string
  /** Suffix of mesh host names, with its leading dot. */
  readonly domain: string
  readonly client: MeshClient
  /** Milliseconds a request may wait for its response head; 0 waits for ever. */
  readonly timeoutMs: number
  readonly #scoreboard: Scoreboard
  readonly #record: number
  readonly #server: MeshServer
  readonly #control: MessagePort
  readonly #heart: NodeJS.Timeout
  #undoGlobals: (() => void) | null = null
  #left = false

  constructor(ticket: MeshTicket, options: JoinOptions) {
    const scoreboard = new Scoreboard(ticket.scoreboard)
    const { record, generation } = ticket
    this.name = ticket.name
    this.domain = ticket.domain
    this.#control = ticket.control
    this.timeoutMs = options.timeout ?? ticket.timeoutMs
    this.#scoreboard = scoreboard
    this.#record = record
    this.#server = new MeshServer({ record, generation, scoreboard })
    this.client = new MeshClient({
      name: ticket.name,
      scoreboard,
      traffic: new Traffic(ticket.traffic),
      detail: ticket.detail,
      flushMoment: options.flush ?? 'tick',
      balance: options.balance,
      breaker: ticket.breaker,
      intercept: options.intercept,
      isOut: () => scoreboard.isGone(record, generation),
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
    this.#heart = setInterval(() => this.#beat(generation), HEARTBEAT_MS)
    this.#heart.unref()
  }

  /**
   * Requests for this thread go to `target` from now on: a server, which need not listen, or a listener.
   * Until the first call they are refused, and again after one with `null`.
   *
   * @param hooks Called for each request.
   */
  serve(
    target: Server | RequestListener | null,
    hooks: ServerHooks | null = null
  ): { replace(target: Server | RequestListener | null): void } {
    this.#server.serve(target, hooks)
    return {
      replace: next => this.#server.serve(next, hooks)
    }
  }

  /** Requests sent to this thread by all others and not finished. */
  inflight(): number {
    return this.#scoreboard.inflight(this.#record)
  }

  /**
   * Breaks off the request whose handler, or what that has left running, calls this: its caller is told at once
   * that no answer will come. Requests are told apart by their asynchronous context. False when there is none, or
   * when it has been answered.
   */
  breakOffCurrent(reason: string): boolean {
    return this.#server.breakOffCurrent(reason)
  }

  /** Posts at once what has been answered so far: this thread may have no other turn. */
  flush(): void {
    this.#server.flush()
  }

  /** The requests and upgraded connections this thread is answering right now. */
  answering(): readonly Invocation[] {
    return this.#server.answering()
  }

  /**
   * Lets this thread's ordinary clients reach the mesh: global `fetch`, undici's global dispatcher, and
   * whatever opens TCP connections to port 80 of `*.<domain>` through `node:net`. Until it leaves.
   */
  installGlobals(): void {
    const { client, domain, timeoutMs } = this
    this.#undoGlobals ??= installGlobals({ client, domain, timeoutMs })
  }

  /** Whether it has left. */
  get left(): boolean {
    return this.#left
  }

  /** Leaves at once: links are cut, what is in flight fails, {@link installGlobals} is undone. Idempotent. */
  leave(): void {
    if (this.#left) return
    this.#left = true
    this.#undoGlobals?.()
    clearInterval(this.#heart)
    this.client.close()
    this.#server.close()
    this.#control.close()
  }

  #beat(generation: number): void {
    const [scoreboard, record] = [this.#scoreboard, this.#record]
    scoreboard.beat(record)
    if (!scoreboard.isDraining(record, generation)) return
    const leftMs = scoreboard.drainLeft(record)
    if (leftMs !== null) this.#server.sendAway(leftMs, HEARTBEAT_MS)
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
