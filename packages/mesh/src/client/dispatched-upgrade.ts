/**
 * An upgrade on behalf of an undici handler: `undici.upgrade()`, `undici.connect()`, undici's `WebSocket`
 * and the one of node. Any thread, client side. THE WALK of its answer: bytes, head, then either a socket or
 * a response.
 *
 * An application that takes the upgrade writes its answer on the raw socket, head and all, and it arrives
 * here as bytes. One that does not answers with an ordinary response, which arrives as one. A third kind
 * writes a refusal (`HTTP/1.1 401 …`) on the raw socket: it is taken apart here, and told as a response.
 */

import { http } from '../node-http.ts'
import { BYTES, MORE, NO_BODY, type BodyField } from '../wire/frames.ts'
import { bytesOf } from '../wire/body.ts'
import { DispatchedExchange, type DispatchTerms } from './dispatched-exchange.ts'
import type { ResponseHead } from './exchange.ts'
import { RawBody, readRawHead, type RawHead } from './raw-response.ts'
import { TunnelSocket } from './tunnel-socket.ts'
import { UndiciFailure } from './undici-errors.ts'

const { maxHeaderSize } = http

const CONNECT = 'CONNECT'

/** An upgrade undici has dispatched into the mesh. */
export class DispatchedUpgrade extends DispatchedExchange {
  readonly #terms: DispatchTerms
  /** What has come of the head. */
  #early: Buffer = Buffer.alloc(0)
  #socket: TunnelSocket | null = null
  /** The body of a refusal written on the raw socket. */
  #refusal: RawBody | null = null

  constructor(handler: object, terms: DispatchTerms) {
    super(handler, terms)
    this.#terms = terms
  }

  override start(): void {
    if (!this.takesUpgrade) {
      throw new UndiciFailure('UND_ERR_INVALID_ARG', 'invalid onRequestUpgrade method')
    }
    super.start()
  }

  override onHead(head: ResponseHead): void {
    // The application did not take the upgrade: nothing more will be sent to it.
    this.exchange?.end()
    super.onHead(head)
  }

  override onData(flags: number, body: BodyField): void {
    const bytes = bytesOf(flags, body)
    if (this.#socket !== null) this.#socket.receive(bytes)
    else if (this.#refusal !== null) this.#refuse(this.#refusal, bytes)
    else this.#readHead(bytes)
  }

  override onEnd(trailers: string): void {
    if (this.#socket !== null) this.#socket.receiveEnd()
    else if (this.#refusal !== null) this.#endRefusal(this.#refusal)
    else if (this.answered) super.onEnd(trailers)
    else this.giveUp(new UndiciFailure('UND_ERR_SOCKET', `${this.#terms.hostname} closed the connection.`))
  }

  override onError(error: Error): void {
    if (this.#socket === null) super.onError(error)
    else this.#socket.lose(error)
  }

  override onWritable(): void {
    this.#socket?.onWritable()
  }

  #readHead(bytes: Buffer): void {
    this.#early = this.#early.byteLength === 0 ? bytes : Buffer.concat([this.#early, bytes])
    for (let head = readRawHead(this.#early); ; head = readRawHead(this.#early)) {
      if (head === 'partial' && this.#early.byteLength < maxHeaderSize) return
      if (typeof head === 'string') {
        this.giveUp(badHead(head, this.#terms.hostname))
        return
      }
      this.exchange?.consumed(head.size)
      this.#early = this.#early.subarray(head.size)
      if (head.status >= 200 || head.status === 101) {
        this.#answer(head)
        return
      }
      this.onInformation(head.status, head.block)
    }
  }

  #answer(head: RawHead): void {
    const { exchange } = this
    const rest = this.#early
    this.#early = Buffer.alloc(0)
    if (exchange === null) return
    if (head.status !== 101 && this.#terms.method !== CONNECT) {
      const body = new RawBody(head)
      this.#refusal = body
      super.onHead({ ...head, flags: NO_BODY | MORE, body: null })
      if (body.complete || rest.byteLength > 0) this.#refuse(body, rest)
      return
    }
    const socket = new TunnelSocket(exchange)
    this.#socket = socket
    if (rest.byteLength > 0) socket.receive(rest)
    if (!this.onUpgrade(head, socket)) socket.destroy()
  }

  #refuse(body: RawBody, bytes: Buffer): void {
    let payload = 0
    for (const piece of body.push(bytes)) {
      payload += piece.byteLength
      super.onData(BYTES, piece)
    }
    // What frames the body takes up room as well.
    this.exchange?.consumed(bytes.byteLength - payload)
    if (body.complete) super.onEnd(body.trailers)
    else if (body.malformed) this.giveUp(badHead('malformed', this.#terms.hostname))
  }

  #endRefusal(body: RawBody): void {
    if (body.complete) return
    if (body.untilClose) super.onEnd('')
    else this.giveUp(new UndiciFailure('UND_ERR_SOCKET', `${this.#terms.hostname} closed the connection.`))
  }
}

function badHead(fault: 'partial' | 'malformed', hostname: string): UndiciFailure {
  return fault === 'partial'
    ? new UndiciFailure('UND_ERR_HEADERS_OVERFLOW', `The head of the answer of ${hostname} does not end.`)
    : new UndiciFailure('UND_ERR_SOCKET', `The answer of ${hostname} is not HTTP/1.`)
}
