/**
 * One request on its way: what the sender does with it, and what it is told. Any thread, client side.
 *
 * An exchange survives a change of upstream: as long as no byte of an answer was seen and sending again
 * is safe, the client moves it to another link and its owner never knows.
 */
import { throwLater } from '../errors.ts'
import type { Scoreboard } from '../scoreboard.ts'
import { sizeOf } from '../wire/body.ts'
import type { FlushMoment } from '../wire/frame-port.ts'
import { MORE, type BodyField } from '../wire/frames.ts'
import type { Upstream } from '../wire/control.ts'
import type { Tally } from './tally.ts'

/** The way from this thread to one upstream, as the client and its exchanges use it. */
export interface Link {
  readonly upstream: Upstream
  /** Host label it was opened for. */
  readonly hostname: string
  /** Exchanges in flight on it. */
  readonly size: number
  /** Whether it is cut, for good. */
  readonly isLost: boolean
  exchanges(): Exchange[]
  /** Sends an exchange's head, and what of its body has been sent to another upstream before. */
  send(exchange: Exchange, nowMs: number): void
  /** Sends a piece of a request body; false when the upstream has enough for now. */
  sendData(exchange: Exchange, flags: number, body: BodyField): boolean
  /** Sends the end of a request body. */
  sendEnd(exchange: Exchange, trailers: string): void
  /** Tells the upstream to stop, and forgets the exchange. */
  abort(exchange: Exchange, reason: string): void
  /** The response's receiver has made room for so many bytes. */
  acknowledge(exchange: Exchange, bytes: number): void
  /** The connection of a peer is closed whose requests went over it, under a number: nothing has to be kept for it. */
  dismiss(peer: string): void
  /** Whether {@link revoke} can still succeed. */
  revocable(exchange: Exchange): boolean
  /** Takes a request back if the upstream has not begun it: true means that it never will. */
  revoke(exchange: Exchange): boolean
  /** Takes an exchange off the link without telling anyone, so that it can be sent elsewhere. */
  detach(exchange: Exchange): void
  /** Cuts the link: what is in flight is lost. */
  close(): void
}

/** What a link tells the client that owns it. */
export interface LinkOwner {
  readonly scoreboard: Scoreboard
  readonly flushMoment: FlushMoment
  /** Counts answers, failures and bytes. */
  readonly tally: Tally
  /** The upstream is gone, or given up for `cause`; `orphans` were in flight to it and are still on the link. */
  onLinkLost(link: Link, orphans: readonly Exchange[], cause?: Error): void
  /**
   * One exchange lost its upstream, which may be there for others: an address that refuses connections, or
   * closes one. The exchange is still on the link; {@link Link.revoke} says whether it had begun.
   */
  onExchangeLost(link: Link, exchange: Exchange, cause: Error): void
  /** Choose this upstream only when there is no other, for so many milliseconds. */
  avoid(upstream: Upstream, forMs: number): void
}

/** A request as the mesh sends it. */
export interface MeshRequest {
  /** Host label of the application, in lower case, without the domain. */
  readonly hostname: string
  readonly method: string
  /** Request target as it stands in the request line. */
  readonly path: string
  /** Header section as a block (`wire/headers.ts`), a `host` among them. */
  readonly headers: string
  /** Flags of `wire/frames.ts`: how `body` is to be read, MORE when it goes on, UPGRADE, HTTP10. */
  readonly flags: number
  readonly body: BodyField
  /** The peer's connection as `address port secure number`, number 0 while it has had one request, for `req.socket`; `null` for a call from inside. */
  readonly peer: string | null
  /** Milliseconds to the response head; 0 waits for ever. */
  readonly timeoutMs: number
  /** Whether it may be sent again after its code may have run (RFC 9110, section 9.2.2). */
  readonly idempotent: boolean
  /** Load shedding: asked of each upstream in the order of preference until one is accepted; `null` accepts all. */
  readonly accept: ((upstream: Upstream) => boolean) | null
  /** Name of the one member that is to answer, whether it takes requests of others or is out; any without it. */
  readonly only?: string
}

/** The head of a final response. */
export interface ResponseHead {
  readonly status: number
  readonly message: string
  /** Header section as a block. */
  readonly block: string
  /** How `body` is to be read; without MORE the response is complete with it. */
  readonly flags: number
  readonly body: BodyField
}

/** What the owner of a request is told, in this order, each method within the limits of HTTP. */
export interface ExchangeHandler {
  /** 100, 102 or 103 with its headers as a block. Any number of times, before the head. */
  onInformation(status: number, headers: string): void
  /** The final head. When its flags have no MORE the response is complete and `onEnd` is not called. */
  onHead(head: ResponseHead): void
  /** A piece of the body. Call {@link Exchange.consumed} when there is room for more. */
  onData(flags: number, body: BodyField): void
  /** The response is complete; `trailers` is a block, usually empty. */
  onEnd(trailers: string): void
  /**
   * The exchange failed; nothing follows. After the end of the response: the upstream does not want the rest of
   * the request, and the response stands.
   */
  onError(error: Error): void
  /** A `write` returned false and there is room again. */
  onWritable(): void
  /** Its owner has given it up. For those that listen in; the owner knows. */
  onAborted?(reason: string): void
}

/** States of an exchange. */
export const WAITING = 0
/** The head has been seen: no more retries. */
export const ANSWERED = 1
/** The response is complete, the request body is not yet. */
export const UPLOADING = 2
/** Over, one way or the other. */
export const DONE = 3

/** The upstreams of a request that has not been sent: one list for all of them. */
const nowhere: readonly number[] = []

/** One request in flight. Made by the client only. */
export class Exchange {
  readonly request: MeshRequest
  readonly handler: ExchangeHandler
  /** When its owner sent it, on this thread's clock like all times here. */
  readonly arrivedMs: number
  /** When the time to the response head began to run: at the last sign of the request body. */
  startedMs: number
  /** Milliseconds it waited until somebody could take it. */
  queuedMs = 0
  /** Status of its answer, 101 for an upgrade; 0 before. */
  answerStatus = 0
  /** When the head of its answer was here; 0 before. */
  answeredMs = 0
  /** Name of the member it was sent to last; `null` while there is none. */
  worker: string | null = null
  /** The way to it, also when the exchange is over. */
  through: Link | null = null
  /** Bytes of the body that its owner has sent, and of that of the answer so far. */
  bytesSent = 0
  bytesReceived = 0
  state: typeof WAITING | typeof ANSWERED | typeof UPLOADING | typeof DONE = WAITING
  link: Link | null = null
  id = 0
  cell = -1
  sentMs: number
  /** Milliseconds to the response head: the request's own, or what is left of the deadline of the request being answered. */
  timeoutMs: number
  /** Ids of the upstreams it has been sent to. */
  tried: readonly number[] = nowhere
  /** How many of them were lost after they had begun it. */
  losses = 0
  /** Request body: pieces sent since the head, kept until the server is known to have begun. */
  replay: { flags: number; body: BodyField }[] | null = null
  /** Whether pieces were sent that can no longer be sent again. */
  bodyGone = false
  requestEnded: boolean
  requestTrailers = ''
  /** Bytes the server still lets us send; negative when the last write went over. */
  sendWindow: number
  needsDrain = false
  /** Response bytes consumed and not yet told. */
  unacknowledged = 0

  constructor(request: MeshRequest, handler: ExchangeHandler, nowMs: number, window: number) {
    this.request = request
    this.handler = handler
    this.arrivedMs = nowMs
    this.startedMs = nowMs
    this.sentMs = nowMs
    this.timeoutMs = request.timeoutMs
    this.sendWindow = window
    this.requestEnded = (request.flags & MORE) === 0
  }

  /** It is being sent over this link. */
  sentTo(link: Link): void {
    const { id, name } = link.upstream
    this.tried = this.tried === nowhere ? [id] : [...this.tried, id]
    this.worker = name
    this.through = link
  }

  /** How often it was sent again. */
  get retries(): number {
    return Math.max(this.tried.length - 1, 0)
  }

  /**
   * Sends a piece of the request body.
   *
   * @returns false when the server has enough for now: wait for `onWritable`.
   */
  write(flags: number, body: BodyField): boolean {
    this.startedMs = performance.now()
    this.bytesSent += sizeOf(flags, body)
    return this.state !== DONE && !this.requestEnded && this.link !== null
      ? this.link.sendData(this, flags, body)
      : true
  }

  /** The request body is complete. */
  end(trailers = ''): void {
    if (this.state === DONE || this.requestEnded) return
    this.startedMs = performance.now()
    this.requestEnded = true
    this.requestTrailers = trailers
    this.link?.sendEnd(this, trailers)
  }

  /** Gives up: the server's side sees its connection close. The handler is told nothing more. */
  abort(reason: string): void {
    if (this.state === DONE) return
    this.handler.onAborted?.(reason)
    // Without a link no upstream was found, and the failure is still to be told.
    if (this.link === null) this.state = DONE
    else this.link.abort(this, reason)
  }

  /** Lets the server send `bytes` more of its response. */
  consumed(bytes: number): void {
    if (this.state === ANSWERED) this.link?.acknowledge(this, bytes)
  }
}

/** Ends an exchange that has not ended yet, and tells its owner why. */
export function fail(exchange: Exchange, error: Error): void {
  if (exchange.state === DONE) return
  exchange.state = DONE
  tell(exchange, error)
}

/** Tells the owner of an exchange why it has ended. A handler that throws must not keep others from being told. */
export function tell(exchange: Exchange, error: Error): void {
  try {
    exchange.handler.onError(error)
  } catch (thrown) {
    throwLater(thrown)
  }
}

/** The response was complete: nothing is owed but the rest of the request, which nobody reads any more. */
export function finishUpload(exchange: Exchange, link: Link): void {
  exchange.state = DONE
  link.detach(exchange)
  if (exchange.needsDrain) exchange.handler.onWritable()
}
