/**
 * Makes the request and response objects an application is given. Any thread, server side.
 *
 * They are node's own `IncomingMessage` and `ServerResponse` on a {@link MeshSocket}; only the parser in
 * front of them and the serialiser behind them are left out. The internals of node they need are all
 * here, pinned by tests on every supported version: `_storeHeader`, through which every way of writing
 * a head goes, `_addHeaderLines`, and the flag behind `writableNeedDrain`.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

import { http } from '../node-http.ts'
import { HTTP10 } from '../wire/frames.ts'
import { parseBlock } from '../wire/headers.ts'
import type { ServerHooks } from './hooks.ts'
import type { Target } from './server.ts'
import type { MeshSocket } from './socket.ts'

type StoreHeader = (this: MeshResponse, firstLine: string, headers: unknown) => void

const observerKey: unique symbol = Symbol('observer')

/** Who learns what becomes of a response. */
export interface ResponseObserver {
  /** Everything has been written. */
  onResponseEnd(response: MeshResponse): void
  /** `finish` is being emitted. */
  onResponseFinish(response: MeshResponse): void
}

/** The fields of node's ServerResponse that its type does not show. */
export interface MeshResponse extends ServerResponse {
  [observerKey]: ResponseObserver
  _header: string | null
  _trailer: string
  _closed: boolean
  _storeHeader: StoreHeader
  _removedConnection: boolean
  _expect_continue: boolean
}

/** The fields of node's IncomingMessage that its type does not show. */
export interface MeshIncoming extends IncomingMessage {
  _addHeaderLines(pairs: readonly string[], count: number): void
  _consuming: boolean
  upgrade: boolean | null
  _dump(): void
}

type IncomingConstructor = new (socket: MeshSocket) => MeshIncoming
/** The options argument is missing from node's types. */
type ResponseConstructor = new (request: IncomingMessage, options: object) => MeshResponse

const storeHeaderOfNode = Reflect.get(http.OutgoingMessage.prototype, '_storeHeader') as StoreHeader

const needDrain = Object.getOwnPropertySymbols(new http.OutgoingMessage()).find(
  ({ description }) => description === 'kNeedDrain'
)

const acceptsContinue = /(?:^|\W)100-continue(?:$|\W)/i

/** A request as it came out of its frame. */
export interface RequestFrame {
  readonly flags: number
  readonly method: string
  readonly path: string
  /** Header section as a block. */
  readonly headers: string
}

/** What a target says about the objects it is to be given; worked out once per target. */
export interface Recipe {
  readonly target: Target
  readonly server: Server | undefined
  readonly Incoming: IncomingConstructor
  readonly Response: ResponseConstructor
  readonly joinDuplicateHeaders: boolean
  /** What the server keeps of its option of that name, and where it and its responses keep it; `null` without it. */
  readonly uniqueHeaders: { readonly key: symbol; readonly names: unknown } | null
  readonly responseOptions: object
  readonly hooks: ServerHooks | null
}

/** Reads a target's wishes: `http.createServer` options, which it keeps on itself. */
export function recipeFor(target: Target, hooks: ServerHooks | null): Recipe {
  const server = typeof target === 'function' ? undefined : target
  return {
    target,
    server,
    hooks,
    Incoming: (optionOf(server, 'IncomingMessage') ?? http.IncomingMessage) as IncomingConstructor,
    Response: (optionOf(server, 'ServerResponse') ?? http.ServerResponse) as ResponseConstructor,
    joinDuplicateHeaders: server !== undefined && Reflect.get(server, 'joinDuplicateHeaders') === true,
    uniqueHeaders: uniqueHeadersOf(server),
    responseOptions: {
      rejectNonStandardBodyWrites:
        server !== undefined && Reflect.get(server, 'rejectNonStandardBodyWrites') === true
    }
  }
}

/** Makes the request object. */
export function makeRequest(socket: MeshSocket, frame: RequestFrame, recipe: Recipe): MeshIncoming {
  const request = new recipe.Incoming(socket)
  const pairs = parseBlock(frame.headers)
  const minor = (frame.flags & HTTP10) === 0 ? 1 : 0
  request.httpVersionMajor = 1
  request.httpVersionMinor = minor
  request.httpVersion = minor === 1 ? '1.1' : '1.0'
  if (recipe.joinDuplicateHeaders) Reflect.set(request, 'joinDuplicateHeaders', true)
  request._addHeaderLines(pairs, pairs.length)
  request.upgrade = false
  request.method = frame.method
  request.url = frame.path
  return request
}

/** Makes the response object for a request, assigned to its socket. `observer` learns when it is over. */
export function makeResponse(
  socket: MeshSocket,
  request: MeshIncoming,
  recipe: Recipe,
  observer: ResponseObserver
): MeshResponse {
  const response = new recipe.Response(request, recipe.responseOptions)
  // Own properties: Express and Koa exchange the prototypes of what they are given.
  response._storeHeader = storeHeader
  response._removedConnection = true
  response[observerKey] = observer
  const { uniqueHeaders } = recipe
  if (uniqueHeaders !== null) Reflect.set(response, uniqueHeaders.key, uniqueHeaders.names)
  response.assignSocket(socket)
  // Shared functions, not closures: this runs for every request.
  response.on('prefinish', onPrefinish)
  response.on('finish', onFinish)
  return response
}

function onPrefinish(this: MeshResponse): void {
  this[observerKey].onResponseEnd(this)
}

function onFinish(this: MeshResponse): void {
  this[observerKey].onResponseFinish(this)
}

/** Hands a request to the application as node's parser would: `Expect` first. */
export function callTarget(target: Target, request: MeshIncoming, response: MeshResponse): void {
  if (typeof target === 'function') {
    target(request, response)
    return
  }
  const expect = expectationOf(request)
  if (expect === null || request.httpVersionMinor === 0) {
    target.emit('request', request, response)
  } else if (acceptsContinue.test(expect)) {
    response._expect_continue = true
    if (target.listenerCount('checkContinue') > 0) target.emit('checkContinue', request, response)
    else {
      response.writeContinue()
      target.emit('request', request, response)
    }
  } else if (target.listenerCount('checkExpectation') > 0) {
    target.emit('checkExpectation', request, response)
  } else {
    response.writeHead(417)
    response.end()
  }
}

/**
 * The value of `Expect`, found without `request.headers`: reading that takes all headers apart, a twentieth of
 * the time of a small answer, and an application may never ask for it.
 */
function expectationOf({ rawHeaders }: MeshIncoming): string | null {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 6 && name.toLowerCase() === 'expect') return rawHeaders[at + 1] ?? null
  }
  return null
}

/** Tells a response that there is room again, if it was told to wait. */
export function emitDrain(response: MeshResponse): void {
  if (!response.writableNeedDrain) return
  if (needDrain !== undefined) Reflect.set(response, needDrain, false)
  response.emit('drain')
}

/** Tells of a time-out as node's http server does: whoever listens decides, otherwise the connection ends. */
export function emitTimeout(socket: MeshSocket, request: MeshIncoming, response: MeshResponse | null): void {
  const server = Reflect.get(socket, 'server') as Server | undefined
  const byRequest = !request.complete && request.emit('timeout', socket)
  const byResponse = response?.emit('timeout', socket) === true
  const byServer = server?.emit('timeout', socket) === true
  if (!byRequest && !byResponse && !byServer) socket.destroy()
}

/** Whether a server takes the connection of a request out of HTTP; from Node 24 on it may decide for itself. */
export function wantsSocket(
  server: Server | undefined,
  request: MeshIncoming,
  event: 'connect' | 'upgrade'
): boolean {
  if (event === 'connect') return true
  if (server === undefined) return false
  const decide: unknown = Reflect.get(server, 'shouldUpgradeCallback')
  return typeof decide === 'function'
    ? Boolean(decide.call(server, request))
    : server.listenerCount(event) > 0
}

/** Ends the life of a finished response, as node's http server does a tick after `finish`. */
export function emitClose(response: MeshResponse): void {
  if (response._closed) return
  response.destroyed = true
  response._closed = true
  response.emit('close')
}

/**
 * Stands in for `_storeHeader` on each response: lets node check and write the head, then takes back
 * its choice of chunked framing, which belongs to a socket and is the receiver's to make.
 */
function storeHeader(this: MeshResponse, firstLine: string, headers: unknown): void {
  storeHeaderOfNode.call(this, firstLine, headers)
  if (this.chunkedEncoding) this.chunkedEncoding = false
  // No client can make a response of it; over a socket each fails in its own way.
  if (this.statusCode < 200) this.socket?.destroy(new Error(`${this.statusCode} is no final status`))
}

/** The class a server was told to use (`http.createServer` options), which it keeps under a symbol. */
function optionOf(server: Server | undefined, name: string): unknown {
  const key = symbolOf(server, name)
  return server === undefined || key === undefined ? undefined : Reflect.get(server, key)
}

function uniqueHeadersOf(server: Server | undefined): Recipe['uniqueHeaders'] {
  const key = symbolOf(server, 'kUniqueHeaders')
  const names: unknown = optionOf(server, 'kUniqueHeaders')
  return key === undefined || names === undefined || names === null ? null : { key, names }
}

function symbolOf(server: Server | undefined, name: string): symbol | undefined {
  return server && Object.getOwnPropertySymbols(server).find(({ description }) => description === name)
}
