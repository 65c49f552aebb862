/**
 * Everything undici accepts as a request body, sorted into what can be sent at once and what has to be
 * streamed. Any thread; pure.
 */
import type { Readable } from 'node:stream'

import { MeshError } from '../errors.ts'
import { encodeForm } from './form-data.ts'

/** A body that is sent piece by piece. */
export type StreamedBody = Readable | AsyncIterable<unknown> | Iterable<unknown>

/** A body as the mesh sends it: `content` at once, or `stream` piece by piece; both `null` for none. */
export interface RequestBody {
  readonly content: string | Uint8Array | null
  readonly stream: StreamedBody | null
  /** Bytes, when known before it is sent. */
  readonly length: number | null
  /** What the content says of its own type (forms, blobs). */
  readonly contentType: string | null
}

/** No body. */
export const nothing: RequestBody = { content: null, stream: null, length: null, contentType: null }

/**
 * Sorts a body.
 *
 * @throws MESH_INVALID_REQUEST for something that is no body.
 */
export function classifyBody(body: unknown): RequestBody {
  if (body === null || body === undefined) return nothing
  if (typeof body === 'string') {
    return { content: body, stream: null, length: Buffer.byteLength(body), contentType: null }
  }
  const bytes = asBytes(body)
  if (bytes !== null) return { content: bytes, stream: null, length: bytes.byteLength, contentType: null }
  if (isStream(body)) return { content: null, stream: body, length: null, contentType: null }
  if (body instanceof URLSearchParams) {
    const content = body.toString()
    const contentType = 'application/x-www-form-urlencoded;charset=UTF-8'
    return { content, stream: null, length: content.length, contentType }
  }
  if (isFormData(body)) return encodeForm(body)
  if (isBlob(body)) {
    return { content: null, stream: body.stream(), length: body.size, contentType: body.type || null }
  }
  if (isIterable(body)) return { content: null, stream: body, length: null, contentType: null }
  throw new MeshError('MESH_INVALID_REQUEST', { what: 'body', offered: Object.prototype.toString.call(body) })
}

/**
 * A piece of a streamed body as bytes.
 *
 * @throws MESH_INVALID_REQUEST for something that is no piece of a body.
 */
export function pieceOf(chunk: unknown): Uint8Array {
  if (typeof chunk === 'string') return Buffer.from(chunk)
  const bytes = asBytes(chunk)
  if (bytes !== null) return bytes
  throw new MeshError('MESH_INVALID_REQUEST', { what: 'piece of the body', offered: typeof chunk })
}

/** Whether a body is to be listened to: node's streams, and older kinds with the same events. */
export function isStream(body: unknown): body is Readable {
  return (
    typeof body === 'object' &&
    body !== null &&
    'pipe' in body &&
    typeof body.pipe === 'function' &&
    'on' in body &&
    typeof body.on === 'function'
  )
}

function asBytes(value: unknown): Uint8Array | null {
  if (value instanceof Uint8Array) return value
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return new Uint8Array(value)
  return null
}

/** A form of the platform, or of an undici package, which has a class of its own. */
function isFormData(body: unknown): body is FormData {
  return Object.prototype.toString.call(body) === '[object FormData]'
}

/** A Blob or a File, of whatever make. */
function isBlob(body: unknown): body is Blob {
  return (
    body instanceof Blob ||
    (/^\[object (?:Blob|File)\]$/.test(Object.prototype.toString.call(body)) &&
      typeof (body as Blob).stream === 'function')
  )
}

function isIterable(body: unknown): body is AsyncIterable<unknown> | Iterable<unknown> {
  return (
    typeof body === 'object' && body !== null && (Symbol.asyncIterator in body || Symbol.iterator in body)
  )
}
