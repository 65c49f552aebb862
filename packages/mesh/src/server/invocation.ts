/**
 * One request being answered. Any thread, server side. THE WALK: frame, request and response objects,
 * application, frames.
 *
 * The objects are node's own `IncomingMessage` and `ServerResponse` on a {@link MeshSocket}; only the
 * parser in front of them and the serialiser behind them are left out. Two internals of node are used,
 * and pinned by tests on every supported version: `_storeHeader`, through which every way of writing a
 * head goes, and the flag behind `writableNeedDrain`.
 */
import { AsyncResource } from 'node:async_hooks'
import diagnosticsChannel from 'node:diagnostics_channel'
import { IncomingMessage, OutgoingMessage, ServerResponse, type Server } from 'node:http'

import { bytesOf, fieldOf, kindOf, sizeOf } from '../wire/body.ts'
import type { FramePort } from '../wire/frame-port.ts'
import {
  ABORT,
  CREDIT,
  DATA,
  END,
  HEAD,
  HTTP10,
  INFO,
  LATIN1,
  MORE,
  NO_BODY,
  UPGRADE,
  UTF8,
  WINDOW,
  type BodyField
} from '../wire/frames.ts'
import { parseBlock } from '../wire/headers.ts'
import type { Target } from './server.ts'
import { MeshSocket, type SocketOwner } from './socket.ts'

/** The link an invocation came over. */
export interface InvocationHost {
  readonly port: FramePort
  readonly target: Target | null
  forget(id: number): void
}

/** A request as it came out of its frame. */
export interface RequestHead {
  readonly method: string
  readonly path: string
  readonly headers: string
  readonly body: BodyField
  readonly peer: string | null
}

const requestStart = diagnosticsChannel.channel('http.server.request.start')
const responseFinish = diagnosticsChannel.channel('http.server.response.finish')

const needDrain = Object.getOwnPropertySymbols(new OutgoingMessage()).find(
  ({ description }) => description === 'kNeedDrain'
)

// eslint-disable-next-line typescript/unbound-method -- called with the response as `this` below.
const storeHeaderOfNode = Reflect.get(OutgoingMessage.prototype, '_storeHeader') as (
  this: MeshResponse,
  firstLine: string,
  headers: unknown
) => void

/** The fields of node's ServerResponse that its type does not show. */
interface MeshResponse extends ServerResponse {
  _header: string | null
  _trailer: string
  _hasBody: boolean
  _closed: boolean
  _storeHeader: typeof storeHeaderOfNode
  _removedConnection: boolean
  _expect_continue: boolean
}

/** The options argument is missing from node's types. */
type ResponseConstructor = new (request: IncomingMessage, options: object) => MeshResponse

/** The fields of node's IncomingMessage that its type does not show. */
interface MeshIncoming extends IncomingMessage {
  _addHeaderLines(pairs: readonly string[], count: number): void
  _consuming: boolean
  _dump(): void
}

const chunkedLine = 'Transfer-Encoding: chunked\r\n'

const acceptsContinue = /(?:^|\W)100-continue(?:$|\W)/i

/** One request from its first frame to its last. */
export class Invocation implements SocketOwner {
  readonly #host: InvocationHost
  readonly #id: number
  readonly #flags: number
  #socket: MeshSocket | null = null
  #request: MeshIncoming | null = null
  #response: MeshResponse | null = null
  /** Where the head frame lies while its batch has not left, so that a response that ends at once is one frame. */
  #headBatch: readonly unknown[] | null = null
  #headAt = 0
  #headSent = false
  #responseEnded = false
  #requestEnded: boolean
  #over = false
  #tunnel = false
  #sendWindow = WINDOW
  #tunnelWaiting: (() => void) | null = null
  /** Bytes received that the application has not made room for, and such that have not been told yet. */
  #held = 0
  #unacknowledged = 0

  constructor(host: InvocationHost, id: number, flags: number) {
    this.#host = host
    this.#id = id
    this.#flags = flags
    this.#requestEnded = (flags & MORE) === 0
  }

  /** Hands the request to the application. What the application throws is thrown as node would: uncaught. */
  run(head: RequestHead): void {
    const { target } = this.#host
    if (target === null) return this.#refuse('no application is being served')
    const socket = new MeshSocket(this, head.peer)
    const server = typeof target === 'function' ? null : target
    if (server !== null) Reflect.set(socket, 'server', server)
    socket.on('error', ignore)
    this.#socket = socket
    const request = this.#makeRequest(socket, head, server)
    const scope = new AsyncResource('HTTPINCOMINGMESSAGE')
    try {
      if ((this.#flags & UPGRADE) !== 0) scope.runInAsyncScope(this.#upgrade, this, target, request)
      else scope.runInAsyncScope(this.#answer, this, target, request)
    } catch (error) {
      process.nextTick(throwAgain, error)
    }
    if (this.#requestEnded && !this.#tunnel) this.#completeRequest('', head.body)
    else if (head.body !== null) this.onData(this.#flags, head.body)
  }

  /** A piece of the request body, or of the tunnel. */
  onData(flags: number, body: BodyField): void {
    const size = sizeOf(flags, body)
    const stream = this.#tunnel ? this.#socket : this.#request
    if (stream === null || stream.destroyed || size === 0) return
    this.#held += size
    if (stream.push(bytesOf(flags & 3, body))) this.onResume()
  }

  /** The request body, or the client's side of the tunnel, is complete. */
  onEnd(trailers: string): void {
    this.#requestEnded = true
    if (this.#tunnel) this.#socket?.push(null)
    else this.#completeRequest(trailers, null)
    this.#leaveWhenOver()
  }

  /** The client has given up, or is gone. */
  onAbort(reason: string): void {
    if (this.#over) return
    this.#over = true
    this.#host.forget(this.#id)
    const request = this.#request
    const wasComplete = request?.complete === true
    this.#socket?.destroy()
    // What node's http server does when the connection of an unfinished request breaks.
    if (request !== null && !wasComplete) {
      request.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET', reason }))
    }
  }

  /** The client has consumed `bytes`. */
  onCredit(bytes: number): void {
    this.#sendWindow += bytes
    if (this.#sendWindow <= 0) return
    if (this.#tunnelWaiting !== null) {
      const proceed = this.#tunnelWaiting
      this.#tunnelWaiting = null
      proceed()
    }
    const response = this.#response
    if (response === null || !response.writableNeedDrain) return
    if (needDrain !== undefined) Reflect.set(response, needDrain, false)
    response.emit('drain')
  }

  onResume(): void {
    if (this.#held === 0) return
    this.#unacknowledged += this.#held
    this.#held = 0
    if (this.#unacknowledged < WINDOW / 2) return
    this.#post(CREDIT, this.#unacknowledged)
    this.#unacknowledged = 0
  }

  onResponseBytes(data: string | Uint8Array, encoding: BufferEncoding | null): boolean {
    const response = this.#response
    if (response === null || this.#over) return true
    if (response._header === null) return this.#inform(String(data))
    if (!this.#headSent) return this.#sendHead(response, data, encoding)
    return this.#sendBody(data, encoding)
  }

  onTunnelBytes(chunk: Uint8Array, done: (error?: Error | null) => void): void {
    for (let at = 0; at < chunk.byteLength; at += WINDOW) {
      const piece = chunk.subarray(at, at + WINDOW)
      this.#post(DATA, kindOf(piece), fieldOf(piece))
    }
    this.#sendWindow -= chunk.byteLength
    if (this.#sendWindow > 0 || this.#over) done()
    else this.#tunnelWaiting = done
  }

  onTunnelEnd(): void {
    if (this.#responseEnded || this.#over) return
    this.#responseEnded = true
    this.#post(END, '')
    this.#leaveWhenOver()
  }

  onDestroyed(error: Error | null): void {
    this.#tunnelWaiting = null
    if (this.#over || (this.#responseEnded && this.#requestEnded)) return
    if (this.#responseEnded) return this.#leave()
    this.#post(ABORT, error?.message ?? 'the application destroyed the connection')
    this.#leave()
  }

  #makeRequest(socket: MeshSocket, head: RequestHead, server: Server | null): MeshIncoming {
    const Incoming = classOf(server, 'IncomingMessage') ?? IncomingMessage
    const request = new Incoming(socket) as MeshIncoming
    const pairs = parseBlock(head.headers)
    const minor = (this.#flags & HTTP10) === 0 ? 1 : 0
    request.httpVersionMajor = 1
    request.httpVersionMinor = minor
    request.httpVersion = minor === 1 ? '1.1' : '1.0'
    if (server !== null && Reflect.get(server, 'joinDuplicateHeaders') === true) {
      Reflect.set(request, 'joinDuplicateHeaders', true)
    }
    request._addHeaderLines(pairs, pairs.length)
    request.method = head.method
    request.url = head.path
    this.#request = request
    return request
  }

  #answer(target: Target, request: MeshIncoming): void {
    const server = typeof target === 'function' ? null : target
    const Response = classOf(server, 'ServerResponse') ?? ServerResponse
    const socket = this.#socket
    if (socket === null) return
    const response = new (Response as unknown as ResponseConstructor)(request, responseOptions(server))
    this.#response = response
    // Own properties: Express and Koa exchange the prototypes of what they are given.
    response._storeHeader = storeHeader
    response._removedConnection = true
    response.assignSocket(socket)
    response.on('prefinish', () => this.#endResponse())
    response.on('finish', () => this.#finishResponse())
    if (requestStart.hasSubscribers) requestStart.publish({ request, response, socket, server })
    if (typeof target === 'function') target(request, response)
    else dispatch(target, request, response)
  }

  #upgrade(target: Target, request: MeshIncoming): void {
    const socket = this.#socket
    if (socket === null) return
    if (typeof target === 'function' || target.listenerCount('upgrade') === 0) {
      // node treats an upgrade nobody listens for as an ordinary request.
      this.#answer(target, request)
      return
    }
    this.#tunnel = true
    socket.becomeTunnel()
    request.complete = true
    Reflect.set(request, 'upgrade', true)
    target.emit('upgrade', request, socket, Buffer.alloc(0))
  }

  #completeRequest(trailers: string, body: BodyField): void {
    const request = this.#request
    if (request === null || request.destroyed) return
    if (body !== null) request.push(bytesOf(this.#flags & 3, body))
    request.complete = true
    if (trailers !== '') {
      const pairs = parseBlock(trailers)
      request._addHeaderLines(pairs, pairs.length)
    }
    request.push(null)
  }

  #inform(text: string): boolean {
    const firstLine = text.indexOf('\r\n')
    this.#post(INFO, Number(text.slice(9, 12)), text.slice(firstLine + 2, -2))
    return true
  }

  #sendHead(response: MeshResponse, data: string | Uint8Array, encoding: BufferEncoding | null): boolean {
    const header = response._header ?? ''
    this.#headSent = true
    const joined = typeof data === 'string' && data.length > header.length
    const block = withoutFraming(header.slice(header.indexOf('\r\n') + 2, -2))
    let flags: number = NO_BODY
    let body: BodyField = null
    if (joined) {
      flags = encoding === 'latin1' ? LATIN1 : UTF8
      body = data.slice(header.length)
    }
    const { port } = this.#host
    this.#headBatch = port.batch
    this.#headAt = port.batch.length + 2
    this.#post2(HEAD, flags | MORE, response.statusCode, response.statusMessage, block, body)
    return this.#sendWindow > 0
  }

  #sendBody(data: string | Uint8Array, encoding: BufferEncoding | null): boolean {
    if (data.length === 0) return this.#sendWindow > 0
    let kind: number
    let field: BodyField
    if (typeof data !== 'string') {
      kind = kindOf(data)
      field = fieldOf(data)
    } else if (encoding === null || encoding === 'utf8' || encoding === 'utf-8' || encoding === 'latin1') {
      kind = encoding === 'latin1' ? LATIN1 : UTF8
      field = data
    } else {
      const bytes = Buffer.from(data, encoding)
      kind = kindOf(bytes)
      field = fieldOf(bytes)
    }
    if (this.#joinHead(kind, field)) return this.#sendWindow > 0
    this.#headBatch = null
    this.#post(DATA, kind, field)
    this.#sendWindow -= sizeOf(kind, field)
    return this.#sendWindow > 0
  }

  /**
   * Puts the first piece of the body into the head's frame if that has not left and has none yet. What
   * travels with a head is not counted against the window: it is one piece, and nobody gives credit for it.
   */
  #joinHead(kind: number, field: BodyField): boolean {
    const batch = this.#headBatch as unknown[] | null
    if (batch === null || batch !== this.#host.port.batch) return false
    const flags = batch[this.#headAt] as number
    if ((flags & 3) !== NO_BODY) return false
    batch[this.#headAt] = flags | kind
    batch[this.#headAt + 4] = field
    return true
  }

  #endResponse(): void {
    const response = this.#response
    if (this.#responseEnded || this.#over || response === null) return
    this.#responseEnded = true
    const trailers = response._trailer
    const batch = this.#headBatch as unknown[] | null
    if (trailers === '' && batch !== null && batch === this.#host.port.batch) {
      batch[this.#headAt] = (batch[this.#headAt] as number) & ~MORE
    } else this.#post(END, trailers)
    this.#headBatch = null
  }

  #finishResponse(): void {
    const [request, response, socket] = [this.#request, this.#response, this.#socket]
    if (request === null || response === null || socket === null) return
    if (responseFinish.hasSubscribers) {
      responseFinish.publish({ request, response, socket, server: Reflect.get(socket, 'server') })
    }
    if (!request._consuming) request._dump()
    if (response.socket !== null) response.detachSocket(socket)
    process.nextTick(emitClose, response)
    this.#leaveWhenOver()
  }

  #leaveWhenOver(): void {
    if (this.#responseEnded && this.#requestEnded) this.#leave()
  }

  #leave(): void {
    this.#over = true
    this.#host.forget(this.#id)
  }

  #refuse(reason: string): void {
    this.#post(ABORT, reason)
    this.#leave()
  }

  #post(opcode: number, ...fields: readonly unknown[]): void {
    const { port } = this.#host
    port.batch.push(opcode, this.#id, ...fields)
    port.schedule()
  }

  /** As `#post`, without a rest array: a head is sent for every request. */
  #post2(
    opcode: number,
    flags: number,
    status: number,
    message: string,
    block: string,
    body: BodyField
  ): void {
    const { port } = this.#host
    port.batch.push(opcode, this.#id, flags, status, message, block, body)
    port.schedule()
  }
}

/**
 * Stands in for `_storeHeader` on each response: lets node check and write the head, then takes back
 * its choice of chunked framing, which belongs to a socket and is the receiver's to make.
 */
function storeHeader(this: MeshResponse, firstLine: string, headers: unknown): void {
  storeHeaderOfNode.call(this, firstLine, headers)
  if (this.chunkedEncoding) this.chunkedEncoding = false
}

/** The head as it travels: node writes the framing it chose last, and framing is the receiver's affair. */
function withoutFraming(block: string): string {
  return block.endsWith(chunkedLine) ? block.slice(0, -chunkedLine.length) : block
}

/** What node's parser does with a request that has arrived: `Expect` first, then the application. */
function dispatch(server: Server, request: MeshIncoming, response: MeshResponse): void {
  const expect = request.headers.expect
  if (expect === undefined || request.httpVersionMinor === 0) {
    server.emit('request', request, response)
  } else if (acceptsContinue.test(expect)) {
    response._expect_continue = true
    if (server.listenerCount('checkContinue') > 0) server.emit('checkContinue', request, response)
    else {
      response.writeContinue()
      server.emit('request', request, response)
    }
  } else if (server.listenerCount('checkExpectation') > 0) {
    server.emit('checkExpectation', request, response)
  } else {
    response.writeHead(417)
    response.end()
  }
}

/** The class a server was told to use for its requests or responses (`http.createServer` options). */
function classOf(server: Server | null, name: 'IncomingMessage'): typeof IncomingMessage | null
function classOf(server: Server | null, name: 'ServerResponse'): typeof ServerResponse | null
function classOf(server: Server | null, name: string): unknown {
  if (server === null) return null
  const key = Object.getOwnPropertySymbols(server).find(({ description }) => description === name)
  return key === undefined ? null : Reflect.get(server, key)
}

function responseOptions(server: Server | null): object {
  if (server === null) return {}
  return { rejectNonStandardBodyWrites: Reflect.get(server, 'rejectNonStandardBodyWrites') === true }
}

function emitClose(response: MeshResponse): void {
  if (response._closed) return
  response.destroyed = true
  response._closed = true
  response.emit('close')
}

function throwAgain(error: unknown): void {
  throw error
}

function ignore(): void {
  // node's http server listens for socket errors too, so that a broken connection is no uncaught error.
}
