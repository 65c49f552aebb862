/**
 * Failures as undici's callers know them. Any thread, client side; pure.
 *
 * Callers of undici, its own interceptors among them, switch on `error.code`: the retry interceptor
 * repeats `UND_ERR_SOCKET` and gives up on `UND_ERR_ABORTED`; others ask `instanceof errors.SocketError`
 * or look at `name`. So wherever undici has a word for a failure of the mesh, what reaches a handler of
 * undici has undici's code, name and class, with the mesh's own message (it names the application and the
 * worker) and the MeshError as `cause`, for those who want `cause.code` and `cause.detail`:
 *
 *     MESH_TIMEOUT           UND_ERR_HEADERS_TIMEOUT   HeadersTimeoutError
 *     MESH_UPSTREAM_LOST     UND_ERR_SOCKET            SocketError
 *     MESH_RESPONSE_ABORTED  UND_ERR_SOCKET            SocketError
 *     MESH_REQUEST_ABORTED   UND_ERR_ABORTED           AbortError
 *     MESH_INVALID_REQUEST   UND_ERR_INVALID_ARG       InvalidArgumentError
 *
 * Failures undici has no word for (MESH_UNKNOWN_HOST, MESH_NO_UPSTREAM, MESH_DENIED, MESH_CLOSED, a
 * LoadSheddingError) arrive as they are: they are answers of the mesh about itself, and no socket
 * could give them. What a caller threw or aborted with passes untouched.
 *
 * undici is not imported, since it may not be there: `instanceof` works because undici 7 and later decide
 * it by a symbol from the global registry.
 */
import { MeshError } from '../errors.ts'

/** Codes of undici the mesh uses, with the names of their classes. */
const names = {
  UND_ERR_HEADERS_TIMEOUT: 'HeadersTimeoutError',
  UND_ERR_BODY_TIMEOUT: 'BodyTimeoutError',
  UND_ERR_ABORTED: 'AbortError',
  UND_ERR_SOCKET: 'SocketError',
  UND_ERR_INVALID_ARG: 'InvalidArgumentError',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'RequestContentLengthMismatchError',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'ResponseContentLengthMismatchError',
  UND_ERR_HEADERS_OVERFLOW: 'HeadersOverflowError'
} as const

/** A code of undici the mesh fails with. */
export type UndiciCode = keyof typeof names

/** By code, what undici's classes look for in an `instanceof`: their own symbol, and those of the classes above. */
const brands: { readonly [code: string]: readonly symbol[] } = Object.fromEntries(
  Object.keys(names).map(code => [
    code,
    // The class of UND_ERR_ABORTED extends that of UND_ERR_ABORT.
    ['UND_ERR', code, ...(code === 'UND_ERR_ABORTED' ? ['UND_ERR_ABORT'] : [])].map(brand =>
      Symbol.for(`undici.error.${brand}`)
    )
  ])
)

/** A failure with undici's code and name; `instanceof` of undici's class for the code holds. */
export class UndiciFailure extends Error {
  readonly code: UndiciCode

  constructor(code: UndiciCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    // Not enumerable, so that a logged error shows its code and its cause.
    Object.defineProperty(this, 'name', { value: names[code], configurable: true, writable: true })
    for (const brand of brands[code] ?? []) Object.defineProperty(this, brand, { value: true })
    // undici's SocketError says which socket: there is none.
    if (code === 'UND_ERR_SOCKET') Object.defineProperty(this, 'socket', { value: null })
  }
}

/** What a handler of undici is told of an error of the mesh; other errors are returned as they are. */
export function undiciError(error: Error): Error {
  if (!(error instanceof MeshError)) return error
  switch (error.code) {
    case 'MESH_TIMEOUT':
      return new UndiciFailure('UND_ERR_HEADERS_TIMEOUT', error.message, { cause: error })
    case 'MESH_UPSTREAM_LOST':
    case 'MESH_RESPONSE_ABORTED':
      return new UndiciFailure('UND_ERR_SOCKET', error.message, { cause: error })
    case 'MESH_REQUEST_ABORTED':
      return new UndiciFailure('UND_ERR_ABORTED', error.message, { cause: error })
    case 'MESH_INVALID_REQUEST':
      return new UndiciFailure('UND_ERR_INVALID_ARG', error.message, { cause: error })
    default:
      return error
  }
}

/** What an abort reason, which may be anything, says to the other side. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : typeof error === 'string' ? error : 'aborted'
}

/** The failure of a request its caller gave up without a reason. */
export function givenUp(host: string): UndiciFailure {
  const cause = new MeshError('MESH_REQUEST_ABORTED', { host, reason: 'aborted' })
  return new UndiciFailure('UND_ERR_ABORTED', 'Request aborted', { cause })
}

/** The failure of a response that is not as long as it said, in bytes. */
export function wrongLength(host: string, got: number, said: number): UndiciFailure {
  const text = `The response of ${host} has ${got} bytes${got > said ? ' or more' : ''} where its content-length says ${said}.`
  return new UndiciFailure('UND_ERR_RES_CONTENT_LENGTH_MISMATCH', text)
}
