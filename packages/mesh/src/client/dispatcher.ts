/**
 * Speaks undici's dispatcher interface on top of the mesh: what `fetch`, `undici.request` and every
 * other undici call end in. Any thread, client side.
 *
 * Requests to mesh hosts become exchanges, upgrades and CONNECT among them; all others go to the next
 * dispatcher. Both generations of handlers are served: undici 6 (inside Node 22) and undici 7 and later.
 */
import { EventEmitter } from 'node:events'

import type { HeadersInput } from '../wire/headers.ts'
import type { MeshClient } from './client.ts'
import { Observation, isObserved } from './diagnostics.ts'
import { DispatchedExchange } from './dispatched-exchange.ts'
import { writeRequest, type WrittenRequest } from './dispatched-request.ts'
import { DispatchedUpgrade } from './dispatched-upgrade.ts'
import { UndiciFailure } from './undici-errors.ts'

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
  /** Milliseconds to the response head; 0 waits for ever. */
  readonly headersTimeout?: number | null | undefined
  /** Milliseconds between two pieces of the response body; 0 waits for ever. */
  readonly bodyTimeout?: number | null | undefined
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
  /** Milliseconds to the response head for requests that do not say; 0 waits for ever. */
  readonly timeoutMs: number
  /**
   * Milliseconds between two pieces of a response body for requests that do not say; 0 waits for ever.
   *
   * @default 300_000, as undici's
   */
  readonly bodyTimeoutMs?: number | undefined
  /** Where everything else goes; asked for once per request. */
  next(): DispatcherLike
}

/** undici's default, in milliseconds. */
const BODY_TIMEOUT_MS = 300_000

/** Hosts remembered per dispatcher, so that a URL is not taken apart for every request. */
const HOSTS_MAX = 1000

/** Calls undici's dispatchers offer as methods; all they use of the dispatcher is its `dispatch`. */
const calls = ['request', 'stream', 'pipeline', 'connect', 'upgrade'] as const

type Call = (this: DispatcherLike, ...args: readonly unknown[]) => unknown
type Interceptor = (dispatch: DispatcherLike['dispatch']) => DispatcherLike['dispatch']

/** A host of the mesh. */
interface MeshHost {
  /** Its label, without the domain. */
  readonly name: string
  /** The header that names it. */
  readonly line: string
}

/** A dispatcher that knows the mesh. It has the methods of the one behind it. */
export class MeshDispatcher extends EventEmitter implements DispatcherLike {
  readonly #options: MeshDispatcherOptions
  readonly #hosts = new Map<string, MeshHost | null>()
  /** Callers have few origins: the last one often is the next. */
  #lastOrigin = ''
  #lastHost: MeshHost | null = null
  declare readonly request: Call
  declare readonly stream: Call
  declare readonly pipeline: Call
  declare readonly connect: Call
  declare readonly upgrade: Call

  static {
    for (const name of calls) {
      const borrowed = function borrowed(this: MeshDispatcher, ...args: readonly unknown[]): unknown {
        return this.#borrow(name).apply(this, [...args])
      }
      Object.defineProperty(this.prototype, name, { value: borrowed, configurable: true, writable: true })
    }
  }

  constructor(options: MeshDispatcherOptions) {
    super()
    this.#options = options
  }

  /**
   * Sends a request; everything that goes wrong is told to the handler.
   *
   * @throws UND_ERR_INVALID_ARG when there is nobody to tell.
   */
  dispatch(options: DispatchOptions, handler: object): boolean {
    if (typeof handler !== 'object' || handler === null) {
      throw new UndiciFailure('UND_ERR_INVALID_ARG', 'handler must be an object')
    }
    const host = this.#meshHost(options.origin)
    if (host === null) return this.#options.next().dispatch(options, handler)
    const { method, upgrade, bodyTimeout } = options
    const bodyTimeoutMs = bodyTimeout ?? this.#options.bodyTimeoutMs ?? BODY_TIMEOUT_MS
    const terms = { method, hostname: host.name, bodyTimeoutMs }
    const dispatched =
      upgrade || method === 'CONNECT'
        ? new DispatchedUpgrade(handler, terms)
        : new DispatchedExchange(handler, terms)
    try {
      this.#send(host, options, dispatched)
    } catch (error) {
      dispatched.onBodyError(error)
    }
    return true
  }

  /** Puts interceptors in front (undici's `compose`): a dispatcher with all of this one's methods. */
  compose(...interceptors: readonly unknown[]): DispatcherLike {
    let dispatch: DispatcherLike['dispatch'] = (options, handler) => this.dispatch(options, handler)
    for (const interceptor of interceptors.flat()) {
      if (interceptor === null || interceptor === undefined) continue
      if (typeof interceptor !== 'function') throw new TypeError('An interceptor has to be a function.')
      dispatch = (interceptor as Interceptor)(dispatch)
    }
    const composed = new MeshDispatcher(this.#options)
    Object.defineProperty(composed, 'dispatch', { value: dispatch, configurable: true, writable: true })
    return composed
  }

  /** Closes the dispatcher behind; the mesh itself goes on. */
  close(...args: readonly unknown[]): unknown {
    return this.#options.next().close?.(...args)
  }

  /** Destroys the dispatcher behind; the mesh itself goes on. */
  destroy(...args: readonly unknown[]): unknown {
    return this.#options.next().destroy?.(...args)
  }

  /** undici's function of that name, from the dispatcher behind. */
  #borrow(name: (typeof calls)[number]): Call {
    const call: unknown = Reflect.get(this.#options.next(), name)
    if (typeof call === 'function') return call as Call
    throw new TypeError(`The dispatcher behind the mesh has no ${name}().`)
  }

  #meshHost(origin: string | URL | undefined): MeshHost | null {
    const text = typeof origin === 'string' ? origin : String(origin ?? '')
    if (text === this.#lastOrigin) return this.#lastHost
    const host = this.#findHost(text)
    this.#lastOrigin = text
    this.#lastHost = host
    return host
  }

  #findHost(origin: string): MeshHost | null {
    const known = this.#hosts.get(origin)
    if (known !== undefined) return known
    const { domain } = this.#options
    const name = meshHostname(origin, domain)
    const host = name === null ? null : { name, line: `host: ${name}${domain}\r\n` }
    if (this.#hosts.size >= HOSTS_MAX) this.#hosts.clear()
    this.#hosts.set(origin, host)
    return host
  }

  #send(host: MeshHost, options: DispatchOptions, dispatched: DispatchedExchange): void {
    const written = writeRequest(options, host.line)
    const observation = isObserved() ? observe(options, written) : null
    dispatched.observation = observation
    dispatched.start()
    if (dispatched.over) return
    observation?.onSend()
    const { body } = written
    const exchange = this.#options.client.send(
      {
        hostname: host.name,
        method: options.method,
        path: written.path,
        headers: observation === null ? written.block : observation.block,
        flags: written.flags,
        body: written.field,
        peer: null,
        timeoutMs: options.headersTimeout ?? this.#options.timeoutMs,
        idempotent: written.idempotent,
        accept: null
      },
      dispatched
    )
    dispatched.began(exchange, body.stream, written.length)
    if (body.stream !== null) return
    if (body.content !== null && body.content.length > 0) dispatched.onBodyPiece(body.content)
    dispatched.onBodySent()
  }
}

function observe(options: DispatchOptions, written: WrittenRequest): Observation {
  const { origin, method, body, headersTimeout, bodyTimeout } = options
  const { path, block, idempotent, upgrade, declared: contentLength } = written
  const facts = { path, block, idempotent, upgrade, contentLength }
  return new Observation({ origin, method, body, headersTimeout, bodyTimeout, ...facts })
}

/** The application an origin names, `null` when it is none of the mesh's. */
export function meshHostname(origin: string, domain: string): string | null {
  const match = /^http:\/\/([^/:?#]+)(?::80)?\/?$/i.exec(origin)
  const host = match?.[1]?.toLowerCase()
  return host !== undefined && host.endsWith(domain) && host.length > domain.length
    ? host.slice(0, -domain.length)
    : null
}
