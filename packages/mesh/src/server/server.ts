/**
 * Answers requests of other threads with this thread's application. Any thread, server side.
 *
 * It accepts links, keeps their frames in order, and gives control back to the event loop when a burst
 * takes long, so that timers and the application's own sockets are not starved. It sets no limit to the
 * requests running at once: that would deadlock applications that call each other.
 */
import type { RequestListener, Server } from 'node:http'
import { types } from 'node:util'
import type { MessagePort } from 'node:worker_threads'

import { breakOffCurrent } from '../deadline.ts'
import { throwLater } from '../errors.ts'
import { sharedMs, type Scoreboard } from '../scoreboard.ts'
import { FrameCheck } from '../wire/check.ts'
import { FramePort, type FrameReceiver } from '../wire/frame-port.ts'
import {
  ABORT,
  CELLS,
  CELLS_BYTES,
  CELL_BEGUN,
  CELL_SENT,
  CELL_SKIPPED,
  CREDIT,
  DATA,
  END,
  GONE,
  REQUEST,
  SETTLED,
  frameLength,
  type BodyField
} from '../wire/frames.ts'
import { slotOf } from '../wire/slots.ts'
import { recipeFor, type Recipe } from './http-objects.ts'
import type { ServerHooks } from './hooks.ts'
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

  /** From now on `target` answers; `null`: nothing does. Hooks are called for each request. */
  serve(target: Target | null, hooks: ServerHooks | null = null): void {
    this.#recipe = target === null ? null : recipeFor(target, hooks)
  }

  /** See `Mesh.breakOffCurrent`. */
  breakOffCurrent(reason: string): boolean {
    return breakOffCurrent(reason)
  }

  /** See `Mesh.flush`. */
  flush(): void {
    for (const { port } of this.#links) port.flush()
  }

  /** The requests being answered right now. */
  answering(): Invocation[] {
    return [...this.#links].flatMap(link => link.answering())
  }

  /**
   * Ends WebSockets of callers inside the process in good order, some at each call, so that all have been asked to
   * go when the time is up. What does not go is cut.
   *
   * @param leftMs Milliseconds until then.
   * @param everyMs Milliseconds between two calls.
   */
  sendAway(leftMs: number, everyMs: number): void {
    const now = performance.now()
    const tunnels = this.answering().filter(({ tunnel }) => tunnel !== null)
    const open = tunnels.filter(({ tunnel }) => tunnel?.canLeave)
    // A quarter of the time is for the last ones to answer.
    const calls = Math.max(1, Math.floor((leftMs * 0.75) / everyMs))
    for (const { tunnel } of open.slice(0, Math.ceil(open.length / calls))) tunnel?.leave(now)
    for (const invocation of tunnels) if (invocation.tunnel?.isLate(now) === true) invocation.cutTunnel()
  }

  /** Takes this thread's end of a new link. */
  accept(end: { port: MessagePort; cells: SharedArrayBuffer }): void {
    if (!types.isSharedArrayBuffer(end.cells) || end.cells.byteLength !== CELLS_BYTES) end.port.close()
    else this.#links.add(new ServerLink(end, this))
  }

  /** A link's client is gone: what it still had in flight here is taken off the books. */
  onLinkClosed(link: ServerLink, stillOpen: number): void {
    if (!this.#links.delete(link)) return
    if (stillOpen > 0) {
      const { record, generation, scoreboard } = this.#options
      // The count is the client's word; it cannot have had more open than there were.
      scoreboard.addInflight(record, generation, -Math.min(stillOpen, scoreboard.inflight(record)))
    }
  }

  /** Cuts every link. */
  close(): void {
    for (const link of [...this.#links]) link.close()
  }
}

/** One client's link, seen from the server. Its other half is `client/link.ts`. */
export class ServerLink implements InvocationHost, FrameReceiver {
  readonly #server: MeshServer
  readonly #cells: Int32Array
  /** By the slot of their ids; see `wire/slots.ts` for why this is no map. */
  readonly #invocations: (Invocation | null)[] = []
  /** Batches not yet worked off, in order; a burst is interrupted inside one. */
  readonly #pending: (readonly unknown[])[] = []
  #at = 0
  #resuming = false
  #closed = false
  readonly #check = new FrameCheck()
  readonly port: FramePort
  readonly sockets: SocketPool = new SocketPool()

  constructor(end: { port: MessagePort; cells: SharedArrayBuffer }, server: MeshServer) {
    this.#server = server
    this.#cells = new Int32Array(end.cells)
    this.port = new FramePort(end.port, this, 'tick')
  }

  get recipe(): Recipe | null {
    return this.#server.recipe
  }

  /** The invocation is over: nothing that arrives for it matters any more. */
  forget(id: number): void {
    if (this.#invocations[slotOf(id)]?.id === id) this.#invocations[slotOf(id)] = null
  }

  /** The requests being answered over it. */
  answering(): Invocation[] {
    return this.#invocations.filter(invocation => invocation !== null)
  }

  /** Closes this end; the client's requests are lost to it. */
  close(): void {
    this.port.close()
    this.#lost()
  }

  onBatch(batch: readonly unknown[]): void {
    if (this.#closed) return
    this.#pending.push(batch)
    if (!this.#resuming) this.#work()
  }

  onClose(): void {
    this.#lost()
  }

  onUnsendable(frame: readonly unknown[], error: Error): void {
    const id = frame[1] as number
    const invocation = this.#invocations[slotOf(id)]
    if (invocation?.id === id) return invocation.onUnsendable(error)
    // Answered and forgotten in the turn of which a piece is missing now.
    this.port.batch.push(ABORT, id, `part of the response could not be sent: ${error.message}`)
    this.port.schedule()
  }

  #work(): void {
    this.#resuming = false
    const until = performance.now() + TURN_MS
    for (let batch = this.#pending[0]; batch !== undefined; batch = this.#pending[0]) {
      while (this.#at < batch.length) {
        const at = this.#at
        if (this.#check.offence(batch, at) !== null) return this.close()
        this.#at = at + (frameLength[batch[at] as number] ?? 1)
        try {
          this.#take(batch, at)
        } catch (error) {
          // Thrown by a listener of the application's; the frames behind this one are other requests'.
          throwLater(error)
        }
        if (this.#closed) return
        if (performance.now() < until) continue
        this.#resuming = true
        setImmediate(() => this.#work())
        return
      }
      this.#pending.shift()
      this.#at = 0
    }
  }

  /** Handles one frame that is well formed. */
  #take(batch: readonly unknown[], at: number): void {
    const opcode = batch[at]
    const id = batch[at + 1] as number
    if (opcode === REQUEST) return this.#begin(id, batch, at)
    if (opcode === GONE) return this.sockets.dismiss(batch[at + 2] as string)
    const invocation = this.#invocations[slotOf(id)]
    if (invocation?.id !== id) return
    switch (opcode) {
      case DATA:
        return invocation.onData(batch[at + 2] as number, batch[at + 3] as BodyField)
      case END:
        return invocation.onEnd(batch[at + 2] as string)
      case ABORT:
        return invocation.onAbort(batch[at + 2] as string)
      case CREDIT:
        return invocation.onCredit(batch[at + 2] as number)
      default:
        // The frames of a response against the direction of the link.
        this.close()
    }
  }

  #begin(id: number, batch: readonly unknown[], at: number): void {
    const cell = batch[at + 2] as number
    const deadline = batch[at + 9] as number
    // Its caller has stopped waiting: what nobody reads is not worth being worked out.
    const late = deadline !== 0 && sharedMs() > deadline
    // Lost the race against the client's taking it back: it is being run somewhere else.
    if (cell >= 0 && !this.#claim(cell, late ? CELL_SKIPPED : CELL_BEGUN)) {
      Atomics.store(this.#cells, cell, CELL_SKIPPED)
      return
    }
    if (late) return
    const frame: InvocationFrame = {
      id,
      flags: batch[at + 3] as number,
      method: batch[at + 4] as string,
      path: batch[at + 5] as string,
      headers: batch[at + 6] as string,
      body: batch[at + 7] as BodyField,
      peer: batch[at + 8] as string | null,
      deadline
    }
    const slot = slotOf(id)
    this.#invocations[slot]?.onAbort('its number was given to another request')
    const invocation = new Invocation(this, frame)
    this.#invocations[slot] = invocation
    invocation.run(frame)
  }

  #claim(cell: number, state: number): boolean {
    return Atomics.compareExchange(this.#cells, cell, CELL_SENT, state) === CELL_SENT
  }

  #lost(): void {
    if (this.#closed) return
    this.#closed = true
    this.#pending.length = 0
    this.#at = 0
    this.#server.onLinkClosed(this, Atomics.exchange(this.#cells, CELLS, SETTLED))
    for (const invocation of [...this.#invocations]) invocation?.onAbort('the caller is gone')
    this.sockets.close()
  }
}
