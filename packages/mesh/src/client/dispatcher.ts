/**
 * Speaks undici's dispatcher interface on top of the mesh: what `fetch`, `undici.request` and every
 * other undici call end in. Any thread.
 *
 * Requests to mesh hosts become exchanges; all others, and upgrades, go to the next dispatcher. Both
 * generations of handlers are served: undici 6 (inside Node 22) and undici 7 and later.
 */
import { EventEmitter } from 'node:events'

import { MeshError } from '../errors.ts'
import { writeBlock, type HeadersInput } from '../wire/headers.ts'
import { MORE, NO_BODY, UTF8, type BodyField } from '../wire/frames.ts'
import { fieldOf, kindOf } from '../wire/body.ts'
import type { MeshClient } from './client.ts'
import { DispatchedExchange } from './dispatched-exchange.ts'
import { classifyBody, type RequestBody } from './request-body.ts'
import { isIdempotent } from './retry.ts'

/** The part of undici's dispatch options the mesh reads. */
export interface DispatchOptions {
  readonly origin?: string | URL | undefined
  readonly path: string
  readonly method: string
  readonly headers?: HeadersInput
  readonly body?: unknown
  readonly query?: { readonly [name: string]: unknown } | undefined
  readonly idempotent?: boolean | undefined
  readonly upgrade?: unknown
  readonly headersTimeout?: number | null | undefined
}

/** Anything that dispatches: an undici Agent, Client, Pool, or what an interceptor makes of one. */
export interface DispatcherLike {
  dispatch(options: DispatchOptions, handler: object): boolean
  close?(...args: readonly unknown[]): unknown
  destroy?(...args: readonly unknown[]): unknown
}

/** What a mesh dispatcher is made with. */
export interface MeshDispatcherOptions {
  readonly client: MeshClient
  /** Suffix of mesh host names, with its leading dot. */
  readonly domain: string
  readonly timeoutMs: number
  /** Where everything else goes; asked for once per request. */
  next(): DispatcherLike
}

/** Methods that usually have a body say so even when they have none (RFC 9110, section 8.6). */
const expectsBody = new Set(['POST', 'PUT', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH'])

/** Hosts remembered per dispatcher, so that a URL is not taken apart for every request. */
const HOSTS_MAX = 1000

/** A dispatcher that knows the mesh. */
export class MeshDispatcher extends EventEmitter implements DispatcherLike {
  readonly #options: MeshDispatcherOptions
  readonly #hosts = new Map<string, string | null>()

  constructor(options: MeshDispatcherOptions) {
    super()
    this.#options = options
  }

  /** Sends a request; everything that goes wrong is told to the handler. */
  dispatch(options: DispatchOptions, handler: object): boolean {
    const hostname = this.#meshHost(options.origin)
    if (hostname === null || (options.upgrade !== undefined && options.upgrade !== null)) {
      return this.#options.next().dispatch(options, handler)
    }
    const dispatched = new DispatchedExchange(handler)
    try {
      this.#send(hostname, options, dispatched)
    } catch (error) {
      dispatched.onError(error instanceof Error ? error : new Error(String(error)))
    }
    return true
  }

  /** Puts interceptors in front (undici's `compose`). */
  compose(...interceptors: readonly unknown[]): DispatcherLike {
    let dispatch: DispatcherLike['dispatch'] = (options, handler) => this.dispatch(options, handler)
    for (const interceptor of interceptors.flat()) {
      if (typeof interceptor !== 'function') throw new TypeError('An interceptor has to be a function.')
      dispatch = interceptor(dispatch) as DispatcherLike['dispatch']
    }
    return { dispatch, close: () => this.close(), destroy: () => this.destroy() }
  }

  /** Closes the dispatcher behind; the mesh itself goes on. */
  close(...args: readonly unknown[]): unknown {
    return this.#options.next().close?.(...args)
  }

  /** Destroys the dispatcher behind; the mesh itself goes on. */
  destroy(...args: readonly unknown[]): unknown {
    return this.#options.next().destroy?.(...args)
  }

  #meshHost(origin: string | URL | undefined): string | null {
    const text = typeof origin === 'string' ? origin : String(origin ?? '')
    const known = this.#hosts.get(text)
    if (known !== undefined) return known
    const hostname = meshHostname(text, this.#options.domain)
    if (this.#hosts.size >= HOSTS_MAX) this.#hosts.clear()
    this.#hosts.set(text, hostname)
    return hostname
  }

  #send(hostname: string, options: DispatchOptions, dispatched: DispatchedExchange): void {
    dispatched.start()
    if (dispatched.over) return
    const { method } = options
    const body = classifyBody(options.body)
    const headers = writeBlock(options.headers)
    let { block } = headers
    if (!headers.hasHost) block = `host: ${hostname}${this.#options.domain}\r\n${block}`
    if (body.contentType !== null && !/^content-type:/im.test(block))
      block += `content-type: ${body.contentType}\r\n`
    if (headers.contentLength === null) block += lengthLine(method, body)
    const inline = inlineBody(body)
    const exchange = this.#options.client.send(
      {
        hostname,
        method,
        path: pathWithQuery(options.path, options.query),
        headers: block,
        flags: inline.flags,
        body: inline.field,
        peer: null,
        timeoutMs: options.headersTimeout ?? this.#options.timeoutMs,
        idempotent: options.idempotent ?? isIdempotent(method),
        accept: null
      },
      dispatched
    )
    dispatched.began(exchange)
    if (body.stream !== null) void dispatched.pump(body.stream, headers.contentLength)
  }
}

/** The application an origin names, `null` when it is none of the mesh's. */
export function meshHostname(origin: string, domain: string): string | null {
  const match = /^http:\/\/([^/:?#]+)(?::80)?\/?$/i.exec(origin)
  const host = match?.[1]?.toLowerCase()
  return host !== undefined && host.endsWith(domain) && host.length > domain.length
    ? host.slice(0, -domain.length)
    : null
}

function lengthLine(method: string, body: RequestBody): string {
  if (body.stream !== null) {
    return body.length === null ? 'transfer-encoding: chunked\r\n' : `content-length: ${body.length}\r\n`
  }
  const length = body.length ?? 0
  return length > 0 || expectsBody.has(method) ? `content-length: ${length}\r\n` : ''
}

function inlineBody(body: RequestBody): { flags: number; field: BodyField } {
  if (body.stream !== null) return { flags: MORE, field: null }
  if (typeof body.content === 'string') return { flags: UTF8, field: body.content }
  if (body.content === null) return { flags: NO_BODY, field: null }
  return { flags: kindOf(body.content), field: fieldOf(body.content) }
}

function pathWithQuery(path: string, query: DispatchOptions['query']): string {
  if (/[^\x21-\xff]/.test(path) || !path.startsWith('/')) {
    throw new MeshError('MESH_INVALID_REQUEST', { what: 'path', offered: path })
  }
  if (query === undefined || query === null) return path
  if (/[?#]/.test(path)) {
    throw new MeshError('MESH_INVALID_REQUEST', {
      what: 'path (it has a query beside the option query)',
      offered: path
    })
  }
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? value : [value]) search.append(name, String(item ?? ''))
  }
  const text = search.toString()
  return text === '' ? path : `${path}?${text}`
}
