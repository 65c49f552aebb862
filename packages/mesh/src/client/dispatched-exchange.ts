/**
 * One exchange on behalf of an undici handler. Any thread.
 *
 * It is the controller undici's newer handlers are given and the handler the exchange reports to. Data
 * is handed on only while the handler is not paused; what it does not take, the server does not send.
 */
import { MeshError } from '../errors.ts'
import { bytesOf, fieldOf, kindOf, sizeOf } from '../wire/body.ts'
import { MORE, type BodyField } from '../wire/frames.ts'
import { parseBlock } from '../wire/headers.ts'
import type { Exchange, ExchangeHandler, ResponseHead } from './exchange.ts'
import { pieceOf } from './request-body.ts'

type Headers = Record<string, string | string[]>

/** Handlers of undici 7 and later. */
interface Handler {
  onRequestStart?(controller: DispatchedExchange, context: object): void
  onResponseStart?(controller: DispatchedExchange, status: number, headers: Headers, message: string): void
  onResponseData?(controller: DispatchedExchange, chunk: Buffer): void
  onResponseEnd?(controller: DispatchedExchange, trailers: Headers): void
  onResponseError?(controller: DispatchedExchange, error: Error): void
}

/** Handlers of undici 6 and earlier. */
interface LegacyHandler {
  onConnect?(abort: (reason?: Error) => void, context: object): void
  onHeaders?(status: number, rawHeaders: Buffer[], resume: () => void, message: string): boolean
  onData?(chunk: Buffer): boolean
  onComplete?(rawTrailers: Buffer[]): void
  onError?(error: Error): void
}

type AnyHandler = Handler & LegacyHandler

/** A request undici has dispatched into the mesh. */
export class DispatchedExchange implements ExchangeHandler {
  readonly #handler: AnyHandler
  readonly #legacy: boolean
  #exchange: Exchange | null = null
  #headBlock = ''
  #trailerBlock = ''
  #held: { flags: number; body: BodyField }[] = []
  #ended = false
  #headSeen = false
  #wakePump: (() => void) | null = null
  /** Whether the handler has been told the end, whichever it was. */
  over = false
  paused = false
  aborted = false
  reason: Error | null = null

  constructor(handler: object) {
    this.#handler = handler
    this.#legacy = this.#handler.onRequestStart === undefined
  }

  /** Response headers as undici's parser would give them: names and values in turn, as Buffers. */
  get rawHeaders(): Buffer[] {
    return rawOf(this.#headBlock)
  }

  /** As {@link rawHeaders}, for the trailers. */
  get rawTrailers(): Buffer[] {
    return rawOf(this.#trailerBlock)
  }

  /** Tells the handler that its request is about to be sent; it may abort it right here. */
  start(): void {
    if (this.#legacy) this.#handler.onConnect?.(reason => this.abort(reason), {})
    else this.#handler.onRequestStart?.(this, {})
  }

  /** The request is on its way. */
  began(exchange: Exchange): void {
    if (this.over) exchange.abort(this.reason?.message ?? 'aborted')
    else this.#exchange = exchange
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.#release()
  }

  abort(reason?: Error): void {
    if (this.over) return
    const error = reason instanceof Error ? reason : abortError(reason)
    this.aborted = true
    this.reason = error
    this.#exchange?.abort(error.message)
    this.#fail(error)
  }

  /** Sends a streamed body, as fast as the server takes it. */
  async pump(stream: AsyncIterable<unknown> | Iterable<unknown>, declared: string | null): Promise<void> {
    const exchange = this.#exchange
    const length = declared === null ? null : Number(declared)
    let sent = 0
    try {
      for await (const chunk of stream) {
        if (this.over || exchange === null) return
        const piece = pieceOf(chunk)
        sent += piece.byteLength
        if (length !== null && sent > length) break
        if (!exchange.write(kindOf(piece), fieldOf(piece))) {
          await new Promise<void>(resolve => {
            this.#wakePump = resolve
          })
        }
      }
      if (length !== null && sent !== length) throw lengthError(sent, length)
      exchange?.end()
    } catch (error) {
      this.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  onWritable(): void {
    this.#wakePump?.()
    this.#wakePump = null
  }

  onInformation(status: number, block: string): void {
    // undici reports every informational response but 100, which it handles itself.
    if (this.over || status === 100) return
    if (this.#legacy) this.#handler.onHeaders?.(status, rawOf(block), () => this.resume(), '')
    else this.#handler.onResponseStart?.(this, status, headersOf(block), '')
  }

  onHead({ status, message, block, flags, body }: ResponseHead): void {
    if (this.over) return
    this.#headBlock = block
    this.#headSeen = true
    this.#guard(() => {
      if (!this.#legacy) this.#handler.onResponseStart?.(this, status, headersOf(block), message)
      else if (this.#handler.onHeaders?.(status, rawOf(block), () => this.resume(), message) === false)
        this.pause()
    })
    if (body !== null) this.#deliver(flags & 3, body, false)
    if ((flags & MORE) === 0) this.onEnd('')
  }

  onData(flags: number, body: BodyField): void {
    this.#deliver(flags, body, true)
  }

  onEnd(trailers: string): void {
    this.#trailerBlock = trailers
    this.#ended = true
    this.#release()
  }

  onError(error: Error): void {
    // fetch never learns of an error that arrives in the same turn as the head.
    if (this.#headSeen) setImmediate(() => this.#fail(error))
    else this.#fail(error)
  }

  #fail(error: Error): void {
    if (this.over) return
    this.over = true
    this.#held = []
    this.onWritable()
    if (!this.#legacy) this.#handler.onResponseError?.(this, error)
    else this.#handler.onError?.(error)
  }

  #deliver(flags: number, body: BodyField, acknowledge: boolean): void {
    if (this.over) return
    if (this.paused || this.#held.length > 0) {
      this.#held.push({ flags, body })
      return
    }
    this.#guard(() => {
      const chunk = bytesOf(flags, body)
      if (!this.#legacy) this.#handler.onResponseData?.(this, chunk)
      else if (this.#handler.onData?.(chunk) === false) this.pause()
    })
    if (acknowledge) this.#exchange?.consumed(sizeOf(flags, body))
  }

  /** Hands on what was held back while the handler was paused, then the end. */
  #release(): void {
    while (!this.paused && !this.over && this.#held.length > 0) {
      const [piece] = this.#held.splice(0, 1)
      const rest = this.#held
      this.#held = []
      if (piece !== undefined) this.#deliver(piece.flags, piece.body, true)
      this.#held = rest
    }
    if (!this.#ended || this.paused || this.over || this.#held.length > 0) return
    this.over = true
    // undici gives up an upload once the response is complete.
    this.onWritable()
    if (this.#exchange?.requestEnded === false) this.#exchange.abort('the response is complete')
    this.#guard(() => {
      if (this.#legacy) this.#handler.onComplete?.(this.rawTrailers)
      else this.#handler.onResponseEnd?.(this, headersOf(this.#trailerBlock))
    })
  }

  /** A handler that throws fails its own request and nobody else's. */
  #guard(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.over = false
      this.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }
}

function rawOf(block: string): Buffer[] {
  return parseBlock(block).map(part => Buffer.from(part, 'latin1'))
}

/** A block as undici's headers object: lower-case names, an array where a name repeats. */
function headersOf(block: string): Headers {
  const headers: Headers = {}
  const pairs = parseBlock(block)
  for (let i = 0; i < pairs.length; i += 2) {
    const name = (pairs[i] ?? '').toLowerCase()
    const value = pairs[i + 1] ?? ''
    const present = Object.hasOwn(headers, name) ? headers[name] : undefined
    if (present === undefined) define(headers, name, value)
    else if (Array.isArray(present)) present.push(value)
    else headers[name] = [present, value]
  }
  return headers
}

/** `headers[name] = value`, for a name as hostile as `__proto__`. */
function define(headers: Headers, name: string, value: string): void {
  if (name === '__proto__') {
    Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true })
  } else headers[name] = value
}

function abortError(reason: unknown): Error {
  return new MeshError('MESH_REQUEST_ABORTED', {
    host: '',
    reason: typeof reason === 'string' ? reason : 'aborted'
  })
}

function lengthError(sent: number, declared: number): Error {
  const offered = `${sent} bytes where content-length says ${declared}`
  return new MeshError('MESH_INVALID_REQUEST', { what: 'length of the body', offered })
}
