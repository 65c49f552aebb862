/**
 * The application's place in the mesh: which target answers, and what is said when none does.
 *
 * Runs in worker threads. It knows the application's server before and after the worker is ready: an
 * application may close its server, open another, or listen long after it was taken for a background job.
 */
import type { RequestListener, Server as HttpServer } from 'node:http'
import type { Server } from 'node:net'

import type { Mesh } from '@heddle/mesh'

import type { DirectListen } from '../channel/messages.ts'
import type { Application } from './application.ts'
import { background, fromListening } from './application.ts'
import type { Connections } from './connections.ts'
import { listenDirectly, listenVirtually, stopAccepting } from './listen.ts'
import type { ListenObserver } from './listen.ts'

// Not by `import`, which loads undici: see `node-http.ts` of the mesh.
const { createServer } = process.getBuiltinModule('node:http')

/** Answers while the application has closed its server and not opened another. */
const refuse: RequestListener = (_request, response) => {
  response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8', 'retry-after': '1' })
  response.end('The application has closed its server.')
}

/** The one service of a worker. Lives as long as the thread. */
export class Service implements ListenObserver {
  readonly #mesh: Pick<Mesh, 'serve'>
  readonly #direct: DirectListen | null
  #application: Application = background
  #target: HttpServer | RequestListener | null = null
  #seat: { replace(target: HttpServer | RequestListener): void } | null = null
  /** The server the application itself has listened with. */
  #opened: Server | null = null
  /** The server that was listened with on behalf of the application, in direct mode. */
  #own: Server | null = null
  /** When nobody who has connected waits to be accepted any more, once it drains. */
  #portsClosed: Promise<unknown> | null = null
  /** Servers made for request listeners, for connections that are handed over. */
  readonly #receptions = new Map<RequestListener, Server>()
  #connections: Connections | null = null
  #onChange: () => void = () => {}
  listen: 'none' | 'opening' | 'open' = 'none'
  /** Why the shared port could not be opened. */
  failure: Error | null = null

  constructor(mesh: Pick<Mesh, 'serve'>, direct: DirectListen | null) {
    this.#mesh = mesh
    this.#direct = direct
  }

  get application(): Application {
    return this.#application
  }

  /** What answers requests at the moment; `null` while nothing ever has. */
  get target(): HttpServer | RequestListener | null {
    return this.#target
  }

  /** The port that is really open, in direct mode. */
  get port(): number | null {
    const address = this.#direct === null ? null : (this.#opened ?? this.#own)?.address()
    return typeof address === 'object' && address !== null ? address.port : null
  }

  /** Calls `change` whenever the application's server opens, closes or fails. One listener. */
  onChange(change: () => void): void {
    this.#onChange = change
  }

  /** The application that answers from now on. In direct mode it is listening when this resolves. */
  async use(application: Application): Promise<void> {
    this.#application = application
    const { target } = application
    if (target === null) return
    this.#seatTarget(target)
    if (this.#direct === null || this.#opened !== null) return
    this.#own = typeof target === 'function' ? createServer(target) : target
    this.#connections?.watch(this.#own)
    await listenDirectly(this.#own, this.#direct)
  }

  /** The application's server is listening: it answers, whatever did before. */
  useListening(): void {
    if (this.#opened === null || this.#application.target === this.#opened) return
    this.#application = fromListening(this.#opened)
    if (this.#application.target !== null) this.#seatTarget(this.#application.target)
  }

  /** Counts the connections clients have to the application's server from now on, in direct mode. */
  watch(connections: Connections): void {
    this.#connections = connections
  }

  /** The server that gets the connections that are handed over; `null` while nothing answers. */
  reception(): Server | null {
    if (this.#target === null || typeof this.#target !== 'function') return this.#target
    let server = this.#receptions.get(this.#target)
    if (server === undefined) {
      server = createServer(this.#target)
      listenVirtually(server)
      this.#receptions.set(this.#target, server)
    }
    return server
  }

  /** No new connections; open ones go once what is under way on them is finished. The application notices nothing. */
  drain(withinMs: number): void {
    const servers = [this.#opened, this.#own].filter(server => server !== null)
    this.#portsClosed = Promise.all(servers.map(stopAccepting))
    this.#connections?.drain(withinMs)
  }

  /** Ends the application, and the port that was opened on its behalf. */
  async close(): Promise<void> {
    // Whoever waits there is one of its clients already.
    await this.#portsClosed
    await this.#application.close()
    if (this.#own?.listening === true) this.#own.close()
    for (const server of this.#receptions.values()) server.close()
  }

  opening(server: Server): void {
    this.listen = 'opening'
    if (this.#direct !== null) this.#connections?.watch(server)
  }

  opened(server: Server): void {
    this.listen = 'open'
    this.#opened = server
    this.#onChange()
  }

  failed(error: Error): void {
    this.failure = error
    this.#onChange()
  }

  closed(server: Server): void {
    this.listen = 'none'
    if (this.#opened === server) this.#opened = null
    if (this.#seat !== null && this.#application.target === server) this.#seatTarget(refuse)
    this.#onChange()
  }

  #seatTarget(target: HttpServer | RequestListener): void {
    this.#target = target
    if (this.#seat === null) this.#seat = this.#mesh.serve(target)
    else this.#seat.replace(target)
  }
}
