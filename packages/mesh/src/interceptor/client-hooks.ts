/**
 * Runs the client hooks and `canAccept` on every request a thread sends into the mesh, whichever client
 * sends it. Any thread.
 *
 * It sits in front of the thread's {@link MeshClient}, and only where hooks are set: without them a request
 * does not come through here.
 */
import { MeshError, throwLater } from '../errors.ts'
import type { Intercept } from '../client/client-options.ts'
import type { ExchangeHandler, MeshRequest, ResponseHead } from '../client/exchange.ts'
import { isIdempotent } from '../client/retry.ts'
import { bytesOf } from '../wire/body.ts'
import type { Upstream } from '../wire/control.ts'
import { BODY_MASK, MORE, UTF8, type BodyField } from '../wire/frames.ts'
import { isToken, parseBlock, writeBlock } from '../wire/headers.ts'
import {
  hookList,
  type AcceptContext,
  type ClientContext,
  type ClientHookOptions,
  type ClientRequest,
  type ClientResponse
} from './hooks.ts'

/** The hooks of one thread, checked. */
interface ClientHooks {
  readonly onRequest: readonly ((request: ClientRequest, context: ClientContext) => void)[]
  readonly onResponse: readonly ((
    request: ClientRequest,
    response: ClientResponse,
    context: ClientContext
  ) => void)[]
  readonly onResponseEnd: readonly ((
    request: ClientRequest,
    response: ClientResponse,
    context: ClientContext
  ) => void)[]
  readonly onError: readonly ((
    request: ClientRequest,
    response: ClientResponse | null,
    context: ClientContext,
    error: Error
  ) => void)[]
}

/** What `canAccept` is told of an upstream. */
export type DescribeUpstream = (upstream: Upstream, hostname: string) => Pick<AcceptContext, 'port' | 'meta'>

/** Lines that say how the message travels. They are the mesh's, hooks neither see nor change them. */
const framing = /^(?:connection|keep-alive|proxy-connection|transfer-encoding|upgrade)$/i

/**
 * What stands in front of a thread's client, `undefined` when no hooks are set.
 *
 * @throws MESH_INVALID_OPTION for a hook that is none.
 */
export function makeIntercept(
  options: ClientHookOptions,
  domain: () => string,
  describe: DescribeUpstream
): Intercept | undefined {
  const hooks: ClientHooks = {
    onRequest: hookList('onClientRequest', options.onClientRequest),
    onResponse: hookList('onClientResponse', options.onClientResponse),
    onResponseEnd: hookList('onClientResponseEnd', options.onClientResponseEnd),
    onError: hookList('onClientError', options.onClientError)
  }
  const [canAccept] = hookList('canAccept', options.canAccept)
  const watched = Object.values(hooks).some(list => list.length > 0)
  if (!watched && canAccept === undefined) return undefined
  return (request, handler) => {
    const seen = watched ? watch(request, handler, { hooks, domain: domain() }) : { request, handler }
    if (canAccept === undefined) return seen
    const { hostname, method, path, headers } = seen.request
    const accept = (upstream: Upstream): boolean =>
      canAccept({
        hostname: hostname + domain(),
        method,
        path,
        headers: objectOf(headers),
        ...describe(upstream, hostname)
      })
    return { request: { ...seen.request, accept }, handler: seen.handler }
  }
}

function watch(
  request: MeshRequest,
  handler: ExchangeHandler,
  { hooks, domain }: { hooks: ClientHooks; domain: string }
): { request: MeshRequest; handler: ExchangeHandler } {
  const context: ClientContext = {}
  const shown: ClientRequest = {
    origin: `http://${request.hostname}${domain}`,
    path: request.path,
    method: request.method,
    headers: objectOf(request.headers)
  }
  if (request.body !== null && (request.flags & MORE) === 0) {
    const { flags, body } = request
    Object.assign(shown, { body: (flags & BODY_MASK) === UTF8 ? body : bytesOf(flags & BODY_MASK, body) })
  }
  for (const hook of hooks.onRequest) hook(shown, context)
  return { request: changed(request, shown), handler: new HookedHandler(handler, hooks, { shown, context }) }
}

/** The request as the hooks have left it. */
function changed(request: MeshRequest, { method, path, headers }: ClientRequest): MeshRequest {
  const before = writeBlock(objectOf(request.headers)).block
  const { block } = writeBlock(headers)
  if (method === request.method && path === request.path && block === before) return request
  if (!isToken(method)) throw new MeshError('MESH_INVALID_REQUEST', { what: 'method', offered: method })
  if (!/^[\x21-\xff]+$/.test(path))
    throw new MeshError('MESH_INVALID_REQUEST', { what: 'path', offered: path })
  const idempotent = method === request.method ? request.idempotent : isIdempotent(method)
  return {
    ...request,
    method,
    path,
    idempotent,
    // What the hooks did not touch keeps its spelling and its order.
    headers: block === before ? request.headers : block + framingLines(request.headers)
  }
}

function framingLines(block: string): string {
  const pairs = parseBlock(block)
  let lines = ''
  for (let at = 0; at < pairs.length; at += 2) {
    if (framing.test(pairs[at] ?? '')) lines += `${pairs[at]}: ${pairs[at + 1]}\r\n`
  }
  return lines
}

/** A block as an object without a prototype's keys, framing left out. */
function objectOf(block: string): Record<string, string | string[]> {
  const headers = new Map<string, string | string[]>()
  const pairs = parseBlock(block)
  for (let at = 0; at < pairs.length; at += 2) {
    const name = (pairs[at] ?? '').toLowerCase()
    const value = pairs[at + 1] ?? ''
    if (framing.test(name)) continue
    const present = headers.get(name)
    if (present === undefined) headers.set(name, value)
    else if (Array.isArray(present)) present.push(value)
    else headers.set(name, [present, value])
  }
  return Object.fromEntries(headers)
}

/** Tells the hooks what becomes of one request, then its owner. */
class HookedHandler implements ExchangeHandler {
  readonly #handler: ExchangeHandler
  readonly #hooks: ClientHooks
  readonly #shown: ClientRequest
  readonly #context: ClientContext
  #response: ClientResponse | null = null
  #over = false

  constructor(
    handler: ExchangeHandler,
    hooks: ClientHooks,
    of: { shown: ClientRequest; context: ClientContext }
  ) {
    this.#handler = handler
    this.#hooks = hooks
    this.#shown = of.shown
    this.#context = of.context
  }

  onInformation(status: number, headers: string): void {
    this.#handler.onInformation(status, headers)
  }

  onHead(head: ResponseHead): void {
    const response: ClientResponse = {
      statusCode: head.status,
      statusMessage: head.message,
      headers: objectOf(head.block)
    }
    this.#response = response
    for (const hook of this.#hooks.onResponse) run(() => hook(this.#shown, response, this.#context))
    this.#handler.onHead(head)
    if ((head.flags & MORE) === 0) this.#end()
  }

  onData(flags: number, body: BodyField): void {
    this.#handler.onData(flags, body)
  }

  onEnd(trailers: string): void {
    this.#handler.onEnd(trailers)
    this.#end()
  }

  onError(error: Error): void {
    this.#fail(error)
    this.#handler.onError(error)
  }

  onAborted(reason: string): void {
    this.#fail(new MeshError('MESH_REQUEST_ABORTED', { host: new URL(this.#shown.origin).hostname, reason }))
    this.#handler.onAborted?.(reason)
  }

  onWritable(): void {
    this.#handler.onWritable()
  }

  #end(): void {
    const response = this.#response
    if (this.#over || response === null) return
    this.#over = true
    for (const hook of this.#hooks.onResponseEnd) run(() => hook(this.#shown, response, this.#context))
  }

  #fail(error: Error): void {
    if (this.#over) return
    this.#over = true
    for (const hook of this.#hooks.onError) {
      run(() => hook(this.#shown, this.#response, this.#context, error))
    }
  }
}

/** A hook that throws is an uncaught error. It must not take other requests of its batch with it. */
function run(hook: () => void): void {
  try {
    hook()
  } catch (error) {
    throwLater(error)
  }
}
