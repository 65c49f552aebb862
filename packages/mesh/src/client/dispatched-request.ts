/**
 * Turns undici's dispatch options into a request of the mesh. Any thread, client side; pure.
 *
 * It holds callers to what undici holds them to: what its own client refuses is refused here, with the
 * same code, and what it takes is taken.
 */
import { stringify } from 'node:querystring'

import { MeshError } from '../errors.ts'
import { fieldOf, kindOf } from '../wire/body.ts'
import { MORE, NO_BODY, UPGRADE, UTF8, type BodyField } from '../wire/frames.ts'
import { isFieldValue, isToken, writeBlock } from '../wire/headers.ts'
import type { DispatchOptions } from './dispatcher.ts'
import { classifyBody, nothing, type RequestBody } from './request-body.ts'
import { isIdempotent } from './retry.ts'
import { UndiciFailure } from './undici-errors.ts'

/** Methods that usually have a body say so even when they have none (RFC 9110, section 8.6). */
const expectsBody = new Set(['POST', 'PUT', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH'])

/** Methods that need no look at their letters. */
const usualMethods = new Set([...expectsBody, 'GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'])

/** A request as it will be sent. */
export interface WrittenRequest {
  readonly path: string
  /** Header section. */
  readonly block: string
  readonly body: RequestBody
  /** The length the caller has declared, `null` when it has not. */
  readonly declared: number | null
  /** The body's bytes as far as the header section promises them; `null` when it does not. */
  readonly length: number | null
  readonly flags: number
  readonly field: BodyField
  readonly idempotent: boolean
  readonly upgrade: string | null
}

/**
 * Writes a request.
 *
 * @param hostLine The header that names the host, for a request that does not bring its own.
 *
 * @throws MESH_INVALID_REQUEST for what cannot be sent.
 * @throws UND_ERR_REQ_CONTENT_LENGTH_MISMATCH for a body that is not as long as its headers say.
 */
export function writeRequest(options: DispatchOptions, hostLine: string): WrittenRequest {
  const { method } = options
  check(options)
  const path = pathOf(options)
  if (isBare(options)) return writeBare(options, path, hostLine)
  const headers = writeBlock(options.headers)
  let { block } = headers
  if (!headers.hasHost) block = hostLine + block
  const upgrade = upgradeOf(options)
  if (upgrade !== null || method === 'CONNECT') return writeUpgrade(options, { path, block, upgrade })
  const body = classifyBody(options.body)
  if (body.contentType !== null && !/^content-type:/im.test(block)) {
    block += `content-type: ${body.contentType}\r\n`
  }
  const declared = headers.contentLength === null ? null : Number(headers.contentLength)
  const length = body.length ?? (body.stream === null ? 0 : declared)
  const { content } = body
  return {
    path,
    block: framed(block, body, { method, declared, length }),
    body,
    declared,
    length,
    flags: flagsOf(body),
    field: content === null || typeof content === 'string' ? content : fieldOf(content),
    idempotent: options.idempotent ?? isIdempotent(method),
    upgrade: null
  }
}

/** Whether a request is nothing but a method and a path: most are. */
function isBare({ method, headers, body, upgrade }: DispatchOptions): boolean {
  return (
    (headers === undefined || headers === null) &&
    (body === undefined || body === null) &&
    (upgrade === undefined || upgrade === null) &&
    !expectsBody.has(method) &&
    method !== 'CONNECT'
  )
}

function writeBare({ method, idempotent }: DispatchOptions, path: string, block: string): WrittenRequest {
  return {
    path,
    block,
    body: nothing,
    declared: null,
    length: 0,
    flags: NO_BODY,
    field: null,
    idempotent: idempotent ?? isIdempotent(method),
    upgrade: null
  }
}

function check({ method, headersTimeout, bodyTimeout }: DispatchOptions): void {
  if (!usualMethods.has(method) && (typeof method !== 'string' || !isToken(method))) {
    throw invalid('method', method)
  }
  if (!isTimeout(headersTimeout)) throw invalid('headersTimeout', headersTimeout)
  if (!isTimeout(bodyTimeout)) throw invalid('bodyTimeout', bodyTimeout)
}

function isTimeout(ms: number | null | undefined): boolean {
  return ms === undefined || ms === null || (Number.isFinite(ms) && ms >= 0)
}

function invalid(what: string, offered: unknown): MeshError {
  return new MeshError('MESH_INVALID_REQUEST', {
    what,
    offered: typeof offered === 'string' ? offered : `${typeof offered} ${JSON.stringify(offered)}`
  })
}

/**
 * Puts the length of the body into the block, as undici does: that of the body that is there goes before a
 * declared one, and a request nobody expects a body of does not speak of an empty one.
 */
function framed(
  block: string,
  { stream }: RequestBody,
  { method, declared, length }: { method: string; declared: number | null; length: number | null }
): string {
  const silent = length === 0 && !expectsBody.has(method)
  if (declared === null) return silent ? block : block + lengthLine(stream !== null, length)
  if (declared !== length && length !== null && length > 0) throw mismatch(length, declared)
  if (declared === length && !silent) return block
  const bare = block.replace(/^content-length: .*\r\n/im, '')
  return silent ? bare : bare + lengthLine(stream !== null, length)
}

function writeUpgrade(
  { body }: DispatchOptions,
  { path, block, upgrade }: { path: string; block: string; upgrade: string | null }
): WrittenRequest {
  if (body !== null && body !== undefined) {
    throw invalid('body', 'one beside an upgrade')
  }
  return {
    path,
    block: upgrade === null ? block : `${block}connection: upgrade\r\nupgrade: ${upgrade}\r\n`,
    body: classifyBody(null),
    declared: null,
    length: null,
    flags: NO_BODY | MORE | UPGRADE,
    field: null,
    // What was said on a connection cannot be said again.
    idempotent: false,
    upgrade
  }
}

function upgradeOf({ upgrade }: DispatchOptions): string | null {
  if (upgrade === undefined || upgrade === null || upgrade === false || upgrade === '') return null
  if (typeof upgrade === 'string' && isFieldValue(upgrade)) return upgrade
  throw invalid('upgrade', upgrade)
}

function lengthLine(streamed: boolean, length: number | null): string {
  return streamed && length === null ? 'transfer-encoding: chunked\r\n' : `content-length: ${length ?? 0}\r\n`
}

function flagsOf({ content, stream }: RequestBody): number {
  if (stream !== null) return NO_BODY | MORE
  if (content === null) return NO_BODY
  return typeof content === 'string' ? UTF8 : kindOf(content)
}

function mismatch(length: number, declared: number): UndiciFailure {
  const message = `The request body has ${length} bytes where its content-length says ${declared}.`
  return new UndiciFailure('UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', message)
}

/** The path as it was given, with the query undici would write after it. */
function pathOf({ path, query, method }: DispatchOptions): string {
  if (typeof path !== 'string' || /[^\x21-\xff]/.test(path) || !isTarget(path, method)) {
    throw invalid('path', path)
  }
  if (query === undefined || query === null) return path
  if (/[?#]/.test(path)) {
    throw invalid('path (it has a query beside the option query)', path)
  }
  const text = stringify(query as Record<string, string>)
  return text === '' ? path : `${path}?${text}`
}

/** The forms undici lets pass (RFC 9112, section 3.2): a path, an absolute URL, and an authority for CONNECT. */
function isTarget(path: string, method: string): boolean {
  return path.startsWith('/') || method === 'CONNECT' || /^https?:\/\//.test(path)
}
