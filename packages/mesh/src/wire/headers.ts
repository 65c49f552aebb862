/**
 * The header section as it travels: one string of `Name: value\r\n` lines. Any thread; pure.
 *
 * One string is cloned several times faster than an array of its parts, is what node's ServerResponse
 * makes anyway, and can be written to a socket as it is.
 */
import { MeshError } from '../errors.ts'

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
// RFC 9110 section 5.5: visible characters, spaces, tabs and the upper half of Latin-1.
// eslint-disable-next-line no-control-regex
const forbiddenInValue = /[^\t\x20-\x7e\x80-\xff]/

/** Whether a string can be a method or a header name (RFC 9110, section 5.6.2). */
export function isToken(text: string): boolean {
  return token.test(text)
}

/** Whether a string can be a header value (RFC 9110, section 5.5). */
export function isFieldValue(text: string): boolean {
  return !forbiddenInValue.test(text)
}

/** Splits a block into alternating names and values. */
export function parseBlock(block: string): string[] {
  const pairs: string[] = []
  let at = 0
  while (at < block.length) {
    const colon = block.indexOf(': ', at)
    if (colon === -1) break
    let end = block.indexOf('\r\n', colon)
    if (end === -1) end = block.length
    pairs.push(block.slice(at, colon), block.slice(colon + 2, end))
    at = end + 2
  }
  return pairs
}

/** Everything undici and node accept as request headers. */
export type HeadersInput =
  | readonly (string | readonly string[] | Uint8Array)[]
  | Iterable<readonly [string, string | readonly string[]]>
  | { readonly [name: string]: string | number | readonly string[] | undefined }
  | null
  | undefined

/** What a caller's headers become: the block, and the few facts the mesh itself needs of them. */
export interface WrittenHeaders {
  block: string
  hasHost: boolean
  /** The value of `upgrade`, when there is one. */
  upgrade: string | null
  /** The value of `content-length`, when there is one. */
  contentLength: string | null
}

/**
 * Writes a caller's headers as a block, hop-by-hop ones left out (RFC 9110, section 7.6.1).
 *
 * @throws MESH_INVALID_REQUEST for a name or value that cannot be sent.
 */
export function writeBlock(headers: HeadersInput): WrittenHeaders {
  const written: WrittenHeaders = { block: '', hasHost: false, upgrade: null, contentLength: null }
  if (headers === null || headers === undefined) return written
  if (Array.isArray(headers)) {
    if (Array.isArray(headers[0])) for (const [name, value] of headers) append(written, name, value)
    else for (let i = 0; i + 1 < headers.length; i += 2) append(written, headers[i], headers[i + 1])
  } else if (Symbol.iterator in headers) {
    for (const [name, value] of headers) append(written, name, value)
  } else {
    for (const name of Object.keys(headers)) append(written, name, headers[name as keyof typeof headers])
  }
  return written
}

function append(written: WrittenHeaders, name: unknown, value: unknown): void {
  if (value === undefined || value === null) return
  if (Array.isArray(value)) {
    for (const item of value) append(written, name, item)
    return
  }
  const key = text(name)
  const content = text(value)
  if (!token.test(key)) throw new MeshError('MESH_INVALID_REQUEST', { what: 'header name', offered: key })
  if (forbiddenInValue.test(content)) {
    throw new MeshError('MESH_INVALID_REQUEST', { what: `value of header ${key}`, offered: content })
  }
  if (note(written, key, content)) written.block += `${key}: ${content}\r\n`
}

/** Remembers the headers the mesh itself needs; false for one that is not passed on. */
function note(written: WrittenHeaders, name: string, value: string): boolean {
  // Only names of these lengths mean anything here: most cost one comparison.
  const { length } = name
  if (length !== 4 && length !== 7 && length !== 10 && length < 14) return true
  switch (name.toLowerCase()) {
    case 'host':
      if (written.hasHost)
        throw new MeshError('MESH_INVALID_REQUEST', { what: 'second host', offered: value })
      written.hasHost = true
      return true
    case 'content-length':
      // Two lengths, or one that is none, are how requests are smuggled (RFC 9112, section 11.2).
      if (written.contentLength !== null || !/^\d+$/.test(value)) {
        throw new MeshError('MESH_INVALID_REQUEST', { what: 'content-length', offered: value })
      }
      written.contentLength = value
      return true
    case 'upgrade':
      written.upgrade = value
      return false
    case 'connection':
    case 'keep-alive':
    case 'proxy-connection':
    case 'transfer-encoding':
      return false
    default:
      return true
  }
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')
  return String(value)
}
