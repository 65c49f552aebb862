/** A client whose upstreams are network addresses, servers to be them, and what a request's owner is told. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket
} from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { MeshClient } from '../../src/client/client.ts'
import type { Exchange, ExchangeHandler, MeshRequest } from '../../src/client/exchange.ts'
import { isIdempotent } from '../../src/client/retry.ts'
import { MeshServer } from '../../src/server/server.ts'
import { READY, Scoreboard } from '../../src/scoreboard.ts'
import { Traffic } from '../../src/traffic.ts'
import { bytesOf } from '../../src/wire/body.ts'
import type { BalancePolicy, Upstream } from '../../src/wire/control.ts'
import { BODY_MASK, MORE, type BodyField } from '../../src/wire/frames.ts'

/** A client, and what can be read of it. */
export interface Network {
  readonly client: MeshClient
  readonly scoreboard: Scoreboard
  readonly upstreams: readonly Upstream[]
  /** Requests in flight to all upstreams, as every thread sees them. */
  readonly inflight: () => number
}

/** A client of `api`, which is at these addresses; a listener stands for a thread. */
export function networkOf(
  t: TestContext,
  places: readonly (string | RequestListener)[],
  policy: BalancePolicy = 'least-inflight'
): Network {
  const scoreboard = Scoreboard.create(places.length)
  const threads = new Map<number, MeshServer>()
  // Nobody beats the hearts of these threads, which turn whenever this one does.
  const turning = new Set<number>()
  const isLate = scoreboard.isLate.bind(scoreboard)
  const heartbeatAge = scoreboard.heartbeatAge.bind(scoreboard)
  scoreboard.isLate = (record, sharedNowMs) => !turning.has(record) && isLate(record, sharedNowMs)
  scoreboard.heartbeatAge = record => (turning.has(record) ? 0 : heartbeatAge(record))
  const client = new MeshClient({
    name: 'caller',
    scoreboard,
    flushMoment: 'tick',
    traffic: Traffic.create(),
    detail: true,
    breaker: null,
    isOut: () => false,
    tell: message => {
      if (message.type === 'link') threads.get(message.to)?.accept(message)
    }
  })
  t.after(() => client.close())
  const upstreams = places.map((place, record) => {
    const generation = scoreboard.open(record)
    scoreboard.setState(record, READY)
    const id = record + 1
    if (typeof place === 'function') {
      const thread = new MeshServer({ record, generation, scoreboard })
      turning.add(record)
      thread.serve(place)
      threads.set(id, thread)
      t.after(() => thread.close())
    }
    const address = typeof place === 'string' ? place : null
    return { id, name: `api:${record}`, record, generation, meta: null, address, readyAt: 0 }
  })
  const table = {
    version: 1,
    upstreams: { api: upstreams },
    denied: [],
    balance: { api: policy },
    queues: {},
    numbers: {}
  }
  client.apply({ ...table, slowStartMs: 0 })
  const inflight = (): number => upstreams.reduce((sum, { record }) => sum + scoreboard.inflight(record), 0)
  return { client, scoreboard, upstreams, inflight }
}

/** An HTTP server that listens; its address. */
export async function listen(t: TestContext, server: Server | RequestListener): Promise<string> {
  const http = typeof server === 'function' ? createServer(server) : server
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.after(() => {
    http.closeAllConnections()
    http.close()
  })
  return `http://127.0.0.1:${portOf(http)}`
}

/** A server on a unix socket; its address. */
export async function listenUnix(t: TestContext, listener: RequestListener): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-'))
  const path = join(folder, 'api.sock')
  const http = createServer(listener).listen(path)
  await once(http, 'listening')
  t.after(() => {
    http.closeAllConnections()
    http.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return `unix:${path}`
}

/** A server of raw connections; its address. */
export async function listenRaw(t: TestContext, onSocket: (socket: Socket) => void): Promise<string> {
  const open = new Set<Socket>()
  const server = createTcpServer({ allowHalfOpen: true }, socket => {
    open.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => open.delete(socket))
    onSocket(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${portOf(server)}`
}

/** An address where nobody listens, and nobody will meanwhile: a connection has its port. */
export async function refusedAddress(t: TestContext): Promise<string> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const holder = connect(portOf(server), '127.0.0.1')
  t.after(() => holder.destroy())
  await once(holder, 'connect')
  server.close()
  return `http://127.0.0.1:${holder.localPort}`
}

/** The client's ends of all connections made from here on. */
export function clientSockets(t: TestContext): Socket[] {
  const sockets: Socket[] = []
  const note = (message: unknown): void => {
    sockets.push((message as { socket: Socket }).socket)
  }
  subscribe('net.client.socket', note)
  t.after(() => unsubscribe('net.client.socket', note))
  return sockets
}

/** The port a server listens on. */
export function portOf(server: Server | TcpServer): number {
  return (server.address() as AddressInfo).port
}

/** What a request's owner was told. */
export class Answer implements ExchangeHandler {
  status = 0
  message = ''
  block = ''
  trailers = ''
  error: (Error & { code?: string; detail?: unknown }) | null = null
  readonly informations: [number, string][] = []
  readonly pieces: Buffer[] = []
  /** In which calls the answer came. */
  readonly calls: string[] = []
  /** Gives credit at once; else `take` has to be called. */
  reads = true
  received = 0
  exchange: Exchange | null = null
  readonly #over = Promise.withResolvers<void>()
  readonly #waiting = new Map<string, (() => void)[]>()

  /** Resolves when nothing more is to come. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  /** What the error says of whether the upstream had begun. */
  get begun(): unknown {
    const detail: unknown = this.error?.detail
    return typeof detail === 'object' && detail !== null && 'begun' in detail ? detail.begun : undefined
  }

  /** The code and the message of the error's cause. */
  get cause(): string {
    const cause: unknown = this.error?.cause
    return cause instanceof Error ? `${'code' in cause ? String(cause.code) : ''} ${cause.message}` : ''
  }

  get body(): string {
    return Buffer.concat(this.pieces).toString('latin1')
  }

  /** Resolves with the next call of that name. */
  next(call: 'head' | 'data' | 'writable' | 'information'): Promise<void> {
    return new Promise(resolve => {
      this.#waiting.set(call, [...(this.#waiting.get(call) ?? []), resolve])
    })
  }

  onInformation(status: number, headers: string): void {
    this.informations.push([status, headers])
    this.#note('information')
  }

  onHead({ status, message, block, flags, body }: Parameters<ExchangeHandler['onHead']>[0]): void {
    this.status = status
    this.message = message
    this.block = block
    if (body !== null) this.pieces.push(bytesOf(flags & BODY_MASK, body))
    this.#note('head')
    if ((flags & MORE) === 0) this.#over.resolve()
  }

  onData(flags: number, body: BodyField): void {
    const bytes = bytesOf(flags & BODY_MASK, body)
    this.pieces.push(bytes)
    this.received += bytes.byteLength
    if (this.reads) this.exchange?.consumed(bytes.byteLength)
    this.#note('data')
  }

  onEnd(trailers: string): void {
    this.trailers = trailers
    this.#note('end')
    this.#over.resolve()
  }

  onError(error: Error): void {
    this.error = error
    this.#note('error')
    this.#over.resolve()
  }

  onWritable(): void {
    this.#note('writable')
  }

  #note(call: string): void {
    this.calls.push(call)
    const waiting = this.#waiting.get(call) ?? []
    this.#waiting.delete(call)
    for (const resolve of waiting) resolve()
  }
}

/** Sends a request to `api`. */
export function send(client: MeshClient, request: Partial<MeshRequest> = {}): Answer {
  const answer = new Answer()
  const method = request.method ?? 'GET'
  answer.exchange = client.send(
    {
      hostname: 'api',
      method,
      path: '/',
      headers: 'host: api.local\r\n',
      flags: 0,
      body: null,
      peer: null,
      timeoutMs: 0,
      idempotent: isIdempotent(method),
      accept: null,
      ...request
    },
    answer
  )
  return answer
}

/** Sends a request and waits until it is over. */
export async function ask(client: MeshClient, request: Partial<MeshRequest> = {}): Promise<Answer> {
  const answer = send(client, request)
  await answer.over
  return answer
}
