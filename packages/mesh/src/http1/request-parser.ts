/**
 * Reads HTTP/1 requests from a byte stream. Any thread that holds a connection; no I/O of its own.
 *
 * Strict where leniency has made request smuggling possible (RFC 9112 sections 2.2, 3, 5 and 6): bare
 * CR or LF, folded lines, spaces before the colon, two lengths, a length beside chunked, codings other
 * than chunked, a second Host, control characters and malformed chunks are refused, and nothing after a
 * refusal is read. It reads one request at a time and stops until {@link RequestParser.next}.
 */
import { isToken } from '../wire/headers.ts'

/** Sizes a request must keep within. */
export interface RequestLimits {
  /** Bytes of request line and header section together. Beyond: 431. */
  readonly maxHeaderSize: number
  /** Header lines. Beyond: 431. */
  readonly maxHeadersCount: number
  /** Bytes of the request target. Beyond: 414. */
  readonly maxUrlSize: number
  /** Bytes of the body. Beyond: 413. */
  readonly maxBodySize: number
}

/** A request's head. */
export interface RequestHead {
  readonly method: string
  readonly target: string
  /** 0 or 1: the minor version. */
  readonly minor: number
  readonly host: string
  /** Header lines to pass on: without those about this connection and those listed below. */
  block: string
  /** Whether the connection can carry another request. */
  keepAlive: boolean
  /** Body length; -1 when chunked, 0 when there is none. */
  contentLength: number
  expectContinue: boolean
  /** Protocol asked for with `Upgrade`, when `Connection` says so too. */
  upgrade: string | null
  /** Values a proxy decides about, taken out of the block. */
  forwardedFor: string
  forwardedProto: string
  forwardedHost: string
  requestId: string
  /** `Accept`, which stays in the block: an error page is chosen by it. */
  accept: string
}

/** Why a request is refused, and the status that says so. */
export interface Refusal {
  readonly status: number
  readonly reason: string
}

/** What the parser tells its connection. */
export interface RequestReceiver {
  onRequest(head: RequestHead): void
  onBody(chunk: Buffer): void
  /** The request is complete; `trailers` is a block. The parser waits for `next()`. */
  onComplete(trailers: string): void
  /** The stream is beyond use: answer and close. `head` is the request's if it had been read. */
  onRefusal(refusal: Refusal): void
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

/** Bytes a chunk's size line may take, extensions included. */
const MAX_CHUNK_LINE = 256

// Control characters, a CR without its LF, an LF without its CR.
// eslint-disable-next-line no-control-regex
const malformed = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/
const digits = /^\d{1,15}$/
const chunkSize = /^([0-9a-f]{1,12})[\t ]*(?:;[^\r\n]*)?$/i
const hostValue = /^(?:[\w.~!$&'()*+,;=%-]*|\[[0-9a-f:.]+\])(?::\d{0,5})?$/i
const requestLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([^\0-\x20\x7f]+) HTTP\/(\d)\.(\d)$/

/** One connection's parser. */
export class RequestParser {
  readonly #limits: RequestLimits
  readonly #receiver: RequestReceiver
  #state = HEAD
  #kept: Buffer = empty
  #remaining = 0
  #bodySize = 0
  #paused = false

  constructor(limits: RequestLimits, receiver: RequestReceiver) {
    this.#limits = limits
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

  /** Whether a request's body is still to come. */
  get inBody(): boolean {
    return this.#state >= BODY && this.#state <= TRAILERS
  }

  /** Takes bytes from the stream. */
  push(chunk: Buffer): void {
    if (this.#state === DEAD) return
    this.#kept = this.#kept.byteLength === 0 ? chunk : Buffer.concat([this.#kept, chunk])
    this.#run()
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
    while (this.#state < BETWEEN && !(this.#paused && this.#state !== HEAD)) {
      if (!this.#step()) return
    }
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
    const size = end === -1 ? this.#kept.byteLength : end
    if (size > this.#limits.maxHeaderSize) return this.#refuseLongHead(size)
    if (end === -1) {
      // What can never become a head is refused at once, or it would wait for the time-out.
      return malformed.test(this.#kept.toString('latin1').replace(/\r$/, ''))
        ? this.#refuse(400, 'malformed request head')
        : false
    }
    const text = this.#kept.toString('latin1', 0, end)
    this.#kept = this.#kept.subarray(end + 4)
    const head = parseHead(text, this.#limits)
    if ('status' in head) return this.#refuse(head.status, head.reason)
    return this.#begin(head)
  }

  #refuseLongHead(size: number): boolean {
    const line = this.#kept.indexOf(lineEnd)
    const lineSize = line === -1 ? size : line
    return lineSize > this.#limits.maxUrlSize
      ? this.#refuse(414, `the request target is longer than ${this.#limits.maxUrlSize} bytes`)
      : this.#refuse(431, `the header section is larger than ${this.#limits.maxHeaderSize} bytes`)
  }

  #begin(head: RequestHead): boolean {
    if (head.contentLength > this.#limits.maxBodySize) return this.#refuseBody()
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
    if (end > MAX_CHUNK_LINE || (end === -1 && this.#kept.byteLength > MAX_CHUNK_LINE)) {
      return this.#refuse(400, 'a chunk size line is too long')
    }
    if (end === -1) return false
    const line = this.#kept.toString('latin1', 0, end)
    const match = malformed.test(line) ? null : chunkSize.exec(line)
    if (match === null) return this.#refuse(400, 'a chunk size is malformed')
    this.#kept = this.#kept.subarray(end + 2)
    this.#remaining = Number.parseInt(match[1] ?? '', 16)
    this.#bodySize += this.#remaining
    if (this.#bodySize > this.#limits.maxBodySize) return this.#refuseBody()
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
    const size = end === -1 ? this.#kept.byteLength : end
    if (size > this.#limits.maxHeaderSize) return this.#refuse(431, 'the trailer section is too large')
    if (end === -1 || this.#kept.byteLength < 2) return false
    const trailers = none ? '' : parseTrailers(this.#kept.toString('latin1', 0, end), this.#limits)
    if (trailers === null) return this.#refuse(400, 'the trailer section is malformed')
    this.#kept = this.#kept.subarray(none ? 2 : end + 4)
    this.#state = BETWEEN
    this.#receiver.onComplete(trailers)
    return true
  }

  #refuseBody(): false {
    return this.#refuse(413, `the body is larger than ${this.#limits.maxBodySize} bytes`)
  }

  #refuse(status: number, reason: string): false {
    this.stop()
    this.#receiver.onRefusal({ status, reason })
    return false
  }
}

/** Reads a whole head, without its final empty line. Pure. */
export function parseHead(text: string, limits: RequestLimits): RequestHead | Refusal {
  const lineBreak = text.indexOf('\r\n')
  const line = lineBreak === -1 ? text : text.slice(0, lineBreak)
  if (line.length > limits.maxUrlSize + 32) {
    return refusal(414, `the request target is longer than ${limits.maxUrlSize} bytes`)
  }
  if (malformed.test(text)) return refusal(400, 'malformed request head')
  const match = requestLine.exec(line)
  if (match === null) return refusal(400, 'malformed request line')
  const [, method = '', target = '', major, minor] = match
  if (major !== '1' || (minor !== '0' && minor !== '1')) return refusal(505, `HTTP/${major}.${minor}`)
  if (target.length > limits.maxUrlSize) {
    return refusal(414, `the request target is longer than ${limits.maxUrlSize} bytes`)
  }
  if (method === 'CONNECT') return refusal(501, 'CONNECT is not supported')
  if (
    !target.startsWith('/') &&
    !(target === '*' && method === 'OPTIONS') &&
    !/^https?:\/\/[^/?#]/i.test(target)
  ) {
    return refusal(400, 'malformed request target')
  }
  const fields = new HeadFields(Number(minor))
  let at = lineBreak === -1 ? text.length : lineBreak + 2
  for (let count = 1; at < text.length; count++) {
    if (count > limits.maxHeadersCount)
      return refusal(431, `more than ${limits.maxHeadersCount} header lines`)
    let end = text.indexOf('\r\n', at)
    if (end === -1) end = text.length
    const colon = text.indexOf(':', at)
    if (colon === -1 || colon >= end) return refusal(400, 'malformed header line')
    const name = text.slice(at, colon)
    if (!isToken(name)) return refusal(400, 'malformed header name')
    const problem = fields.take(name, trimmed(text, colon + 1, end))
    if (problem !== null) return problem
    at = end + 2
  }
  return fields.finish(method, target)
}

/** Collects the header lines of one head: most go to the block, some mean something to the connection. */
class HeadFields {
  readonly #minor: number
  #block = ''
  #host: string | null = null
  #connection = ''
  #length: string | null = null
  #transferEncoding: string | null = null
  #expectContinue = false
  #upgrade: string | null = null
  #forwardedFor = ''
  #forwardedProto = ''
  #forwardedHost = ''
  #requestId = ''
  #accept = ''

  constructor(minor: number) {
    this.#minor = minor
  }

  /** Takes a line; a refusal when it must not be there. */
  take(name: string, value: string): Refusal | null {
    // Only names of these lengths can be special: most lines cost one comparison.
    const { length } = name
    if (length === 4 || length === 6 || length === 7 || length === 10 || (length >= 12 && length <= 17)) {
      const outcome = this.#special(name.toLowerCase(), value)
      if (outcome !== 'pass') return outcome
    }
    this.#block += `${name}: ${value}\r\n`
    return null
  }

  /** What to do with a line whose name may be special: pass it on, keep it back (null), or refuse. */
  #special(name: string, value: string): Refusal | 'pass' | null {
    switch (name) {
      case 'host':
        if (this.#host !== null) return refusal(400, 'more than one Host header')
        if (!hostValue.test(value)) return refusal(400, 'malformed Host header')
        this.#host = value
        return 'pass'
      case 'accept':
        this.#accept = value
        return 'pass'
      case 'expect':
        this.#expectContinue = value.toLowerCase() === '100-continue'
        return 'pass'
      case 'content-length':
        if (this.#length !== null) return refusal(400, 'more than one Content-Length header')
        if (!digits.test(value)) return refusal(400, 'malformed Content-Length header')
        this.#length = value
        return 'pass'
      case 'transfer-encoding':
        if (this.#transferEncoding !== null) return refusal(400, 'more than one Transfer-Encoding header')
        this.#transferEncoding = value.toLowerCase()
        return null
      case 'connection':
        this.#connection += `${this.#connection === '' ? '' : ','}${value.toLowerCase()}`
        return null
      default:
        return this.#proxied(name, value)
    }
  }

  #proxied(name: string, value: string): 'pass' | null {
    switch (name) {
      case 'upgrade':
        this.#upgrade = value
        return null
      case 'keep-alive':
      case 'proxy-connection':
      case 'http2-settings':
        return null
      case 'x-forwarded-for':
        this.#forwardedFor = this.#forwardedFor === '' ? value : `${this.#forwardedFor}, ${value}`
        return null
      case 'x-forwarded-proto':
        this.#forwardedProto = value
        return null
      case 'x-forwarded-host':
        this.#forwardedHost = value
        return null
      case 'x-request-id':
        this.#requestId = value
        return null
      default:
        return 'pass'
    }
  }

  /** The head, or what is wrong with it as a whole. */
  finish(method: string, target: string): RequestHead | Refusal {
    const chunked = this.#transferEncoding !== null
    if (this.#host === null && this.#minor === 1) return refusal(400, 'no Host header')
    if (chunked && this.#length !== null) {
      return refusal(400, 'both Content-Length and Transfer-Encoding are present')
    }
    if (chunked && this.#minor === 0) return refusal(400, 'Transfer-Encoding in an HTTP/1.0 request')
    if (chunked && this.#transferEncoding !== 'chunked') {
      return refusal(501, `transfer coding ${this.#transferEncoding}`)
    }
    const options = this.#connection.split(',').map(option => option.trim())
    const upgrade = this.#upgrade !== null && options.includes('upgrade') ? this.#upgrade : null
    if (upgrade !== null) this.#block += `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`
    if (chunked) this.#block += 'Transfer-Encoding: chunked\r\n'
    return {
      method,
      target,
      minor: this.#minor,
      host: this.#host ?? '',
      block: withoutNamed(this.#block, options),
      keepAlive: this.#minor === 1 ? !options.includes('close') : options.includes('keep-alive'),
      contentLength: chunked ? -1 : Number(this.#length ?? 0),
      expectContinue: this.#expectContinue && this.#minor === 1,
      upgrade,
      forwardedFor: this.#forwardedFor,
      forwardedProto: this.#forwardedProto,
      forwardedHost: this.#forwardedHost,
      requestId: this.#requestId,
      accept: this.#accept
    }
  }
}

const connectionWords = new Set(['', 'close', 'keep-alive', 'upgrade'])
const neverNamed = new Set(['host', 'content-length', 'transfer-encoding', 'authorization', 'cookie'])

/** Removes the headers that `Connection` names (RFC 9110, section 7.6.1). */
function withoutNamed(block: string, options: readonly string[]): string {
  const named = options.filter(option => !connectionWords.has(option) && !neverNamed.has(option))
  if (named.length === 0) return block
  return block
    .split('\r\n')
    .filter(line => !named.includes(line.slice(0, line.indexOf(':')).toLowerCase()))
    .join('\r\n')
}

const neverInTrailers = new Set(['host', 'content-length', 'transfer-encoding', 'trailer', 'connection'])

/** A trailer section as a block, or null when malformed; fields that may not be in one are left out. */
function parseTrailers(text: string, limits: RequestLimits): string | null {
  if (malformed.test(text)) return null
  const lines = text.split('\r\n')
  if (lines.length > limits.maxHeadersCount) return null
  let block = ''
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0))
    if (!isToken(name)) return null
    if (!neverInTrailers.has(name.toLowerCase()))
      block += `${name}: ${trimmed(line, colon + 1, line.length)}\r\n`
  }
  return block
}

/** `text` between two positions without spaces and tabs around it. */
function trimmed(text: string, from: number, to: number): string {
  let [start, end] = [from, to]
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9
}

function refusal(status: number, reason: string): Refusal {
  return { status, reason }
}
