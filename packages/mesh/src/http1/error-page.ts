/**
 * The short answer a connection gives when it cannot pass a request on, or the mesh could not answer
 * it. Any thread; pure.
 */

import { LoadSheddingError, MeshError, type MeshFailures } from '../errors.ts'
import { http } from '../node-http.ts'
import type { Refusal, RefusalBody, RequestHead } from './request-head.ts'

/** Who has a request that waits for a worker (`client/queue.ts`). */
const NOBODY = 'Nobody'

/** An answer made here, as it is written to the connection. */
export interface ErrorPage {
  readonly head: string
  readonly body: string
}

/** What the form of an answer depends on, beside the request. */
export interface PageFacts {
  readonly requestId: string
  /** Whether the connection goes on. */
  readonly keepAlive: boolean
}

/**
 * Writes the answer as JSON, or as HTML when the client asked for that first.
 *
 * @param head The request; `null` when it could not be read.
 */
export function errorPage(
  refusal: Refusal,
  head: RequestHead | null,
  { requestId, keepAlive }: PageFacts
): ErrorPage {
  const { status, retryAfter } = refusal
  const title = http.STATUS_CODES[status] ?? 'Error'
  const { type, text: body, headers = [] } = refusal.body ?? usualBody(refusal, title, { head, requestId })
  const connection = keepAlive ? (head?.minor === 0 ? ['Connection: keep-alive'] : []) : ['Connection: close']
  const lines = [
    `HTTP/1.1 ${status} ${title}`,
    `Content-Type: ${type}; charset=utf-8`,
    'Cache-Control: no-store',
    ...headers,
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
    `Date: ${new Date().toUTCString()}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...connection
  ]
  // The answer to a HEAD request: headers as if there were a body.
  return { head: `${lines.join('\r\n')}\r\n\r\n`, body: head?.method === 'HEAD' ? '' : body }
}

function usualBody(
  { status, reason }: Refusal,
  title: string,
  { head, requestId }: { readonly head: RequestHead | null; readonly requestId: string }
): RefusalBody {
  if (prefersHtml(head?.accept ?? '')) {
    return { type: 'text/html', text: htmlPage(`${status} ${title}`, reason, requestId) }
  }
  const problem = { statusCode: status, error: title, message: reason, requestId: requestId || undefined }
  return { type: 'application/json', text: `${JSON.stringify(problem)}\n` }
}

/** What a failure of the mesh means to an HTTP client. */
export function refusalOf(error: Error): Refusal {
  const reason = error.message.replace(/\.$/, '')
  if (error instanceof LoadSheddingError) return { status: 503, reason, retryAfter: SOON_S }
  if (!(error instanceof MeshError)) return { status: 502, reason }
  const { detail } = error
  const code: keyof MeshFailures = error.code
  if (code === 'MESH_TIMEOUT') return timedOut(detail as MeshFailures['MESH_TIMEOUT'], reason)
  if (code === 'MESH_CIRCUIT_OPEN') {
    const { retryAfterMs } = detail as MeshFailures['MESH_CIRCUIT_OPEN']
    return { status: 503, reason, retryAfter: Math.max(SOON_S, Math.ceil(retryAfterMs / 1000)) }
  }
  const retryAfter = retryAfterS[code]
  if (retryAfter !== undefined) return { status: 503, reason, retryAfter }
  if (code === 'MESH_DENIED') return { status: 403, reason }
  return { status: code === 'MESH_INVALID_REQUEST' ? 400 : 502, reason }
}

/** Seconds after which a worker may well be there. */
const SOON_S = 1

/**
 * Failures that pass, and after how many seconds: nobody ready and no queue, a restart is over soon; a queue
 * that is full has to empty; who waited in vain was not before a restart of moments; what is stopped on purpose
 * takes somebody to start it.
 */
const retryAfterS: { readonly [Code in keyof MeshFailures]?: number } = {
  MESH_NO_UPSTREAM: SOON_S,
  MESH_QUEUE_FULL: 2,
  MESH_QUEUE_TIMEOUT: 5,
  MESH_CLOSED: 5,
  MESH_UNKNOWN_HOST: 10
}

/** A request that nobody had when its time was over has waited in the queue: no gateway's time-out. */
function timedOut({ host, worker, afterMs }: MeshFailures['MESH_TIMEOUT'], reason: string): Refusal {
  return worker === NOBODY
    ? {
        status: 503,
        reason: `no worker of ${host} became ready within the ${afterMs} ms the request may take`,
        retryAfter: SOON_S
      }
    : { status: 504, reason }
}

/** Whether `Accept` names HTML before JSON. */
export function prefersHtml(accept: string): boolean {
  const html = accept.indexOf('text/html')
  const json = accept.indexOf('application/json')
  return html !== -1 && (json === -1 || html < json)
}

function htmlPage(title: string, reason: string, requestId: string): string {
  const id = requestId === '' ? '' : `<p><small>Request ${escapeHtml(requestId)}</small></p>`
  return (
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>` +
    '<style>body{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:32em;padding:0 1em}</style>' +
    `<h1>${title}</h1><p>${escapeHtml(reason)}.</p>${id}</html>\n`
  )
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
