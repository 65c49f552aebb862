/**
 * An HTTP server of the main thread: small requests, quick answers, and nobody who holds it up.
 *
 * Main thread only. Both ways to the management API are one: a port and a unix socket.
 */
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

import { problemType } from '../../control/contract.ts'
import { plainProblem } from '../../control/failure-status.ts'
import { systemClock, within } from '../../shared/clock.ts'
import type { Clock } from '../../shared/clock.ts'
import { refuse } from './answer.ts'

/** How long requests may take to arrive. Milliseconds. */
export interface Limits {
  readonly headMs: number
  /** The whole of one. */
  readonly requestMs: number
  /** Between two looks for requests that take too long. */
  readonly lookMs: number
}

/** Requests are small: whoever is slower wants something else. */
const usualLimits: Limits = { headMs: 5000, requestMs: 10_000, lookMs: 1000 }

/** Milliseconds what is being answered may still take when a server is closed. */
const graceMs = 250

/** Milliseconds a client that was refused has to close its connection: until then it can read why. */
const lingerMs = 1000

/** Makes a server; it does not listen yet. */
export function createHttp(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  { headMs, requestMs, lookMs }: Limits = usualLimits
): Server {
  // Not by `import`, which loads undici: see `node-http.ts` of the mesh.
  const { createServer } = process.getBuiltinModule('node:http')
  const server = createServer(
    { headersTimeout: headMs, requestTimeout: requestMs, connectionsCheckingInterval: lookMs },
    answer
  )
  /** Answers that are not over. */
  const answers = new WeakMap<Duplex, Set<ServerResponse>>()
  server.on('request', ({ socket }, response) => {
    const others = answers.get(socket) ?? new Set()
    answers.set(socket, others.add(response))
    response.once('close', () => others.delete(response))
  })
  server.on('clientError', (error, socket) => {
    // In the middle of an answer there is no place for another.
    if ([...(answers.get(socket) ?? [])].some(({ headersSent }) => headersSent)) socket.destroy()
    else refuseUnread(error, socket)
  })
  // A connection that cannot be accepted, for want of a descriptor, is nothing but a connection.
  server.on('error', () => {})
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) =>
    refuse(response, 417, 'Only "expect: 100-continue" is understood.')
  )
  return server
}

/** Closes a server: what is being answered gets a moment, then every connection is cut. */
export async function closeHttp(server: Server, clock: Clock): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const { inTime } = await within(clock, graceMs, closed)
  if (inTime) return
  server.closeAllConnections()
  await closed
}

const statuses: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413
}

/** What cannot be read as a request, or not in time, is a problem like any other. */
function refuseUnread(error: Error, socket: Duplex): void {
  const code = 'code' in error ? String(error.code) : ''
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = statuses[code] ?? 400
  const detail =
    status === 408 ? 'The request took too long to arrive.' : `The request cannot be read: ${error.message}.`
  const problem = plainProblem(status, detail)
  const body = `${JSON.stringify(problem)}\n`
  const head = [
    `HTTP/1.1 ${status} ${problem.title}`,
    `content-type: ${problemType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close'
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  const cancel = systemClock.after(lingerMs, () => socket.destroy())
  socket.once('close', cancel)
}
