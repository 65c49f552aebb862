/**
 * Everything undici accepts as a request body, sorted into what can be sent at once and what has to be
 * streamed. Any thread; pure.
 */
import { MeshError } from '../errors.ts'

/** A body as the mesh sends it: `content` at once, or `stream` piece by piece; both `null` for none. */
export interface RequestBody {
  readonly content: string | Uint8Array | null
  readonly stream: AsyncIterable<unknown> | Iterable<unknown> | null
  /** Bytes, when known before it is sent. */
  readonly length: number | null
  /** What the content says of its own type (forms, blobs). */
  readonly contentType: string | null
}

/**
 * Sorts a body.
 *
 * @throws MESH_INVALID_REQUEST for something that is no body.
 */
export function classifyBody(body: unknown): RequestBody {
  if (body === null || body === undefined)
    return { content: null, stream: null, length: null, contentType: null }
  if (typeof body === 'string') {
    return { content: body, stream: null, length: Buffer.byteLength(body), contentType: null }
  }
  const bytes = asBytes(body)
  if (bytes !== null) return { content: bytes, stream: null, length: bytes.byteLength, contentType: null }
  if (
    body instanceof FormData ||
    body instanceof URLSearchParams ||
    body instanceof Blob ||
    isFormData(body)
  ) {
    // The platform's own encoder writes the boundary and the parts.
    const encoded = new Response(isFormData(body) ? ownForm(body) : (body as BodyInit))
    const length = body instanceof Blob ? body.size : null
    return { content: null, stream: encoded.body, length, contentType: encoded.headers.get('content-type') }
  }
  if (isIterable(body)) return { content: null, stream: body, length: null, contentType: null }
  throw new MeshError('MESH_INVALID_REQUEST', { what: 'body', offered: Object.prototype.toString.call(body) })
}

/** A piece of a streamed body as bytes. */
export function pieceOf(chunk: unknown): Uint8Array {
  if (typeof chunk === 'string') return Buffer.from(chunk)
  const bytes = asBytes(chunk)
  if (bytes !== null) return bytes
  throw new MeshError('MESH_INVALID_REQUEST', { what: 'piece of the body', offered: typeof chunk })
}

function asBytes(value: unknown): Uint8Array | null {
  if (value instanceof Uint8Array) return value
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return new Uint8Array(value)
  return null
}

/** A form as one the platform's encoder knows. */
function ownForm(form: FormData): FormData {
  if (form instanceof FormData) return form
  const own = new FormData()
  for (const [name, value] of form as FormData) own.append(name, value as string)
  return own
}

/** FormData of an undici package, which is not the global's class. */
function isFormData(body: unknown): body is FormData {
  return Object.prototype.toString.call(body) === '[object FormData]'
}

function isIterable(body: unknown): body is AsyncIterable<unknown> | Iterable<unknown> {
  return (
    typeof body === 'object' && body !== null && (Symbol.asyncIterator in body || Symbol.iterator in body)
  )
}
