/**
 * Asks the application in this thread for one of its paths, as a client would, without a socket.
 *
 * Runs in worker threads; nothing is loaded that a worker has not loaded already. The request goes through node's
 * own HTTP server over a pair of streams and ends in whatever answers the requests of the mesh at that moment.
 * It passes no other thread, so it is neither balanced nor counted: a worker that takes no requests is asked too.
 */
import type { RequestListener, Server } from 'node:http'
import { duplexPair } from 'node:stream'

import type { AskServer } from './checks.ts'

// Not by `import`, which loads undici: see `node-http.ts` of the mesh.
const { createServer } = process.getBuiltinModule('node:http')

/** What answers requests. */
export type Target = Server | RequestListener

/** A status line, as far as it matters. */
const statusLine = /^HTTP\/1\.[01] ([1-5]\d\d)/

/** Statuses from this one on are bad. */
const badStatus = 400

/** How to ask a target under a hostname. */
export function askTarget(target: Target, hostname: string): AskServer {
  return async (path, signal) => {
    const status = await requestStatus(target, { hostname, path }, signal)
    if (status === null) return `GET ${path} was not answered: the connection was closed`
    return status < badStatus ? null : `GET ${path} answered ${status}`
  }
}

/** Resolves with the status of the answer, `null` when there is none. Its body is read and dropped. */
async function requestStatus(
  target: Target,
  { hostname, path }: { readonly hostname: string; readonly path: string },
  signal: AbortSignal
): Promise<number | null> {
  const [client, far] = duplexPair()
  // Rate limits and logs look at it.
  Object.assign(far, { remoteAddress: '127.0.0.1', remotePort: 0, encrypted: false })
  const end = (): void => {
    client.destroy()
    far.destroy()
  }
  signal.addEventListener('abort', end, { once: true })
  const { promise, resolve } = Promise.withResolvers<number | null>()
  let head = ''
  client.on('data', (chunk: Buffer) => {
    if (head.length < statusLineMax) head += chunk.toString('latin1')
    const status = finalStatus(head)
    if (status !== null) resolve(status)
  })
  client.on('error', () => resolve(null))
  client.on('close', () => resolve(null))
  client.on('end', () => {
    resolve(null)
    end()
  })
  far.on('error', () => resolve(null))
  far.on('close', () => client.destroy())
  // Never listens: it only reads the request and writes the response.
  const server = createServer((request, response) => {
    if (typeof target === 'function') target(request, response)
    else target.emit('request', request, response)
  })
  server.emit('connection', far)
  client.write(
    `GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nuser-agent: heddle-health\r\naccept: */*\r\nconnection: close\r\n\r\n`
  )
  return promise
}

/** Bytes in which the status has to come. Early hints may precede it. */
const statusLineMax = 64 * 1024

/** The first status that is not an interim one; `null` as long as there is none. */
function finalStatus(head: string): number | null {
  for (let rest = head; ;) {
    const status = Number(statusLine.exec(rest)?.[1] ?? 0)
    if (status >= 200) return status
    const next = rest.indexOf('\r\n\r\n')
    if (status === 0 || next === -1) return null
    rest = rest.slice(next + 4)
  }
}
