/**
 * Reads a response that an application writes to its socket by itself, past node's response object, as those do
 * that take a request over from their framework. Any thread, server side; pure.
 *
 * Over TCP such bytes go out as they are. Here whoever waits for the answer wants a head, a body and an end, so
 * that what was meant is read from the bytes: status line, header lines, and a body of a length, in chunks, or up
 * to the end of the connection.
 */
import { isFieldValue, isToken } from '../wire/headers.ts'

/** What is told of a response, in this order. Strings have one character for each byte. */
export interface RawReceiver {
  onInformation(status: number, block: string): void
  onHead(status: number, message: string, block: string): void
  onBody(bytes: string): void
  onEnd(trailers: string): void
}

const HEAD = 0
const LENGTH = 1
const UNTIL_CLOSE = 2
const CHUNK_SIZE = 3
const CHUNK_DATA = 4
const CHUNK_END = 5
const TRAILERS = 6
const DONE = 7
const BROKEN = 8

/** Characters of a head or a chunk's size line that are waited for. Past that it is none. */
const HEAD_MAX = 64 * 1024

const perConnection = new Set(['transfer-encoding', 'connection', 'keep-alive'])
const statusLine = /^HTTP\/1\.[01] ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/

/** One response, as it is being written. */
export class RawResponse {
  readonly #receiver: RawReceiver
  /** The answer to a HEAD request: what its headers say of a body is not followed by one. */
  readonly #bodiless: boolean
  #state = HEAD
  #kept = ''
  #remaining = 0

  constructor(receiver: RawReceiver, bodiless: boolean) {
    this.#receiver = receiver
    this.#bodiless = bodiless
  }

  /** Whether the response is complete. What is written after that is dropped. */
  get done(): boolean {
    return this.#state === DONE
  }

  /** Whether what was written cannot be a response. */
  get broken(): boolean {
    return this.#state === BROKEN
  }

  /** Whether nothing but informational responses has been written, whole ones. */
  get fresh(): boolean {
    return this.#state === HEAD && this.#kept === ''
  }

  /** Takes what was written. */
  push(bytes: string): void {
    if (this.#state >= DONE) return
    this.#kept += bytes
    while (this.#state < DONE && this.#step());
    if (this.#state >= DONE) this.#kept = ''
    else if (this.#kept.length > HEAD_MAX) this.#state = BROKEN
  }

  /** The application has ended its connection. False when its response was not complete. */
  close(): boolean {
    if (this.#state === UNTIL_CLOSE) this.#end('')
    return this.#state === DONE
  }

  /** Reads one element; false when there is not enough of it yet. */
  #step(): boolean {
    switch (this.#state) {
      case HEAD:
        return this.#readHead()
      case CHUNK_SIZE:
        return this.#readChunkSize()
      case CHUNK_END:
        return this.#readChunkEnd()
      case TRAILERS:
        return this.#readTrailers()
      default:
        return this.#readBody()
    }
  }

  #readHead(): boolean {
    const end = this.#kept.indexOf('\r\n\r\n')
    if (end === -1) return false
    const [first = '', ...lines] = this.#kept.slice(0, end).split('\r\n')
    this.#kept = this.#kept.slice(end + 4)
    const match = statusLine.exec(first)
    const [status, fields] = [Number(match?.[1] ?? 101), readFields(lines)]
    // An upgrade that nobody asked for is none either.
    if (status === 101 || fields === null) return this.#break()
    if (status < 200) {
      this.#receiver.onInformation(status, blockOf(fields))
      return true
    }
    const state = this.#framing(status, fields)
    if (state === BROKEN) return this.#break()
    // Coding belongs to the connection, as in every other response.
    const plain = fields.filter(({ name }) => !perConnection.has(name.toLowerCase()))
    // A body without a length tells its end by closing the connection, as far as its client is concerned too.
    const close = state === UNTIL_CLOSE ? 'Connection: close\r\n' : ''
    this.#receiver.onHead(status, match?.[2] ?? '', blockOf(plain) + close)
    if (state === DONE) this.#end('')
    else this.#state = state
    return true
  }

  /** Chooses how the end of the body is found (RFC 9112, section 6.3): the state to go on in. */
  #framing(status: number, fields: readonly Field[]): number {
    const valueOf = (wanted: string): string | undefined =>
      fields.find(({ name }) => name.toLowerCase() === wanted)?.value
    const length = valueOf('content-length')
    if (this.#bodiless || status === 204 || status === 304 || length === '0') return DONE
    if (valueOf('transfer-encoding')?.toLowerCase() === 'chunked') return CHUNK_SIZE
    if (length === undefined) return UNTIL_CLOSE
    this.#remaining = Number(length)
    return /^\d{1,15}$/.test(length) ? LENGTH : BROKEN
  }

  #readBody(): boolean {
    if (this.#kept === '') return false
    if (this.#state === UNTIL_CLOSE) {
      this.#receiver.onBody(this.#kept)
      this.#kept = ''
      return false
    }
    const piece = this.#kept.slice(0, this.#remaining)
    this.#kept = this.#kept.slice(piece.length)
    this.#remaining -= piece.length
    this.#receiver.onBody(piece)
    if (this.#remaining > 0) return false
    if (this.#state === LENGTH) this.#end('')
    else this.#state = CHUNK_END
    return true
  }

  #readChunkSize(): boolean {
    const end = this.#kept.indexOf('\r\n')
    if (end === -1) return false
    const size = /^([0-9a-f]{1,12})(?:[\t ]*;.*)?$/i.exec(this.#kept.slice(0, end))?.[1]
    if (size === undefined) return this.#break()
    const bytes = Number.parseInt(size, 16)
    if (bytes === 0) {
      // Its line end stays: an empty trailer section is found by two of them.
      this.#kept = this.#kept.slice(end)
      this.#state = TRAILERS
      return true
    }
    this.#kept = this.#kept.slice(end + 2)
    this.#remaining = bytes
    this.#state = CHUNK_DATA
    return true
  }

  #readChunkEnd(): boolean {
    if (this.#kept.length < 2) return false
    if (!this.#kept.startsWith('\r\n')) return this.#break()
    this.#kept = this.#kept.slice(2)
    this.#state = CHUNK_SIZE
    return true
  }

  #readTrailers(): boolean {
    const end = this.#kept.indexOf('\r\n\r\n')
    if (end === -1) return false
    const lines = this.#kept.slice(2, Math.max(end, 2)).split('\r\n')
    const fields = readFields(lines.filter(line => line !== ''))
    if (fields === null) return this.#break()
    this.#end(blockOf(fields))
    return true
  }

  #break(): false {
    this.#state = BROKEN
    return false
  }

  #end(trailers: string): void {
    this.#state = DONE
    this.#receiver.onEnd(trailers)
  }
}

interface Field {
  readonly name: string
  readonly value: string
}

/** Reads header lines; `null` when one is none. */
function readFields(lines: readonly string[]): Field[] | null {
  const fields = lines.map(line => {
    const colon = Math.max(line.indexOf(':'), 0)
    return { name: line.slice(0, colon), value: line.slice(colon + 1).trim() }
  })
  return fields.every(({ name, value }) => isToken(name) && isFieldValue(value)) ? fields : null
}

function blockOf(fields: readonly Field[]): string {
  return fields.map(({ name, value }) => `${name}: ${value}\r\n`).join('')
}
