/**
 * The administrative server: probes and metrics for orchestrators, and the management API for whoever has the token.
 *
 * Main thread only. It answers from what the coordinator knows and waits for no other thread, so it
 * answers in the same time when every worker is blocked. Probes and metrics are open; `/api/v1/` needs the token.
 */
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { hostname as machineName } from 'node:os'

import type { ResolvedAdmin } from '../../config/resolved.ts'
import { apiRoot } from '../../control/contract.ts'
import { problemOf } from '../../control/failure-status.ts'
import { openPaths } from '../../control/open-paths.ts'
import { HeddleError } from '../../errors.ts'
import type { Announce } from '../../events.ts'
import type { Clock } from '../../shared/clock.ts'
import { isLoopback, judgeHost, judgeOrigin } from './access.ts'
import type { Claims } from './access.ts'
import { refuse, send, sendProblem } from './answer.ts'
import type { Api } from './api.ts'
import { closeHttp, createHttp } from './http.ts'
import type { Operations } from './operations.ts'
import { probes, probeText } from './probes.ts'
import type { Probe } from './probes.ts'
import { Refusals } from './refusals.ts'
import type { Refusal } from './refusals.ts'
import type { StatusReport } from './report.ts'
import { readQuery } from './request-input.ts'

/** What came of opening the port. */
export interface AdminAddress {
  readonly port: number
  /** The configured port when it was busy and another was taken instead; else `null`. */
  readonly instead: number | null
}

/** What the administrative server is made of. */
export interface AdminOptions {
  readonly settings: ResolvedAdmin
  readonly operations: Pick<Operations, 'status' | 'metrics'>
  readonly api: Api
  readonly clock: Clock
  readonly announce: Announce
}

/** Milliseconds after which a rehearsal is given up. */
const rehearsalMs = 1000

/** The administrative server, from its first to its last answer. */
export class AdminServer {
  readonly #options: AdminOptions
  readonly #refusals: Refusals
  #settings: ResolvedAdmin
  /** Made when the port is opened: node's HTTP modules are not loaded before the threads have been started. */
  #server: Server | null = null
  #opening: Promise<AdminAddress> | null = null

  constructor(options: AdminOptions) {
    this.#options = options
    this.#refusals = new Refusals(options.clock, options.announce)
    this.#settings = options.settings
  }

  /** From now on this token is asked for, and these names are known. Nothing else can change while it runs. */
  configure({ token, allowedHosts }: Pick<ResolvedAdmin, 'token' | 'allowedHosts'>): void {
    this.#settings = { ...this.#settings, token, allowedHosts }
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

  /**
   * Asks itself for a probe, and resolves with whether it was answered. What node compiles for the first answer takes
   * 10 ms, which whoever asks first would wait for, the longer the busier the cores are.
   */
  rehearse(): Promise<boolean> {
    const { port } = this
    if (port === null) return Promise.resolve(false)
    return new Promise(resolve => {
      const socket = connect({ port, host: this.#settings.hostname })
      socket.unref()
      socket.setTimeout(rehearsalMs, () => socket.destroy())
      socket.on('error', () => {})
      socket.on('close', () => resolve(socket.bytesRead > 0))
      socket.resume()
      socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    })
  }

  /** Closes the port and every connection; an answer that is being written gets a moment. */
  async close(): Promise<void> {
    // A port that is just being opened is waited for, or it would stay open.
    await this.#opening?.catch(() => null)
    const server = this.#server
    if (server === null || !server.listening) return
    this.#options.api.endStreams()
    await closeHttp(server, this.#options.clock)
  }

  async #listen(): Promise<AdminAddress> {
    const { hostname, port, portChosen } = this.#settings
    const server = createHttp((request, response) => this.#answer(request, response))
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
    const [pathname = '/', query = ''] = (request.url ?? '/').split('?', 2)
    if (pathname.startsWith(`${apiRoot}/`)) {
      if (this.#isRefused(request, response)) return
      void this.#options.api.answer({ request, response, pathname, query, via: 'tcp' })
    } else if (!Object.hasOwn(openPaths, pathname)) {
      const there = [...Object.keys(openPaths), `${apiRoot}/status`].join(', ')
      refuse(
        response,
        404,
        `There is nothing at ${pathname}; there are ${there} and more of the management API.`
      )
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD')
      refuse(response, 405, `${request.method} is not possible here.`)
    } else if (!this.#isMisnamed(request, response)) {
      void this.#answerOpen(pathname, query, response)
    }
  }

  /** Answers at a path that needs no token. */
  async #answerOpen(pathname: string, query: string, response: ServerResponse): Promise<void> {
    try {
      const asked = openPaths[pathname]
      if (asked === undefined) return
      const { application, verbose } = readQuery(asked, query) as OpenQuery
      const probe = probes.get(pathname)
      if (probe !== undefined) return this.#sendProbe(probe, response, { application, verbose })
      const text = await this.#options.operations.metrics(application === undefined ? {} : { application })
      send(response, 200, asked.answers[200]?.type ?? 'text/plain', text)
    } catch (error) {
      sendProblem(response, problemOf(error))
    }
  }

  #sendProbe(probe: Probe, response: ServerResponse, { application, verbose }: OpenQuery): void {
    const report = this.#options.operations.status()
    const line = application === undefined ? null : lineOf(report, application)
    const answer = probe(report, line)
    send(response, answer.status, 'text/plain; charset=utf-8', probeText(answer, verbose !== undefined))
  }

  /** Open paths of a port that others can reach are open to everybody; of any other, to this machine's programs. */
  #isMisnamed(request: IncomingMessage, response: ServerResponse): boolean {
    if (!isLoopback(this.#settings.hostname)) return false
    return this.#isForbidden({ request, response }, 'host', judgeHost(claimsOf(request), this.#names()))
  }

  /** Whether it asks by a name that is none of the server's, or comes from a web page of others. */
  #isMisplaced(request: IncomingMessage, response: ServerResponse): boolean {
    const claims = claimsOf(request)
    const exchange = { request, response }
    if (this.#isForbidden(exchange, 'host', judgeHost(claims, this.#names()))) return true
    return this.#isForbidden(exchange, 'origin', judgeOrigin(claims))
  }

  #isRefused(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#isMisplaced(request, response)) return true
    const { token } = this.#settings
    if (token === null) {
      refuse(response, 403, 'Set admin.token in the configuration: without one the API is closed.')
      return true
    }
    const offered = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (offered !== undefined && isSame(offered, token)) return false
    if (offered !== undefined) this.#note('token', request)
    response.setHeader('www-authenticate', 'Bearer realm="heddle"')
    const detail =
      offered === undefined ? 'A bearer token is needed.' : 'The bearer token is not the right one.'
    refuse(response, 401, detail)
    return true
  }

  #isForbidden({ request, response }: Exchange, reason: Refusal, sentence: string | null): boolean {
    if (sentence === null) return false
    this.#note(reason, request)
    refuse(response, 403, sentence)
    return true
  }

  #note(reason: Refusal, request: IncomingMessage): void {
    this.#refusals.note(reason, request.socket.remoteAddress ?? null)
  }

  #names(): Parameters<typeof judgeHost>[1] {
    const { hostname, allowedHosts } = this.#settings
    return { hostname, allowedHosts, machine: machineName() }
  }
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

interface OpenQuery {
  readonly application?: string | undefined
  readonly verbose?: string | undefined
}

function claimsOf({ headers }: IncomingMessage): Claims {
  const site = headers['sec-fetch-site']
  return { host: headers.host, origin: headers.origin, site: Array.isArray(site) ? site[0] : site }
}

/** @throws HEDDLE_UNKNOWN_APPLICATION */
function lineOf({ applications }: StatusReport, application: string): StatusReport['applications'][number] {
  const line = applications.find(({ id }) => id === application)
  if (line !== undefined) return line
  const known = applications.map(({ id }) => id)
  throw new HeddleError('HEDDLE_UNKNOWN_APPLICATION', { application, known })
}

/** Takes equally long for every wrong token: digests have one length and are compared in constant time. */
function isSame(offered: string, token: string): boolean {
  // Loaded by the first call that carries a token: most servers never see one.
  const { createHash, timingSafeEqual } = process.getBuiltinModule('node:crypto')
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(offered), digest(token))
}
