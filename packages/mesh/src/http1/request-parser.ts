/**
 * Reads HTTP/1 requests from a byte stream. Any thread that holds a connection; no I/O of its own.
 *
 * Strict where leniency has made request smuggling possible (RFC 9112 sections 2.2, 3, 5 and 6): bare
 * CR or LF, folded lines, spaces before the colon, two lengths, a length beside chunked, codings other
 * than chunked, a second Host, control characters and malformed chunks are refused, and nothing after a
 * refusal is read. It reads one request at a time and stops until {@link RequestParser.next}.
 */
import {
  malformed,
  parseHead,
  parseTrailers,
  type Refusal,
  type RequestHead,
  type RequestLimits
} from './request-head.ts'

/** What the parser tells its connection. */
export interface RequestReceiver {
  onRequest(head: RequestHead): void
  onBody(chunk: Buffer): void
  /** The request is complete; `trailers` is a block. The parser waits for `next()`. */
  onComplete(trailers: string): void
  /** The stream is beyond use: answer and close. `line` is what came in place of a request, if its head is refused. */
  onRefusal(refusal: Refusal, line: string): void
}

const HEAD = 0
const BODY = 1
const CHUNK_SIZE = 2
const CHUNK_DATA = 3
const CHUNK_END = 4
const TRAILERS = 5
const BETWEEN = 6
const DEAD = 7

const headEnd = Buffer.from('\r\n\r\n')
const lineEnd = Buffer.from('\r\n')
const empty = Buffer.alloc(0)

/** Bytes that are shown of a request line which is none. */
const SHOWN = 1024

/** Bytes a chunk's size line may take, extensions included. */
const MAX_CHUNK_LINE = 256

const chunkSize = /^([0-9a-f]{1,12})(?:[\t ]*;[^\r\n]*)?$/i

/** One connection's parser. */
export class RequestParser {
  /** May be replaced between two requests. */
  limits: RequestLimits
  readonly #receiver: RequestReceiver
  #state = HEAD
  #kept: Buffer = empty
  #remaining = 0
  #bodySize = 0
  #paused = false
  #running = false

  constructor(limits: RequestLimits, receiver: RequestReceiver) {
    this.limits = limits
    this.#receiver = receiver
  }

  /** Bytes read from the stream and not yet understood. */
  get buffered(): number {
    return this.#kept.byteLength
  }

  /** Whether part of a request's head has arrived. */
  get inHead(): boolean {
    return this.#state === HEAD && this.#kept.byteLength > 0
  }

  /** Whether the body is held back. */
  get paused(): boolean {
    return this.#paused
  }

  /** Whether a request's body is still to come. */
  get inBody(): boolean {
    return this.#state >= BODY && this.#state <= TRAILERS
  }

  /** What there is of a request line whose head has not been read: bytes as characters, unchecked. */
  get line(): string {
    if (this.#state !== HEAD) return ''
    const end = this.#kept.indexOf(lineEnd)
    return this.#kept.toString('latin1', 0, Math.min(end === -1 ? this.#kept.byteLength : end, SHOWN))
  }

  /** Takes bytes from the stream. They may be overwritten afterwards: what is left of them is copied. */
  push(chunk: Buffer): void {
    if (this.#state === DEAD) return
    this.#kept = this.#kept.byteLength === 0 ? chunk : Buffer.concat([this.#kept, chunk])
    this.#run()
    if (this.#kept.byteLength > 0 && this.#kept.buffer === chunk.buffer) this.#kept = Buffer.from(this.#kept)
  }

  /** Holds the body back: bytes are kept until {@link resume}. */
  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#run()
  }

  /** Goes on to the next request. */
  next(): void {
    if (this.#state !== BETWEEN) return
    this.#state = HEAD
    this.#bodySize = 0
    this.#paused = false
    if (this.#kept.byteLength > 0) this.#run()
  }

  /** Hands over the bytes that followed an upgrade request. */
  takeBuffered(): Buffer {
    const bytes = this.#kept
    this.#kept = empty
    return bytes
  }

  /** Reads nothing more. */
  stop(): void {
    this.#state = DEAD
    this.#kept = empty
  }

  #run(): void {
    // A receiver may ask for the next request while it is told of this one: the loop under way goes on.
    if (this.#running) return
    this.#running = true
    while (this.#state < BETWEEN && !(this.#paused && this.#state !== HEAD)) {
      if (!this.#step()) break
    }
    this.#running = false
  }

  /** Reads one element; false when there is not enough of it yet. */
  #step(): boolean {
    switch (this.#state) {
      case HEAD:
        return this.#readHead()
      case BODY:
      case CHUNK_DATA:
        return this.#readData()
      case CHUNK_SIZE:
        return this.#readChunkSize()
      case CHUNK_END:
        return this.#readChunkEnd()
      default:
        return this.#readTrailers()
    }
  }

  #readHead(): boolean {
    // A client may send a line end too much after a body (RFC 9112, section 2.2).
    while (this.#kept[0] === 13 && this.#kept[1] === 10) this.#kept = this.#kept.subarray(2)
    if (this.#kept.byteLength === 0) return false
    const end = this.#kept.indexOf(headEnd)
    // The last bytes may be the beginning of the end: a limit must not depend on how the stream is cut.
    const size = end === -1 ? this.#kept.byteLength - 3 : end
    if (size > this.limits.maxHeaderSize) return this.#refuseLongHead(size)
    if (end === -1) {
      // What can never become a head is refused at once, or it would wait for the time-out.
      return malformed.test(this.#kept.toString('latin1').replace(/\r$/, ''))
        ? this.#refuse(400, 'malformed request head')
        : false
    }
    const head = parseHead(this.#kept.toString('latin1', 0, end), this.limits)
    if ('status' in head) return this.#refuse(head.status, head.reason)
    this.#kept = this.#kept.subarray(end + 4)
    return this.#begin(head)
  }

  #refuseLongHead(size: number): boolean {
    const line = this.#kept.indexOf(lineEnd)
    const lineSize = line === -1 ? size : line
    return lineSize > this.limits.maxUrlSize
      ? this.#refuse(414, `the request target is longer than ${this.limits.maxUrlSize} bytes`)
      : this.#refuse(431, `the header section is larger than ${this.limits.maxHeaderSize} bytes`)
  }

  #begin(head: RequestHead): boolean {
    if (this.#isTooLarge(head.contentLength)) {
      return this.#refuseBody(`${head.method} ${head.target} HTTP/1.${head.minor}`)
    }
    this.#remaining = head.contentLength
    if (head.upgrade !== null) this.#state = BETWEEN
    else if (head.contentLength === -1) this.#state = CHUNK_SIZE
    else this.#state = head.contentLength > 0 ? BODY : BETWEEN
    const complete = this.#state === BETWEEN
    this.#receiver.onRequest(head)
    if (complete && head.upgrade === null && this.#state === BETWEEN) this.#receiver.onComplete('')
    return true
  }

  #readData(): boolean {
    const available = Math.min(this.#kept.byteLength, this.#remaining)
    if (available === 0) return false
    const chunk = this.#kept.subarray(0, available)
    this.#kept = available === this.#kept.byteLength ? empty : this.#kept.subarray(available)
    this.#remaining -= available
    const done = this.#remaining === 0
    if (done && this.#state === CHUNK_DATA) this.#state = CHUNK_END
    else if (done) this.#state = BETWEEN
    const complete = this.#state === BETWEEN
    this.#receiver.onBody(chunk)
    if (complete) this.#receiver.onComplete('')
    return true
  }

  #readChunkSize(): boolean {
    const end = this.#kept.indexOf(lineEnd)
    if (end > MAX_CHUNK_LINE || (end === -1 && this.#kept.byteLength > MAX_CHUNK_LINE + 1)) {
      return this.#refuse(400, 'a chunk size line is too long')
    }
    if (end === -1) return false
    const line = this.#kept.toString('latin1', 0, end)
    const match = malformed.test(line) ? null : chunkSize.exec(line)
    if (match === null) return this.#refuse(400, 'a chunk size is malformed')
    this.#kept = this.#kept.subarray(end + 2)
    this.#remaining = Number.parseInt(match[1] ?? '', 16)
    this.#bodySize += this.#remaining
    if (this.#isTooLarge(this.#bodySize)) return this.#refuseBody()
    this.#state = this.#remaining === 0 ? TRAILERS : CHUNK_DATA
    return true
  }

  #readChunkEnd(): boolean {
    if (this.#kept.byteLength < 2) return false
    if (this.#kept[0] !== 13 || this.#kept[1] !== 10) {
      return this.#refuse(400, 'a chunk is longer than its size')
    }
    this.#kept = this.#kept.subarray(2)
    this.#state = CHUNK_SIZE
    return true
  }

  #readTrailers(): boolean {
    const none = this.#kept[0] === 13 && this.#kept[1] === 10
    const end = none ? 0 : this.#kept.indexOf(headEnd)
    const size = end === -1 ? this.#kept.byteLength - 3 : end
    if (size > this.limits.maxHeaderSize) return this.#refuse(431, 'the trailer section is too large')
    if (end === -1 || this.#kept.byteLength < 2) return false
    const trailers = none ? '' : parseTrailers(this.#kept.toString('latin1', 0, end), this.limits)
    if (trailers === null) return this.#refuse(400, 'the trailer section is malformed')
    this.#kept = this.#kept.subarray(none ? 2 : end + 4)
    this.#state = BETWEEN
    this.#receiver.onComplete(trailers)
    return true
  }

  #isTooLarge(bodySize: number): boolean {
    const { maxBodySize } = this.limits
    return maxBodySize > 0 && bodySize > maxBodySize
  }

  #refuseBody(line = this.line): false {
    return this.#refuse(413, `the body is larger than ${this.limits.maxBodySize} bytes`, line)
  }

  #refuse(status: number, reason: string, line = this.line): false {
    this.stop()
    this.#receiver.onRefusal({ status, reason }, line)
    return false
  }
}
