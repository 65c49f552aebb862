/**
 * Applications that answer a web `Request` with a `Response`: Hono, h3, plain functions.
 *
 * Runs in worker threads; loaded only for such applications. Bodies are streamed both ways by srvx; this file
 * says what happens when the application fails. The second argument of `fetch` is what Hono's adapter for
 * node gives (`incoming`, `outgoing`), so that its helpers for connections and sockets work.
 */
import type { RequestListener, ServerResponse } from 'node:http'

import { NodeRequest, sendNodeResponse } from 'srvx/node'

/** The method of a web-standard server, already bound to its object. */
export type FetchHandler = (request: Request, bindings: object) => unknown

/** A request listener which answers with what `handler` returns. */
export function toRequestListener(handler: FetchHandler): RequestListener {
  const answer = async (request: Request, incoming: object, outgoing: ServerResponse): Promise<void> => {
    const response = await handler(request, { incoming, outgoing })
    if (!isResponse(response)) {
      throw new TypeError(`fetch() has to return a Response, got ${describe(response)}.`)
    }
    await sendNodeResponse(outgoing, response)
  }
  return (incoming, outgoing) => {
    const request: Request = new NodeRequest({ req: incoming, res: outgoing })
    answer(request, incoming, outgoing).catch((error: unknown) => {
      // A caller that has gone is no failure of the application: its abort is what was thrown.
      if (!request.signal.aborted) console.error(error) // oxlint-disable-line no-console -- The application's own log.
      fail(outgoing)
    })
  }
}

/** Responses of other implementations than node's own are as good: undici's package, a polyfill. */
function isResponse(value: unknown): value is Response {
  if (value instanceof Response) return true
  return typeof value === 'object' && value !== null && 'status' in value && 'headers' in value
}

function describe(value: unknown): string {
  return value === null ? 'null' : typeof value
}

function fail(outgoing: ServerResponse): void {
  if (outgoing.headersSent) {
    outgoing.destroy()
    return
  }
  outgoing.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' })
  outgoing.end('Internal Server Error')
}
