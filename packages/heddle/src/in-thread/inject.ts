/**
 * Sends one request into an application in this thread and reads the whole answer.
 *
 * Any thread that is no worker of Heddle. The request takes the way it takes from any thread: node's own client on a
 * connection in memory, the mesh, and node's own request and response in front of the application. No port is opened.
 */
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, RequestOptions } from 'node:http'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'

import type { MeshAgent } from '@heddle/mesh'

// Not by `import`, which loads undici: see `node-http.ts` of the mesh.
const http = process.getBuiltinModule('node:http')

/** A request to be injected. */
export interface InjectRequest {
  /** @default 'GET' */
  readonly method?: string
  /** Path and query, beginning with a slash. */
  readonly path: string
  readonly headers?: OutgoingHttpHeaders
  /** A text as UTF-8, bytes, or pieces of either as they come. */
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array>
  /** A body as JSON, with its `content-type`; instead of `body`. */
  readonly json?: unknown
  /** Breaks the request off: the application sees its client go, and the promise rejects. */
  readonly signal?: AbortSignal
}

/** What the application has answered. */
export interface InjectAnswer {
  readonly status: number
  /** By their names in lower case, as node's own client gives them: `set-cookie` is a list. */
  readonly headers: IncomingHttpHeaders
  readonly trailers: NodeJS.Dict<string>
  /** The body as UTF-8. */
  readonly body: string
  /** The body as it came; nothing is decoded. */
  readonly bytes: Buffer
  /** The body read as JSON. @throws SyntaxError when it is none. */
  // oxlint-disable-next-line no-unnecessary-type-parameters -- A cast in the place where clients have it.
  json<Value = unknown>(): Value
}

/**
 * Sends a request. Rejects with the error node's own client would see: `ECONNRESET` when the application breaks its
 * connection off, an `AbortError` for the signal.
 */
export async function inject(
  agent: MeshAgent,
  host: string,
  asked: InjectRequest | string
): Promise<InjectAnswer> {
  const { body, headers, signal, ...request } = withJson(typeof asked === 'string' ? { path: asked } : asked)
  if (!request.path.startsWith('/')) {
    throw new TypeError(
      `inject() expects a path that begins with a slash, got ${JSON.stringify(request.path)}.`
    )
  }
  const options: RequestOptions = {
    agent,
    host,
    port: 80,
    method: request.method ?? 'GET',
    path: request.path
  }
  if (headers !== undefined) options.headers = headers
  if (signal !== undefined) options.signal = signal
  const response = await send(options, body)
  const bytes = await buffer(response)
  const text = bytes.toString('utf8')
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    trailers: response.trailers,
    body: text,
    bytes,
    // oxlint-disable-next-line no-unnecessary-type-parameters -- See above.
    json: <Value>() => JSON.parse(text) as Value
  }
}

function withJson({ json, ...request }: InjectRequest): Omit<InjectRequest, 'json'> {
  if (json === undefined) return request
  const headers = { 'content-type': 'application/json', ...request.headers }
  return { ...request, headers, body: JSON.stringify(json) }
}

function send(options: RequestOptions, body: InjectRequest['body']): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request = http.request(options, resolve)
  request.on('error', reject)
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    request.end(body)
    return promise
  }
  const source = Readable.from(body)
  source.on('error', error => request.destroy(error))
  source.pipe(request)
  return promise
}
