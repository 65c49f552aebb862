/**
 * The administrative server: probes for orchestrators, and the status as JSON.
 *
 * Main thread only. It answers from what the coordinator knows and waits for no other thread, so it
 * answers in the same time when every worker is blocked. Probes are open; `/api/v1/` needs the token.
 */
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

import type { ResolvedAdmin } from '../../config/resolved.ts'
import { HeddleError } from '../../errors.ts'
import { probes, probeText } from './probes.ts'
import type { StatusReport } from './report.ts'

/** What came of opening the port. */
export interface AdminAddress {
  readonly port: number
  /** The configured port when it was busy and another was taken instead; else `null`. */
  readonly instead: number | null
}

/** The administrative server, from its first to its last answer. */
export class AdminServer {
  readonly #settings: ResolvedAdmin
  readonly #report: () => StatusReport
  /** Made when the port is opened: node's HTTP modules are not loaded before the threads have been started. */
  #server: Server | null = null
  #opening: Promise<AdminAddress> | null = null

  constructor(settings: ResolvedAdmin, report: () => StatusReport) {
    this.#settings = settings
    this.#report = report
  }

  /**
   * Opens the port. When nobody chose it and it is busy, the system chooses another one.
   *
   * @throws HEDDLE_LISTEN_FAILED
   */
  listen(): Promise<AdminAddress> {
    this.#opening ??= this.#listen()
    return this.#opening
  }

  /** Closes the port and every connection; an answer that is being written is cut. */
  async close(): Promise<void> {
    // A port that is just being opened is waited for, or it would stay open.
    await this.#opening?.catch(() => null)
    const server = this.#server
    if (server === null || !server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  async #listen(): Promise<AdminAddress> {
    const { hostname, port, portChosen } = this.#settings
    // Not by `import`, which loads undici: see `node-http.ts` of the mesh.
    const { createServer } = process.getBuiltinModule('node:http')
    const server = createServer((request, response) => this.#answer(request, response))
    // Probes are small and quick: whoever is slower than this wants something else.
    server.headersTimeout = 5000
    server.requestTimeout = 10_000
    this.#server = server
    try {
      return { port: await this.#open(server, port), instead: null }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN'
      if (code === 'EADDRINUSE' && !portChosen) return { port: await this.#open(server, 0), instead: port }
      throw new HeddleError(
        'HEDDLE_LISTEN_FAILED',
        { server: 'admin', hostname, port, code },
        { cause: error }
      )
    }
  }

  async #open(server: Server, port: number): Promise<number> {
    const listening = once(server, 'listening')
    server.listen({ host: this.#settings.hostname, port })
    await listening
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : port
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const [pathname = '/', query] = (request.url ?? '/').split('?', 2)
    const probe = probes.get(pathname)
    const isStatus = pathname === '/api/v1/status'
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD')
      sendProblem(response, 405, `${request.method} is not possible here.`)
    } else if (probe !== undefined) {
      const answer = probe(this.#report())
      send(
        response,
        answer.status,
        'text/plain; charset=utf-8',
        probeText(answer, new URLSearchParams(query).has('verbose'))
      )
    } else if (pathname.startsWith('/api/v1/') && this.#isRefused(request, response)) {
      return
    } else if (isStatus) {
      send(response, 200, 'application/json', `${JSON.stringify(this.#report(), null, 2)}\n`)
    } else {
      sendProblem(response, 404, `There is nothing at ${pathname}.`)
    }
  }

  #isRefused(request: IncomingMessage, response: ServerResponse): boolean {
    const { token } = this.#settings
    if (token === null) {
      sendProblem(response, 403, 'Set admin.token in the configuration: without one the API is closed.')
      return true
    }
    const offered = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (offered !== undefined && isSame(offered, token)) return false
    response.setHeader('www-authenticate', 'Bearer realm="heddle"')
    const detail =
      offered === undefined ? 'A bearer token is needed.' : 'The bearer token is not the right one.'
    sendProblem(response, 401, detail)
    return true
  }
}

/** Takes equally long for every wrong token: digests have one length and are compared in constant time. */
function isSame(offered: string, token: string): boolean {
  // Loaded by the first call that carries a token: most servers never see one.
  const { createHash, timingSafeEqual } = process.getBuiltinModule('node:crypto')
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(offered), digest(token))
}

const titles: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed'
}

function sendProblem(response: ServerResponse, status: number, detail: string): void {
  const problem = { type: 'about:blank', title: titles[status], status, detail }
  send(response, status, 'application/problem+json', `${JSON.stringify(problem)}\n`)
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff'
  })
  response.end(body)
}
