/**
 * What of a request and its answer is sent over a network connection, and how a body's end is told there.
 * Any thread, client side; pure.
 *
 * A header that speaks of a connection ends with it (RFC 9110, section 7.6.1). Lengths are not taken on
 * trust: one that is wrong would make the upstream read the next request of the connection as a body.
 */
import { MeshError } from '../errors.ts'
import { sizeOf } from '../wire/body.ts'
import { BODY_MASK, MORE, UPGRADE } from '../wire/frames.ts'
import { isFieldValue, isToken, parseBlock } from '../wire/headers.ts'
import type { MeshRequest } from './exchange.ts'

/** The head of a request as node's http client takes it. */
export interface NetworkHead {
  /** Names and values in turn, framing included. */
  readonly headers: readonly string[]
  /** Bytes the body has to have; -1 for a chunked one. */
  readonly length: number
}

/** Headers of one connection, both ways. */
const perConnection = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade'
])

/** Headers no `Connection` header can take away: without them a message means something else. */
const neverNamed = new Set(['host', 'content-length', 'authorization', 'cookie', 'set-cookie'])

/** Fields that do harm after a body (RFC 9110, section 6.5.1). */
const neverInTrailers = new Set(['host', 'content-length', 'trailer', 'authorization', 'set-cookie'])

/** Methods that mean "no body" when no length is given. */
const bodiless = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'])

/**
 * The head of a request for the network.
 *
 * @throws MESH_INVALID_REQUEST for one HTTP/1.1 cannot carry, or whose length is not that of its body.
 */
export function networkHead(request: MeshRequest): NetworkHead {
  const { method, path, flags } = request
  // Refused by node as well; CONNECT it would take, and the answer would be a tunnel nobody asked for.
  if (method === 'CONNECT' || !isToken(method)) throw invalid('method', method)
  if (/[^\x21-\xff]|^$/.test(path)) throw invalid('path', path)
  const headers: string[] = []
  const found = collect(parseBlock(request.headers), headers)
  // The label alone: who sent the request without a name knew no other one.
  if (!found.hasHost) headers.unshift('host', request.hostname)
  if ((flags & UPGRADE) !== 0) {
    if (found.upgrade === null) throw invalid('upgrade', 'no protocol')
    headers.push('Connection', 'Upgrade', 'Upgrade', found.upgrade)
    return { headers, length: 0 }
  }
  headers.push('Connection', found.wantsTrailers ? 'TE, keep-alive' : 'keep-alive')
  if (found.wantsTrailers) headers.push('TE', 'trailers')
  const length = bodyLength(request, found.length)
  if (length === -1) headers.push('Transfer-Encoding', 'chunked')
  // Trailers come after chunks only: node refuses to announce them before anything else.
  else removeField(headers, 'trailer')
  if (length > 0 || (length === 0 && (found.length !== null || !bodiless.has(method)))) {
    headers.push('Content-Length', String(length))
  }
  return { headers, length }
}

/** Raw headers of an answer as a block, without those of its connection. */
export function responseBlock(raw: readonly string[]): string {
  const kept: string[] = []
  collect(raw, kept, true)
  return blockOf(kept)
}

/** Alternating names and values as a block. */
export function blockOf(pairs: readonly string[]): string {
  let block = ''
  for (let at = 0; at + 1 < pairs.length; at += 2) block += `${pairs[at]}: ${pairs[at + 1]}\r\n`
  return block
}

/**
 * Trailers for node's `addTrailers`, without those that would change what was said before.
 *
 * @throws MESH_INVALID_REQUEST for a name or value that cannot be sent.
 */
export function networkTrailers(block: string): [string, string][] {
  const pairs = parseBlock(block)
  const trailers: [string, string][] = []
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const [name = '', value = ''] = [pairs[at], pairs[at + 1]]
    check(name, value)
    const key = name.toLowerCase()
    if (!perConnection.has(key) && !neverInTrailers.has(key)) trailers.push([name, value])
  }
  return trailers
}

/** The error of a body that is not as long as its head says. */
export function lengthError(sent: number, declared: number): MeshError {
  return invalid('length of the body', `${sent} bytes where content-length says ${declared}`)
}

/** Takes a field out of alternating names and values. */
function removeField(pairs: string[], key: string): void {
  for (let at = pairs.length - 2; at >= 0; at -= 2) {
    if (pairs[at]?.toLowerCase() === key) pairs.splice(at, 2)
  }
}

/** The error of a request that cannot be sent, for whatever was thrown over it. */
export function refusalOf(cause: unknown): MeshError {
  if (cause instanceof MeshError) return cause
  const offered = cause instanceof Error ? cause.message : String(cause)
  return new MeshError('MESH_INVALID_REQUEST', { what: 'request', offered }, { cause })
}

interface Found {
  hasHost: boolean
  length: number | null
  upgrade: string | null
  wantsTrailers: boolean
}

/** Copies what may pass into `kept`, and notes what the rest says. */
function collect(pairs: readonly string[], kept: string[], response = false): Found {
  const found: Found = { hasHost: false, length: null, upgrade: null, wantsTrailers: false }
  const named = namedByConnection(pairs)
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const [name = '', value = ''] = [pairs[at], pairs[at + 1]]
    const key = name.toLowerCase()
    if (!response) {
      check(name, value)
      if (noteRequest(found, key, value)) continue
    }
    if (!perConnection.has(key) && named?.has(key) !== true) kept.push(name, value)
  }
  return found
}

/** Takes in what a request's header says about its framing; true for one that is written anew. */
function noteRequest(found: Found, key: string, value: string): boolean {
  switch (key) {
    case 'host':
      if (found.hasHost) throw invalid('host', 'more than one')
      found.hasHost = true
      return false
    case 'content-length':
      if (!/^\d{1,15}$/.test(value)) throw invalid('content-length', value)
      if (found.length !== null && found.length !== Number(value)) {
        throw invalid('content-length', `${found.length} and ${value}`)
      }
      found.length = Number(value)
      return true
    case 'upgrade':
      found.upgrade = value
      return true
    case 'te':
      // Whoever passes trailers on may say so for itself.
      found.wantsTrailers ||= /(?:^|,)\s*trailers\s*(?:,|$)/i.test(value)
      return true
    default:
      return false
  }
}

/** The headers `Connection` says are of this connection; `null` when it names none. */
function namedByConnection(pairs: readonly string[]): Set<string> | null {
  let named: Set<string> | null = null
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    if (pairs[at]?.length !== 10 || pairs[at]?.toLowerCase() !== 'connection') continue
    for (const option of (pairs[at + 1] ?? '').toLowerCase().split(',')) {
      const name = option.trim()
      if (!neverNamed.has(name)) (named ??= new Set()).add(name)
    }
  }
  return named
}

function bodyLength({ flags, body }: MeshRequest, declared: number | null): number {
  const atHand = sizeOf(flags & BODY_MASK, body)
  if ((flags & MORE) !== 0) {
    if (declared !== null && atHand > declared) throw lengthError(atHand, declared)
    return declared ?? -1
  }
  if (declared !== null && declared !== atHand) throw lengthError(atHand, declared)
  return atHand
}

function check(name: string, value: string): void {
  if (!isToken(name)) throw invalid('header name', name)
  if (!isFieldValue(value)) throw invalid(`value of header ${name}`, value)
}

function invalid(what: string, offered: string): MeshError {
  return new MeshError('MESH_INVALID_REQUEST', { what, offered })
}
