/**
 * One exchange on behalf of an undici handler. Any thread, client side.
 *
 * It is the controller undici's newer handlers are given and the handler the exchange reports to. Data
 * is handed on only while the handler is not paused; what it does not take, the server does not send. What
 * goes wrong is told as undici tells it: `undici-errors.ts`.
 */

import { throwLater } from '../errors.ts'
import { http } from '../node-http.ts'
import { bytesOf } from '../wire/body.ts'
import { BODY_MASK, MORE, type BodyField } from '../wire/frames.ts'
import { unwatchBody, watchBody, type StreamingResponse } from './body-timeouts.ts'
import type { Observation } from './diagnostics.ts'
import type { Exchange, ExchangeHandler, ResponseHead } from './exchange.ts'
import {
  declaredLength,
  lazyRawOf,
  lengthOf,
  objectOf,
  rawOf,
  type HeadersObject
} from './received-headers.ts'
import { pieceOf, type StreamedBody } from './request-body.ts'
import { RequestPump, type PumpOwner } from './request-pump.ts'
import { UndiciFailure, givenUp, textOf, undiciError, wrongLength } from './undici-errors.ts'
import type { UndiciHandler } from './undici-handlers.ts'

const { STATUS_CODES, maxHeaderSize } = http

/** What is to be known of a request while it is answered. */
export interface DispatchTerms {
  readonly method: string
  /** Host label of the application, for messages. */
  readonly hostname: string
  /** Milliseconds between two pieces of the response body; 0 waits for ever. */
  readonly bodyTimeoutMs: number
}

/** The head of an answer that grants an upgrade. */
type UpgradeHead = Pick<ResponseHead, 'status' | 'message' | 'block'>

interface Piece {
  readonly kind: number
  readonly body: BodyField
  readonly counted: boolean
}

/** A request undici has dispatched into the mesh. */
export class DispatchedExchange implements ExchangeHandler, StreamingResponse, PumpOwner {
  #handler: UndiciHandler
  readonly #legacy: boolean
  readonly #terms: DispatchTerms
  #exchange: Exchange | null = null
  #pump: RequestPump | null = null
  #block = ''
  #rawHeaders: Buffer[] | null = null
  #rawTrailers: Buffer[] | null = null
  /** Pieces that came while the handler was paused; `null` while there are none. */
  #held: Piece[] | null = null
  #trailers = ''
  #ended = false
  #headSeen = false
  /** Bytes the response declares, -1 when it does not; and such as have come. */
  #declared = -1
  #received = 0
  /** Whether the handler has been told the end, whichever it was. */
  over = false
  paused = false
  aborted = false
  reason: unknown = null
  /** Tells subscribers of undici's channels; `null` when there are none. */
  observation: Observation | null = null
  stirred = false
  quietSinceMs = 0
  watchIndex = -1

  constructor(handler: object, terms: DispatchTerms) {
    this.#handler = handler
    this.#legacy = this.#handler.onRequestStart === undefined
    this.#terms = terms
  }

  get bodyTimeoutMs(): number {
    return this.#terms.bodyTimeoutMs
  }

  /** The exchange, once the request is on its way. */
  get exchange(): Exchange | null {
    return this.#exchange
  }

  /** Whether its handler can be given a socket. */
  get takesUpgrade(): boolean {
    const handler = this.#handler
    return this.#legacy ? handler.onUpgrade !== undefined : handler.onRequestUpgrade !== undefined
  }

  /** Whether the head of a response has come. */
  get answered(): boolean {
    return this.#headSeen
  }

  /** Response headers as undici's parser would give them: names and values in turn, as Buffers. Interceptors change the array, or put another in its place. */
  get rawHeaders(): Buffer[] {
    // Who listens in, and handlers of the old kind, read them at once.
    const read = this.#legacy || this.observation !== null
    this.#rawHeaders ??= read ? rawOf(this.#block) : lazyRawOf(this.#block)
    return this.#rawHeaders
  }

  set rawHeaders(headers: Buffer[]) {
    this.#rawHeaders = headers
  }

  /** As {@link rawHeaders}, for the trailers. */
  get rawTrailers(): Buffer[] {
    this.#rawTrailers ??= rawOf(this.#trailers)
    return this.#rawTrailers
  }

  set rawTrailers(trailers: Buffer[]) {
    this.#rawTrailers = trailers
  }

  /** Tells the handler that its request is about to be sent; it may abort it right here. */
  start(): void {
    if (this.#legacy) this.#handler.onConnect?.(reason => this.abort(reason), null)
    else this.#handler.onRequestStart?.(this, null)
  }

  /** The request is on its way. `body`: what follows it; `declared`: how long that is, when it was said. */
  began(exchange: Exchange, body: StreamedBody | null, declared: number | null): void {
    if (this.over) {
      exchange.abort(textOf(this.reason))
      return
    }
    this.#exchange = exchange
    if (body === null) return
    this.#pump = new RequestPump(exchange, this, declared)
    this.#pump.start(body)
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.stirred = true
    if (this.#held !== null || this.#ended) this.#release()
  }

  /** The caller gives up; it is told the reason as it gave it. */
  abort(reason?: unknown): void {
    if (this.aborted || this.over) return
    this.aborted = true
    this.reason = reason ?? givenUp(this.#terms.hostname)
    this.giveUp(this.reason)
  }

  /** Fails the request and lets the server know. Not `abort`: interceptors put their own in its place. */
  giveUp(error: unknown): void {
    if (this.over) return
    this.#exchange?.abort(textOf(error))
    this.#fail(error)
  }

  onBodyPiece(piece: Uint8Array | string): void {
    if (this.over || (this.observation === null && this.#handler.onBodySent === undefined)) return
    const bytes = pieceOf(piece)
    this.observation?.onBodyPiece(bytes)
    try {
      this.#handler.onBodySent?.(bytes)
    } catch (error) {
      this.giveUp(error)
    }
  }

  onBodySent(): void {
    if (this.over) return
    this.observation?.onBodySent()
    if (this.#handler.onRequestSent === undefined) return
    try {
      this.#handler.onRequestSent()
    } catch (error) {
      this.giveUp(error)
    }
  }

  onBodyError(error: unknown): void {
    this.giveUp(error instanceof Error ? undiciError(error) : error)
  }

  onWritable(): void {
    this.#pump?.onWritable()
  }

  onInformation(status: number, block: string): void {
    // undici reports every informational response but 100, which it does not expect.
    if (this.over || status === 100) return
    this.#respond(status, STATUS_CODES[status] ?? '', block, this.#legacy ? null : objectOf(block))
  }

  onHead({ status, message, block, flags, body }: ResponseHead): void {
    if (this.over) return
    this.#headSeen = true
    if (block.length >= maxHeaderSize) {
      const text = `The headers of the response of ${this.#terms.hostname} have ${block.length} bytes.`
      this.giveUp(new UndiciFailure('UND_ERR_HEADERS_OVERFLOW', text))
      return
    }
    const bodiless = this.#terms.method === 'HEAD' || status === 204 || status === 304
    const headers = this.#legacy ? null : objectOf(block)
    if (!bodiless) this.#declared = headers === null ? lengthOf(block) : declaredLength(headers)
    if (this.#handler.onResponseStarted !== undefined) this.#handler.onResponseStarted()
    this.#respond(status, message, block, headers)
    if (body !== null) this.#take(flags & BODY_MASK, body, false)
    if ((flags & MORE) === 0) this.onEnd('')
    else if (!this.over && this.#terms.bodyTimeoutMs > 0) watchBody(this)
  }

  onData(flags: number, body: BodyField): void {
    this.stirred = true
    this.#take(flags, body, true)
  }

  onEnd(trailers: string): void {
    if (this.over) return
    this.#trailers = trailers
    this.#ended = true
    if (!this.paused) this.#release()
  }

  onError(error: Error): void {
    const told = undiciError(error)
    // The response is complete, even if it is not all handed on yet: only the upload ends.
    if (this.#ended) return this.#pump?.stop(told)
    // fetch never learns of an error that arrives in the same turn as the head.
    if (this.#headSeen) setImmediate(() => this.#fail(told))
    else this.#fail(told)
  }

  onBodyTimeout(): void {
    const { hostname, bodyTimeoutMs } = this.#terms
    const text = `The response of ${hostname} was silent for ${bodyTimeoutMs} ms.`
    this.giveUp(new UndiciFailure('UND_ERR_BODY_TIMEOUT', text))
  }

  /**
   * The application has taken the upgrade: `socket` is the caller's from now on.
   *
   * @returns false when the caller does not want it, and has been told of that.
   */
  onUpgrade({ status, message, block }: UpgradeHead, socket: object): boolean {
    this.#block = block
    this.#rawHeaders = null
    this.observation?.onHeaders(status, this.rawHeaders, message)
    try {
      if (this.#legacy) this.#handler.onUpgrade?.(status, this.rawHeaders, socket)
      else this.#handler.onRequestUpgrade?.(this, status, objectOf(block), socket)
    } catch (error) {
      this.giveUp(error)
    }
    if (this.over) return false
    this.over = true
    this.observation?.onComplete([])
    return true
  }

  /** `headers`: the block taken apart, for a handler of the newer kind; `null` for one of the old. */
  #respond(status: number, message: string, block: string, headers: HeadersObject | null): void {
    this.#block = block
    this.#rawHeaders = null
    this.observation?.onHeaders(status, this.rawHeaders, message)
    try {
      if (headers !== null) this.#handler.onResponseStart?.(this, status, headers, message)
      else if (
        this.#handler.onHeaders?.(status, this.rawHeaders, () => this.resume(), message) === false &&
        status >= 200
      ) {
        this.pause()
      }
    } catch (error) {
      this.giveUp(error)
    }
  }

  /** `counted`: the piece takes up room the server was given, which is given back when it is consumed. */
  #take(kind: number, body: BodyField, counted: boolean): void {
    if (this.over) return
    if (this.paused || this.#held !== null) (this.#held ??= []).push({ kind, body, counted })
    else this.#deliver(kind, body, counted)
  }

  #deliver(kind: number, body: BodyField, counted: boolean): void {
    const chunk = bytesOf(kind, body)
    this.#received += chunk.length
    if (this.#declared !== -1 && this.#received > this.#declared) {
      this.giveUp(wrongLength(this.#terms.hostname, this.#received, this.#declared))
      return
    }
    this.observation?.onData(chunk)
    try {
      if (!this.#legacy) this.#handler.onResponseData?.(this, chunk)
      else if (this.#handler.onData?.(chunk) === false) this.pause()
    } catch (error) {
      this.giveUp(error)
    }
    if (counted) this.#exchange?.consumed(chunk.length)
  }

  /** Hands on what was held back while the handler was paused, then the end. */
  #release(): void {
    const held = this.#held
    if (held !== null) {
      for (let piece = held.shift(); piece !== undefined; piece = held.shift()) {
        this.#deliver(piece.kind, piece.body, piece.counted)
        if (this.over) return
        if (this.paused) break
      }
      if (held.length > 0) return
      this.#held = null
    }
    if (this.#ended && !this.paused) this.#complete()
  }

  #complete(): void {
    if (this.#declared !== -1 && this.#received !== this.#declared) {
      this.giveUp(wrongLength(this.#terms.hostname, this.#received, this.#declared))
      return
    }
    this.#settle(null)
    // undici gives up an upload once the response is complete.
    if (this.#exchange?.requestEnded === false) this.#exchange.abort('the response is complete')
    this.observation?.onComplete(this.rawTrailers)
    try {
      if (this.#legacy) this.#handler.onComplete?.(this.rawTrailers)
      else this.#handler.onResponseEnd?.(this, objectOf(this.#trailers))
    } catch (error) {
      this.#tell(error)
    }
    this.#letGo()
  }

  #fail(error: unknown): void {
    if (this.over) return
    this.#settle(error)
    this.#tell(error)
    this.#letGo()
  }

  /**
   * Cuts what links it to its handler and its exchange. undici keeps its controllers; without the cut they and
   * the requests after them keep one another alive until a full collection: measured, 43 % of what was
   * allocated survived small collections, which took 7 ms instead of 0.2.
   */
  #letGo(): void {
    this.#handler = deaf
    this.#exchange = null
    this.#pump = null
  }

  #tell(error: unknown): void {
    this.observation?.onError(error)
    try {
      if (this.#legacy) this.#handler.onError?.(error)
      else this.#handler.onResponseError?.(this, error)
    } catch (thrown) {
      // It is nobody's but the caller's, and must not break off what came in the same batch.
      throwLater(thrown)
    }
  }

  #settle(error: unknown): void {
    this.over = true
    this.#held = null
    if (this.watchIndex !== -1) unwatchBody(this)
    this.#pump?.stop(error)
  }
}

/** Stands for the handler of a request that is over. */
const deaf: UndiciHandler = {}
