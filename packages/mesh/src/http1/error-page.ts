/**
 * The short answer a connection gives when it cannot pass a request on, or the mesh could not answer
 * it. Any thread; pure.
 */
import { STATUS_CODES } from 'node:http'

import { MeshError } from '../errors.ts'

/** An answer made here. */
export interface ErrorPage {
  readonly status: number
  readonly headers: string
  readonly body: string
}

/**
 * Writes the answer as JSON, or as HTML when the client asked for that first.
 *
 * @param reason One sentence without a full stop; it may quote the request.
 */
export function errorPage(
  status: number,
  reason: string,
  facts: { accept: string; requestId: string }
): ErrorPage {
  const title = STATUS_CODES[status] ?? 'Error'
  const html = prefersHtml(facts.accept)
  const body = html
    ? htmlPage(`${status} ${title}`, reason, facts.requestId)
    : `${JSON.stringify({ statusCode: status, error: title, message: reason, ...(facts.requestId === '' ? {} : { requestId: facts.requestId }) })}\n`
  const retry = status === 503 ? 'Retry-After: 1\r\n' : ''
  const type = html ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8'
  const headers = `Content-Type: ${type}\r\nCache-Control: no-store\r\n${retry}Date: ${new Date().toUTCString()}\r\n`
  return { status, headers, body }
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
