/**
 * Sends a request body that is not at hand yet: streams, iterables, blobs. Any thread, client side.
 *
 * It goes as fast as the upstream takes it, holds the body to its declared length, and leaves nothing of
 * it behind: a stream that is not needed any more is destroyed, an iterator is told to return.
 */
import type { Readable } from 'node:stream'

import { http } from '../node-http.ts'
import { fieldOf, kindOf } from '../wire/body.ts'
import type { Exchange } from './exchange.ts'
import { isStream, pieceOf, type StreamedBody } from './request-body.ts'
import { UndiciFailure } from './undici-errors.ts'

/** Whom a pump works for. */
export interface PumpOwner {
  /** A piece has been sent. */
  onBodyPiece(piece: Uint8Array): void
  /** All of the body has been sent. */
  onBodySent(): void
  /** The body failed, or is not as long as was declared. The pump has stopped. */
  onBodyError(error: unknown): void
}

/** One request body under way. */
export class RequestPump {
  readonly #exchange: Exchange
  readonly #owner: PumpOwner
  /** Bytes the header section promises; `null` for a chunked body. */
  readonly #declared: number | null
  #sent = 0
  #stopped = false
  #stream: Readable | null = null
  #proceed: (() => void) | null = null

  constructor(exchange: Exchange, owner: PumpOwner, declared: number | null) {
    this.#exchange = exchange
    this.#owner = owner
    this.#declared = declared
  }

  /** Begins to send. Once. */
  start(body: StreamedBody): void {
    if (isStream(body)) this.#follow(body)
    else void this.#iterate(body)
  }

  /** The upstream takes more. */
  onWritable(): void {
    this.#stream?.resume()
    const proceed = this.#proceed
    this.#proceed = null
    proceed?.()
  }

  /** Sends no more. `error`: why the exchange failed; `null` when its response came before the body's end. */
  stop(error: unknown): void {
    if (this.#stopped) return
    this.#stopped = true
    this.onWritable()
    if (this.#stream !== null) abandon(this.#stream, error)
  }

  #follow(stream: Readable): void {
    this.#stream = stream
    stream.on('error', error => this.#fail(error))
    stream.on('close', () => {
      // Streams of other makes may emit 'close' before 'error'.
      if (!this.#stopped) queueMicrotask(() => this.#fail(aborted()))
    })
    if (stream.destroyed || stream.readableEnded) {
      const { errored } = stream
      queueMicrotask(() => (stream.readableEnded ? this.#end() : this.#fail(errored ?? aborted())))
      return
    }
    stream.on('end', () => this.#end())
    stream.on('data', (chunk: unknown) => {
      if (this.#stopped) return
      try {
        if (!this.#send(chunk)) stream.pause()
      } catch (error) {
        this.#fail(error)
      }
    })
    stream.resume()
  }

  async #iterate(body: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
    try {
      for await (const chunk of body) {
        if (this.#stopped) return
        if (!this.#send(chunk)) await this.#writable()
        if (this.#stopped) return
      }
      this.#end()
    } catch (error) {
      this.#fail(error)
    }
  }

  #writable(): Promise<void> {
    return new Promise(resolve => {
      this.#proceed = resolve
    })
  }

  /** Sends a piece; false when the upstream has enough for now. */
  #send(chunk: unknown): boolean {
    const piece = pieceOf(chunk)
    if (piece.byteLength === 0) return true
    this.#sent += piece.byteLength
    if (this.#declared !== null && this.#sent > this.#declared) throw lengthError(this.#sent, this.#declared)
    const room = this.#exchange.write(kindOf(piece), fieldOf(piece))
    this.#owner.onBodyPiece(piece)
    return room || this.#stopped
  }

  #end(): void {
    if (this.#stopped) return
    if (this.#declared !== null && this.#sent !== this.#declared) {
      this.#fail(lengthError(this.#sent, this.#declared))
      return
    }
    this.#stopped = true
    this.#exchange.end()
    this.#owner.onBodySent()
  }

  #fail(error: unknown): void {
    if (this.#stopped) return
    this.stop(error)
    this.#owner.onBodyError(error)
  }
}

function abandon(stream: Readable, error: unknown): void {
  if (stream.destroyed || typeof stream.destroy !== 'function') return
  // Destroying a request takes its connection along, over which an answer may still go.
  if (stream instanceof http.IncomingMessage) Reflect.set(stream, 'socket', null)
  stream.destroy(error instanceof Error ? error : undefined)
}

function aborted(): UndiciFailure {
  return new UndiciFailure('UND_ERR_ABORTED', 'The request body was closed before its end.')
}

function lengthError(sent: number, declared: number): UndiciFailure {
  const message = `The request body has ${sent} bytes or more where its content-length says ${declared}.`
  return new UndiciFailure('UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', message)
}
