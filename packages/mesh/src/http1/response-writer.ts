/**
 * Writes one response at a time to an HTTP/1 socket. Any thread that holds a connection.
 *
 * It chooses the framing, counts what a declared length still owes, and writes as few pieces as it can:
 * most responses are one string.
 */
import type { ResponseHead } from '../client/exchange.ts'
import { bytesOf, sizeOf } from '../wire/body.ts'
import { BODY_MASK, MORE, NO_BODY, UTF8, type BodyField } from '../wire/frames.ts'
import { reset, type ClientSocket } from './client-socket.ts'
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

/** A connection's writer. */
export class ResponseWriter {
  readonly #socket: ClientSocket
  #framing: Framing | null = null
  /** Body bytes still owed under a declared length. */
  #owed = 0

  constructor(socket: ClientSocket) {
    this.#socket = socket
  }

  /** Whether the current response's head is out. */
  get begun(): boolean {
    return this.#framing !== null
  }

  /** Makes ready for the next response. */
  reset(): void {
    this.#framing = null
  }

  /** Writes an informational response. */
  inform(status: number, message: string, block: string): void {
    this.#socket.write(`HTTP/1.1 ${status} ${message}\r\n${block}\r\n`, 'latin1')
  }

  /** Writes a whole answer made by the connection itself. */
  writePage(head: string, body: string): void {
    this.#framing = 'none'
    this.#socket.write(head + body, 'utf8')
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
    if (this.#framing === 'chunked') return this.#writeChunk(kind, body, size)
    if (this.#framing === 'length') this.#count(size)
    return this.writeRaw(kind, body)
  }

  /** Writes bytes as they are. */
  writeRaw(kind: number, body: BodyField): boolean {
    if (typeof body === 'string') return this.#socket.write(body, kind === UTF8 ? 'utf8' : 'latin1')
    return body === null ? true : this.#socket.write(bytesOf(kind, body))
  }

  /** Ends the body. `short` when the declared length was not reached: the client must not take it for whole. */
  end(trailers: string): BodyEnd {
    if (this.#framing === 'chunked') this.#socket.write(`0\r\n${trailers}\r\n`, 'latin1')
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
      this.#socket.write(head, 'latin1')
      return
    }
    const oneEncoding = kind !== UTF8 || !/[\x80-\xff]/.test(head)
    if (this.#framing === 'length' && typeof body === 'string' && oneEncoding) {
      this.#count(sizeOf(kind, body))
      this.#socket.write(head + body, kind === UTF8 ? 'utf8' : 'latin1')
      return
    }
    this.#socket.cork()
    this.#socket.write(head, 'latin1')
    this.writeBody(kind, body)
    this.#socket.uncork()
  }

  #writeChunk(kind: number, body: BodyField, size: number): boolean {
    const header = `${size.toString(16)}\r\n`
    if (typeof body === 'string') {
      return this.#socket.write(`${header}${body}\r\n`, kind === UTF8 ? 'utf8' : 'latin1')
    }
    this.#socket.cork()
    this.#socket.write(header, 'latin1')
    this.#socket.write(bytesOf(kind, body))
    const room = this.#socket.write('\r\n', 'latin1')
    this.#socket.uncork()
    return room
  }

  #count(size: number): void {
    this.#owed -= size
    if (this.#owed < 0) throw new RangeError('The response is longer than its Content-Length.')
  }
}
