/**
 * Reads one HTTP/1.1 answer from bytes as they come. Pure: bytes in, an answer out.
 *
 * Runs in the driver. It is strict, since it is there to notice: what is no answer is thrown, never guessed.
 */

const headEnd = Buffer.from('\r\n\r\n')
const lineEnd = Buffer.from('\r\n')

function parseHead(text) {
  const [first, ...lines] = text.split('\r\n')
  const status = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(first)
  if (status === null) throw new Error(`no status line: ${JSON.stringify(first.slice(0, 80))}`)
  const headers = new Map()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1) throw new Error(`no header: ${JSON.stringify(line.slice(0, 80))}`)
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  return { status: Number(status[1]), headers }
}

/** Reads one answer. */
export class ResponseReader {
  #bytes = Buffer.alloc(0)
  #head = null
  #parts = []
  /** Whether a byte has come. */
  hasBegun = false

  /**
   * Takes bytes.
   * @returns the answer when it is complete: status, headers, body, whether the connection ends with it, and
   *   the bytes behind it; else null.
   */
  push(chunk) {
    this.hasBegun = true
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    while (this.#head === null) {
      const end = this.#bytes.indexOf(headEnd)
      if (end === -1) return null
      const head = parseHead(this.#bytes.toString('latin1', 0, end))
      this.#bytes = this.#bytes.subarray(end + headEnd.length)
      // What is only informational is followed by the answer.
      if (head.status >= 200 || head.status === 101) this.#head = head
    }
    return this.#readBody()
  }

  /** The connection has ended. Returns the answer when that is what completes it, else null. */
  end() {
    if (this.#head === null || this.#framing() !== 'end') return null
    return this.#answer(this.#bytes, Buffer.alloc(0))
  }

  #framing() {
    const { status, headers } = this.#head
    if (status === 101 || status === 204 || status === 304) return 'none'
    if (headers.get('transfer-encoding') === 'chunked') return 'chunked'
    return headers.has('content-length') ? 'length' : 'end'
  }

  #readBody() {
    const framing = this.#framing()
    if (framing === 'none') return this.#answer(Buffer.alloc(0), this.#bytes)
    if (framing === 'chunked') return this.#readChunks()
    if (framing === 'end') return null
    const length = Number(this.#head.headers.get('content-length'))
    if (this.#bytes.length < length) return null
    return this.#answer(this.#bytes.subarray(0, length), this.#bytes.subarray(length))
  }

  #readChunks() {
    for (;;) {
      const end = this.#bytes.indexOf(lineEnd)
      if (end === -1) return null
      const size = this.#bytes.toString('latin1', 0, end)
      if (!/^[\da-f]+$/i.test(size)) throw new Error(`no chunk size: ${JSON.stringify(size.slice(0, 80))}`)
      const start = end + lineEnd.length
      const stop = start + Number.parseInt(size, 16)
      if (this.#bytes.length < stop + lineEnd.length) return null
      const part = this.#bytes.subarray(start, stop)
      this.#bytes = this.#bytes.subarray(stop + lineEnd.length)
      if (part.length === 0) return this.#answer(Buffer.concat(this.#parts), this.#bytes)
      this.#parts.push(part)
    }
  }

  #answer(body, rest) {
    const { status, headers } = this.#head
    const closes = headers.get('connection')?.toLowerCase() === 'close' || this.#framing() === 'end'
    return { status, headers, body, closes, rest }
  }
}
