/**
 * The administrative server: probes for orchestrators, and the management API for whoever has the token.
 *
 * Main thread only. It answers from what the coordinator knows and waits for no other thread, so it
 * answers in the same time when every worker is blocked. Probes are open; `/api/v1/` needs the token.
 */
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

import type { ResolvedAdmin } from '../../config/resolved.ts'
import { apiRoot } from '../../control/contract.ts'
import { HeddleError } from '../../errors.ts'
import { refuse, send } from './answer.ts'
import type { Api } from './api.ts'
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
  readonly #report: () => StatusReport
  readonly #api: Api
  #settings: ResolvedAdmin
  /** Made when the port is opened: node's HTTP modules are not loaded before the threads have been started. */
  #server: Server | null = null
  #opening: Promise<AdminAddress> | null = null

  constructor(settings: ResolvedAdmin, report: () => StatusReport, api: Api) {
    this.#settings = settings
    this.#report = report
    this.#api = api
  }

  /** From now on this token is asked for. Nothing else about the server can change while it runs. */
  configure({ token }: Pick<ResolvedAdmin, 'token'>): void {
    this.#settings = { ...this.#settings, token }
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

  /** The port that is open; `null` when none is. */
  get port(): number | null {
    const address = this.#server?.address() ?? null
    return address === null || typeof address === 'string' ? null : address.port
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
    if (probe === undefined) {
      if (!pathname.startsWith(`${apiRoot}/`)) refuse(response, 404, `There is nothing at ${pathname}.`)
      else if (!this.#isRefused(request, response)) void this.#api.answer(request, response, pathname)
    } else if (request.method === 'GET' || request.method === 'HEAD') {
      const { status, checks } = probe(this.#report())
      const text = probeText({ status, checks }, new URLSearchParams(query).has('verbose'))
      send(response, status, 'text/plain; charset=utf-8', text)
    } else {
      response.setHeader('allow', 'GET, HEAD')
      refuse(response, 405, `${request.method} is not possible here.`)
    }
  }

  #isRefused(request: IncomingMessage, response: ServerResponse): boolean {
    const { token } = this.#settings
    if (token === null) {
      refuse(response, 403, 'Set admin.token in the configuration: without one the API is closed.')
      return true
    }
    const offered = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (offered !== undefined && isSame(offered, token)) return false
    response.setHeader('www-authenticate', 'Bearer realm="heddle"')
    const detail =
      offered === undefined ? 'A bearer token is needed.' : 'The bearer token is not the right one.'
    refuse(response, 401, detail)
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
