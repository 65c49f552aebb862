/**
 * The body of a response that is still arriving, or that can still be aborted, until somebody reads it.
 * Any thread.
 *
 * It is held back until it is asked for: as a whole, or piece by piece as a stream. What nobody has asked
 * for is not acknowledged, so the server stops; a body whose response or stream has become garbage is
 * aborted, since nobody can ask for it any more. For that to work nothing here may hold on to either: the
 * stream's controller is held firmly only while a read waits for it.
 */
import { bytesOf, sizeOf } from '../wire/body.ts'
import type { BodyField } from '../wire/frames.ts'
import { unwatchBody, watchBody, type StreamingResponse } from './body-timeouts.ts'
import type { Exchange } from './exchange.ts'
import { UndiciFailure } from './undici-errors.ts'

interface Piece {
  readonly flags: number
  readonly field: BodyField
  /** Whether the server waits to hear that there is room again. */
  readonly owed: boolean
}

interface Collector {
  resolve(bytes: Uint8Array<ArrayBuffer>): void
  reject(error: unknown): void
}

/** Who is told that nothing can happen to a body any more. */
export interface FetchBodyOwner {
  onBodyOver(): void
}

const HELD = 0
const COLLECTED = 1
const STREAMED = 2
const DROPPED = 3

/** Bodies whose readers are gone. */
const unread = new FinalizationRegistry<FetchBody>(body => body.abandon())

/** A response body on its way. */
export class FetchBody implements StreamingResponse {
  readonly #exchange: Exchange
  readonly #owner: FetchBodyOwner
  readonly bodyTimeoutMs: number
  stirred = false
  quietSinceMs = 0
  watchIndex = -1
  #mode: typeof HELD | typeof COLLECTED | typeof STREAMED | typeof DROPPED = HELD
  #pieces: Piece[] = []
  #ended = false
  #over = false
  #failure: { readonly error: unknown } | null = null
  #collector: Collector | null = null
  #controller: ReadableByteStreamController | null = null
  #controllerRef: WeakRef<ReadableByteStreamController> | null = null
  #pulled: (() => void) | null = null

  /** @param bodyTimeoutMs Milliseconds the server may be silent; 0 for ever. */
  constructor(exchange: Exchange, owner: FetchBodyOwner, bodyTimeoutMs: number) {
    this.#exchange = exchange
    this.#owner = owner
    this.bodyTimeoutMs = bodyTimeoutMs
    if (bodyTimeoutMs > 0) watchBody(this)
  }

  /** Aborts the exchange if `response` becomes garbage before anybody has asked it for its body. */
  watch(response: object): void {
    if (!this.#over) unread.register(response, this)
  }

  /** A piece has arrived. */
  push(flags: number, field: BodyField, owed: boolean): void {
    if (field === null || sizeOf(flags, field) === 0 || this.#over) return
    this.stirred = true
    this.#pieces.push({ flags, field, owed })
    if (this.#mode === COLLECTED) this.#acknowledge(flags, field, owed)
    else if (this.#controller !== null) this.#serve(this.#controller)
  }

  /** Everything has arrived. */
  end(): void {
    this.#ended = true
    unwatchBody(this)
    if (this.#mode === DROPPED) this.#finish()
    else if (this.#collector !== null) this.#deliver(this.#collector)
    else if (this.#controller !== null) this.#serve(this.#controller)
  }

  /** Nothing more will arrive, and what was not read is lost. */
  fail(error: unknown): void {
    if (this.#over) return
    this.#failure = { error }
    this.#pieces = []
    const controller = this.#controller ?? this.#controllerRef?.deref()
    this.#finish()
    this.#collector?.reject(error)
    controller?.error(error)
    this.#pulled?.()
    this.#controller = null
  }

  /** Whether it is the reader who is awaited. */
  get paused(): boolean {
    return this.#pieces.length > 0 && this.#mode !== COLLECTED
  }

  /** The server has been silent for too long. */
  onBodyTimeout(): void {
    const text = `The response was silent for ${this.bodyTimeoutMs} ms.`
    this.#exchange.abort(text)
    this.fail(new TypeError('terminated', { cause: new UndiciFailure('UND_ERR_BODY_TIMEOUT', text) }))
  }

  /** Whether it failed, and with what. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure
  }

  /** Bytes are not wanted. */
  drop(): void {
    this.#mode = DROPPED
    for (const { flags, field, owed } of this.#pieces.splice(0)) this.#acknowledge(flags, field, owed)
    if (this.#ended) this.#finish()
  }

  /** Nobody can read it any more. */
  abandon(): void {
    if (this.#mode === COLLECTED || this.#controller !== null) return
    if (this.#mode === STREAMED && this.#controllerRef?.deref() !== undefined) return
    this.#cancel('the response is not read by anybody')
  }

  /** Reads all of it. The one call to it, or to {@link stream}, is the only one. */
  collect(): Promise<Uint8Array<ArrayBuffer>> {
    this.#mode = COLLECTED
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array<ArrayBuffer>>()
    if (this.#failure !== null) {
      reject(this.#failure.error)
      return promise
    }
    this.#collector = { resolve, reject }
    for (const { flags, field, owed } of this.#pieces) this.#acknowledge(flags, field, owed)
    // The end in a later turn, as with any stream: an abort that comes first still wins.
    if (this.#ended) queueMicrotask(() => this.#collector !== null && this.#deliver(this.#collector))
    return promise
  }

  /** Hands it on piece by piece. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#mode = STREAMED
    const stream = new ReadableStream({
      type: 'bytes',
      start: controller => {
        if (this.#failure !== null) controller.error(this.#failure.error)
        else this.#controllerRef = new WeakRef(controller)
      },
      pull: controller => this.#pull(controller),
      cancel: reason => this.#cancel(String(reason ?? 'the body is not wanted'))
    })
    if (!this.#over) unread.register(stream, this)
    return stream
  }

  #pull(controller: ReadableByteStreamController): Promise<void> | undefined {
    if (this.#serve(controller)) return undefined
    this.#controller = controller
    return new Promise(resolve => {
      this.#pulled = resolve
    })
  }

  /** Serves a waiting read with the next piece or the end; false when there is neither yet. */
  #serve(controller: ReadableByteStreamController): boolean {
    if (this.#over) return true
    const piece = this.#pieces.shift()
    if (piece === undefined && !this.#ended) return false
    const pulled = this.#pulled
    this.#controller = null
    this.#pulled = null
    if (piece === undefined) {
      this.#finish()
      controller.close()
      controller.byobRequest?.respond(0)
    } else {
      controller.enqueue(ownBytes(piece.flags, piece.field))
      this.#acknowledge(piece.flags, piece.field, piece.owed)
    }
    pulled?.()
    return true
  }

  #deliver(collector: Collector): void {
    if (this.#over) return
    this.#collector = null
    const pieces = this.#pieces
    this.#pieces = []
    this.#finish()
    const [first] = pieces
    collector.resolve(
      pieces.length === 1 && first !== undefined ? ownBytes(first.flags, first.field) : joined(pieces)
    )
  }

  #cancel(reason: string): void {
    if (this.#over) return
    this.#pieces = []
    this.#exchange.abort(reason)
    this.#pulled?.()
    this.#finish()
  }

  #acknowledge(flags: number, field: BodyField, owed: boolean): void {
    if (owed) this.#exchange.consumed(sizeOf(flags, field))
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    unwatchBody(this)
    this.#owner.onBodyOver()
  }
}

/** A field as bytes that own their buffer, whoever else has the field. */
export function ownBytes(flags: number, field: BodyField): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytesOf(flags, field))
}

function joined(pieces: readonly Piece[]): Uint8Array<ArrayBuffer> {
  const chunks = pieces.map(({ flags, field }) => bytesOf(flags, field))
  return new Uint8Array(Buffer.concat(chunks))
}
