/**
 * One HTTP/1 connection whose requests are answered by the mesh. In edge threads on public sockets, in
 * workers on in-memory sockets of clients that know only TCP.
 *
 * It owns framing, keep-alive, pipelining (one request at a time), back-pressure in both directions and
 * the time limits of its phases. Which application gets a request, and with which headers, its host says.
 */

import type { Exchange, ExchangeHandler, ResponseHead } from '../client/exchange.ts'
import type { Upstream } from '../wire/control.ts'
import { http } from '../node-http.ts'
import { fieldOf, kindOf, sizeOf } from '../wire/body.ts'
import { MORE, type BodyField } from '../wire/frames.ts'
import { queuedBytes, type ClientSocket } from './client-socket.ts'
import type { ConnectionHost } from './connection-host.ts'
import { errorPage, refusalOf } from './error-page.ts'
import { meansToGoOn, type Refusal, type RequestHead } from './request-head.ts'
import { phaseBefore, RequestAccount, type EndCause } from './request-account.ts'
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
  readonly #account: RequestAccount | null
  #phase: Phase = 'idle'
  #since = performance.now()
  #requests = 0
  #head: RequestHead | null = null
  #exchange: Exchange | null = null
  #tunnel: Tunnel | null = null
  #requestDone = false
  #responseDone = false
  #keepAlive = false
  /** A final answer to an expectation was given instead of `100 Continue`. */
  #continued = false
  /** The client has closed its side. */
  #halfOpen = false
  /** The next request is taken up when the socket has room for its answer. */
  #awaitsDrain = false
  #queued = 0
  /** Response bytes taken from the mesh that the socket has not passed on. */
  #unconsumed = 0
  #closed = false

  constructor(socket: ClientSocket, host: ConnectionHost) {
    this.socket = socket
    this.#host = host
    this.#parser = new RequestParser(host.limits, this)
    this.#writer = new ResponseWriter(socket, host.traffic)
    this.#account = host.onEnded === undefined ? null : new RequestAccount()
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
    return this.#tunnel !== null
  }

  /** Who answers the current request, or the upgraded connection; `null` when nobody does. */
  get upstream(): Upstream | null {
    return this.#exchange?.link?.upstream ?? null
  }

  /** Takes what the socket has read. The bytes are used or copied before it returns. */
  receive(chunk: Buffer): void {
    this.#host.traffic?.received(chunk.byteLength)
    if (this.#phase === 'tunnel' || (this.#phase === 'exchange' && this.#head?.upgrade !== null)) {
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
    if (this.#tunnel?.leave(code, reason) === true) this.#blame('cut')
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
      awaitsBody: !this.#requestDone && !this.socket.isPaused(),
      unsent: queued > 0,
      halfOpen: this.#halfOpen
    })
    const isLate = this.#tunnel?.isLate(nowMs) === true
    if (verdict === 'wait' && !isLate) return
    this.#blame(this.#halfOpen && queued === 0 ? 'gone' : 'late')
    if (verdict === 'close' || verdict === 'wait') this.socket.destroy()
    else this.onRefusal(verdict, this.#parser.line)
  }

  onRequest(head: RequestHead): void {
    this.#requests++
    this.#head = head
    this.#phase = 'exchange'
    this.#account?.begin(head, '', this.#since)
    this.#since = performance.now()
    this.#requestDone = head.contentLength === 0 && head.upgrade === null
    this.#responseDone = false
    this.#unconsumed = 0
    this.#keepAlive = head.keepAlive
    this.#continued = false
    const exchange = this.#host.forward(head, this)
    if ('status' in exchange) {
      this.#blame('refused')
      return this.#answer(exchange)
    }
    this.#exchange = exchange
    if (this.#account !== null) this.#account.exchange = exchange
    if (head.upgrade !== null) this.#sendTunnelHead(exchange)
  }

  onBody(chunk: Buffer): void {
    this.#since = performance.now()
    this.#count(chunk)
    const exchange = this.#exchange
    if (exchange === null) return
    if (!exchange.write(kindOf(chunk), fieldOf(chunk))) {
      this.#parser.pause()
      this.socket.pause()
    }
  }

  onComplete(trailers: string): void {
    this.#requestDone = true
    const head = this.#head
    // A request without a body was sent complete.
    if (head !== null && head.contentLength !== 0) this.#exchange?.end(trailers)
    if (this.#responseDone) this.#nextRequest()
  }

  onRefusal(refusal: Refusal, line: string): void {
    this.#beginUnread(line)
    this.#blame('refused')
    this.#keepAlive = false
    this.#requestDone = true
    if (this.#writer.begun) {
      // The answer is under way already: all that can be said is to break it off.
      return this.#writer.breakOff()
    }
    this.#abort(refusal.reason)
    this.#answer(refusal)
  }

  onWritable(): void {
    this.#since = performance.now()
    this.#parser.resume()
    // What the parser had kept may have been enough again.
    if (!this.#parser.paused) this.socket.resume()
  }

  onInformation(status: number, block: string): void {
    if (this.#head?.minor !== 1 || this.#writer.begun) return
    if (status === 100) this.#continued = true
    this.#writer.inform(status, http.STATUS_CODES[status] ?? 'Information', block)
  }

  onHead(response: ResponseHead): void {
    const head = this.#head
    if (head === null || this.#closed) return
    this.#since = performance.now()
    this.#account?.answered(response.status, this.#since)
    // A client that still holds its body back may send it or not: what follows could not be told apart.
    const unclear = head.upgrade !== null || (head.expectContinue && !this.#continued && !this.#requestDone)
    const keepAlive = this.#keepAlive && !unclear && !this.#isLast()
    // The application did not take the upgrade.
    if (head.upgrade !== null) this.#exchange?.end()
    this.#write(() => {
      const { method, minor } = head
      this.#keepAlive = this.#writer.writeHead(response, { method, minor, keepAlive })
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
    const to = this.#tunnel
    if (to !== null && this.#account !== null) this.#account.bytesOut += size
    const room = this.#write(() => to?.pass(flags, body) ?? this.#writer.writeBody(flags, body))
    if (room) this.#exchange?.consumed(size)
    else this.#unconsumed += size
  }

  onEnd(trailers: string): void {
    // An application that ends an upgraded connection without a byte has answered it like that.
    if (this.#phase === 'exchange' && !this.#writer.begun) this.#openTunnel()
    this.#endResponse(trailers)
  }

  onError(error: Error): void {
    if (!this.#responseDone) this.#blame('failed', error)
    this.#exchange = null
    this.#since = performance.now()
    // The response is whole: it is the rest of the request that is not wanted any more.
    if (this.#responseDone) this.#close()
    // Once the head is out the client can learn of a failure only by a broken connection.
    else if (this.#writer.begun) this.#writer.breakOff()
    else if (this.#phase === 'tunnel') this.destroy()
    else if (this.#host.onFailed?.(this, error) !== true) this.#answer(refusalOf(error))
  }

  #sendTunnelHead(exchange: Exchange): void {
    this.#requestDone = true
    const early = this.#parser.takeBuffered()
    this.#count(early)
    if (early.byteLength > 0) exchange.write(kindOf(early), fieldOf(early))
  }

  /** From here on bytes pass as they are, and each side closes for itself. */
  #openTunnel(): void {
    this.#phase = 'tunnel'
    this.#keepAlive = false
    this.#tunnel = new Tunnel(this.#writer, this.#head?.upgrade ?? '')
    this.#account?.answered(101, this.#since)
    this.#host.onUpgraded?.(this)
    if (this.#halfOpen) this.#exchange?.end()
  }

  #writeTunnel(chunk: Buffer): void {
    this.#since = performance.now()
    this.#count(chunk)
    if (this.#exchange?.write(kindOf(chunk), fieldOf(chunk)) === false) this.socket.pause()
  }

  /** Writes unless the connection is gone; what cannot be framed breaks it. */
  #write(writing: () => boolean): boolean {
    if (this.#closed || this.socket.destroyed) return true
    try {
      return writing()
    } catch (error) {
      // More body than declared: the client would take the rest for the next response.
      this.#blame('failed', asError(error))
      this.#writer.breakOff()
      return true
    }
  }

  #endResponse(trailers: string): void {
    if (this.#phase === 'tunnel') {
      this.#blame('done')
      // The client may have more to say: the application still reads.
      if (this.#halfOpen) this.#close()
      else this.socket.end()
      return
    }
    if (this.socket.destroyed) return
    if (this.#writer.end(trailers) === 'short') {
      this.#blame('failed')
      return this.#writer.breakOff()
    }
    this.#responseDone = true
    if (this.#requestDone) this.#nextRequest()
    else if (!this.#keepAlive) this.#close()
  }

  #nextRequest(): void {
    this.#exchange = null
    if (!this.#keepAlive || (this.#halfOpen && this.#parser.buffered === 0)) return this.#close()
    // A client that asks on without reading must not fill the memory with answers.
    this.#awaitsDrain = this.socket.writableNeedDrain
    if (this.#awaitsDrain) return
    this.#phase = this.#parser.buffered > 0 ? 'head' : 'idle'
    this.#since = performance.now()
    this.#settle(this.#since)
    this.#head = null
    this.#writer.reset()
    this.#parser.limits = this.#host.limits
    this.#parser.next()
    if (this.#phase === 'head' && !this.#parser.inHead) this.#phase = 'idle'
    this.#holdPipeline()
  }

  /** Further requests of a pipeline wait in the socket, not in memory. */
  #holdPipeline(): void {
    const holds = this.#phase === 'exchange' && this.#requestDone && this.#parser.buffered > 0
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
    const head = this.#head
    const requestId = head === null ? '' : this.#host.requestId(head)
    // The rest of a request that is not wanted is not read: the connection cannot go on.
    // Neither can one whose client took it for a tunnel already.
    const unclear = head !== null && head.upgrade !== null
    if (!this.#requestDone || unclear || this.#isLast()) this.#keepAlive = false
    if (this.#account !== null) this.#account.status = refusal.status
    const page = errorPage(refusal, head, { requestId, keepAlive: this.#keepAlive })
    this.#writer.writePage(page.head, page.body)
    this.#responseDone = true
    if (!this.#keepAlive) this.#close()
    else if (this.#requestDone) this.#nextRequest()
  }

  #close(): void {
    if (this.#phase === 'closing') return
    if (this.#phase === 'head') this.#beginUnread(this.#parser.line)
    this.#phase = 'closing'
    this.#since = performance.now()
    this.#parser.stop()
    // What the system has not taken yet the client may still refuse.
    if (this.socket.writableNeedDrain) this.socket.on('finish', () => this.#settle(performance.now()))
    else this.#settle(this.#since)
    this.socket.end()
    // Read on, so that bytes still coming are not answered with a reset that would eat the response.
    this.socket.resume()
  }

  #onDrain(): void {
    const bytes = this.#unconsumed
    this.#unconsumed = 0
    this.#since = performance.now()
    if (bytes > 0) this.#exchange?.consumed(bytes)
    if (this.#awaitsDrain) this.#nextRequest()
  }

  #onClientEnd(): void {
    this.#halfOpen = true
    if (this.#phase === 'tunnel') this.#exchange?.end()
    // Without a response to come we are done.
    else if (this.#phase !== 'exchange') this.#close()
    else if (this.#parser.inBody || meansToGoOn(this.#head)) {
      this.#blame('gone')
      this.socket.destroy()
    }
  }

  #onClose(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#phase === 'head') this.#beginUnread(this.#parser.line)
    this.#blame('gone')
    this.#phase = 'closing'
    this.#parser.stop()
    this.#abort('the client closed the connection')
    this.#settle(performance.now())
    this.#host.onClosed(this)
  }

  #abort(reason: string): void {
    this.#exchange?.abort(reason)
    this.#exchange = null
  }

  #count(chunk: Buffer): void {
    if (this.#account !== null) this.#account.bytesIn += chunk.byteLength
  }

  /** Opens the account of what did not become a request. */
  #beginUnread(line: string): void {
    if (this.#account?.open === false) this.#account.begin(null, line, this.#since)
  }

  /** Says why the request under way ends. Who says so first is right. */
  #blame(cause: EndCause, error: Error | null = null): void {
    const account = this.#account
    if (account?.open !== true || account.cause !== null) return
    const before = (): EndPhase => phaseBefore(cause, account.exchange, this.#requestDone)
    const phase = this.#tunnel !== null ? 'tunnel' : this.#writer.begun ? 'response-body' : before()
    account.blame(cause, phase, error)
  }

  /** The request is over: nothing of it is under way any more. */
  #settle(nowMs: number): void {
    const account = this.#account
    if (account?.open !== true) return
    this.#blame(account.head === null ? 'gone' : 'done')
    account.bytesOut += this.#writer.bodyBytes
    account.close(nowMs)
    this.#host.onEnded?.(this, account)
    account.forget()
  }
}

function ignore(): void {
  // 'close' follows and does what there is to do.
}
