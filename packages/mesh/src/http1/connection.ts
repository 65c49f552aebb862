/**
 * One HTTP/1 connection whose requests are answered by the mesh. In edge threads on public sockets, in
 * workers on in-memory sockets of clients that know only TCP.
 *
 * It owns framing, keep-alive, pipelining (one request at a time), back-pressure in both directions and
 * the time limits of its phases. Which application gets a request, and with which headers, its host says.
 */

import type { ExchangeHandler, ResponseHead } from '../client/exchange.ts'
import type { Upstream } from '../wire/control.ts'
import { fieldOf, kindOf, sizeOf } from '../wire/body.ts'
import { MORE, type BodyField } from '../wire/frames.ts'
import { queuedBytes, type ClientSocket } from './client-socket.ts'
import type { ConnectionHost } from './connection-host.ts'
import { CurrentRequest, type EndCause } from './current-request.ts'
import { errorPage, refusalOf } from './error-page.ts'
import type { Refusal, RequestHead } from './request-head.ts'
import { RequestParser, type RequestReceiver } from './request-parser.ts'
import { ResponseWriter } from './response-writer.ts'
import { overdue, type Phase } from './time-limits.ts'
import { Tunnel } from './tunnel.ts'

/** A client's connection. */
export class Connection implements RequestReceiver, ExchangeHandler {
  readonly socket: ClientSocket
  /** For the host, to know it by. */
  id = 0
  readonly #host: ConnectionHost
  readonly #parser: RequestParser
  readonly #writer: ResponseWriter
  readonly #current: CurrentRequest
  #phase: Phase = 'idle'
  #since = performance.now()
  #requests = 0
  /** The client has closed its side. */
  #halfOpen = false
  /** The next request is taken up when the socket has room for its answer. */
  #awaitsDrain = false
  #queued = 0
  #closed = false

  constructor(socket: ClientSocket, host: ConnectionHost) {
    this.socket = socket
    this.#host = host
    this.#parser = new RequestParser(host.limits, this)
    this.#writer = new ResponseWriter(socket, host.traffic)
    this.#current = new CurrentRequest(socket, this.#writer, account => host.onEnded?.(this, account))
    socket.on('drain', () => this.#onDrain())
    socket.on('end', () => this.#onClientEnd())
    socket.on('error', ignore)
    socket.on('close', () => this.#onClose())
  }

  /** Requests so far, the one being answered included. */
  get requests(): number {
    return this.#requests
  }

  /** Whether the connection was upgraded. */
  get upgraded(): boolean {
    return this.#phase === 'tunnel'
  }

  /** Whether the connection was upgraded, and may be closed since. */
  get wasUpgraded(): boolean {
    return this.#current.tunnel !== null
  }

  /** Who answers the current request, or the upgraded connection; `null` when nobody does. */
  get upstream(): Upstream | null {
    return this.#current.exchange?.link?.upstream ?? null
  }

  /** Takes what the socket has read. The bytes are used or copied before it returns. */
  receive(chunk: Buffer): void {
    this.#host.traffic?.received(chunk.byteLength)
    if (this.#phase === 'tunnel' || (this.#phase === 'exchange' && this.#current.head?.upgrade !== null)) {
      this.#writeTunnel(chunk)
      return
    }
    const idleSince = this.#phase === 'idle' ? this.#since : null
    if (idleSince !== null) {
      this.#parser.limits = this.#host.limits
      this.#phase = 'head'
      this.#since = performance.now()
    }
    this.#parser.push(chunk)
    if (this.#phase === 'head' && !this.#parser.inHead) {
      // Line ends between requests begin nothing.
      this.#phase = 'idle'
      this.#since = idleSince ?? this.#since
    }
    this.#holdPipeline()
  }

  /**
   * Closes it if it is idle, and has been for so long; otherwise its current response will when the host drains.
   * Without an answer on its way nothing is gained by waiting for the client to close too.
   */
  closeWhenIdle(nowMs: number = performance.now(), quietMs = 0): void {
    if (this.#phase !== 'idle' || nowMs - this.#since < quietMs) return
    if (queuedBytes(this.socket) > 0) this.#close()
    else this.destroy()
  }

  /**
   * Ends an upgraded connection in good order: the client of a WebSocket is sent a Close frame between two
   * frames of its application, and has two seconds to answer. Other protocols have no such word: they go on.
   */
  leave(code: number, reason: string): void {
    if (this.#current.tunnel?.leave(code, reason) === true) this.#current.blame('cut')
  }

  /** Ends it now, whatever it is doing. */
  destroy(): void {
    this.#blame('cut')
    this.socket.destroy()
  }

  /** Enforces the time limit of the current phase. Called about twice a second. */
  sweep(nowMs: number): void {
    const queued = queuedBytes(this.socket)
    // A client that reads slowly is not one that does not read.
    if (queued !== this.#queued) this.#since = nowMs
    this.#queued = queued
    const verdict = overdue(this.#phase, nowMs - this.#since, this.#host.limits, {
      first: this.#requests === 0,
      awaitsBody: !this.#current.isWhole && !this.socket.isPaused(),
      unsent: queued > 0,
      halfOpen: this.#halfOpen
    })
    const isLate = this.#current.tunnel?.isLate(nowMs) === true
    if (verdict === 'wait' && !isLate) return
    this.#blame(this.#phase === 'exchange' && this.#halfOpen && queued === 0 ? 'gone' : 'late')
    if (verdict === 'close' || verdict === 'wait') this.socket.destroy()
    else this.onRefusal(verdict, this.#parser.line)
  }

  /** Answers a request of which the host has said in `onFailed` that it does so itself. */
  refuse(refusal: Refusal): void {
    if (!this.#closed && !this.#current.isAnswered) this.#answer(refusal)
  }

  onRequest(head: RequestHead): void {
    this.#requests++
    this.#phase = 'exchange'
    this.#current.begin(head, this.#since)
    this.#since = performance.now()
    const exchange = this.#host.forward(head, this)
    if ('status' in exchange) {
      this.#current.blame('refused', exchange.reason)
      return this.#answer(exchange)
    }
    this.#current.send(exchange)
    if (head.upgrade === null) return
    const early = this.#parser.takeBuffered()
    if (early.byteLength > 0) exchange.write(kindOf(early), fieldOf(early))
  }

  onBody(chunk: Buffer): void {
    this.#since = performance.now()
    const { exchange } = this.#current
    if (exchange === null) return
    if (!exchange.write(kindOf(chunk), fieldOf(chunk))) {
      this.#parser.pause()
      this.socket.pause()
    }
  }

  onComplete(trailers: string): void {
    const { head, exchange, isAnswered } = this.#current
    this.#current.isWhole = true
    // A request without a body was sent complete.
    if (head !== null && head.contentLength !== 0) exchange?.end(trailers)
    if (isAnswered) this.#nextRequest()
  }

  onRefusal(refusal: Refusal, line: string): void {
    const current = this.#current
    current.beginUnread(line, this.#since)
    current.blame('refused', refusal.reason)
    current.keepAlive = false
    current.isWhole = true
    // The answer is under way already: all that can be said is to break it off.
    if (this.#writer.begun) return this.#writer.breakOff()
    current.abort(refusal.reason)
    this.#answer(refusal)
  }

  onWritable(): void {
    this.#since = performance.now()
    this.#parser.resume()
    // What the parser had kept may have been enough again.
    if (!this.#parser.paused) this.socket.resume()
  }

  onInformation(status: number, block: string): void {
    if (this.#current.head?.minor !== 1 || this.#writer.begun) return
    if (status === 100) this.#current.isContinued = true
    this.#writer.inform(status, block)
  }

  onHead(response: ResponseHead): void {
    const current = this.#current
    const { head, isContinued, isWhole } = current
    if (head === null || this.#closed) return
    this.#since = performance.now()
    // A client that still holds its body back may send it or not: what follows could not be told apart.
    const unclear = head.upgrade !== null || (head.expectContinue && !isContinued && !isWhole)
    const keepAlive = current.keepAlive && !unclear && !this.#isLast()
    // The application did not take the upgrade.
    if (head.upgrade !== null) current.exchange?.end()
    current.write(() => {
      const { method, minor } = head
      current.keepAlive = this.#writer.writeHead(response, { method, minor, keepAlive })
      return true
    })
    if ((response.flags & MORE) === 0) this.#endResponse('')
  }

  onData(flags: number, body: BodyField): void {
    const size = sizeOf(flags, body)
    this.#since = performance.now()
    if (this.#phase === 'exchange' && !this.#writer.begun) {
      // Bytes before a head: the application took the upgrade.
      this.#openTunnel()
    }
    const current = this.#current
    const { tunnel, exchange } = current
    const room = current.write(() => tunnel?.pass(flags, body) ?? this.#writer.writeBody(flags, body))
    if (room) exchange?.consumed(size)
    else current.unconsumed += size
  }

  onEnd(trailers: string): void {
    // An application that ends an upgraded connection without a byte has answered it like that.
    if (this.#phase === 'exchange' && !this.#writer.begun) this.#openTunnel()
    this.#endResponse(trailers)
  }

  onError(error: Error): void {
    const current = this.#current
    if (!current.isAnswered) current.blame('failed', error)
    current.exchange = null
    this.#since = performance.now()
    // The response is whole: it is the rest of the request that is not wanted any more.
    if (current.isAnswered) this.#close()
    // Once the head is out the client can learn of a failure only by a broken connection.
    else if (this.#writer.begun) this.#writer.breakOff()
    else if (this.#phase === 'tunnel') this.destroy()
    else if (this.#host.onFailed?.(this, error) !== true) this.#answer(refusalOf(error))
  }

  /** From here on bytes pass as they are, and each side closes for itself. */
  #openTunnel(): void {
    this.#phase = 'tunnel'
    const current = this.#current
    current.keepAlive = false
    current.tunnel = new Tunnel(this.#writer, current.head?.upgrade ?? '')
    this.#host.onUpgraded?.(this)
    if (this.#halfOpen) current.exchange?.end()
  }

  #writeTunnel(chunk: Buffer): void {
    this.#since = performance.now()
    if (this.#current.exchange?.write(kindOf(chunk), fieldOf(chunk)) === false) this.socket.pause()
  }

  #endResponse(trailers: string): void {
    const current = this.#current
    if (this.#phase === 'tunnel') {
      current.blame('done')
      // The client may have more to say: the application still reads.
      if (this.#halfOpen) this.#close()
      else this.socket.end()
      return
    }
    if (this.socket.destroyed) return
    if (this.#writer.end(trailers) === 'short') {
      current.blame('failed', 'the response is shorter than its Content-Length')
      return this.#writer.breakOff()
    }
    current.isAnswered = true
    if (current.isWhole) this.#nextRequest()
    else if (!current.keepAlive) this.#close()
  }

  #nextRequest(): void {
    this.#current.exchange = null
    if (!this.#current.keepAlive || (this.#halfOpen && this.#parser.buffered === 0)) return this.#close()
    // A client that asks on without reading must not fill the memory with answers.
    this.#awaitsDrain = this.socket.writableNeedDrain
    if (this.#awaitsDrain) return
    this.#phase = this.#parser.buffered > 0 ? 'head' : 'idle'
    this.#since = performance.now()
    this.#current.settle(this.#since)
    this.#writer.reset()
    this.#parser.limits = this.#host.limits
    this.#parser.next()
    if (this.#phase === 'head' && !this.#parser.inHead) this.#phase = 'idle'
    this.#holdPipeline()
  }

  /** Further requests of a pipeline wait in the socket, not in memory. */
  #holdPipeline(): void {
    const holds = this.#phase === 'exchange' && this.#current.isWhole && this.#parser.buffered > 0
    if (holds) this.socket.pause()
    else if (this.socket.isPaused() && !this.#parser.paused) this.socket.resume()
  }

  #isLast(): boolean {
    const { draining, limits } = this.#host
    // Requests of a pipeline that have come are answered: whoever sent them would have to ask whether they were.
    if (draining && this.#parser.buffered === 0) return true
    return limits.maxRequestsPerSocket > 0 && this.#requests >= limits.maxRequestsPerSocket
  }

  #answer(refusal: Refusal): void {
    const current = this.#current
    const { head, isWhole } = current
    const requestId = head === null ? '' : this.#host.requestId(head)
    // The rest of a request that is not wanted is not read: the connection cannot go on.
    // Neither can one whose client took it for a tunnel already.
    const unclear = head !== null && head.upgrade !== null
    if (!isWhole || unclear || this.#isLast()) current.keepAlive = false
    const { keepAlive } = current
    this.#writer.writePage(refusal.status, errorPage(refusal, head, { requestId, keepAlive }))
    current.isAnswered = true
    if (!keepAlive) this.#close()
    else if (isWhole) this.#nextRequest()
  }

  #close(): void {
    if (this.#phase === 'closing') return
    if (this.#phase === 'head') this.#blame('gone')
    this.#phase = 'closing'
    this.#since = performance.now()
    this.#parser.stop()
    // What the system has not taken yet the client may still refuse.
    if (this.socket.writableNeedDrain) this.socket.on('finish', () => this.#current.settle(performance.now()))
    else this.#current.settle(this.#since)
    this.socket.end()
    // Read on, so that bytes still coming are not answered with a reset that would eat the response.
    this.socket.resume()
  }

  #onDrain(): void {
    const { unconsumed, exchange } = this.#current
    this.#current.unconsumed = 0
    this.#since = performance.now()
    if (unconsumed > 0) exchange?.consumed(unconsumed)
    if (this.#awaitsDrain) this.#nextRequest()
  }

  #onClientEnd(): void {
    this.#halfOpen = true
    if (this.#phase === 'tunnel') this.#current.exchange?.end()
    // Without a response to come we are done.
    else if (this.#phase !== 'exchange') this.#close()
    else this.#current.clientEnded(this.#parser.inBody)
  }

  #onClose(): void {
    if (this.#closed) return
    this.#closed = true
    this.#blame('gone')
    this.#phase = 'closing'
    this.#parser.stop()
    this.#current.abort('the client closed the connection')
    this.#current.settle(performance.now())
    this.#host.onClosed(this)
  }

  /** Says why what is under way ends, be it a head that is still coming. */
  #blame(cause: EndCause): void {
    if (this.#phase === 'head') this.#current.beginUnread(this.#parser.line, this.#since)
    this.#current.blame(cause)
  }
}

function ignore(): void {
  // 'close' follows and does what there is to do.
}
