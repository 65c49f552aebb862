/**
 * A response that came through the mesh: a kind of the platform's `Response`. Any thread.
 *
 * Most are complete when their head arrives, and are asked for `json()` or `text()` once: that takes no
 * stream and no copy. A stream is made when somebody asks for it, and from then on everything goes
 * through it, so that one body is never read in two ways.
 */
import { Readable } from 'node:stream'

import { bytesOf } from '../wire/body.ts'
import { LATIN1, UTF8, type BodyField } from '../wire/frames.ts'
import { ownBytes, type FetchBody } from './fetch-body.ts'
import { decoded } from './fetch-decoding.ts'
import { FetchedHeaders } from './fetch-headers.ts'
import { inheritLate } from './fetch-platform.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** What a response is, its body apart. */
export interface ResponseFacts {
  readonly status: number
  readonly statusText: string
  /** Serialised, without a fragment. */
  readonly url: string
  readonly redirected: boolean
  /** `cors` once a redirect has led to another origin. */
  readonly type: 'basic' | 'cors'
  /** The header section. */
  readonly block: string
  /** Whether its body is null: an answer to HEAD, or a status without one. */
  readonly bodiless: boolean
  /** Codings to be undone, first applied first. */
  readonly codings: readonly string[]
}

/** Where its body comes from: at hand as a field, on its way, or a stream that somebody else feeds. */
export interface ResponseSource {
  readonly flags: number
  readonly field: BodyField
  readonly live: FetchBody | null
  readonly stream: ReadableStream<Bytes> | null
  /** Kept as long as the response is: a response of node's whose stream this is. */
  readonly keep: unknown
}

/** A response. */
export class FetchedResponse {
  readonly #facts: ResponseFacts
  readonly #source: ResponseSource
  #headers: FetchedHeaders | null = null
  #stream: ReadableStream<Bytes> | null
  /** Whether its body has been read without a stream. */
  #used = false

  constructor(facts: ResponseFacts, source: ResponseSource) {
    this.#facts = facts
    this.#source = source
    this.#stream = source.stream
  }

  get type(): ResponseType {
    return this.#facts.type
  }

  get url(): string {
    return this.#facts.url
  }

  get redirected(): boolean {
    return this.#facts.redirected
  }

  get status(): number {
    return this.#facts.status
  }

  get ok(): boolean {
    const { status } = this.#facts
    return status >= 200 && status <= 299
  }

  get statusText(): string {
    return this.#facts.statusText
  }

  get headers(): FetchedHeaders {
    return (this.#headers ??= new FetchedHeaders(this.#facts.block))
  }

  get body(): ReadableStream<Bytes> | null {
    if (this.#facts.bodiless) return null
    return (this.#stream ??= this.#used ? spentStream() : this.#makeStream())
  }

  get bodyUsed(): boolean {
    return this.#used || (this.#stream !== null && isDisturbed(this.#stream))
  }

  clone(): FetchedResponse {
    if (this.#unusable()) throw new TypeError('Response.clone: Body has already been consumed.')
    const source = this.#source
    if (this.#facts.bodiless || (this.#stream === null && source.live === null)) {
      return new FetchedResponse(this.#facts, source)
    }
    const [own, other] = (this.#stream ?? this.#makeStream()).tee()
    this.#stream = own
    return new FetchedResponse(this.#facts, { ...source, stream: other })
  }

  text(): Promise<string> {
    return this.#read(textOf, textOfBytes)
  }

  json(): Promise<unknown> {
    return this.#read(jsonOf, jsonOfBytes)
  }

  bytes(): Promise<Bytes> {
    return this.#read(ownBytes, sameBytes)
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#read(bufferOf, bufferOfBytes)
  }

  async blob(): Promise<Blob> {
    return (await this.#platform()).blob()
  }

  async formData(): Promise<FormData> {
    return (await this.#platform()).formData()
  }

  /** A response of the platform's own with the same head and what is left of the body. */
  static own(response: FetchedResponse): Response {
    if (response.#unusable()) throw unusable()
    const { status, statusText } = response.#facts
    return new Response(response.body, {
      status,
      statusText,
      headers: FetchedHeaders.own(response.headers)
    })
  }

  /** As {@link own}, with the body read: its type decides what a Blob or a form is. */
  async #platform(): Promise<Response> {
    const bytes = await this.bytes()
    return new Response(bytes, { headers: FetchedHeaders.own(this.headers) })
  }

  #unusable(): boolean {
    if (this.#used) return true
    return this.#stream !== null && (this.#stream.locked || isDisturbed(this.#stream))
  }

  /** Reads the body once, in the cheapest way there is. */
  #read<Value>(
    ofField: (flags: number, field: BodyField) => Value,
    ofBytes: (bytes: Bytes) => Value
  ): Promise<Value> {
    if (this.#unusable()) return Promise.reject(unusable())
    const { flags, field, live } = this.#source
    if (this.#stream === null && live !== null && this.#facts.codings.length > 0) {
      this.#stream = this.#makeStream()
    }
    if (this.#stream !== null) return readAll(this.#stream).then(ofBytes)
    this.#used = !this.#facts.bodiless
    if (live !== null) return live.collect().then(ofBytes)
    try {
      return Promise.resolve(ofField(flags, field))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #makeStream(): ReadableStream<Bytes> {
    const { live, flags, field } = this.#source
    if (live === null) return streamOf(flags, field)
    const { codings } = this.#facts
    const stream = live.stream()
    if (codings.length === 0) return stream
    return decoded(stream, codings, cause =>
      live.failure === null ? new TypeError('terminated', { cause }) : live.failure.error
    )
  }
}

inheritLate(
  FetchedResponse.prototype,
  'Response',
  (self: FetchedResponse) => FetchedResponse.own(self) as unknown as Record<string, unknown>
)

const decoder = new TextDecoder()

function textOfBytes(bytes: Bytes): string {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  // The decoder takes a byte order mark off too: node's fetch takes off two.
  return decoder.decode(marked ? bytes.subarray(3) : bytes)
}

function textOf(flags: number, field: BodyField): string {
  if (field === null) return ''
  if (typeof field === 'string') {
    if (flags === UTF8) return field.toWellFormed().replace(/^\uFEFF{1,2}/, '')
    // Its characters are its bytes: without one beyond ASCII it is its own text.
    // eslint-disable-next-line no-control-regex
    if (flags === LATIN1 && !/[^\x00-\x7f]/.test(field)) return field
  }
  return textOfBytes(bytesOf(flags, field) as Bytes)
}

function jsonOf(flags: number, field: BodyField): unknown {
  return JSON.parse(textOf(flags, field))
}

function jsonOfBytes(bytes: Bytes): unknown {
  return JSON.parse(textOfBytes(bytes))
}

function sameBytes(bytes: Bytes): Bytes {
  return bytes
}

function bufferOf(flags: number, field: BodyField): ArrayBuffer {
  return ownBytes(flags, field).buffer
}

function bufferOfBytes(bytes: Bytes): ArrayBuffer {
  return bytes.buffer
}

function isDisturbed(stream: ReadableStream<Bytes>): boolean {
  return Readable.isDisturbed(stream as never)
}

function unusable(): TypeError {
  return new TypeError('Body is unusable: Body has already been read')
}

/** A body that is at hand, as a stream of one piece. */
function streamOf(flags: number, field: BodyField): ReadableStream<Bytes> {
  let sent = field === null
  return new ReadableStream({
    type: 'bytes',
    pull(controller) {
      if (!sent) {
        sent = true
        controller.enqueue(ownBytes(flags, field))
        return
      }
      controller.close()
      controller.byobRequest?.respond(0)
    }
  })
}

/** What `body` is when the body has been read without a stream: empty, read and locked. */
function spentStream(): ReadableStream<Bytes> {
  const stream = new ReadableStream({ type: 'bytes', start: controller => controller.close() })
  void stream.getReader().read()
  return stream
}

async function readAll(stream: ReadableStream<Bytes>): Promise<Bytes> {
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return new Uint8Array(Buffer.concat(chunks))
    chunks.push(value)
  }
}
