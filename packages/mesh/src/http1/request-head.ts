/**
 * Reads the head of an HTTP/1 request, and trailer sections. Any thread that holds a connection; pure.
 *
 * Most lines pass into the block as they are; those that speak of the connection, or that a proxy has
 * to decide about, are taken out. What could be read in two ways is refused: see `request-parser.ts`.
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
  /** Bytes of the body. Beyond: 413. 0 sets no limit. */
  readonly maxBodySize: number
}

/** A request's head. */
export interface RequestHead {
  readonly method: string
  /** Path and query, or `*`. An absolute target has been taken apart: its host is in `host` and the block. */
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
  /** Other lines in which a client, or a proxy in front, speaks of the client (`Forwarded`, `X-Real-IP` …). */
  claims: string
  /** These stay in the block: an error page is chosen by `Accept`, and logs have the others. */
  accept: string
  userAgent: string
  referer: string
}

/** Why a request is refused, and the status that says so. */
export interface Refusal {
  readonly status: number
  /** One sentence without a full stop; it may quote the request. */
  readonly reason: string
  /** Seconds after which trying again may help; for 503. */
  readonly retryAfter?: number
  /** What is sent in place of the short answer. */
  readonly body?: RefusalBody
}

/** A body of somebody's own. */
export interface RefusalBody {
  /** Media type, without its character set, which is UTF-8. */
  readonly type: string
  readonly text: string
  /** Further header lines, without line ends. */
  readonly headers?: readonly string[]
}

/** Control characters, a CR without its LF, an LF without its CR. */
// eslint-disable-next-line no-control-regex
export const malformed: RegExp = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/
const digits = /^\d{1,15}$/
const hostValue = /^(?:[\w.~!$&'()*+,;=%-]*|\[[0-9a-f:.]+\])(?::\d{0,5})?$/i
const absoluteTarget = /^https?:\/\/([^/?#]+)/i
const requestLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([^\0-\x20\x7f]+) HTTP\/(\d)\.(\d)$/

/** Reads a whole head, without its final empty line. */
export function parseHead(text: string, limits: RequestLimits): RequestHead | Refusal {
  const lineBreak = text.indexOf('\r\n')
  const line = parseRequestLine(lineBreak === -1 ? text : text.slice(0, lineBreak), limits)
  if ('status' in line) return line
  if (malformed.test(text)) return refusal(400, 'malformed request head')
  const fields = new HeadFields(line.minor)
  let at = lineBreak === -1 ? text.length : lineBreak + 2
  for (let count = 1; at < text.length; count++) {
    if (count > limits.maxHeadersCount) {
      return refusal(431, `more than ${limits.maxHeadersCount} header lines`)
    }
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
  return fields.problem() ?? fields.finish(line.method, line.target)
}

interface RequestLine {
  readonly method: string
  readonly target: string
  readonly minor: number
}

function parseRequestLine(line: string, limits: RequestLimits): RequestLine | Refusal {
  const tooLong = `the request target is longer than ${limits.maxUrlSize} bytes`
  // Room for a method and a version: a line beyond that is too long whatever else is wrong with it.
  if (line.length > limits.maxUrlSize + 32) return refusal(414, tooLong)
  const match = requestLine.exec(line)
  if (match === null) return refusal(400, 'malformed request line')
  const [, method = '', target = '', major, minor] = match
  if (major !== '1' || (minor !== '0' && minor !== '1')) return refusal(505, `HTTP/${major}.${minor}`)
  if (target.length > limits.maxUrlSize) return refusal(414, tooLong)
  if (method === 'CONNECT') return refusal(501, 'CONNECT is not supported')
  const asterisk = target === '*' && method === 'OPTIONS'
  // The host of an absolute target goes where that of a Host header would, and is held to the same.
  const authority = target.startsWith('/') ? '' : absoluteTarget.exec(target)?.[1]
  if (!asterisk && (authority === undefined || !hostValue.test(authority))) {
    return refusal(400, 'malformed request target')
  }
  return { method, target, minor: Number(minor) }
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
  #claims = ''
  #accept = ''
  #userAgent = ''
  #referer = ''

  constructor(minor: number) {
    this.#minor = minor
  }

  /** Takes a line; a refusal when it must not be there. */
  take(name: string, value: string): Refusal | null {
    // Only names of these lengths can be special: most lines cost one comparison.
    const { length } = name
    if (length === 4 || length === 6 || length === 7 || length === 9 || length === 10 || length >= 12) {
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
      case 'user-agent':
        this.#userAgent = value
        return 'pass'
      case 'referer':
        this.#referer = value
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
        if (!name.startsWith('x-forwarded-') && name !== 'forwarded' && name !== 'x-real-ip') return 'pass'
        this.#claims += `${name}: ${value}\r\n`
        return null
    }
  }

  /** What is wrong with the head as a whole, `null` when nothing is. */
  problem(): Refusal | null {
    const coding = this.#transferEncoding
    if (this.#host === null && this.#minor === 1) return refusal(400, 'no Host header')
    if (coding === null) return null
    if (this.#length !== null) return refusal(400, 'both Content-Length and Transfer-Encoding are present')
    if (this.#minor === 0) return refusal(400, 'Transfer-Encoding in an HTTP/1.0 request')
    return coding === 'chunked' ? null : refusal(501, `transfer coding ${coding}`)
  }

  /** The head. */
  finish(method: string, target: string): RequestHead {
    const chunked = this.#transferEncoding !== null
    const options = this.#connection.split(',').map(option => option.trim())
    const { host, path } = splitTarget(target, this.#host ?? '')
    if (path !== target) {
      const line = `Host: ${host}`
      if (this.#host === null) this.#block += `${line}\r\n`
      else this.#block = this.#block.replace(/^host: .*$/im, () => line)
    }
    const upgrade = options.includes('upgrade') ? this.#acceptableUpgrade() : null
    if (upgrade !== null) this.#block += `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`
    if (chunked) this.#block += 'Transfer-Encoding: chunked\r\n'
    return {
      method,
      target: path,
      minor: this.#minor,
      host,
      block: withoutNamed(this.#block, options),
      keepAlive: !options.includes('close') && (this.#minor === 1 || options.includes('keep-alive')),
      contentLength: chunked ? -1 : Number(this.#length ?? 0),
      expectContinue: this.#expectContinue && this.#minor === 1,
      upgrade,
      forwardedFor: this.#forwardedFor,
      forwardedProto: this.#forwardedProto,
      forwardedHost: this.#forwardedHost,
      requestId: this.#requestId,
      claims: this.#claims,
      accept: this.#accept,
      userAgent: this.#userAgent,
      referer: this.#referer
    }
  }

  /**
   * The protocol offered, `null` when it is to be ignored, as a server may (RFC 9110, section 7.8): in
   * HTTP/1.0, with a body, and for HTTP/2, which clients offer along with ordinary requests.
   */
  #acceptableUpgrade(): string | null {
    const hasBody = this.#transferEncoding !== null || (this.#length !== null && this.#length !== '0')
    return this.#minor === 0 || hasBody || this.#upgrade?.toLowerCase() === 'h2c' ? null : this.#upgrade
  }
}

/** Host and path of a target; an absolute one overrides the Host header (RFC 9112, section 3.2.2). */
function splitTarget(target: string, host: string): { host: string; path: string } {
  if (target.startsWith('/') || target === '*') return { host, path: target }
  const start = target.indexOf('//') + 2
  const length = target.slice(start).search(/[/?#]/)
  if (length === -1) return { host: target.slice(start), path: '/' }
  const path = target.slice(start + length)
  return { host: target.slice(start, start + length), path: path.startsWith('/') ? path : `/${path}` }
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
export function parseTrailers(text: string, limits: RequestLimits): string | null {
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

/**
 * Whether a client that closes its side while its request is being answered has gone away. One that said it would
 * close, or asked for an upgrade, may well read on; one that meant to go on has left, unless its answer comes at once,
 * and whoever answers it learns of that, as behind node's server and nginx.
 */
export function meansToGoOn(head: RequestHead | null): boolean {
  return head !== null && head.keepAlive && head.upgrade === null
}
