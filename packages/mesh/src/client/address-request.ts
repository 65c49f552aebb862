/**
 * One request on a network connection. Any thread, client side: node's http client on one side, the calls
 * of {@link AddressRequestOwner} on the other. Whose fault a failure is, and what follows, the owner says.
 *
 * It listens with closures: node's client makes a dozen objects for each request anyway.
 */
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

import type { MeshError } from '../errors.ts'
import { bytesOf, fieldOf, kindOf, sizeOf } from '../wire/body.ts'
import { BODY_MASK, LATIN1, MORE, NO_BODY, UPGRADE, WINDOW, type BodyField } from '../wire/frames.ts'
import {
  blockOf,
  lengthError,
  networkHead,
  networkTrailers,
  refusalOf,
  responseBlock
} from './address-head.ts'
import { closedError, timeoutError, type AddressPool } from './address-pool.ts'
import type { Exchange, ResponseHead } from './exchange.ts'

/** What a request on the network tells the link it belongs to. */
export interface AddressRequestOwner {
  /** Its connection is open: from here on the upstream may have begun it. */
  onOpen(request: AddressRequest): void
  onInformation(request: AddressRequest, status: number, block: string): void
  onHead(request: AddressRequest, head: ResponseHead): void
  onData(request: AddressRequest, kind: number, field: BodyField): void
  onEnd(request: AddressRequest, trailers: string): void
  /** There is room for more of its body. */
  onWritable(request: AddressRequest): void
  /** The connection could not be opened, or broke. */
  onLost(request: AddressRequest, error: Error): void
  /** What came back is no answer. */
  onMalformed(request: AddressRequest, error: Error): void
  /** The request is none that can be sent. */
  onRefused(request: AddressRequest, error: MeshError): void
}

/** A request on the network. */
export class AddressRequest {
  readonly exchange: Exchange
  /** Or why there is none. */
  readonly #pool: AddressPool | Error
  readonly #owner: AddressRequestOwner
  #request: ClientRequest | null = null
  #response: IncomingMessage | null = null
  #socket: Socket | null = null
  /** After an upgrade: bytes pass as they are. */
  #tunnel: Socket | null = null
  /** The head of the answer has been handed on, and the pieces that follow it flow. */
  #flowing = false
  /** Nothing more is told of it. */
  over = false
  /** Body bytes sent so far. */
  sent = 0
  /** As many as there have to be; -1 when nobody said. */
  #length = -1
  /** What is sent into a tunnel before it is open. */
  #early: { flags: number; body: BodyField }[] | null = null
  #ended = false
  /** Bytes handed on that the receiver has made no room for. */
  #held = 0
  /** Bytes its connection had read before it got this request. */
  #readBefore = 0
  /** Whether some of it may have left: whether the upstream may have begun it. Stays true when it is sent again. */
  open = false
  #again = false

  constructor(exchange: Exchange, pool: AddressPool | Error, owner: AddressRequestOwner) {
    this.exchange = exchange
    this.#pool = pool
    this.#owner = owner
  }

  /** Sends the head, what came with it, and what of the body another upstream was sent before. */
  start(): void {
    const { request, requestEnded, requestTrailers, replay } = this.exchange
    const pool = this.#pool
    if (pool instanceof Error) {
      process.nextTick(() => this.#fail(pool))
      return
    }
    try {
      this.#launch(pool)
    } catch (error) {
      this.#refuse(error)
      return
    }
    if ((request.flags & MORE) === 0) return
    for (const { flags, body } of replay ?? []) this.write(flags, body)
    if (requestEnded) this.end(requestTrailers)
  }

  /** Sends a piece of the body, or of the tunnel; false when there is enough to send for now. */
  write(flags: number, body: BodyField): boolean {
    const kind = flags & BODY_MASK
    const size = sizeOf(kind, body)
    if (size === 0 || this.over || this.#ended) return true
    if (this.#early !== null) {
      this.#early.push({ flags, body })
      this.sent += size
      return this.sent < WINDOW
    }
    if (this.#tunnel !== null) {
      this.#tunnel.write(bytesOf(kind, body))
      return this.#tunnel.writableLength < WINDOW
    }
    const request = this.#request
    // An upgrade that was refused: nobody reads what was meant for the tunnel.
    if (request === null || this.#isUpgrade) return true
    this.sent += size
    if (this.#length !== -1 && this.sent > this.#length) {
      this.#refuse(lengthError(this.sent, this.#length))
      return true
    }
    request.write(bytesOf(kind, body))
    // Not before a window was sent: on a link to a thread nothing would tell the sender to go on.
    return request.writableLength < WINDOW || this.sent < WINDOW
  }

  /** The body, or this side of the tunnel, is complete. */
  end(trailers: string): void {
    if (this.over || this.#ended) return
    this.#ended = true
    this.#tunnel?.end()
    if (this.#isUpgrade || this.#request === null) return
    try {
      if (this.#length !== -1 && this.sent !== this.#length) throw lengthError(this.sent, this.#length)
      if (trailers !== '' && this.#length === -1) this.#request.addTrailers(networkTrailers(trailers))
      this.#request.end()
    } catch (error) {
      this.#refuse(error)
    }
  }

  /** The receiver has made room for so many bytes. */
  acknowledge(bytes: number): void {
    this.#held -= bytes
    if (this.#held > WINDOW / 2) return
    const source = this.#tunnel ?? this.#response
    if (this.#flowing && source?.isPaused() === true) source.resume()
  }

  /**
   * Sends it once more, on a new connection, if all there is against it is that its connection had been
   * used before and was closed before a byte of an answer: idle connections end like that.
   *
   * @returns whether it was sent.
   */
  sendAgain(error: Error): boolean {
    const { idempotent } = this.exchange.request
    const reused = this.#request?.reusedSocket === true && this.#socket?.bytesRead === this.#readBefore
    const closed = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
    if (this.#again || !reused || !closed || !idempotent || this.exchange.bodyGone) return false
    this.#again = true
    this.over = false
    this.#ended = false
    this.sent = 0
    this.start()
    return true
  }

  /** Lets go of the connection: at once when the answer is not complete. Nothing is told any more. */
  stop(): void {
    if (this.over) return
    this.over = true
    this.#early = null
    this.#tunnel?.destroy()
    this.#request?.destroy()
  }

  /** Both bodies are complete: the connection is node's to keep. */
  finish(): void {
    this.over = true
  }

  get #isUpgrade(): boolean {
    return (this.exchange.request.flags & UPGRADE) !== 0
  }

  #launch(pool: AddressPool): void {
    const { method, path, flags, body, idempotent } = this.exchange.request
    const { headers, length } = networkHead(this.exchange.request)
    const upgrade = this.#isUpgrade
    this.#length = length
    const unused = this.#again
    const request = pool.open({ method, path, headers, upgrade, idempotent, unused })
    this.#request = request
    this.#listen(request, pool)
    if (upgrade) {
      this.#early = []
      request.end()
      if (body !== null) this.write(flags, body)
    } else if ((flags & MORE) === 0) {
      if (body === null) request.end()
      else request.end(bytesOf(flags & BODY_MASK, body))
    } else {
      // Its answer may be what the sender of the body waits for.
      request.flushHeaders()
      if (body !== null) this.write(flags, body)
    }
  }

  #listen(request: ClientRequest, pool: AddressPool): void {
    /** Whether it is still this request that matters: it may have been sent again, or be over. */
    const current = (): boolean => !this.over && this.#request === request
    request.once('socket', socket => {
      if (current()) this.#onSocket(socket, pool)
    })
    request.on('information', ({ statusCode, rawHeaders }) => {
      if (current()) this.#owner.onInformation(this, statusCode, responseBlock(rawHeaders))
    })
    request.once('response', response => {
      if (current()) this.#onResponse(response)
      else response.destroy()
    })
    request.once('upgrade', (response, socket: Socket, head) => {
      if (!current()) socket.destroy()
      else if (this.#early === null) this.#malformed(new Error('it changed the protocol unasked'))
      else this.#onUpgrade(response, socket, head)
    })
    request.on('drain', () => {
      if (current()) this.#owner.onWritable(this)
    })
    request.on('timeout', () => {
      if (current() && !this.open) this.#fail(timeoutError())
      // Answered, and what is left of its body is not being read.
      else if (this.over) request.destroy()
    })
    request.on('error', error => {
      if (current()) this.#fail(error)
    })
    request.once('close', () => {
      // With an answer under way, that one's end is what counts.
      if (current() && this.#response === null && this.#tunnel === null) this.#fail(closedError())
      else if (current() && this.#response?.readableEnded === true) this.#fail(closedError())
    })
  }

  #onSocket(socket: Socket, pool: AddressPool): void {
    this.#socket = socket
    this.#readBefore = socket.bytesRead
    if (pool.isOpen(socket)) this.#onOpen()
    else {
      socket.once(pool.openEvent, () => {
        if (!this.over && this.#socket === socket) this.#onOpen()
      })
    }
  }

  #onOpen(): void {
    this.open = true
    this.#owner.onOpen(this)
  }

  #onResponse(response: IncomingMessage): void {
    this.#response = response
    this.#early = null
    const { statusCode = 0 } = response
    response.on('error', error => {
      if (!this.over) this.#fail(error)
    })
    response.once('close', () => {
      if (!this.over && !response.readableEnded) this.#fail(closedError())
    })
    if (statusCode < 200) {
      this.#malformed(new Error(`the status ${statusCode} is no final one`))
      return
    }
    // At the end of this tick a short answer is here as a whole.
    process.nextTick(() => {
      if (!this.over) this.#tellHead(response)
    })
  }

  #tellHead(response: IncomingMessage): void {
    const { statusCode: status = 0, statusMessage: message = '', rawHeaders } = response
    const block = responseBlock(rawHeaders)
    const whole = response.complete && response.rawTrailers.length === 0
    const chunk: Buffer | null = whole ? response.read() : null
    const [kind, body] = chunk === null ? [NO_BODY, null] : [kindOf(chunk), fieldOf(chunk)]
    if (whole) {
      // Reading has ended it: node keeps the connection.
      response.resume()
      this.#owner.onHead(this, { status, message, block, flags: kind, body })
      this.#afterAnswer()
      return
    }
    this.#owner.onHead(this, { status, message, block, flags: MORE, body: null })
    if (this.over) return
    this.#flowing = true
    response.on('data', (piece: Buffer) => this.#onPiece(piece, response))
    response.once('end', () => {
      if (this.over) return
      this.#owner.onEnd(this, responseBlock(response.rawTrailers))
      this.#afterAnswer()
    })
  }

  /** A connection that was closed, or is to be (RFC 9112, section 9.6), takes no rest of a request. */
  #afterAnswer(): void {
    const request = this.#request
    if (this.over || request === null) return
    if (request.destroyed || !request.shouldKeepAlive) this.#fail(closedError())
  }

  #onUpgrade(response: IncomingMessage, socket: Socket, head: Buffer): void {
    const early = this.#early ?? []
    this.#early = null
    this.#tunnel = socket
    socket.setTimeout(0)
    socket.on('error', error => {
      if (!this.over) this.#fail(error)
    })
    socket.once('close', () => {
      if (!this.over) this.#fail(closedError())
    })
    socket.on('drain', () => {
      if (!this.over) this.#owner.onWritable(this)
    })
    const line = `HTTP/1.1 101 ${response.statusMessage ?? ''}\r\n`
    this.#give(Buffer.from(`${line}${blockOf(response.rawHeaders)}\r\n`, 'latin1'))
    if (head.byteLength > 0 && !this.over) this.#give(head)
    if (this.over) return
    this.#flowing = true
    socket.on('data', (piece: Buffer) => this.#onPiece(piece, socket))
    socket.once('end', () => {
      if (!this.over) this.#owner.onEnd(this, '')
    })
    for (const { flags, body } of early) socket.write(bytesOf(flags & BODY_MASK, body))
    if (this.#ended) socket.end()
    else if (early.length > 0) this.#owner.onWritable(this)
  }

  #onPiece(piece: Buffer, source: IncomingMessage | Socket): void {
    if (this.over) return
    this.#give(piece)
    if (this.#held >= WINDOW) source.pause()
  }

  #give(piece: Buffer): void {
    this.#held += piece.byteLength
    const kind = kindOf(piece)
    this.#owner.onData(this, kind === NO_BODY ? LATIN1 : kind, fieldOf(piece))
  }

  #fail(error: Error): void {
    if (this.over) return
    if ('code' in error && String(error.code).startsWith('HPE_')) return this.#malformed(error)
    this.stop()
    this.#owner.onLost(this, error)
  }

  #malformed(error: Error): void {
    this.stop()
    this.#owner.onMalformed(this, error)
  }

  /** The sender is told later: it may be in the middle of a call, or not have its exchange yet. */
  #refuse(cause: unknown): void {
    this.stop()
    const error = refusalOf(cause)
    process.nextTick(() => this.#owner.onRefused(this, error))
  }
}
