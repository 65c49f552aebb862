/**
 * The way from this thread to an upstream on the network. Any thread, client side.
 *
 * It keeps the scoreboard's in-flight count and the exchanges' states true, as a link to a thread does, and
 * says which failures left a request unbegun: those of a connection that never opened. What was sent on an
 * open one may have been begun.
 */
import { MeshError, asError, throwLater } from '../errors.ts'
import { sizeOf } from '../wire/body.ts'
import type { Upstream } from '../wire/control.ts'
import { MORE, WINDOW, type BodyField } from '../wire/frames.ts'
import { Slots } from '../wire/slots.ts'
import { AddressPool } from './address-pool.ts'
import { AddressRequest, type AddressRequestOwner } from './address-request.ts'
import {
  ANSWERED,
  DONE,
  UPLOADING,
  WAITING,
  type Exchange,
  type Link,
  type LinkOwner,
  type ResponseHead
} from './exchange.ts'

/** For how many milliseconds an address that cannot be reached is avoided at first; doubled each time. */
const FIRST_AVOIDANCE_MS = 1000

/** The longest it is avoided. */
const LONGEST_AVOIDANCE_MS = 30_000

/** A link to an address. */
export class AddressLink implements Link, AddressRequestOwner {
  readonly upstream: Upstream
  readonly hostname: string
  readonly #owner: LinkOwner
  /** Or why there is none. */
  readonly #pool: AddressPool | Error
  readonly #requests = new Slots<AddressRequest>()
  #avoidanceMs = 0
  #avoidedUntilMs = 0
  #closed = false

  /** @param connectMs Milliseconds a connection may take to open, 10 s when left out. */
  constructor(
    target: { upstream: Upstream; hostname: string; address: string },
    owner: LinkOwner,
    connectMs?: number
  ) {
    this.upstream = target.upstream
    this.hostname = target.hostname
    this.#owner = owner
    this.#pool = poolFor(target.address, connectMs)
  }

  /** Exchanges in flight on this link. */
  get size(): number {
    return this.#requests.size
  }

  get isLost(): boolean {
    return this.#closed
  }

  /** The exchanges in flight. */
  exchanges(): Exchange[] {
    return this.#requests.values().map(({ exchange }) => exchange)
  }

  /** Sends an exchange's head, and what of its body has been sent to another upstream before. */
  send(exchange: Exchange, nowMs: number): void {
    const pool = this.#pool
    const request = new AddressRequest(exchange, pool, this)
    exchange.link = this
    exchange.id = this.#requests.add(request)
    exchange.cell = -1
    exchange.sentMs = nowMs
    exchange.sentTo(this)
    this.#count(1)
    request.start()
  }

  /** Sends a piece of a request body; false when a window of it has not left yet. */
  sendData(exchange: Exchange, flags: number, body: BodyField): boolean {
    const request = this.#requests.get(exchange.id)
    if (request === null) return true
    if (!exchange.bodyGone) (exchange.replay ??= []).push({ flags, body })
    const room = request.write(flags, body)
    // Nobody says what the upstream has consumed: memory decides how much is kept for another try.
    if (request.open && request.sent > WINDOW) forgetBody(exchange)
    if (!room) exchange.needsDrain = true
    return room
  }

  /** Sends the end of a request body. */
  sendEnd(exchange: Exchange, trailers: string): void {
    const request = this.#requests.get(exchange.id)
    request?.end(trailers)
    if (request !== null && exchange.state === UPLOADING) this.#complete(request)
  }

  /** Closes the request's connection, and forgets the exchange. */
  abort(exchange: Exchange, _reason: string): void {
    this.#finish(exchange)
  }

  /** Lets the upstream send more, when it was held back. */
  acknowledge(exchange: Exchange, bytes: number): void {
    this.#requests.get(exchange.id)?.acknowledge(bytes)
  }

  /** Connections on the network are shared by all peers. */
  dismiss(): void {}

  revocable(exchange: Exchange): boolean {
    return this.#requests.get(exchange.id)?.open === false
  }

  /** Takes a request back whose connection is not open yet: true means that nothing of it has left. */
  revoke(exchange: Exchange): boolean {
    const request = this.#requests.get(exchange.id)
    if (request === null || request.open) return false
    // Somebody has lost patience with the connection.
    if (!request.over) this.#avoid()
    request.stop()
    return true
  }

  /** Takes an exchange off the link without telling anyone, so that it can be sent elsewhere. */
  detach(exchange: Exchange): void {
    const request = this.#requests.get(exchange.id)
    if (request === null) return
    this.#requests.delete(exchange.id)
    this.#count(-1)
    exchange.link = null
    request.stop()
  }

  /** Closes every connection: what is in flight is lost. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    const requests = this.#requests.values()
    for (const request of requests) request.stop()
    if (this.#pool instanceof AddressPool) this.#pool.close()
    const orphans = requests.map(({ exchange }) => exchange).filter(({ state }) => state !== DONE)
    this.#owner.onLinkLost(this, orphans)
  }

  onOpen({ exchange }: AddressRequest): void {
    // Never sent again from here on.
    if (!exchange.request.idempotent) forgetBody(exchange)
  }

  onInformation({ exchange }: AddressRequest, status: number, block: string): void {
    guarded(() => exchange.handler.onInformation(status, block))
  }

  onHead(request: AddressRequest, head: ResponseHead): void {
    const { exchange } = request
    this.#answered(exchange)
    const whole = (head.flags & MORE) === 0
    exchange.bytesReceived = sizeOf(head.flags, head.body)
    this.#owner.tally.answered(exchange, this, { status: head.status, nowMs: performance.now(), whole })
    if (whole) this.#responded(request)
    guarded(() => exchange.handler.onHead(head))
  }

  onData({ exchange }: AddressRequest, kind: number, field: BodyField): void {
    // Without a head before it: the bytes of an upgraded connection.
    if (exchange.state === WAITING) {
      this.#answered(exchange)
      this.#owner.tally.answered(exchange, this, { status: 101, nowMs: performance.now(), whole: false })
    }
    exchange.bytesReceived += sizeOf(kind, field)
    guarded(() => exchange.handler.onData(kind, field))
  }

  onEnd(request: AddressRequest, trailers: string): void {
    this.#owner.tally.ended(request.exchange, this)
    this.#responded(request)
    guarded(() => request.exchange.handler.onEnd(trailers))
  }

  onWritable({ exchange }: AddressRequest): void {
    if (!exchange.needsDrain) return
    exchange.needsDrain = false
    guarded(() => exchange.handler.onWritable())
  }

  onLost(request: AddressRequest, error: Error): void {
    const { exchange } = request
    if (exchange.state === WAITING) {
      if (!request.open) this.#avoid()
      if (!request.sendAgain(error)) this.#owner.onExchangeLost(this, exchange, error)
    } else if (exchange.state === UPLOADING) {
      this.#finish(exchange)
      // Nobody reads what was still to be sent.
      this.onWritable(request)
    } else this.#breakOff(exchange, error)
  }

  onMalformed({ exchange }: AddressRequest, error: Error): void {
    this.#breakOff(exchange, error)
  }

  onRefused({ exchange }: AddressRequest, error: Error): void {
    // It may have been given up meanwhile.
    if (exchange.link !== this) return
    this.#finish(exchange)
    guarded(() => exchange.handler.onError(error))
  }

  #answered(exchange: Exchange): void {
    exchange.state = ANSWERED
    exchange.replay = null
    if (this.#avoidanceMs === 0) return
    this.#avoidanceMs = 0
    this.#avoidedUntilMs = 0
    this.#owner.avoid(this.upstream, 0)
  }

  /** The response is complete. The request may not be: a server may answer before it has read everything. */
  #responded(request: AddressRequest): void {
    if (request.exchange.requestEnded) this.#complete(request)
    else request.exchange.state = UPLOADING
  }

  #complete(request: AddressRequest): void {
    request.finish()
    this.#finish(request.exchange)
  }

  #finish(exchange: Exchange): void {
    exchange.state = DONE
    exchange.replay = null
    this.#owner.tally.over(exchange, this)
    this.detach(exchange)
  }

  #breakOff(exchange: Exchange, cause: Error): void {
    if (exchange.state === WAITING) this.#owner.tally.failed(exchange, this)
    this.#finish(exchange)
    const facts = { host: this.hostname, worker: this.upstream.name, reason: cause.message }
    const error = new MeshError('MESH_RESPONSE_ABORTED', facts, { cause })
    guarded(() => exchange.handler.onError(error))
  }

  #count(by: number): void {
    const { record, generation } = this.upstream
    this.#owner.scoreboard.addInflight(record, generation, by)
  }

  /** However many requests find out at once that an address cannot be reached: it is one failure. */
  #avoid(): void {
    const now = performance.now()
    if (now < this.#avoidedUntilMs) return
    this.#avoidanceMs = Math.min(this.#avoidanceMs * 2 || FIRST_AVOIDANCE_MS, LONGEST_AVOIDANCE_MS)
    this.#avoidedUntilMs = now + this.#avoidanceMs
    this.#owner.avoid(this.upstream, this.#avoidanceMs)
  }
}

/** A handler that throws must not leave node's http client in the middle of something. */
function guarded(call: () => void): void {
  try {
    call()
  } catch (error) {
    throwLater(error)
  }
}

function forgetBody(exchange: Exchange): void {
  if ((exchange.request.flags & MORE) === 0) return
  exchange.replay = null
  exchange.bodyGone = true
}

/** The connections to an address; or what is wrong with it, which is for the senders of requests to learn. */
function poolFor(address: string, connectMs: number | undefined): AddressPool | Error {
  try {
    return new AddressPool(address, connectMs)
  } catch (error) {
    return asError(error)
  }
}
