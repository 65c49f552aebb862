/**
 * Writes one response at a time to an HTTP/1 socket. Any thread that holds a connection.
 *
 * It chooses the framing, counts what a declared length still owes, and writes as few pieces as it can:
 * most responses are one string.
 */
import type { ResponseHead } from '../client/exchange.ts'
import { http } from '../node-http.ts'
import { bytesOf, sizeOf } from '../wire/body.ts'
import { BODY_MASK, MORE, NO_BODY, UTF8, type BodyField } from '../wire/frames.ts'
import { reset, type ClientSocket } from './client-socket.ts'
import type { ErrorPage } from './error-page.ts'
import { chooseFraming, inspectBlock, type Framing } from './response-head.ts'

/** What the request says about the response's form. */
export interface ResponseContext {
  readonly method: string
  /** Minor HTTP version of the client. */
  readonly minor: number
  /** Whether the connection is to stay open, as far as the request and the host are concerned. */
  readonly keepAlive: boolean
}

/** How a body ended against its declared length. */
export type BodyEnd = 'complete' | 'short'

/** Is told of the bytes of a connection, those of heads included. */
export interface Traffic {
  /** So many were read. */
  received(bytes: number): void
  /** So many were handed to the socket. */
  sent(bytes: number): void
}

/** A connection's writer. */
export class ResponseWriter {
  readonly #socket: ClientSocket
  readonly #traffic: Traffic | null
  /** Of the current response; 0 before. */
  status = 0
  /** Bytes of the current response's body, without what frames it. */
  bodyBytes = 0
  #framing: Framing | null = null
  /** Body bytes still owed under a declared length. */
  #owed = 0

  constructor(socket: ClientSocket, traffic: Traffic | null = null) {
    this.#socket = socket
    this.#traffic = traffic
  }

  /** Whether the current response's head is out. */
  get begun(): boolean {
    return this.#framing !== null
  }

  /** Makes ready for the next response. */
  reset(): void {
    this.#framing = null
    this.status = 0
    this.bodyBytes = 0
  }

  /** Writes an informational response. */
  inform(status: number, block: string): void {
    const message = http.STATUS_CODES[status] ?? 'Information'
    this.#send(`HTTP/1.1 ${status} ${message}\r\n${block}\r\n`, 'latin1')
  }

  /** Writes a whole answer made by the connection itself. */
  writePage(status: number, { head, body }: ErrorPage): void {
    this.#framing = 'none'
    this.status = status
    this.bodyBytes = Buffer.byteLength(body)
    this.#send(head + body, 'utf8')
  }

  /**
   * Writes a head and what of the body came with it.
   *
   * @returns whether the connection can stay open after this response.
   */
  writeHead(head: ResponseHead, context: ResponseContext): boolean {
    const { status, message, flags, body } = head
    const { contentLength, block, close } = inspectBlock(head.block)
    const kind = flags & BODY_MASK
    const { method, minor } = context
    let framing = chooseFraming({ method, status, minor, contentLength })
    let extra = ''
    this.#owed = Math.max(contentLength, 0)
    if ((flags & MORE) === 0 && (framing === 'chunked' || framing === 'close')) {
      // Complete already: a length costs less than chunks, and keeps HTTP/1.0 connections open.
      framing = 'length'
      this.#owed = sizeOf(kind, body)
      extra = `Content-Length: ${this.#owed}\r\n`
    }
    this.#framing = framing
    this.status = status
    const keepAlive = context.keepAlive && !close && framing !== 'close'
    if (!keepAlive) extra += 'Connection: close\r\n'
    else if (minor === 0) extra += 'Connection: keep-alive\r\n'
    if (framing === 'chunked') extra += 'Transfer-Encoding: chunked\r\n'
    this.#writeFirst(`HTTP/1.1 ${status} ${message}\r\n${block}${extra}\r\n`, kind, body)
    return keepAlive
  }

  /**
   * Writes a piece of the body.
   *
   * @returns false when the socket has enough for now.
   * @throws RangeError when it is more than the declared length.
   */
  writeBody(kind: number, body: BodyField): boolean {
    const size = sizeOf(kind, body)
    if (size === 0 || this.#framing === 'none') return true
    if (this.#framing === 'length') this.#count(size)
    this.bodyBytes += size
    return this.#framing === 'chunked' ? this.#writeChunk(kind, body, size) : this.writeRaw(kind, body)
  }

  /** Writes bytes as they are. */
  writeRaw(kind: number, body: BodyField): boolean {
    if (typeof body === 'string') return this.#send(body, kind === UTF8 ? 'utf8' : 'latin1')
    return body === null ? true : this.#send(bytesOf(kind, body))
  }

  /** Ends the body. `short` when the declared length was not reached: the client must not take it for whole. */
  end(trailers: string): BodyEnd {
    if (this.#framing === 'chunked') this.#send(`0\r\n${trailers}\r\n`, 'latin1')
    return this.#framing === 'length' && this.#owed !== 0 ? 'short' : 'complete'
  }

  /**
   * Breaks the response off so that the client does not take what it has for the whole. A body that ends with its
   * connection needs a reset for that; any other is known by its framing, and what is on its way arrives.
   */
  breakOff(): void {
    if (this.#framing === 'close') reset(this.#socket)
    else this.#socket.destroy()
  }

  #writeFirst(head: string, kind: number, body: BodyField): void {
    if (this.#framing === 'none' || kind === NO_BODY) {
      this.#send(head, 'latin1')
      return
    }
    const oneEncoding = kind !== UTF8 || !/[\x80-\xff]/.test(head)
    if (this.#framing === 'length' && typeof body === 'string' && oneEncoding) {
      const size = sizeOf(kind, body)
      this.#count(size)
      this.bodyBytes += size
      this.#send(head + body, kind === UTF8 ? 'utf8' : 'latin1')
      return
    }
    this.#socket.cork()
    this.#send(head, 'latin1')
    this.writeBody(kind, body)
    this.#socket.uncork()
  }

  #send(data: string | Uint8Array, encoding: BufferEncoding = 'latin1'): boolean {
    this.#traffic?.sent(encoding === 'utf8' ? Buffer.byteLength(data) : data.length)
    return this.#socket.write(data, encoding)
  }

  #writeChunk(kind: number, body: BodyField, size: number): boolean {
    const header = `${size.toString(16)}\r\n`
    if (typeof body === 'string') {
      return this.#send(`${header}${body}\r\n`, kind === UTF8 ? 'utf8' : 'latin1')
    }
    this.#socket.cork()
    this.#send(header, 'latin1')
    this.#send(bytesOf(kind, body))
    const room = this.#send('\r\n', 'latin1')
    this.#socket.uncork()
    return room
  }

  #count(size: number): void {
    this.#owed -= size
    if (this.#owed < 0) throw new RangeError('The response is longer than its Content-Length.')
  }
}
