/**
 * Reads the arguments of `fetch`: what is asked of the mesh, or that it is none of the mesh's. Any thread;
 * pure.
 *
 * It knows the plain forms only, and knows exactly what node makes of them. Whatever is rarer, or wrong,
 * is not judged here: node's own fetch takes it, and says what is wrong with it.
 */
import { LATIN1, BYTES, NO_BODY, UTF8, type BodyField } from '../wire/frames.ts'
import { STRING_MAX } from '../wire/body.ts'
import { isFieldValue, isToken, parseBlock } from '../wire/headers.ts'

/** What becomes of a redirect. */
export type RedirectMode = 'follow' | 'error' | 'manual'

/** A body that is at hand as a whole; `null` for none. */
export interface WholeBody {
  readonly flags: number
  readonly field: BodyField
  readonly length: number
}

/** A request as `fetch` was asked for it. */
export interface FetchRequest {
  /** Serialised, with its fragment. */
  readonly url: URL
  readonly method: string
  /** The caller's header lines as a block, and the type of the body. */
  readonly lines: string
  /** Which of the headers that matter here are in {@link lines}: bits, see {@link notable}. */
  readonly has: number
  readonly body: WholeBody | null
  readonly redirect: RedirectMode
  readonly signal: AbortSignal | null
}

/** Request-body headers: they go when a redirect drops the body (Fetch standard, HTTP-redirect fetch). */
const bodyHeaders = new Set([
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'content-length'
])

/** Headers that are for one origin only. */
const originHeaders = new Set(['authorization', 'proxy-authorization', 'cookie', 'host'])

const ACCEPT = 1
const ACCEPT_LANGUAGE = 2
const USER_AGENT = 4
const ACCEPT_ENCODING = 8
const CONTENT_TYPE = 16
const CONDITIONAL = 32
const RANGE = 64
const PRAGMA = 128
const CACHE_CONTROL = 256
const REFUSED = 512
const TRUSTED = 1024

/** Headers that change what node adds of its own; refused ones are node's affair as a whole. */
const notable: ReadonlyMap<string, number> = new Map([
  ['accept', ACCEPT],
  ['accept-language', ACCEPT_LANGUAGE],
  ['user-agent', USER_AGENT],
  ['accept-encoding', ACCEPT_ENCODING],
  ['content-type', CONTENT_TYPE],
  ['if-modified-since', CONDITIONAL],
  ['if-none-match', CONDITIONAL],
  ['if-unmodified-since', CONDITIONAL],
  ['if-match', CONDITIONAL],
  ['if-range', CONDITIONAL],
  ['range', RANGE],
  ['pragma', PRAGMA],
  ['cache-control', CACHE_CONTROL],
  ['host', REFUSED],
  ['content-length', REFUSED],
  ['transfer-encoding', REFUSED],
  ['connection', REFUSED],
  ['keep-alive', REFUSED],
  ['proxy-connection', REFUSED],
  ['upgrade', REFUSED],
  ['expect', REFUSED],
  ['te', REFUSED],
  ['trailer', REFUSED],
  ['sec-fetch-mode', REFUSED],
  ['__proto__', REFUSED]
])

/** Methods as they may be written, and as they are sent; others are node's affair. */
const methods: ReadonlyMap<unknown, string> = new Map(
  ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'].flatMap(method => [
    [method, method],
    [method.toLowerCase(), method]
  ])
).set('PATCH', 'PATCH')

/** Options that change nothing, by their values. */
const harmless: { readonly [name: string]: readonly unknown[] } = {
  mode: ['cors'],
  credentials: ['include', 'omit', 'same-origin'],
  cache: ['default'],
  keepalive: [true, false],
  integrity: [''],
  window: [null],
  referrer: ['about:client'],
  referrerPolicy: [''],
  priority: ['auto', 'high', 'low']
}

/** What is gathered while the arguments are read. */
interface Draft {
  method: string
  lines: string
  has: number
  body: unknown
  redirect: RedirectMode
  signal: AbortSignal | null
}

/** The arguments of `fetch` as a request; `null` when node's own fetch has to look at them. */
export function readRequest(input: unknown, init: unknown, domain: string): FetchRequest | null {
  const draft: Draft = { method: 'GET', lines: '', has: 0, body: null, redirect: 'follow', signal: null }
  const url = readInput(input, draft, domain)
  if (url === null || !isMesh(url, domain)) return null
  draft.has |= trust(url)
  if (init !== undefined && init !== null && !readInit(init, draft)) return null
  const { body, method } = draft
  if (body === null || body === undefined) return { ...draft, url, body: null }
  const whole = wholeBody(body)
  if (whole === null || method === 'GET' || method === 'HEAD') return null
  if (whole.type !== '' && (draft.has & CONTENT_TYPE) === 0) {
    draft.lines += `content-type: ${whole.type}\r\n`
    draft.has |= CONTENT_TYPE
  }
  return { ...draft, url, body: whole }
}

function readInput(input: unknown, draft: Draft, domain: string): URL | null {
  if (typeof input === 'string') return URL.parse(input)
  if (typeof input !== 'object' || input === null) return null
  if (Object.getPrototypeOf(input) === URL.prototype) return new URL((input as URL).href)
  return readRequestObject(input, draft, domain)
}

/** Whether a URL names an application of the mesh, with nothing about it that node would refuse. */
export function isMesh(url: URL, domain: string): boolean {
  const { hostname } = url
  return (
    url.protocol === 'http:' &&
    hostname.endsWith(domain) &&
    hostname.length > domain.length &&
    url.port === '' &&
    url.username === '' &&
    url.password === '' &&
    // What becomes of an empty query depends on the version of undici.
    (url.search !== '' || !url.href.includes('?'))
  )
}

/**
 * Request metadata goes to origins only that are trustworthy, of those without TLS to this machine (Secure
 * Contexts, section 3.1). The undici inside Node 22 and 24 sends it everywhere.
 */
function trust({ hostname }: URL): number {
  return toAll || hostname.endsWith('.localhost') ? TRUSTED : 0
}

const toAll = Number.parseInt(process.versions['undici'] ?? '0', 10) < 8

/** The header lines node adds to the caller's, in its order. */
export function addedLines(request: FetchRequest): string {
  const { has, method, body } = request
  const length = body === null ? 0 : body.length
  const added = (has | CONTENT_TYPE) === PLAIN ? plainLines : linesFor(has)
  return length > 0 || sendsLength.has(method) ? `${added}content-length: ${length}\r\n` : added
}

/** Methods that send a length even when it is 0 (undici's `expectsPayload`). */
const sendsLength = new Set(['POST', 'PUT', 'PATCH'])

function linesFor(has: number): string {
  const lacks = (bits: number): boolean => (has & bits) === 0
  return [
    lacks(ACCEPT) ? 'accept: */*\r\n' : '',
    lacks(ACCEPT_LANGUAGE) ? 'accept-language: *\r\n' : '',
    lacks(TRUSTED) ? '' : 'sec-fetch-mode: cors\r\n',
    lacks(USER_AGENT) ? 'user-agent: node\r\n' : '',
    !lacks(CONDITIONAL) && lacks(PRAGMA) ? 'pragma: no-cache\r\n' : '',
    !lacks(CONDITIONAL) && lacks(CACHE_CONTROL) ? 'cache-control: no-cache\r\n' : '',
    lacks(ACCEPT_ENCODING) ? `accept-encoding: ${lacks(RANGE) ? 'gzip, deflate' : 'identity'}\r\n` : ''
  ].join('')
}

/** What most requests have, wherever metadata goes to all. */
const PLAIN = CONTENT_TYPE | (toAll ? TRUSTED : 0)

const plainLines = linesFor(PLAIN)

/**
 * The request that follows a redirect: another method where the status asks for it, and without the
 * headers that were for the old body or the old origin.
 */
export function redirected(request: FetchRequest, status: number, url: URL): FetchRequest {
  const { method } = request
  const asGet =
    ((status === 301 || status === 302) && method === 'POST') ||
    (status === 303 && method !== 'GET' && method !== 'HEAD')
  const elsewhere = request.url.origin !== url.origin
  let lines = ''
  let has = trust(url)
  const pairs = parseBlock(request.lines)
  for (let i = 0; i < pairs.length; i += 2) {
    const [name = '', value = ''] = [pairs[i], pairs[i + 1]]
    const key = name.toLowerCase()
    if ((asGet && bodyHeaders.has(key)) || (elsewhere && originHeaders.has(key))) continue
    lines += `${name}: ${value}\r\n`
    has |= notable.get(key) ?? 0
  }
  return { ...request, url, lines, has, ...(asGet ? { method: 'GET', body: null } : undefined) }
}

/** A Request of the platform. What its headers were called before it lower-cased them is not to be seen. */
function readRequestObject(input: object, draft: Draft, domain: string): URL | null {
  if (Object.getPrototypeOf(input) !== Request.prototype) return null
  const request = input as Request
  const url = URL.parse(request.url)
  const method = methods.get(request.method)
  if (url === null || method === undefined || !isMesh(url, domain) || request.body !== null) return null
  for (const name of ['mode', 'cache', 'integrity', 'referrer', 'referrerPolicy'] as const) {
    if (harmless[name]?.includes(request[name]) !== true) return null
  }
  draft.method = method
  draft.redirect = request.redirect
  draft.signal = request.signal
  return readHeaders(request.headers, draft) ? url : null
}

function readInit(init: unknown, draft: Draft): boolean {
  if (typeof init !== 'object') return false
  const prototype: unknown = Object.getPrototypeOf(init)
  if (prototype !== Object.prototype && prototype !== null) return false
  for (const name in init) {
    const value: unknown = init[name as keyof typeof init]
    if (value !== undefined && !readOption(name, value, draft)) return false
  }
  return true
}

function readOption(name: string, value: unknown, draft: Draft): boolean {
  switch (name) {
    case 'method': {
      const method = methods.get(value)
      draft.method = method ?? ''
      return method !== undefined
    }
    case 'headers':
      draft.lines = ''
      draft.has &= TRUSTED
      return readHeaders(value, draft)
    case 'body':
      draft.body = value
      return true
    case 'signal':
      draft.signal = value as AbortSignal | null
      return value === null || value instanceof AbortSignal
    case 'redirect':
      draft.redirect = value as RedirectMode
      return value === 'follow' || value === 'error' || value === 'manual'
    case 'duplex':
    case 'dispatcher':
      return false
    default:
      return !Object.hasOwn(harmless, name) || harmless[name]?.includes(value) === true
  }
}

/** Reads headers in any of their forms; false when something about them is for node to judge. */
function readHeaders(headers: unknown, draft: Draft): boolean {
  if (typeof headers !== 'object' || headers === null) return false
  const seen: string[] = []
  if (Symbol.iterator in headers) {
    for (const pair of headers as Iterable<unknown>) {
      if (!Array.isArray(pair) || pair.length !== 2) return false
      if (!readHeader(pair[0], pair[1], seen, draft)) return false
    }
    return true
  }
  const prototype: unknown = Object.getPrototypeOf(headers)
  if (prototype !== Object.prototype && prototype !== null) return false
  if (Object.getOwnPropertySymbols(headers).length > 0) return false
  for (const name of Object.keys(headers)) {
    if (!readHeader(name, headers[name as keyof typeof headers], seen, draft)) return false
  }
  return true
}

function readHeader(name: unknown, value: unknown, seen: string[], draft: Draft): boolean {
  if (typeof name !== 'string' || (typeof value !== 'string' && typeof value !== 'number')) return false
  const key = name.toLowerCase()
  const bit = notable.get(key) ?? 0
  const text = trimmed(String(value))
  // node joins the values of a name that comes twice.
  if (bit === REFUSED || !isToken(name) || !isFieldValue(text) || seen.includes(key)) return false
  // node adds to a caller's list of encodings where a range is asked for.
  draft.has |= bit
  if ((draft.has & (RANGE | ACCEPT_ENCODING)) === (RANGE | ACCEPT_ENCODING)) return false
  seen.push(key)
  draft.lines += `${name}: ${text}\r\n`
  return true
}

/** Without the white space of HTTP at its ends. */
function trimmed(value: string): string {
  return /^[\t\n\r ]|[\t\n\r ]$/.test(value) ? value.replaceAll(/^[\t\n\r ]+|[\t\n\r ]+$/g, '') : value
}

function wholeBody(body: unknown): (WholeBody & { type: string }) | null {
  if (typeof body === 'string') return textBody(body, 'text/plain;charset=UTF-8')
  if (typeof body !== 'object' || body === null) return null
  if (Object.getPrototypeOf(body) === URLSearchParams.prototype) {
    return textBody((body as URLSearchParams).toString(), 'application/x-www-form-urlencoded;charset=UTF-8')
  }
  if (body instanceof ArrayBuffer) return bytesBody(body, 0, body.byteLength)
  return ArrayBuffer.isView(body) ? bytesBody(body.buffer, body.byteOffset, body.byteLength) : null
}

function textBody(text: string, type: string): WholeBody & { type: string } {
  const field = text.toWellFormed()
  return field === ''
    ? { flags: NO_BODY, field: null, length: 0, type }
    : { flags: UTF8, field, length: Buffer.byteLength(field), type }
}

/** A copy: the caller may change its bytes as soon as `fetch` has returned. */
function bytesBody(
  buffer: ArrayBufferLike,
  offset: number,
  length: number
): (WholeBody & { type: string }) | null {
  if (!(buffer instanceof ArrayBuffer) || buffer.resizable || buffer.detached) return null
  if (length === 0) return { flags: NO_BODY, field: null, length, type: '' }
  return length <= STRING_MAX
    ? { flags: LATIN1, field: Buffer.from(buffer, offset, length).toString('latin1'), length, type: '' }
    : { flags: BYTES, field: new Uint8Array(buffer.slice(offset, offset + length)), length, type: '' }
}
