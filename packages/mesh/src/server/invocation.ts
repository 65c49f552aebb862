/**
 * One request being answered. Any thread, server side. THE WALK: frame, request and response objects,
 * application, frames; and what each side learns when the other gives up.
 */
import diagnosticsChannel from 'node:diagnostics_channel'
import type { Server } from 'node:http'

import { throwLater } from '../errors.ts'
import { Deadline, underDeadline } from '../deadline.ts'
import { bytesOf, sizeOf } from '../wire/body.ts'
import type { FramePort } from '../wire/frame-port.ts'
import { ABORT, BODY_MASK, CREDIT, MORE, UPGRADE, WINDOW, type BodyField } from '../wire/frames.ts'
import { parseBlock } from '../wire/headers.ts'
import {
  callTarget,
  emitClose,
  emitDrain,
  emitTimeout,
  makeRequest,
  makeResponse,
  wantsSocket,
  type MeshIncoming,
  type MeshResponse,
  type Recipe,
  type RequestFrame,
  type ResponseObserver
} from './http-objects.ts'
import type { ServerHooks } from './hooks.ts'
import { inOwnContext } from './own-context.ts'
import { ResponseFrames } from './response-frames.ts'
import type { SocketPool } from './socket-pool.ts'
import type { MeshSocket, SocketOwner } from './socket.ts'
import { TunnelOutput } from './tunnel-output.ts'

/** The link an invocation came over. */
export interface InvocationHost {
  readonly port: FramePort
  /** What answers, `null` while nothing does. */
  readonly recipe: Recipe | null
  readonly sockets: SocketPool
  forget(id: number): void
}

/** A request frame with everything in it. */
export interface InvocationFrame extends RequestFrame {
  readonly id: number
  readonly body: BodyField
  /** The peer's connection as `address port secure number`, number 0 while it has had one request; `null` for a call from inside. */
  readonly peer: string | null
  /** When its caller stops waiting for the head, on the clock all threads share; 0 for never. */
  readonly deadline: number
}

const noResponse = 'the application wrote to its connection what is no HTTP response'

const requestStart = diagnosticsChannel.channel('http.server.request.start')
const responseFinish = diagnosticsChannel.channel('http.server.response.finish')

/** One request from its first frame to its last. */
export class Invocation implements SocketOwner, ResponseObserver {
  readonly #host: InvocationHost
  /** Id of the exchange it answers. */
  readonly id: number
  readonly #flags: number
  readonly #frames: ResponseFrames
  #socket: MeshSocket | null = null
  #request: MeshIncoming | null = null
  #response: MeshResponse | null = null
  #requestEnded: boolean
  #responseEnded = false
  /** Its `finish` was emitted. On Node 22 `writableFinished` says so of an unsent response too. */
  #responseFinished = false
  #over = false
  #tunnel: TunnelOutput | null = null
  #abortReason = ''
  #deadline: Deadline | null = null
  #hooks: ServerHooks | null = null
  /** Bytes received that the application has not made room for, and such that the client has not been told of. */
  #held = 0
  #unacknowledged = 0

  constructor(host: InvocationHost, frame: InvocationFrame) {
    this.#host = host
    this.id = frame.id
    this.#flags = frame.flags
    this.#frames = new ResponseFrames(host.port, frame.id)
    this.#requestEnded = (frame.flags & MORE) === 0
  }

  /** Nothing more is sent or expected. */
  get over(): boolean {
    return this.#over
  }

  /** What it was sent to, as its header says. */
  get host(): string | undefined {
    return this.#request?.headers.host
  }

  /** Breaks it off if it is an upgraded connection. */
  cutTunnel(): void {
    if (this.#tunnel !== null) this.#socket?.destroy()
  }

  /** Its upgraded connection, `null` when it is none. */
  get tunnel(): TunnelOutput | null {
    return this.#tunnel
  }

  /** Hands the request to the application. What the application throws is thrown as node would: uncaught. */
  run(frame: InvocationFrame): void {
    const { recipe, sockets } = this.#host
    if (recipe === null) {
      this.#fail('no application is being served')
      return
    }
    const socket = sockets.take(this, frame.peer)
    // As node's http server puts itself on its sockets.
    if (recipe.server !== undefined) {
      Reflect.set(socket, 'server', recipe.server)
      if (recipe.server.timeout > 0) socket.setTimeout(recipe.server.timeout)
    }
    const request = makeRequest(socket, frame, recipe)
    this.#socket = socket
    this.#request = request
    this.#hooks = recipe.hooks
    try {
      inOwnContext(() => this.#enterUnder(frame.deadline, recipe, request, socket))
    } catch (error) {
      throwLater(error)
    }
    if (this.#requestEnded && this.#tunnel === null) this.#completeRequest('', frame.body)
    else if (frame.body !== null) this.onData(this.#flags, frame.body)
  }

  /** A piece of the request body, or of the tunnel. */
  onData(flags: number, body: BodyField): void {
    const size = sizeOf(flags & BODY_MASK, body)
    const stream = this.#tunnel === null ? this.#request : this.#socket
    if (stream === null || stream.destroyed || size === 0 || this.#requestEnded) return
    this.#socket?.active()
    this.#held += size
    if (stream.push(bytesOf(flags & BODY_MASK, body))) this.onResume()
  }

  /** The request body, or the client's side of the tunnel, is complete. */
  onEnd(trailers: string): void {
    this.#requestEnded = true
    if (this.#tunnel === null) this.#completeRequest(trailers, null)
    else this.#socket?.endFromPeer()
    this.#leaveWhenOver()
  }

  /** The client has given up, or is gone. */
  onAbort(reason: string): void {
    if (this.#over) return
    this.#leave()
    this.#abortReason = reason
    if (this.#hooks !== null) this.#tellError(abortedError(reason))
    if (this.#tunnel === null) this.#socket?.destroy()
    else this.#socket?.closeFromPeer()
  }

  /** The client has consumed `bytes`. */
  onCredit(bytes: number): void {
    this.#frames.window = Math.min(WINDOW, this.#frames.window + bytes)
    if (this.#frames.window <= 0) return
    this.#tunnel?.proceed()
    if (this.#response !== null) emitDrain(this.#response)
  }

  /** Something of the response could not be posted: it is broken off. */
  onUnsendable(error: Error): void {
    if (!this.#over) this.#fail(`part of the response could not be sent: ${error.message}`)
    this.#socket?.destroy(error)
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
    const more = this.#frames.write(response, data, encoding)
    const { raw } = this.#frames
    // Written past the response object, which will never say that it has ended.
    if (raw?.done === true) this.#socket?.end()
    else if (raw?.broken === true) this.#socket?.destroy(new Error(noResponse))
    return more
  }

  onTunnelBytes(chunk: Uint8Array, done: (error?: Error | null) => void): void {
    if (this.#over || this.#tunnel === null) done()
    else this.#tunnel.write(chunk, done)
  }

  onTunnelEnd(): void {
    if (this.#responseEnded || this.#over) return
    this.#responseEnded = true
    this.#frames.end('')
    this.#leaveWhenOver()
  }

  /** As node's http server: whoever listens decides, otherwise the connection ends. */
  onTimeout(): void {
    const [request, socket] = [this.#request, this.#socket]
    if (this.#tunnel !== null || request === null || socket === null) return
    emitTimeout(socket, request, this.#response)
  }

  onDestroyed(error: Error | null): void {
    this.#tunnel?.close()
    if (this.#over) return
    // A tunnel is half open after its end: the client has to learn that nobody reads it any more.
    const ended = this.#responseEnded && this.#tunnel === null
    if (ended || (error === null && this.#frames.raw?.close() === true)) {
      // The rest of the request will not be read: its sender need not go on.
      if (this.#requestEnded) this.#leave()
      else this.#fail('the application closed the connection before the request was complete')
    } else {
      this.#fail(error?.message ?? 'the application destroyed the connection')
      if (this.#hooks !== null)
        this.#tellError(error ?? abortedError('the application destroyed the connection'))
    }
  }

  onResponseEnd(response: MeshResponse): void {
    if (this.#responseEnded || this.#over) return
    this.#responseEnded = true
    this.#frames.end(response._trailer)
  }

  onResponseFinish(response: MeshResponse): void {
    const [request, socket] = [this.#request, this.#socket]
    if (request === null || socket === null) return
    this.#responseFinished = true
    if (responseFinish.hasSubscribers) {
      responseFinish.publish({ request, response, socket, server: this.#host.recipe?.server })
    }
    if (this.#hooks !== null) this.#hooks.onResponse(request, response)
    if (!request._consuming) request._dump()
    if (response.socket !== null) response.detachSocket(socket)
    process.nextTick(emitClose, response)
    this.#leaveWhenOver()
  }

  #enter(recipe: Recipe, request: MeshIncoming, socket: MeshSocket): void {
    if ((this.#flags & UPGRADE) !== 0) {
      const event = request.method === 'CONNECT' ? 'connect' : 'upgrade'
      if (wantsSocket(recipe.server, request, event)) {
        this.#enterTunnel(recipe.server, event, { request, socket })
        return
      }
      // node treats an upgrade nobody listens for as an ordinary request.
      this.#requestEnded = true
    }
    const response = makeResponse(socket, request, recipe, this)
    this.#response = response
    if (requestStart.hasSubscribers) {
      requestStart.publish({ request, response, socket, server: recipe.server })
    }
    if (this.#hooks === null) callTarget(recipe.target, request, response)
    else this.#pass(request, () => callTarget(recipe.target, request, response))
  }

  /** Lets the hooks decide when the application is given its request. */
  #pass(request: MeshIncoming, go: () => void): void {
    if (this.#hooks === null) go()
    else {
      this.#hooks.onRequest(request, () => {
        if (!this.#over) go()
      })
    }
  }

  #tellError(error: Error): void {
    const request = this.#request
    if (request === null) return
    try {
      this.#hooks?.onError(request, this.#response, error)
    } catch (thrown) {
      throwLater(thrown)
    }
  }

  /** Hands the connection itself over. Like node, ends one that nobody takes. */
  #enterTunnel(
    server: Server | undefined,
    event: 'connect' | 'upgrade',
    { request, socket }: { request: MeshIncoming; socket: MeshSocket }
  ): void {
    // The edge ends those that come through it: it knows of all of them, and for how long it may.
    const isOurs = socket.peer === null && request.headers.upgrade?.toLowerCase() === 'websocket'
    this.#tunnel = new TunnelOutput(this.#frames, isOurs)
    socket.becomeTunnel()
    request.complete = true
    Reflect.set(request, 'upgrade', true)
    if (server === undefined || server.listenerCount(event) === 0) socket.destroy()
    else this.#pass(request, () => server.emit(event, request, socket, Buffer.alloc(0)))
  }

  #enterUnder(at: number, recipe: Recipe, request: MeshIncoming, socket: MeshSocket): void {
    const deadline = new Deadline(at, reason => socket.destroy(new Error(reason)))
    this.#deadline = deadline
    underDeadline(deadline, () => {
      try {
        this.#enter(recipe, request, socket)
      } catch (error) {
        // From within: whoever hears of it can tell which request it was.
        throwLater(error)
      }
    })
  }

  #completeRequest(trailers: string, body: BodyField): void {
    const request = this.#request
    if (request === null) return
    if (body !== null && !request.destroyed) request.push(bytesOf(this.#flags & BODY_MASK, body))
    request.complete = true
    if (request.destroyed) return
    if (trailers !== '') {
      const pairs = parseBlock(trailers)
      request._addHeaderLines(pairs, pairs.length)
    }
    request.push(null)
  }

  /** What node's http server does with a request whose connection breaks before its response is finished. */
  onClosed(): void {
    if (this.#tunnel !== null || this.#responseFinished) return
    this.#request?.destroy(abortedError(this.#abortReason))
  }

  #leaveWhenOver(): void {
    if (!this.#responseEnded || !this.#requestEnded || this.#over) return
    this.#leave()
    if (this.#socket !== null && this.#tunnel === null) this.#host.sockets.release(this.#socket)
  }

  #leave(): void {
    this.#over = true
    if (this.#deadline !== null) this.#deadline.over = true
    this.#host.forget(this.id)
  }

  #fail(reason: string): void {
    // An application's error may say anything.
    const text = typeof reason === 'string' ? reason : 'aborted'
    // Corked: node holds back what was written in this tick, and a connection destroyed now never sends it.
    const held = this.#tunnel === null && this.#socket !== null && this.#socket.writableCorked > 0
    if (!held || !this.#frames.recall(text)) this.#post(ABORT, text)
    this.#leave()
  }

  #post(opcode: number, field: number | string): void {
    const { port } = this.#host
    port.batch.push(opcode, this.id, field)
    port.schedule()
  }
}

/** As node says it of a connection that is gone. */
function abortedError(reason: string): Error {
  return Object.assign(new Error('aborted'), { code: 'ECONNRESET', reason })
}
