/**
 * Tells subscribers of undici's diagnostics channels about requests to the mesh, as undici tells them
 * about its own: instrumentations see no difference, and the headers they add travel. Any thread, client side.
 *
 * Nothing is made for a request while nobody listens: ask {@link isObserved} first.
 */
import diagnosticsChannel from 'node:diagnostics_channel'

import { parseBlock, writeBlock } from '../wire/headers.ts'

const channel = (name: string): diagnosticsChannel.Channel => diagnosticsChannel.channel(`undici:${name}`)

const create = channel('request:create')
const sendHeaders = channel('client:sendHeaders')
const bodyChunkSent = channel('request:bodyChunkSent')
const bodySent = channel('request:bodySent')
const headersReceived = channel('request:headers')
const bodyChunkReceived = channel('request:bodyChunkReceived')
const trailersReceived = channel('request:trailers')
const failed = channel('request:error')

/** Whether anybody listens to any of the channels. */
export function isObserved(): boolean {
  return (
    create.hasSubscribers ||
    headersReceived.hasSubscribers ||
    trailersReceived.hasSubscribers ||
    failed.hasSubscribers ||
    sendHeaders.hasSubscribers ||
    bodySent.hasSubscribers ||
    bodyChunkSent.hasSubscribers ||
    bodyChunkReceived.hasSubscribers
  )
}

/** What is known of a request before it is sent. */
export interface RequestFacts {
  /** As the caller wrote it. */
  readonly origin: string | URL | undefined
  readonly method: string
  /** With its query. */
  readonly path: string
  /** Header section as a block, `host` and framing among them. */
  readonly block: string
  readonly body: unknown
  readonly idempotent: boolean
  readonly upgrade: string | null
  /** The length its caller has declared, `null` when it has not; what the block says where this is left out. */
  readonly contentLength?: number | null
  /** Milliseconds; `undefined` where the caller says nothing. */
  readonly headersTimeout: number | null | undefined
  readonly bodyTimeout: number | null | undefined
}

/** The connection subscribers are shown, as far as an in-memory one has anything to show. */
const connection = Object.freeze({
  remoteAddress: '127.0.0.1',
  remotePort: 80,
  remoteFamily: 'IPv4',
  localAddress: '127.0.0.1',
  localPort: 0
})

/** Lines undici keeps out of `request.headers`, and those of them it shows by a name of their own. */
const apart = new Set(['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade'])

/** A request as subscribers see it: what undici's own shows of itself. */
export class ObservedRequest {
  readonly origin: string | URL | undefined
  readonly protocol = 'http:'
  readonly method: string
  readonly path: string
  readonly body: unknown
  readonly idempotent: boolean
  readonly upgrade: string | null
  readonly headersTimeout: number | null | undefined
  readonly bodyTimeout: number | null | undefined
  readonly servername = null
  readonly blocking: boolean
  readonly reset = null
  readonly expectContinue = false
  host: string | null = null
  contentLength: number | null = null
  contentType: string | null = null
  completed = false
  aborted = false
  /** Names and values in turn. What is added before the request is sent is sent. */
  headers: (string | string[])[] = []

  constructor(facts: RequestFacts) {
    this.origin = facts.origin
    this.method = facts.method
    this.path = facts.path
    this.body = facts.body ?? null
    this.idempotent = facts.idempotent
    this.upgrade = facts.upgrade
    this.headersTimeout = facts.headersTimeout
    this.bodyTimeout = facts.bodyTimeout
    this.blocking = facts.method !== 'HEAD'
  }

  /** Adds a header to a request that has not been sent. */
  addHeader(name: string, value: string | string[]): this {
    this.headers.push(name, value)
    return this
  }
}

/** Tells what becomes of one request. */
export class Observation {
  readonly request: ObservedRequest
  /** Header section with what subscribers have added. */
  readonly block: string

  /**
   * Announces a request. Call it where the caller's asynchronous context is the current one.
   *
   * @throws MESH_INVALID_REQUEST for an added header that cannot be sent.
   */
  constructor(facts: RequestFacts) {
    const request = new ObservedRequest(facts)
    const pairs = parseBlock(facts.block)
    let kept = ''
    for (let at = 0; at + 1 < pairs.length; at += 2) {
      const [name = '', value = ''] = [pairs[at], pairs[at + 1]]
      const key = name.toLowerCase()
      if (apart.has(key)) kept += `${name}: ${value}\r\n`
      else request.headers.push(name, value)
      if (key === 'host') request.host = value
      else if (key === 'content-length' && facts.contentLength === undefined) {
        request.contentLength = Number(value)
      } else if (key === 'content-type') request.contentType = value
    }
    if (facts.contentLength !== undefined) request.contentLength = facts.contentLength
    this.request = request
    if (create.hasSubscribers) create.publish({ request })
    this.block = kept + writeBlock(request.headers).block
  }

  /** The head is about to be sent, and nothing can be added to it any more. */
  onSend(): void {
    if (!sendHeaders.hasSubscribers) return
    const { request, block } = this
    const headers = `${request.method} ${request.path} HTTP/1.1\r\n${block}`
    sendHeaders.publish({ request, headers, socket: connection })
  }

  /** A piece of the request body has been sent. */
  onBodyPiece(chunk: string | Uint8Array): void {
    if (bodyChunkSent.hasSubscribers) bodyChunkSent.publish({ request: this.request, chunk })
  }

  /** The request has been sent to its end. */
  onBodySent(): void {
    if (bodySent.hasSubscribers) bodySent.publish({ request: this.request })
  }

  /** A response's head has come, or an informational one. `headers`: names and values in turn. */
  onHeaders(statusCode: number, headers: readonly Buffer[], statusText: string): void {
    if (!headersReceived.hasSubscribers) return
    headersReceived.publish({ request: this.request, response: { statusCode, headers, statusText } })
  }

  /** A piece of the response body has come. */
  onData(chunk: Uint8Array): void {
    if (bodyChunkReceived.hasSubscribers) bodyChunkReceived.publish({ request: this.request, chunk })
  }

  /** The response is complete. `trailers`: names and values in turn. */
  onComplete(trailers: readonly Buffer[]): void {
    this.request.completed = true
    if (trailersReceived.hasSubscribers) trailersReceived.publish({ request: this.request, trailers })
  }

  /** The request has failed, or was given up. */
  onError(error: unknown): void {
    if (failed.hasSubscribers) failed.publish({ request: this.request, error })
    this.request.aborted = true
  }
}
