/**
 * Threads that do not keep to the protocol: one end of a link in the hands of a test, which posts on it
 * whatever it likes, and the mesh's own code on the other.
 */
import { METHODS, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { MessageChannel, type MessagePort } from 'node:worker_threads'

import { MeshClient } from '../../src/client/client.ts'
import type { ExchangeHandler } from '../../src/client/exchange.ts'
import { Scoreboard } from '../../src/scoreboard.ts'
import { Traffic } from '../../src/traffic.ts'
import { MeshServer } from '../../src/server/server.ts'
import type { Upstream } from '../../src/wire/control.ts'
import { CELLS_BYTES, HEAD, REQUEST, frameLength, type BodyField } from '../../src/wire/frames.ts'

/** Fields of a frame that differ from those of a harmless one. */
export interface Fields {
  readonly cell?: unknown
  readonly flags?: unknown
  readonly method?: unknown
  readonly path?: unknown
  readonly status?: unknown
  readonly message?: unknown
  readonly headers?: unknown
  readonly body?: unknown
  readonly peer?: unknown
  readonly deadline?: unknown
}

/** A REQUEST frame, harmless but for what is said. */
export function requestFrame(id: unknown, fields: Fields = {}): unknown[] {
  const all = { cell: -1, flags: 0, method: 'GET', path: '/', headers: 'host: x\r\n', body: null, ...fields }
  const { cell, flags, method, path, headers, body, peer = null, deadline = 0 } = all as Fields
  return [REQUEST, id, cell, flags, method, path, headers, body, peer, deadline]
}

/** A HEAD frame, harmless but for what is said. */
export function headFrame(id: unknown, fields: Fields = {}): unknown[] {
  const all = { flags: 0, status: 200, message: 'OK', headers: '', body: null, ...fields }
  return [HEAD, id, all.flags, all.status, all.message, all.headers, all.body]
}

/** What a client's end of a link has received and seen. */
export class RawEnd {
  readonly port: MessagePort
  readonly cells: SharedArrayBuffer
  readonly frames: unknown[][] = []
  readonly closed: Promise<void>
  #waiting: (() => void)[] = []

  constructor(port: MessagePort, cells: SharedArrayBuffer) {
    this.port = port
    this.cells = cells
    port.on('message', (batch: unknown[]) => {
      for (let at = 0; at < batch.length; at += frameLength[batch[at] as number] ?? batch.length) {
        this.frames.push(batch.slice(at, at + (frameLength[batch[at] as number] ?? batch.length)))
      }
      for (const look of this.#waiting.splice(0)) look()
    })
    this.closed = new Promise(resolve => {
      port.on('close', () => resolve())
    })
  }

  /** The first frame that fits, as soon as it is there. */
  async frame(fits: (frame: readonly unknown[]) => boolean): Promise<readonly unknown[]> {
    for (;;) {
      const found = this.frames.find(frame => fits(frame))
      if (found !== undefined) return found
      await new Promise<void>(resolve => {
        this.#waiting.push(resolve)
      })
    }
  }
}

/** What is wrong with a request an application was given; `null` for one that node could have parsed. */
export function malformation(req: IncomingMessage): string | null {
  const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
  const names = [...req.rawHeaders, ...req.rawTrailers].filter((_, index) => index % 2 === 0)
  const values = [...req.rawHeaders, ...req.rawTrailers].filter((_, index) => index % 2 === 1)
  if (!METHODS.includes(req.method ?? '') && !token.test(req.method ?? '')) return `method ${req.method}`
  if (!/^[\x21-\xff]+$/.test(req.url ?? '')) return `url ${req.url}`
  const name = names.find(text => !token.test(text))
  if (name !== undefined) return `header name ${name}`
  const value = values.find(text => /[^\t\x20-\x7e\x80-\xff]/.test(text))
  return value === undefined ? null : `header value ${value}`
}

/** A server of the mesh, and ends of links to it for honest and other clients. */
export class AttackedServer {
  readonly scoreboard: Scoreboard = Scoreboard.create(1)
  readonly #server: MeshServer
  /** What no application may be given. */
  readonly malformed: string[] = []
  /** Responses given out and not closed yet. */
  open = 0
  /** Requests for `/slow` that were begun. */
  slow = 0

  constructor() {
    const generation = this.scoreboard.open(0)
    this.#server = new MeshServer({ record: 0, generation, scoreboard: this.scoreboard })
    this.#server.serve(createServer((req, res) => this.#answer(req, res)))
  }

  /** A client's end of a new link. */
  link(cells: SharedArrayBuffer = new SharedArrayBuffer(CELLS_BYTES)): RawEnd {
    const { port1, port2 } = new MessageChannel()
    const end = new RawEnd(port1, cells)
    this.#server.accept({ port: port2, cells })
    return end
  }

  close(): void {
    this.#server.close()
  }

  #answer(req: IncomingMessage, res: ServerResponse): void {
    const wrong = malformation(req)
    if (wrong !== null) this.malformed.push(wrong)
    this.open++
    res.once('close', () => this.open--)
    if (req.url === '/slow') {
      this.slow++
      for (const until = performance.now() + 2; performance.now() < until;);
    }
    req.on('error', () => {})
    req.resume()
    req.on('end', () => {
      const trailers = malformation(req)
      if (trailers !== null) this.malformed.push(trailers)
      res.end('answered')
    })
  }
}

/** What a caller was told, in order: `head 200`, `data`, `end`, `info 103`, `error MESH_…`. */
export class Record implements ExchangeHandler {
  readonly told: string[] = []
  error: Error | null = null
  readonly over: Promise<void>
  #finish: () => void = () => {}

  constructor() {
    this.over = new Promise(resolve => {
      this.#finish = resolve
    })
  }

  onInformation(status: number): void {
    this.told.push(`info ${status}`)
  }

  onHead({ status, flags }: { status: number; flags: number }): void {
    this.told.push(`head ${status}`)
    if ((flags & 4) === 0) this.#finish()
  }

  onData(_flags: number, _body: BodyField): void {
    this.told.push('data')
  }

  onEnd(): void {
    this.told.push('end')
    this.#finish()
  }

  onError(error: Error): void {
    this.error = error
    this.told.push(`error ${String(Reflect.get(error, 'code'))}`)
    this.#finish()
  }

  onWritable(): void {}
}

/** A client of the mesh whose upstreams are in the hands of a test. */
export class AttackedClient {
  readonly client: MeshClient
  readonly scoreboard: Scoreboard = Scoreboard.create(4)
  readonly #links: RawEnd[] = []

  /** Each upstream answers for one hostname: `a0`, `a1`, … */
  constructor(upstreams: number) {
    const hosts: { [hostname: string]: Upstream[] } = {}
    for (let record = 0; record < upstreams; record++) {
      const generation = this.scoreboard.open(record)
      this.scoreboard.setState(record, 1)
      const name = `a${record}`
      hosts[name] = [{ id: record, name, record, generation, meta: null, address: null, readyAt: 0 }]
    }
    this.client = new MeshClient({
      name: 'attacked',
      scoreboard: this.scoreboard,
      flushMoment: 'tick',
      traffic: Traffic.create(),
      detail: true,
      breaker: null,
      isOut: () => false,
      tell: message => {
        if (message.type === 'link') this.#links[message.to] = new RawEnd(message.port, message.cells)
      }
    })
    this.client.apply({
      version: 1,
      upstreams: hosts,
      denied: [],
      balance: {},
      queues: {},
      numbers: {},
      slowStartMs: 0
    })
  }

  /** Sends a request to an upstream; resolves with what the caller is told, the frame's id and its link. */
  async send(upstream: number, flags = 0): Promise<{ record: Record; id: number; link: RawEnd }> {
    const record = new Record()
    const request = { hostname: `a${upstream}`, method: 'POST', path: '/', headers: 'host: x\r\n' }
    const rest = { body: null, peer: null, timeoutMs: 0, idempotent: false, accept: null }
    const exchange = this.client.send({ ...request, ...rest, flags }, record)
    const link = this.#links[upstream]
    if (link === undefined) throw new Error('no link was opened')
    await link.frame(frame => frame[0] === REQUEST && frame[1] === exchange.id)
    return { record, id: exchange.id, link }
  }

  close(): void {
    this.client.close()
    for (const link of this.#links) link?.port.close()
  }
}
