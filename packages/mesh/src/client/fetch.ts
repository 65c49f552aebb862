/**
 * The short path of global `fetch` to mesh hosts. Any thread.
 *
 * node's own fetch spends about 100 µs on a request whatever lies below it, most of it on requests and
 * responses as streams. Nearly all requests need none of that: they are read into a plain request, sent
 * as an exchange, and answered by a response whose stream is made when somebody asks for it. Everything
 * else goes to the fetch that was there before, with the same arguments.
 */
import { BYTES, UTF8 } from '../wire/frames.ts'
import { bytesOf } from '../wire/body.ts'
import { parseBlock } from '../wire/headers.ts'
import { FetchCall, Onward, isRedirect, type Before, type CallContext } from './fetch-call.ts'
import { isMesh, readRequest, redirected, type FetchRequest, type WholeBody } from './fetch-request.ts'
import { FetchedResponse } from './fetch-response.ts'

/** What the short path needs. */
export interface FetchOptions extends CallContext {
  /** The fetch for everything else. */
  readonly original: typeof fetch
  /** Whether the short path may be taken now. */
  isOpen(): boolean
}

/** Redirects followed at most (Fetch standard, "HTTP-redirect fetch"). */
const REDIRECTS_MAX = 20

/** A `fetch` that takes the short path to mesh hosts. */
export function makeFetch(options: FetchOptions): typeof globalThis.fetch {
  const { original, domain } = options
  // The platform's name, number of parameters and rejections in place of errors are part of its contract.
  function fetch(this: unknown, ...args: Parameters<typeof globalThis.fetch>): Promise<Response> {
    const request = options.isOpen() ? readRequest(args[0], args[1], domain) : null
    if (request === null) return Reflect.apply(original, this, args)
    return run(request, options) as Promise<unknown> as Promise<Response>
  }
  Object.defineProperty(fetch, 'length', { value: original.length, configurable: true })
  return fetch
}

/** Sends a request, and follows where it is sent on to. An async function keeps the caller's context for all of it. */
async function run(first: FetchRequest, options: FetchOptions): Promise<FetchedResponse> {
  let request = first
  let before: Before = fresh
  for (let redirects = 0; ;) {
    const { signal, url } = request
    signal?.throwIfAborted()
    const inside = !before.redirected || (options.isOpen() && isMesh(url, options.domain))
    let judged = !inside
    try {
      const answer = inside
        ? await new FetchCall(request, before).send(options)
        : await leave(request, before, options.original)
      if (answer instanceof FetchedResponse) return answer
      judged = false
      request = next(request, answer, redirects)
      const again = answer.location === null
      if (!again) redirects++
      const tainted = before.tainted || request.url.origin !== url.origin
      before = { redirected: redirects > 0, tainted, again }
    } catch (error) {
      // What node's own fetch fails with needs no wrapping.
      if (judged || (signal?.aborted === true && error === signal.reason)) throw error
      throw new TypeError('fetch failed', { cause: error })
    }
  }
}

const fresh: Before = { redirected: false, tainted: false, again: false }

/**
 * The request an answer asks for.
 *
 * @throws Error for a redirect no fetch may follow.
 */
function next(request: FetchRequest, { status, location }: Onward, redirects: number): FetchRequest {
  if (location === null) return request
  const url = locationOf(location, request)
  if (redirects === REDIRECTS_MAX) throw new Error('redirect count exceeded')
  return redirected(request, status, url)
}

/**
 * Where a redirect leads.
 *
 * @throws Error for a location no fetch may follow.
 */
function locationOf(location: string, { url }: FetchRequest): URL {
  // Bytes beyond ASCII are UTF-8.
  const text = /^[\x21-\x7e]*$/.test(location) ? location : Buffer.from(location, 'latin1').toString('utf8')
  const target = new URL(text, url)
  if (target.protocol !== 'http:' && target.protocol !== 'https:') {
    throw new Error('URL scheme must be a HTTP(S) scheme')
  }
  if (target.username !== '' || target.password !== '') {
    throw new Error('cross origin not allowed for request mode "cors"')
  }
  if (target.hash === '') target.hash = url.hash
  return target
}

/** One step of a redirect outside the mesh. */
async function leave(
  request: FetchRequest,
  { tainted }: Before,
  original: typeof fetch
): Promise<FetchedResponse | Onward> {
  const { url, method, body, signal, lines } = request
  const response = await original(url, {
    method,
    headers: pairsOf(lines),
    body: body === null ? null : contentOf(body),
    redirect: 'manual',
    signal
  })
  const location = isRedirect(response.status) ? response.headers.get('location') : null
  if (location !== null) {
    await response.body?.cancel()
    return new Onward(response.status, location)
  }
  let block = ''
  for (const [name, value] of response.headers) block += `${name}: ${value}\r\n`
  const { status, statusText } = response
  const type = tainted ? ('cors' as const) : ('basic' as const)
  const facts = { status, statusText, url: response.url, type, redirected: true, block, codings: [] }
  return new FetchedResponse(
    { ...facts, bodiless: response.body === null },
    { flags: 0, field: null, live: null, stream: response.body, keep: response }
  )
}

function pairsOf(block: string): [string, string][] {
  const parts = parseBlock(block)
  const pairs: [string, string][] = []
  for (let i = 0; i < parts.length; i += 2) pairs.push([parts[i] ?? '', parts[i + 1] ?? ''])
  return pairs
}

function contentOf({ flags, field }: WholeBody): string | Uint8Array<ArrayBuffer> {
  if (typeof field === 'string' && flags === UTF8) return field
  return (flags === BYTES ? field : bytesOf(flags, field)) as Uint8Array<ArrayBuffer>
}
