/**
 * Answers requests of other threads with this thread's application. Any thread, server side.
 *
 * It accepts links, keeps their frames in order, and gives control back to the event loop when a burst
 * takes long, so that timers and the application's own sockets are not starved. It sets no limit to the
 * requests running at once: that would deadlock applications that call each other.
 */
import type { RequestListener, Server } from 'node:http'
import type { MessagePort } from 'node:worker_threads'

import { sharedMs, type Scoreboard } from '../scoreboard.ts'
import { FramePort } from '../wire/frame-port.ts'
import {
  ABORT,
  CELLS,
  CELL_BEGUN,
  CELL_SENT,
  CELL_SKIPPED,
  CREDIT,
  DATA,
  END,
  REQUEST,
  frameLength,
  type BodyField
} from '../wire/frames.ts'
import { slotOf } from '../wire/slots.ts'
import { recipeFor, type Recipe } from './http-objects.ts'
import { Invocation, type InvocationFrame, type InvocationHost } from './invocation.ts'
import { SocketPool } from './socket-pool.ts'

/** What answers: a server that need not listen, or a bare request listener. */
export type Target = Server | RequestListener

/**
 * Milliseconds of a burst of requests after which the event loop gets its turn. Answers leave at its end: with
 * handlers that take a millisecond of CPU each, 8 ms made the first answers of a burst wait for the last.
 */
const TURN_MS = 1

/** What the server needs to know of the member it belongs to. */
export interface ServerOptions {
  readonly record: number
  readonly generation: number
  readonly scoreboard: Scoreboard
}

/** The answering half of a member. */
export class MeshServer {
  readonly #options: ServerOptions
  readonly #links = new Set<ServerLink>()
  #recipe: Recipe | null = null

  constructor(options: ServerOptions) {
    this.#options = options
  }

  /** How to call what answers, `null` while nothing does. */
  get recipe(): Recipe | null {
    return this.#recipe
  }

  /** From now on `target` answers. */
  serve(target: Target): void {
    this.#recipe = recipeFor(target)
  }

  /** Takes this thread's end of a new link. */
  accept(end: { port: MessagePort; cells: SharedArrayBuffer }): void {
    const link = new ServerLink(end, this)
    this.#links.add(link)
  }

  /** A link's client is gone: what it still had in flight here is taken off the books. */
  onLinkClosed(link: ServerLink, stillOpen: number): void {
    if (!this.#links.delete(link)) return
    if (stillOpen > 0) {
      const { record, generation, scoreboard } = this.#options
      scoreboard.addInflight(record, generation, -stillOpen)
    }
  }

  /** Cuts every link. */
  close(): void {
    for (const link of [...this.#links]) link.close()
  }
}

/** One client's link, seen from the server. Its other half is `client/link.ts`. */
export class ServerLink implements InvocationHost {
  readonly #server: MeshServer
  readonly #cells: Int32Array
  /** By the slot of their ids; see `wire/slots.ts` for why this is no map. */
  readonly #invocations: (Invocation | null)[] = []
  /** Batches not yet worked off, in order; a burst is interrupted inside one. */
  readonly #pending: (readonly unknown[])[] = []
  #at = 0
  #resuming = false
  #closed = false
  readonly port: FramePort
  readonly sockets: SocketPool = new SocketPool()

  constructor(end: { port: MessagePort; cells: SharedArrayBuffer }, server: MeshServer) {
    this.#server = server
    this.#cells = new Int32Array(end.cells)
    this.port = new FramePort(
      end.port,
      { onBatch: batch => this.#enqueue(batch), onClose: () => this.#lost() },
      'tick'
    )
  }

  get recipe(): Recipe | null {
    return this.#server.recipe
  }

  /** The invocation is over: nothing that arrives for it matters any more. */
  forget(id: number): void {
    if (this.#invocations[slotOf(id)]?.id === id) this.#invocations[slotOf(id)] = null
  }

  /** Closes this end; the client's requests are lost to it. */
  close(): void {
    this.port.close()
    this.#lost()
  }

  #enqueue(batch: readonly unknown[]): void {
    this.#pending.push(batch)
    if (!this.#resuming) this.#work()
  }

  #work(): void {
    this.#resuming = false
    const until = performance.now() + TURN_MS
    for (let batch = this.#pending[0]; batch !== undefined; batch = this.#pending[0]) {
      while (this.#at < batch.length) {
        if (!this.#take(batch, this.#at)) return this.close()
        if (performance.now() < until) continue
        this.#resuming = true
        setImmediate(() => this.#work())
        return
      }
      this.#pending.shift()
      this.#at = 0
    }
  }

  /** Handles one frame; false when it is none of this protocol. */
  #take(batch: readonly unknown[], at: number): boolean {
    const opcode = batch[at]
    const length = typeof opcode === 'number' ? frameLength[opcode] : undefined
    const id = batch[at + 1]
    if (length === undefined || at + length > batch.length || typeof id !== 'number') return false
    this.#at = at + length
    if (opcode === REQUEST) return this.#begin(id, batch, at)
    const invocation = this.#invocations[slotOf(id)]
    if (invocation?.id !== id) return true
    switch (opcode) {
      case DATA:
        invocation.onData(batch[at + 2] as number, batch[at + 3] as BodyField)
        return true
      case END:
        invocation.onEnd(batch[at + 2] as string)
        return true
      case ABORT:
        invocation.onAbort(String(batch[at + 2]))
        return true
      case CREDIT:
        invocation.onCredit(batch[at + 2] as number)
        return true
      default:
        return false
    }
  }

  #begin(id: number, batch: readonly unknown[], at: number): boolean {
    const cell = batch[at + 2]
    const [flags, method, path, headers] = [batch[at + 3], batch[at + 4], batch[at + 5], batch[at + 6]]
    if (typeof cell !== 'number' || cell >= CELLS || typeof flags !== 'number') return false
    if (typeof method !== 'string' || typeof path !== 'string' || typeof headers !== 'string') return false
    const deadline = batch[at + 9]
    if (typeof deadline !== 'number') return false
    // Its caller has stopped waiting: what nobody reads is not worth being worked out.
    const late = deadline !== 0 && sharedMs() > deadline
    // Lost the race against the client's taking it back: it is being run somewhere else.
    if (cell >= 0 && !this.#claim(cell, late ? CELL_SKIPPED : CELL_BEGUN)) {
      Atomics.store(this.#cells, cell, CELL_SKIPPED)
      return true
    }
    if (late) return true
    const peer = batch[at + 8]
    const frame: InvocationFrame = {
      id,
      flags,
      method,
      path,
      headers,
      body: batch[at + 7] as BodyField,
      peer: typeof peer === 'string' ? peer : null,
      deadline
    }
    const invocation = new Invocation(this, frame)
    this.#invocations[slotOf(id)] = invocation
    invocation.run(frame)
    return true
  }

  #claim(cell: number, state: number): boolean {
    return Atomics.compareExchange(this.#cells, cell, CELL_SENT, state) === CELL_SENT
  }

  #lost(): void {
    if (this.#closed) return
    this.#closed = true
    this.#server.onLinkClosed(this, Atomics.exchange(this.#cells, CELLS, 0))
    for (const invocation of [...this.#invocations]) invocation?.onAbort('the caller is gone')
    this.sockets.close()
  }
}
