/**
 * One request of `fetch` in the mesh: from its sending to the end of its response's body. Any thread.
 *
 * It must not hold on to the response it has made: a response nobody reads has to become garbage, so
 * that its exchange can be given up.
 */
import { bytesOf } from '../wire/body.ts'
import { MORE, type BodyField } from '../wire/frames.ts'
import { parseBlock } from '../wire/headers.ts'
import type { MeshClient } from './client.ts'
import { Observation, isObserved } from './diagnostics.ts'
import type { Exchange, ExchangeHandler, ResponseHead } from './exchange.ts'
import { FetchBody } from './fetch-body.ts'
import { codingsOf } from './fetch-decoding.ts'
import { addedLines, type FetchRequest } from './fetch-request.ts'
import { FetchedResponse } from './fetch-response.ts'
import { rawOf } from './received-headers.ts'
import { isIdempotent } from './retry.ts'
import { undiciError } from './undici-errors.ts'

/** Says that the request has to be sent elsewhere: to `location`, or once more where there is none. */
export class Onward {
  readonly status: number
  readonly location: string | null

  constructor(status: number, location: string | null) {
    this.status = status
    this.location = location
  }
}

/** What has happened to the call before this request of it. */
export interface Before {
  /** Whether a redirect led here. */
  readonly redirected: boolean
  /** Whether a redirect has led to another origin. */
  readonly tainted: boolean
  /** Whether a 421 has been answered by sending again. */
  readonly again: boolean
}

/** What is known of the call a request belongs to. */
export interface CallContext {
  readonly client: MeshClient
  /** Suffix of mesh host names, with its leading dot. */
  readonly domain: string
  readonly timeoutMs: number
  /**
   * Milliseconds a response may be silent before its body is complete; 0 for ever.
   *
   * @default 300_000, as undici's
   */
  readonly bodyTimeoutMs?: number | undefined
}

const BODY_TIMEOUT_MS = 300_000

const NOT_ANSWERED = new Error('not answered')

/** A request, and after it its response. */
export class FetchCall implements ExchangeHandler {
  readonly #request: FetchRequest
  readonly #before: Before
  #exchange: Exchange | null = null
  #settle: { resolve(answer: FetchedResponse | Onward): void; reject(reason: unknown): void } | null = null
  #body: FetchBody | null = null
  #bodyTimeoutMs = 0
  /** Tells subscribers of undici's channels what becomes of it; `null` when there are none, or it is over. */
  #observation: Observation | null = null

  constructor(request: FetchRequest, before: Before) {
    this.#request = request
    this.#before = before
  }

  /** Sends it. Rejects with what made it fail, or with the reason it was aborted for. */
  send({ client, domain, timeoutMs, bodyTimeoutMs }: CallContext): Promise<FetchedResponse | Onward> {
    const request = this.#request
    const { url, method, body, signal } = request
    const hostname = url.hostname.slice(0, -domain.length)
    const path = url.pathname + url.search
    const block = `host: ${hostname}${domain}\r\n${request.lines}${addedLines(request)}`
    const observation = isObserved() ? observe(request, path, block) : null
    const { promise, resolve, reject } = Promise.withResolvers<FetchedResponse | Onward>()
    this.#settle = { resolve, reject }
    this.#observation = observation
    this.#bodyTimeoutMs = bodyTimeoutMs ?? BODY_TIMEOUT_MS
    signal?.addEventListener('abort', this)
    observation?.onSend()
    this.#exchange = client.send(
      {
        hostname,
        method,
        path,
        headers: observation === null ? block : observation.block,
        flags: body === null ? 0 : body.flags,
        body: body === null ? null : body.field,
        peer: null,
        timeoutMs,
        idempotent: isIdempotent(method),
        accept: null
      },
      this
    )
    if (observation !== null && body !== null) observation.onBodyPiece(bytesOf(body.flags, body.field))
    observation?.onBodySent()
    return promise
  }

  /** The signal is aborted. */
  handleEvent(): void {
    const reason: unknown = this.#request.signal?.reason
    this.#exchange?.abort(reason instanceof Error ? reason.message : String(reason))
    // A body cannot fail with nothing: node's fetch has an error of its own for it.
    const given = this.#settle !== null || Boolean(reason)
    this.#fail(given ? reason : new DOMException('The operation was aborted.', 'AbortError'))
  }

  /** Nothing can happen to the body any more. */
  onBodyOver(): void {
    this.#request.signal?.removeEventListener('abort', this)
    if (this.#observation !== null) this.#observed(new DOMException('The body is not wanted.', 'AbortError'))
  }

  onInformation(status: number, block: string): void {
    // fetch has no place for them.
    if (status !== 100) this.#observation?.onHeaders(status, rawOf(block), '')
  }

  onHead(head: ResponseHead): void {
    const { status, block, flags } = head
    const more = (flags & MORE) !== 0
    const settle = this.#settle
    if (settle === null) return
    if (this.#observation !== null) this.#observeHead(this.#observation, head)
    try {
      const onward = this.#onward(status, block)
      if (onward === null) {
        const response = this.#respond(head)
        this.#settle = null
        settle.resolve(response)
        return
      }
      if (more) this.#exchange?.abort('the response is not wanted')
      this.#settle = null
      this.onBodyOver()
      settle.resolve(onward)
    } catch (error) {
      if (more) this.#exchange?.abort('the response is not acceptable')
      this.onError(error instanceof Error ? error : NOT_ANSWERED)
    }
  }

  onData(flags: number, body: BodyField): void {
    if (body !== null) this.#observation?.onData(bytesOf(flags, body))
    this.#body?.push(flags, body, true)
  }

  onEnd(trailers: string): void {
    if (this.#observation !== null) this.#observed(null, trailers)
    this.#body?.end()
  }

  onError(error: Error): void {
    const told = undiciError(error)
    if (this.#observation !== null) this.#observed(told)
    this.#fail(this.#settle === null ? new TypeError('terminated', { cause: told }) : told)
  }

  onWritable(): void {
    // Its body left with its head.
  }

  #observeHead(observation: Observation, { status, message, block, flags, body }: ResponseHead): void {
    observation.onHeaders(status, rawOf(block), message)
    if (body !== null) observation.onData(bytesOf(flags & 3, body))
    if ((flags & MORE) === 0) this.#observed(null)
  }

  /** It is over, well or not; told once. */
  #observed(error: unknown, trailers = ''): void {
    const observation = this.#observation
    this.#observation = null
    if (error === null) observation?.onComplete(rawOf(trailers))
    else observation?.onError(error)
  }

  #fail(reason: unknown): void {
    if (this.#observation !== null) this.#observed(reason ?? new Error('aborted'))
    const settle = this.#settle
    if (settle === null) {
      this.#body?.fail(reason)
      return
    }
    this.#settle = null
    this.onBodyOver()
    settle.reject(reason)
  }

  /** Where the request has to go instead; `null` when this is its answer. */
  #onward(status: number, block: string): Onward | null {
    if (status < 300) return null
    if (status === 407) throw new Error('')
    if (status === 421 && !this.#before.again) return new Onward(status, null)
    if (!isRedirect(status) || this.#request.redirect === 'manual') return null
    if (this.#request.redirect === 'error') throw new Error('unexpected redirect')
    const location = valueOf(block, 'location')
    return location === null ? null : new Onward(status, location)
  }

  #respond({ status, message, block, flags, body }: ResponseHead): FetchedResponse {
    const { url, method, signal } = this.#request
    const bodiless = method === 'HEAD' || hasNoBody(status)
    const codings =
      bodiless || !encoded.test(block) ? none : codingsOf(valueOf(block, 'content-encoding') ?? '')
    const more = (flags & MORE) !== 0
    const kind = flags & 3
    const at =
      url.hash === '' && !url.href.endsWith('#') ? url.href : url.href.slice(0, url.href.indexOf('#'))
    const facts = {
      status,
      statusText: message,
      url: at,
      type: this.#before.tainted ? ('cors' as const) : ('basic' as const),
      redirected: this.#before.redirected,
      block,
      bodiless,
      codings
    }
    if (!more && (bodiless || (signal === null && codings.length === 0))) {
      this.onBodyOver()
      return new FetchedResponse(facts, { flags: kind, field: body, live: null, stream: null, keep: null })
    }
    const live = new FetchBody(this.#exchange as Exchange, this, more ? this.#bodyTimeoutMs : 0)
    this.#body = live
    live.push(kind, body, false)
    if (!more) live.end()
    if (bodiless) live.drop()
    const source = { flags: 0, field: null, live: bodiless ? null : live, stream: null, keep: null }
    const response = new FetchedResponse(facts, source)
    live.watch(response)
    return response
  }
}

function observe({ url, method, body }: FetchRequest, path: string, block: string): Observation {
  return new Observation({
    origin: url.origin,
    method,
    path,
    block,
    body: body === null ? null : body.field,
    idempotent: isIdempotent(method),
    upgrade: null,
    headersTimeout: undefined,
    bodyTimeout: undefined
  })
}

const none: readonly string[] = []
const encoded = /^content-encoding:/im

/** Statuses `fetch` follows (Fetch standard, "redirect status"). */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308
}

/** Statuses whose body is null (Fetch standard, "null body status"). */
function hasNoBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304 || status === 101 || status === 103
}

/** The values of a header, joined; `null` when there is none. */
function valueOf(block: string, name: string): string | null {
  const pairs = parseBlock(block)
  const values = pairs.filter((_value, i) => i % 2 === 1 && pairs[i - 1]?.toLowerCase() === name)
  return values.length === 0 ? null : values.join(', ')
}
