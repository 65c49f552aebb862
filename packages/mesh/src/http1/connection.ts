/**
 * One HTTP/1 connection whose requests are answered by the mesh. In edge threads on public sockets, in
 * workers on in-memory sockets of clients that know only TCP.
 *
 * It owns framing, keep-alive, pipelining (one request at a time), back-pressure in both directions and
 * the time limits of its phases. Which application gets a request, and with which headers, its host says.
 */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

import { MORE, UTF8, type BodyField, NO_BODY } from '../wire/frames.ts'
import { bytesOf, fieldOf, kindOf, sizeOf } from '../wire/body.ts'
import type { Exchange, ExchangeHandler } from '../client/exchange.ts'
import { errorPage, statusOf } from './error-page.ts'
import {
  RequestParser,
  type Refusal,
  type RequestHead,
  type RequestLimits,
  type RequestReceiver
} from './request-parser.ts'
import { chooseFraming, inspectBlock, type Framing } from './response-head.ts'

/** Limits of a connection. Times in milliseconds, 0 switches one off. */
export interface ConnectionLimits extends RequestLimits {
  /** For a whole request head, from its first byte (or the connection's start). Then 408. */
  readonly headersTimeout: number
  /** Between two pieces of a request body. Then 408. */
  readonly requestTimeout: number
  /** Between two requests. Then the connection is closed. */
  readonly keepAliveTimeout: number
  /** For a client that does not read its response. Then the connection is closed. */
  readonly clientTimeout: number
  /** For an upgraded connection on which nothing happens. */
  readonly tunnelTimeout: number
  /** Requests after which a connection is closed. */
  readonly maxRequestsPerSocket: number
}

/** What a connection needs of the thread it is in. */
export interface ConnectionHost {
  readonly limits: ConnectionLimits
  /** While true, every response closes its connection. */
  readonly draining: boolean
  /** Sends a request into the mesh, or refuses it. */
  forward(head: RequestHead, connection: Connection): Exchange | Refusal
  /** The id error pages show for a request. */
  requestId(head: RequestHead): string
  /** The connection is closed. Told once. */
  onClosed(connection: Connection): void
}

type Phase = 'idle' | 'head' | 'exchange' | 'tunnel' | 'closing'

/** How long a connection that is being closed may go on sending, in milliseconds: a reset would eat the answer. */
const LINGER_MS = 2000

/** A client's connection. */
export class Connection implements RequestReceiver, ExchangeHandler {
  readonly socket: Socket
  readonly #host: ConnectionHost
  readonly #parser: RequestParser
  #phase: Phase = 'idle'
  #since = performance.now()
  #requests = 0
  #head: RequestHead | null = null
  #exchange: Exchange | null = null
  #requestDone = false
  #responseDone = false
  #framing: Framing | null = null
  /** Body bytes still owed under a declared length. */
  #owed = 0
  #keepAlive = false
  /** Response bytes taken from the mesh that the socket has not passed on. */
  #unconsumed = 0
  #closed = false

  constructor(socket: Socket, host: ConnectionHost) {
    this.socket = socket
    this.#host = host
    this.#parser = new RequestParser(host.limits, this)
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('drain', () => this.#onDrain())
    socket.on('end', () => this.#onClientEnd())
    socket.on('error', ignore)
    socket.on('close', () => this.#onClose())
  }

  /** Whether no request is being answered. */
  get idle(): boolean {
    return this.#phase === 'idle'
  }

  /** Whether the connection was upgraded. */
  get upgraded(): boolean {
    return this.#phase === 'tunnel'
  }

  /** Closes it if it is idle; otherwise its current response will. */
  closeWhenIdle(): void {
    if (this.#phase === 'idle') this.#close()
  }

  /** Ends it now, whatever it is doing. */
  destroy(): void {
    this.socket.destroy()
  }

  /** Enforces the time limit of the current phase. Called about twice a second. */
  sweep(nowMs: number): void {
    const waited = nowMs - this.#since
    const { limits } = this.#host
    switch (this.#phase) {
      case 'idle': {
        const limit = this.#requests === 0 ? limits.headersTimeout : limits.keepAliveTimeout
        if (limit > 0 && waited > limit) this.destroy()
        break
      }
      case 'head':
        if (limits.headersTimeout > 0 && waited > limits.headersTimeout) {
          this.onRefusal({ status: 408, reason: 'the request head did not arrive in time' })
        }
        break
      case 'exchange':
        this.#sweepExchange(waited)
        break
      case 'tunnel':
        if (limits.tunnelTimeout > 0 && waited > limits.tunnelTimeout) this.destroy()
        break
      case 'closing':
        if (waited > LINGER_MS) this.destroy()
        break
      default:
    }
  }

  onRequest(head: RequestHead): void {
    this.#requests++
    this.#head = head
    this.#phase = 'exchange'
    this.#since = performance.now()
    this.#requestDone = false
    this.#responseDone = false
    this.#framing = null
    this.#unconsumed = 0
    this.#keepAlive = head.keepAlive
    const exchange = this.#host.forward(head, this)
    if ('status' in exchange) {
      this.#answer(exchange.status, exchange.reason)
      return
    }
    this.#exchange = exchange
    if (head.upgrade !== null) this.#sendTunnelHead(exchange)
  }

  onBody(chunk: Buffer): void {
    this.#since = performance.now()
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

  onRefusal(refusal: Refusal): void {
    this.#keepAlive = false
    this.#requestDone = true
    if (this.#framing !== null) {
      // The answer is under way already: all that can be said is to break it off.
      this.destroy()
      return
    }
    this.#abort(refusal.reason)
    this.#answer(refusal.status, refusal.reason)
  }

  onWritable(): void {
    this.#since = performance.now()
    this.socket.resume()
    this.#parser.resume()
  }

  onInformation(status: number, headers: string): void {
    if (this.#head?.minor !== 1 || this.#framing !== null) return
    const reason = status === 100 ? 'Continue' : status === 103 ? 'Early Hints' : 'Processing'
    this.socket.write(`HTTP/1.1 ${status} ${reason}\r\n${headers}\r\n`, 'latin1')
  }

  onHead(status: number, message: string, headers: string, flags: number, body: BodyField): void {
    const head = this.#head
    if (head === null || this.#closed) return
    this.#since = performance.now()
    const facts = inspectBlock(headers)
    const complete = (flags & MORE) === 0
    const bodySize = sizeOf(flags & 3, body)
    let framing = chooseFraming({
      method: head.method,
      status,
      minor: head.minor,
      contentLength: facts.contentLength
    })
    let extra = ''
    if (complete && (framing === 'chunked' || framing === 'close')) {
      framing = 'length'
      extra = `Content-Length: ${bodySize}\r\n`
      this.#owed = bodySize
    } else this.#owed = Math.max(facts.contentLength, 0)
    this.#framing = framing
    if (facts.close || framing === 'close' || this.#isLast()) this.#keepAlive = false
    if (!this.#keepAlive) extra += 'Connection: close\r\n'
    else if (head.minor === 0) extra += 'Connection: keep-alive\r\n'
    if (framing === 'chunked') extra += 'Transfer-Encoding: chunked\r\n'
    this.#writeHead(`HTTP/1.1 ${status} ${message}\r\n${facts.block}${extra}\r\n`, flags & 3, body)
    if (complete) this.#endResponse('')
  }

  onData(flags: number, body: BodyField): void {
    const size = sizeOf(flags, body)
    this.#since = performance.now()
    if (this.#phase === 'exchange' && this.#framing === null) {
      // Bytes before a head: the application took the upgrade.
      this.#phase = 'tunnel'
      this.#keepAlive = false
    }
    const room = this.#phase === 'tunnel' ? this.#writeRaw(flags, body) : this.#writeBody(flags, body, size)
    if (room) this.#exchange?.consumed(size)
    else this.#unconsumed += size
  }

  onEnd(trailers: string): void {
    this.#endResponse(trailers)
  }

  onError(error: Error): void {
    this.#exchange = null
    this.#since = performance.now()
    // Once the head is out the client can learn of a failure only by a broken connection.
    if (this.#framing !== null || this.#phase === 'tunnel') this.destroy()
    else this.#answer(statusOf(error), error.message.replace(/\.$/, ''))
  }

  #onData(chunk: Buffer): void {
    if (this.#phase === 'tunnel' || (this.#phase === 'exchange' && this.#head?.upgrade !== null)) {
      this.#writeTunnel(chunk)
      return
    }
    if (this.#phase === 'idle') {
      this.#phase = 'head'
      this.#since = performance.now()
    }
    this.#parser.push(chunk)
    if (this.#phase === 'head' && !this.#parser.inHead) this.#phase = 'idle'
    // The next request of a pipeline waits in the socket, not in memory.
    else if (this.#phase === 'exchange' && this.#requestDone && this.#parser.buffered > 0) this.socket.pause()
  }

  #sendTunnelHead(exchange: Exchange): void {
    this.#requestDone = true
    const early = this.#parser.takeBuffered()
    if (early.byteLength > 0) exchange.write(kindOf(early), fieldOf(early))
  }

  #writeTunnel(chunk: Buffer): void {
    this.#since = performance.now()
    if (this.#exchange?.write(kindOf(chunk), fieldOf(chunk)) === false) this.socket.pause()
  }

  #writeHead(head: string, kind: number, body: BodyField): void {
    if (this.#framing === 'none' || kind === NO_BODY) {
      this.socket.write(head, 'latin1')
    } else if (this.#framing !== 'length') {
      this.socket.cork()
      this.socket.write(head, 'latin1')
      this.onData(kind, body)
      this.socket.uncork()
    } else if (typeof body === 'string' && (kind !== UTF8 || !/[\x80-\xff]/.test(head))) {
      this.#count(sizeOf(kind, body))
      this.socket.write(head + body, kind === UTF8 ? 'utf8' : 'latin1')
    } else {
      this.socket.cork()
      this.socket.write(head, 'latin1')
      this.onData(kind, body)
      this.socket.uncork()
    }
  }

  #writeBody(flags: number, body: BodyField, size: number): boolean {
    const { socket } = this
    if (size === 0 || this.#framing === 'none' || this.#closed) return true
    if (this.#framing === 'chunked') {
      if (typeof body === 'string') {
        return socket.write(`${size.toString(16)}\r\n${body}\r\n`, flags === UTF8 ? 'utf8' : 'latin1')
      }
      socket.cork()
      socket.write(`${size.toString(16)}\r\n`, 'latin1')
      socket.write(bytesOf(flags, body))
      const room = socket.write('\r\n', 'latin1')
      socket.uncork()
      return room
    }
    if (this.#framing === 'length' && !this.#count(size)) {
      this.destroy()
      return true
    }
    return this.#writeRaw(flags, body)
  }

  #writeRaw(flags: number, body: BodyField): boolean {
    if (typeof body === 'string') return this.socket.write(body, flags === UTF8 ? 'utf8' : 'latin1')
    return body === null ? true : this.socket.write(bytesOf(flags, body))
  }

  /** Takes `size` off what the declared length still owes; false when there is more body than declared. */
  #count(size: number): boolean {
    this.#owed -= size
    return this.#owed >= 0
  }

  #endResponse(trailers: string): void {
    if (this.#phase === 'tunnel') {
      this.#exchange?.end()
      this.#exchange = null
      this.#close()
      return
    }
    if (this.#framing === 'chunked') this.socket.write(`0\r\n${trailers}\r\n`, 'latin1')
    if (this.#framing === 'length' && this.#owed !== 0) {
      // Less body than declared: the client must not take it for complete.
      this.destroy()
      return
    }
    this.#responseDone = true
    if (this.#requestDone) this.#nextRequest()
    else if (!this.#keepAlive) this.#close()
  }

  #nextRequest(): void {
    this.#exchange = null
    if (!this.#keepAlive) {
      this.#close()
      return
    }
    this.#phase = 'idle'
    this.#since = performance.now()
    this.#head = null
    if (this.socket.isPaused()) this.socket.resume()
    if (this.#parser.buffered > 0) this.#phase = 'head'
    this.#parser.next()
  }

  #isLast(): boolean {
    const { draining, limits } = this.#host
    return draining || (limits.maxRequestsPerSocket > 0 && this.#requests >= limits.maxRequestsPerSocket)
  }

  #answer(status: number, reason: string): void {
    const head = this.#head
    const requestId = head === null ? '' : this.#host.requestId(head)
    const page = errorPage(status, reason, { accept: head?.accept ?? '', requestId })
    const size = Buffer.byteLength(page.body)
    const body = head?.method === 'HEAD' ? '' : page.body
    // The rest of a request that is not wanted is not read: the connection cannot go on.
    if (!this.#requestDone || this.#isLast()) this.#keepAlive = false
    const connection = this.#keepAlive
      ? head?.minor === 0
        ? 'Connection: keep-alive\r\n'
        : ''
      : 'Connection: close\r\n'
    const name = STATUS_CODES[status] ?? 'Error'
    this.#framing = 'none'
    this.socket.write(
      `HTTP/1.1 ${status} ${name}\r\n${page.headers}Content-Length: ${size}\r\n${connection}\r\n${body}`,
      'utf8'
    )
    this.#responseDone = true
    if (!this.#keepAlive) this.#close()
    else if (this.#requestDone) this.#nextRequest()
  }

  #close(): void {
    if (this.#phase === 'closing') return
    this.#phase = 'closing'
    this.#since = performance.now()
    this.#parser.stop()
    this.socket.end()
    // Read on, so that bytes still coming are not answered with a reset that would eat the response.
    this.socket.resume()
  }

  #onDrain(): void {
    const bytes = this.#unconsumed
    this.#unconsumed = 0
    this.#since = performance.now()
    if (bytes > 0) this.#exchange?.consumed(bytes)
  }

  #onClientEnd(): void {
    if (this.#phase === 'tunnel') this.#exchange?.end()
    // A client may close its side and still read the response; without one to come, we are done.
    else if (this.#phase !== 'exchange') this.#close()
    else if (this.#parser.inBody) this.destroy()
    else this.#keepAlive = false
  }

  #onClose(): void {
    if (this.#closed) return
    this.#closed = true
    this.#phase = 'closing'
    this.#parser.stop()
    this.#abort('the client closed the connection')
    this.#host.onClosed(this)
  }

  #abort(reason: string): void {
    this.#exchange?.abort(reason)
    this.#exchange = null
  }

  #sweepExchange(waited: number): void {
    const { limits } = this.#host
    if (
      !this.#requestDone &&
      !this.socket.isPaused() &&
      limits.requestTimeout > 0 &&
      waited > limits.requestTimeout
    ) {
      this.onRefusal({ status: 408, reason: 'the request body did not arrive in time' })
    } else if (this.socket.writableNeedDrain && limits.clientTimeout > 0 && waited > limits.clientTimeout) {
      this.destroy()
    }
  }
}

function ignore(): void {
  // 'close' follows and does what there is to do.
}
