/**
 * Takes apart a response an application has written on a raw socket. Any thread, client side; pure.
 *
 * Only answers to upgrades come this way: a head that grants the upgrade, or a short refusal. Everything
 * else in the mesh travels in frames.
 */

/** The head of a response. */
export interface RawHead {
  readonly status: number
  readonly message: string
  /** Header section as a block. */
  readonly block: string
  /** Bytes it takes up, its empty line included. */
  readonly size: number
}

const END_OF_HEAD = Buffer.from('\r\n\r\n')

/** Reads a head. `partial`: it is not all there; `malformed`: it never will be one. */
export function readRawHead(bytes: Buffer): RawHead | 'partial' | 'malformed' {
  const end = bytes.indexOf(END_OF_HEAD)
  const text = bytes.toString('latin1', 0, end === -1 ? bytes.byteLength : end)
  if (end === -1) return 'HTTP/1.'.startsWith(text.slice(0, 7)) ? 'partial' : 'malformed'
  const [first = '', ...lines] = text.split('\r\n')
  const match = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(first)
  if (match === null) return 'malformed'
  let block = ''
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1) return 'malformed'
    block += `${line.slice(0, colon)}: ${line.slice(colon + 1).trim()}\r\n`
  }
  return { status: Number(match[1]), message: match[2] ?? '', block, size: end + END_OF_HEAD.byteLength }
}

/** The body of a response, as it comes (RFC 9112, section 6.3). */
export class RawBody {
  readonly #chunked: boolean
  /** Bytes still to come of the body, or of the current chunk; -1 when nobody said. */
  #left: number
  /** What has come of a chunk's head or of the trailers. */
  #line = ''
  #inTrailers = false
  trailers = ''
  complete = false
  malformed = false

  constructor({ block, status }: Pick<RawHead, 'block' | 'status'>) {
    this.#chunked = /(?:^|\r\n)transfer-encoding: [^\r]*chunked/i.test(block)
    const length = /(?:^|\r\n)content-length: (\d+)(?:\r|$)/i.exec(block)
    this.#left = this.#chunked ? 0 : length === null ? -1 : Number(length[1])
    this.complete = status === 204 || status === 304 || (!this.#chunked && this.#left === 0)
  }

  /** Whether it ends with the connection. */
  get untilClose(): boolean {
    return !this.#chunked && this.#left === -1
  }

  /** The pieces of the body in what has come. Bytes after its end are not looked at. */
  push(bytes: Buffer): Buffer[] {
    if (this.complete || this.malformed) return []
    if (this.untilClose) return bytes.byteLength === 0 ? [] : [bytes]
    return this.#chunked ? this.#chunks(bytes) : this.#counted(bytes)
  }

  #counted(bytes: Buffer): Buffer[] {
    const piece = bytes.subarray(0, this.#left)
    this.#left -= piece.byteLength
    this.complete = this.#left === 0
    return piece.byteLength === 0 ? [] : [piece]
  }

  #chunks(bytes: Buffer): Buffer[] {
    const pieces: Buffer[] = []
    for (let at = 0; at < bytes.byteLength && !this.complete && !this.malformed;) {
      if (this.#left > 0) {
        const piece = bytes.subarray(at, at + this.#left)
        this.#left -= piece.byteLength
        at += piece.byteLength
        pieces.push(piece)
        continue
      }
      const newline = bytes.indexOf(0x0a, at)
      this.#line += bytes.toString('latin1', at, newline === -1 ? bytes.byteLength : newline + 1)
      if (newline === -1) break
      at = newline + 1
      this.#readLine(this.#line.trim())
      this.#line = ''
    }
    return pieces
  }

  #readLine(line: string): void {
    if (this.#inTrailers) {
      if (line === '') this.complete = true
      else this.trailers += `${line.replace(/:\s*/, ': ')}\r\n`
      return
    }
    // The line end after a chunk.
    if (line === '') return
    const size = /^([0-9a-f]{1,8})(?:\s*;.*)?$/i.exec(line)
    if (size === null) this.malformed = true
    else if (Number.parseInt(size[1] ?? '', 16) === 0) this.#inTrailers = true
    else this.#left = Number.parseInt(size[1] ?? '', 16)
  }
}
