/**
 * The short answer a connection gives when it cannot pass a request on, or the mesh could not answer
 * it. Any thread; pure.
 */

import { MeshError } from '../errors.ts'
import { http } from '../node-http.ts'

/** An answer made here, as it is written to the connection. */
export interface ErrorPage {
  readonly head: string
  readonly body: string
}

/** What the form of an answer depends on. */
export interface PageFacts {
  /** The request's `Accept`. */
  readonly accept: string
  readonly requestId: string
  /** The answer to a HEAD request: headers as if there were a body. */
  readonly bodiless: boolean
  /** Value of the `Connection` header, `null` for none. */
  readonly connection: string | null
}

/**
 * Writes the answer as JSON, or as HTML when the client asked for that first.
 *
 * @param reason One sentence without a full stop; it may quote the request.
 */
export function errorPage(status: number, reason: string, facts: PageFacts): ErrorPage {
  const title = http.STATUS_CODES[status] ?? 'Error'
  const { accept, requestId, connection } = facts
  const html = prefersHtml(accept)
  const problem = { statusCode: status, error: title, message: reason, requestId: requestId || undefined }
  const body = html ? htmlPage(`${status} ${title}`, reason, requestId) : `${JSON.stringify(problem)}\n`
  const lines = [
    `HTTP/1.1 ${status} ${title}`,
    `Content-Type: ${html ? 'text/html' : 'application/json'}; charset=utf-8`,
    'Cache-Control: no-store',
    ...(status === 503 ? ['Retry-After: 1'] : []),
    `Date: ${new Date().toUTCString()}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(connection === null ? [] : [`Connection: ${connection}`])
  ]
  return { head: `${lines.join('\r\n')}\r\n\r\n`, body: facts.bodiless ? '' : body }
}

/** The status a failure of the mesh means to an HTTP client. */
export function statusOf(error: Error): number {
  if (!(error instanceof MeshError)) return 502
  switch (error.code) {
    case 'MESH_TIMEOUT':
      return 504
    case 'MESH_NO_UPSTREAM':
    case 'MESH_UNKNOWN_HOST':
    case 'MESH_CLOSED':
      return 503
    case 'MESH_DENIED':
      return 403
    case 'MESH_INVALID_REQUEST':
      return 400
    default:
      return 502
  }
}

/** Whether `Accept` names HTML before JSON. */
function prefersHtml(accept: string): boolean {
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
