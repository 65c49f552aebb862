/**
 * Undoes the content codings of a response body, as node's fetch does. Any thread.
 *
 * Only what somebody reads is decoded, and only as fast as it is read.
 */
import { Duplex, Readable, pipeline, type Transform } from 'node:stream'
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress
} from 'node:zlib'

/** More codings than this on one response are an attack (undici has the same limit). */
export const CODINGS_MAX = 5

/** A truncated body is decoded as far as it goes, as curl and browsers do. */
const lenient = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }

const lenientBrotli = {
  flush: constants.BROTLI_OPERATION_FLUSH,
  finishFlush: constants.BROTLI_OPERATION_FLUSH
}

/** RFC 9659: a receiver need not keep more than 8 MiB. */
const limitedZstd = {
  flush: constants.ZSTD_e_continue,
  finishFlush: constants.ZSTD_e_end,
  params: { [constants.ZSTD_d_windowLogMax]: 23 }
}

/** The undici inside Node 22 does not know zstd: its callers get the body as it is. */
const knowsZstd = Number.parseInt(process.versions['undici'] ?? '0', 10) >= 7

const decoders: ReadonlyMap<string, () => Duplex> = new Map<string, () => Duplex>([
  ['gzip', () => createGunzip(lenient)],
  ['x-gzip', () => createGunzip(lenient)],
  ['deflate', () => new AnyInflate()],
  ['br', () => createBrotliDecompress(lenientBrotli)],
  ...(knowsZstd ? [['zstd', () => createZstdDecompress(limitedZstd)] as const] : [])
])

/**
 * The codings a `content-encoding` names, first applied first; none when one of them is unknown.
 *
 * @throws Error for more than {@link CODINGS_MAX}.
 */
export function codingsOf(contentEncoding: string): string[] {
  const codings = contentEncoding.toLowerCase().split(',')
  if (codings.length > CODINGS_MAX) {
    throw new Error(
      `too many content-encodings in response: ${codings.length}, maximum allowed is ${CODINGS_MAX}`
    )
  }
  const trimmed = codings.map(coding => coding.trim())
  return trimmed.every(coding => decoders.has(coding)) ? trimmed : []
}

/**
 * The decoded body.
 *
 * @param failureOf what the read fails with when decoding does: of the cause.
 */
export function decoded(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  codings: readonly string[],
  failureOf: (cause: unknown) => unknown
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let chunks: AsyncIterator<Uint8Array> | null = null
  const reader = body.getReader()
  return new ReadableStream({
    type: 'bytes',
    start(controller) {
      // A body that breaks off while nobody reads is known to be broken at once.
      reader.closed.catch((error: unknown) => controller.error(failureOf(error)))
    },
    async pull(controller) {
      try {
        chunks ??= decodedChunks(reader, codings)
        const { done, value } = await chunks.next()
        if (done !== true) return controller.enqueue(new Uint8Array(value))
        controller.close()
        controller.byobRequest?.respond(0)
      } catch (error) {
        throw failureOf(error)
      }
    },
    async cancel(reason) {
      await (chunks?.return?.() ?? reader.cancel(reason))
    }
  })
}

async function* decodedChunks(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  codings: readonly string[]
): AsyncGenerator<Uint8Array> {
  const first = await reader.read()
  // The decoders take a body without a byte for a broken one.
  if (first.done) return
  const source = Readable.from(chunksFrom(first.value, reader), { objectMode: false })
  const chain = codings.toReversed().map(coding => decoders.get(coding)?.() ?? fail(coding))
  const last = pipeline([source, ...chain], () => undefined) as unknown as Duplex
  for await (const chunk of last) yield chunk as Uint8Array
}

async function* chunksFrom(
  first: Uint8Array,
  reader: ReadableStreamDefaultReader<Uint8Array>
): AsyncGenerator<Uint8Array> {
  try {
    yield first
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel()
  }
}

function fail(coding: string): never {
  throw new TypeError(`Nothing decodes ${coding}.`)
}

/** `deflate` with or without the wrapper RFC 9110 asks for: its first byte tells. */
class AnyInflate extends Duplex {
  #inflate: Transform | null = null

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const inflate = (this.#inflate ??= this.#make(chunk))
    inflate.write(chunk, encoding, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#inflate === null) this.push(null)
    else this.#inflate.end()
    done()
  }

  override _read(): void {
    this.#inflate?.resume()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inflate?.destroy()
    super._destroy(error, done)
  }

  #make(chunk: Buffer): Transform {
    const wrapped = ((chunk[0] ?? 0) & 0x0f) === 0x08
    const inflate = wrapped ? createInflate(lenient) : createInflateRaw(lenient)
    inflate.on('data', (piece: Buffer) => {
      if (!this.push(piece)) inflate.pause()
    })
    inflate.on('end', () => this.push(null))
    inflate.on('error', error => this.destroy(error))
    return inflate
  }
}
