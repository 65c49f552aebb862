/**
 * The way from this thread to one upstream. Any thread, client side.
 *
 * It numbers the exchanges, keeps both ends' shared cells and the scoreboard's in-flight count true, and
 * turns frames into calls of their handlers. What to do when the upstream is lost is the client's affair.
 */
import type { MessagePort } from 'node:worker_threads'

import { MeshError, throwLater } from '../errors.ts'
import { sharedMs } from '../scoreboard.ts'
import { sizeOf } from '../wire/body.ts'
import type { Upstream } from '../wire/control.ts'
import { FrameCheck } from '../wire/check.ts'
import { FramePort, type FrameReceiver } from '../wire/frame-port.ts'
import {
  ABORT,
  CELLS,
  CELL_BEGUN,
  CELL_REVOKED,
  CELL_SENT,
  CELL_SKIPPED,
  CREDIT,
  DATA,
  END,
  GONE,
  HEAD,
  INFO,
  MORE,
  REQUEST,
  UPGRADE,
  WINDOW,
  frameLength,
  type BodyField
} from '../wire/frames.ts'
import { Slots, slotOf } from '../wire/slots.ts'
import { ANSWERED, DONE, UPLOADING, WAITING, type Exchange, type Link, type LinkOwner } from './exchange.ts'

/** Position, after the cells, of the count of exchanges this sender has open with the server. */
export const OPEN_COUNT: number = CELLS

/** A link to a thread. */
export class ThreadLink implements Link, FrameReceiver {
  readonly upstream: Upstream
  readonly hostname: string
  readonly #owner: LinkOwner
  readonly #port: FramePort
  readonly #cells: Int32Array
  readonly #exchanges = new Slots<Exchange>()
  /** Slots of requests that were taken back: the server may still have to read their cells. */
  #parked: number[] = []
  readonly #check = new FrameCheck()
  /** Passed on for each answer, and never kept. */
  readonly #answer = { status: 0, nowMs: 0, whole: false }
  #lost = false

  constructor(
    target: { upstream: Upstream; hostname: string },
    end: { port: MessagePort; cells: SharedArrayBuffer },
    owner: LinkOwner
  ) {
    this.upstream = target.upstream
    this.hostname = target.hostname
    this.#owner = owner
    this.#cells = new Int32Array(end.cells)
    this.#port = new FramePort(end.port, this, owner.flushMoment)
  }

  /** Exchanges in flight on this link. */
  get size(): number {
    return this.#exchanges.size
  }

  get isLost(): boolean {
    return this.#lost
  }

  /** The exchanges in flight. */
  exchanges(): Exchange[] {
    return this.#exchanges.values()
  }

  /** Sends an exchange's head, and what of its body has been sent to another upstream before. */
  send(exchange: Exchange, nowMs: number): void {
    const { request } = exchange
    if (this.#exchanges.size === 0) this.#port.ref()
    if (this.#parked.length > 0) this.#unpark()
    const id = this.#exchanges.add(exchange)
    exchange.link = this
    exchange.id = id
    exchange.sentMs = nowMs
    exchange.cell = this.#takeCell(slotOf(id))
    exchange.sentTo(this)
    this.#count(1)
    const { method, path, headers, flags, body, peer } = request
    // A request that is still being uploaded has all the time it takes.
    const timed = exchange.timeoutMs > 0 && (flags & MORE) === 0
    const deadline = timed ? sharedMs(exchange.startedMs) + exchange.timeoutMs : 0
    this.#port.batch.push(REQUEST, id, exchange.cell, flags, method, path, headers, body, peer, deadline)
    this.#port.schedule()
    if ((flags & MORE) !== 0) this.#sendAgain(exchange)
  }

  /** Sends a piece of a request body; false when the window is used up. */
  sendData(exchange: Exchange, flags: number, body: BodyField): boolean {
    // What has been answered is never sent again.
    if (exchange.state === WAITING && !exchange.bodyGone) (exchange.replay ??= []).push({ flags, body })
    return this.#postData(exchange, flags, body)
  }

  /** Sends the end of a request body. */
  sendEnd(exchange: Exchange, trailers: string): void {
    this.#port.batch.push(END, exchange.id, trailers)
    this.#port.schedule()
    if (exchange.state === UPLOADING) this.#finish(exchange)
  }

  /** Tells the server to stop, and forgets the exchange. */
  abort(exchange: Exchange, reason: string): void {
    if (!this.revoke(exchange)) {
      // Callers pass on what others gave them as a reason.
      this.#port.batch.push(ABORT, exchange.id, typeof reason === 'string' ? reason : 'aborted')
      this.#port.schedule()
    }
    this.#finish(exchange)
  }

  /** Lets the server send more; told in steps of half a window. */
  acknowledge(exchange: Exchange, bytes: number): void {
    exchange.unacknowledged += bytes
    if (exchange.unacknowledged < WINDOW / 2) return
    this.#port.batch.push(CREDIT, exchange.id, exchange.unacknowledged)
    this.#port.schedule()
    exchange.unacknowledged = 0
  }

  dismiss(peer: string): void {
    this.#port.batch.push(GONE, 0, peer)
    this.#port.schedule()
  }

  revocable({ cell }: Exchange): boolean {
    return cell !== -1 && Atomics.load(this.#cells, cell) === CELL_SENT
  }

  /**
   * Takes a request back if the server has not begun it: true means that it never will.
   * The exchange stays on the link until it is aborted or detached.
   */
  revoke(exchange: Exchange): boolean {
    const { cell } = exchange
    if (cell === -1) return false
    return Atomics.compareExchange(this.#cells, cell, CELL_SENT, CELL_REVOKED) !== CELL_BEGUN
  }

  /** Takes an exchange off the link without telling anyone, so that it can be sent elsewhere. */
  detach(exchange: Exchange): void {
    const { id, cell } = exchange
    const revoked = cell !== -1 && Atomics.load(this.#cells, cell) === CELL_REVOKED
    if (revoked) this.#parked.push(cell)
    if (this.#exchanges.delete(id, !revoked)) this.#count(-1)
    exchange.cell = -1
    exchange.link = null
    if (this.#exchanges.size === 0 && !this.#lost) this.#port.unref()
  }

  /** Cuts the link: what is in flight is lost. */
  close(): void {
    this.#port.close()
    this.#lose()
  }

  #takeCell(slot: number): number {
    if (slot >= CELLS) return -1
    Atomics.store(this.#cells, slot, CELL_SENT)
    return slot
  }

  /** Lets slots be used again whose requests the server has found and passed over. */
  #unpark(): void {
    const skipped = (cell: number): boolean => Atomics.load(this.#cells, cell) === CELL_SKIPPED
    for (const cell of this.#parked.filter(skipped)) this.#exchanges.release(cell)
    this.#parked = this.#parked.filter(cell => !skipped(cell))
  }

  #count(by: number): void {
    const { record, generation } = this.upstream
    // Below zero the server has taken what this link had open off the books already.
    if (Atomics.add(this.#cells, OPEN_COUNT, by) < 0) return
    this.#owner.scoreboard.addInflight(record, generation, by)
  }

  #sendAgain(exchange: Exchange): void {
    exchange.sendWindow = WINDOW - sizeOf(exchange.request.flags, exchange.request.body)
    for (const piece of exchange.replay ?? []) this.#postData(exchange, piece.flags, piece.body)
    if (exchange.requestEnded) this.sendEnd(exchange, exchange.requestTrailers)
  }

  #postData(exchange: Exchange, flags: number, body: BodyField): boolean {
    this.#port.batch.push(DATA, exchange.id, flags, body)
    this.#port.schedule()
    exchange.sendWindow -= sizeOf(flags, body)
    if (exchange.sendWindow > 0) return true
    exchange.needsDrain = true
    return false
  }

  /** The response is complete. The request may not be: a server may answer before it has read everything. */
  #responded(exchange: Exchange): void {
    if (exchange.requestEnded) this.#finish(exchange)
    else exchange.state = UPLOADING
  }

  #finish(exchange: Exchange): void {
    exchange.state = DONE
    exchange.replay = null
    this.#owner.tally.over(exchange, this)
    this.detach(exchange)
  }

  onBatch(batch: readonly unknown[]): void {
    this.#answer.nowMs = 0
    for (let at = 0; at < batch.length && !this.#lost; at += frameLength[batch[at] as number] ?? 1) {
      const offence = this.#check.offence(batch, at) ?? this.#take(batch, at)
      if (offence === null) continue
      this.#port.close()
      this.#lose(new MeshError('MESH_PROTOCOL', { peer: this.upstream.name, what: offence }))
    }
  }

  onClose(): void {
    this.#lose()
  }

  onUnsendable(frame: readonly unknown[], error: Error): void {
    const exchange = this.#exchanges.get(frame[1] as number)
    if (exchange === null) return
    // The server will never find the request: its cell is free as soon as the exchange is.
    if (frame[0] === REQUEST && exchange.cell !== -1) {
      Atomics.store(this.#cells, exchange.cell, CELL_SKIPPED)
    }
    this.abort(exchange, 'the request could not be sent')
    const facts = { what: 'body', offered: error.message }
    exchange.handler.onError(new MeshError('MESH_INVALID_REQUEST', facts, { cause: error }))
  }

  /** Takes a frame that is well formed; what it must not say at this point is an offence too. */
  #take(batch: readonly unknown[], at: number): string | null {
    const exchange = this.#exchanges.get(batch[at + 1] as number)
    if (exchange === null) return null
    const offence = outOfOrder(exchange, batch[at] as number)
    if (offence !== null) return offence
    try {
      this.#deliver(exchange, batch, at)
    } catch (error) {
      // Thrown by somebody's handler; the frames behind this one are others'.
      throwLater(error)
    }
    return null
  }

  #deliver(exchange: Exchange, batch: readonly unknown[], at: number): void {
    const { handler } = exchange
    switch (batch[at]) {
      case HEAD: {
        const flags = batch[at + 2] as number
        const complete = (flags & MORE) === 0
        exchange.state = ANSWERED
        exchange.replay = null
        exchange.bytesReceived = sizeOf(flags, batch[at + 6] as BodyField)
        this.#tellAnswer(exchange, batch[at + 3] as number, complete)
        if (complete) this.#responded(exchange)
        handler.onHead({
          status: batch[at + 3] as number,
          message: batch[at + 4] as string,
          block: batch[at + 5] as string,
          flags,
          body: batch[at + 6] as BodyField
        })
        break
      }
      case DATA:
        // Without a head before it: the bytes of an upgraded connection.
        if (exchange.state === WAITING) {
          exchange.state = ANSWERED
          exchange.replay = null
          this.#tellAnswer(exchange, 101, false)
        }
        exchange.bytesReceived += sizeOf(batch[at + 2] as number, batch[at + 3] as BodyField)
        handler.onData(batch[at + 2] as number, batch[at + 3] as BodyField)
        break
      case END:
        this.#owner.tally.ended(exchange, this)
        this.#responded(exchange)
        handler.onEnd(batch[at + 2] as string)
        break
      case INFO:
        handler.onInformation(batch[at + 2] as number, batch[at + 3] as string)
        break
      case CREDIT:
        this.#credit(exchange, batch[at + 2] as number)
        break
      case ABORT: {
        const worker = this.upstream.name
        if (exchange.state === WAITING) this.#owner.tally.failed(exchange, this)
        this.#finish(exchange)
        const reason = batch[at + 2] as string
        handler.onError(new MeshError('MESH_RESPONSE_ABORTED', { host: this.hostname, worker, reason }))
        break
      }
      default:
    }
  }

  /** The time is asked for once in a batch: answers that came together came at one time. */
  #tellAnswer(exchange: Exchange, status: number, whole: boolean): void {
    const answer = this.#answer
    answer.status = status
    answer.whole = whole
    if (answer.nowMs === 0) answer.nowMs = performance.now()
    this.#owner.tally.answered(exchange, this, answer)
  }

  #credit(exchange: Exchange, bytes: number): void {
    // The server consumes the body: it has begun, so nothing needs to be kept for another try.
    exchange.replay = null
    exchange.bodyGone = true
    exchange.sendWindow = Math.min(WINDOW, exchange.sendWindow + bytes)
    if (!exchange.needsDrain || exchange.sendWindow <= 0) return
    exchange.needsDrain = false
    exchange.handler.onWritable()
  }

  #lose(cause?: Error): void {
    if (this.#lost) return
    this.#lost = true
    const orphans = this.#exchanges.values().filter(({ state }) => state !== DONE)
    this.#owner.onLinkLost(this, orphans, cause)
  }
}

/** What is wrong with a frame at this point of its exchange, `null` when nothing is. */
function outOfOrder({ state, request }: Exchange, opcode: number): string | null {
  if (opcode === CREDIT || opcode === ABORT) return null
  if (opcode === REQUEST || opcode === GONE) return 'a request against the direction of the link'
  if (opcode === HEAD || opcode === INFO) return state === WAITING ? null : 'a head where none is due'
  // Without a head before it: the bytes of an upgraded connection.
  const tunnel = state === WAITING && (request.flags & UPGRADE) !== 0
  return state === ANSWERED || tunnel ? null : 'a body where none is due'
}
