/**
 * The hooks an application may set, and how they are checked. Any thread; pure.
 *
 * They are synchronous: each runs on the way of a request, which waits for nothing.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

import { MeshError } from '../errors.ts'

/** A request as client hooks see it. What they change of it is sent. */
export interface ClientRequest {
  readonly origin: string
  method: string
  path: string
  /** Names in lower case; an array where a name repeats. */
  headers: Record<string, string | string[]>
  /** The body, where all of it is at hand. Read only. */
  readonly body?: string | Uint8Array
  /** Whatever hooks leave for one another. */
  [key: string]: unknown
}

/** A response as client hooks see it. */
export interface ClientResponse {
  readonly statusCode: number
  readonly statusMessage: string
  /** Names in lower case; an array where a name repeats. */
  readonly headers: Record<string, string | string[]>
}

/** One and the same object through all hooks of one request. */
export type ClientContext = Record<PropertyKey, unknown>

/** What `canAccept` is asked about. */
export interface AcceptContext {
  /** Host name of the request, with the domain: `api.local`. */
  readonly hostname: string
  readonly method: string
  readonly path: string
  /** Names in lower case; an array where a name repeats. */
  readonly headers: Record<string, string | string[]>
  /**
   * The one asked about: what was given to `route()`, in the thread that did; elsewhere an object that is
   * the same for all requests to that worker.
   */
  readonly port: unknown
  /** What was given to `route()` with it; elsewhere a copy. */
  readonly meta: unknown
}

type OneOrMore<Hook> = Hook | readonly Hook[]

/** Hooks on requests this thread sends. */
export interface ClientHookOptions {
  /** Load shedding: whether a worker may be given a request. When all decline it fails with `LoadSheddingError`. */
  readonly canAccept?: (context: AcceptContext) => boolean
  /** Before a request is sent. */
  readonly onClientRequest?: OneOrMore<(request: ClientRequest, context: ClientContext) => void>
  /** The response has begun. */
  readonly onClientResponse?: OneOrMore<
    (request: ClientRequest, response: ClientResponse, context: ClientContext) => void
  >
  /** The response is complete. */
  readonly onClientResponseEnd?: OneOrMore<
    (request: ClientRequest, response: ClientResponse, context: ClientContext) => void
  >
  /** The request has failed, or was given up (`MESH_REQUEST_ABORTED`); `response` is null before it has begun. */
  readonly onClientError?: OneOrMore<
    (request: ClientRequest, response: ClientResponse | null, context: ClientContext, error: Error) => void
  >
}

/** Hooks on requests this thread answers. */
export interface ServerHookOptions {
  /** Before the application is given a request, or an upgrade; it is given it when `next` is called. */
  readonly onServerRequest?: OneOrMore<(request: IncomingMessage, next: () => void) => void>
  /** The response is complete. */
  readonly onServerResponse?: OneOrMore<(request: IncomingMessage, response: ServerResponse) => void>
  /** It will not be completed: the application or the caller has broken it off. */
  readonly onServerError?: OneOrMore<
    (request: IncomingMessage, response: ServerResponse | null, error: Error) => void
  >
}

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new () => object

/**
 * The hooks of an option, checked.
 *
 * @throws MESH_INVALID_OPTION for what is no function, or an asynchronous one.
 */
export function hookList<Hook extends (...args: never[]) => unknown>(
  option: string,
  given: OneOrMore<Hook> | undefined | null
): readonly Hook[] {
  if (given === undefined || given === null) return []
  const list = (Array.isArray(given) ? given : [given]) as readonly Hook[]
  for (const hook of list) {
    if (typeof hook !== 'function') {
      throw new MeshError('MESH_INVALID_OPTION', {
        option,
        offered: typeof hook,
        expected: 'a function or an array of functions'
      })
    }
    if (hook instanceof AsyncFunction) {
      throw new MeshError('MESH_INVALID_OPTION', {
        option,
        offered: 'an async function',
        expected: 'a synchronous function: nobody waits for a hook'
      })
    }
  }
  return list
}
