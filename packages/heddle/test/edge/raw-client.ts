/**
 * An HTTP/1 client of raw bytes for tests: it sends exactly what it is given and reads responses
 * strictly. Main thread of a test. It never repairs anything.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A response as it came over the wire. */
export interface RawResponse {
  readonly status: number
  /** Status line and header lines as they were. */
  readonly head: string
  /** Values by lower-case name; several lines of one name are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Lines after a chunked body. */
  readonly trailers: readonly string[]
  /** Status codes of the informational responses before it. */
  readonly informational: readonly number[]
}

/** One connection. */
export class RawClient {
  readonly socket: Socket
  #bytes: Buffer = Buffer.alloc(0)
  /** What has come since, which is put together when somebody looks at it. */
  #chunks: Buffer[] = []
  #length = 0
  #wake: (() => void) | null = null
  #ended = false
  /** Resolves when the connection is gone, whatever the reason. */
  readonly closed: Promise<void>

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#length += chunk.byteLength
      this.#wake?.()
    })
    socket.on('error', () => undefined)
    const ended = (): void => {
      this.#ended = true
      this.#wake?.()
    }
    socket.on('end', ended)
    this.closed = new Promise(resolve => {
      socket.on('close', () => {
        ended()
        resolve()
      })
    })
  }

  /** Opens a connection to this machine. It stays half open when the server ends its side. */
  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: false, noDelay: true })
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** Sends text, one byte for each character. */
  send(text: string | Uint8Array): this {
    if (typeof text === 'string') this.socket.write(text, 'latin1')
    else this.socket.write(text)
    return this
  }

  /** Reads the next response. Rejects when the connection ends before it is complete. */
  async response(method = 'GET'): Promise<RawResponse> {
    const informational: number[] = []
    for (;;) {
      const head = await this.#until('\r\n\r\n')
      const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1])
      if (Number.isNaN(status)) throw new Error(`not a status line: ${JSON.stringify(head.slice(0, 80))}`)
      if (status < 200 && status !== 101) {
        informational.push(status)
        continue
      }
      const headers = headersOf(head)
      const bare = method === 'HEAD' || status === 101 || status === 204 || status === 304
      const { body, trailers } = bare ? { body: '', trailers: [] } : await this.#body(headers)
      return { status, head, headers, body, trailers, informational }
    }
  }

  /** Everything that comes until the server ends the connection. */
  async rest(): Promise<string> {
    while (!this.#ended) await this.#more()
    return this.#take(this.#length)
  }

  /** Reads that many bytes. */
  async bytes(count: number): Promise<string> {
    while (this.#length < count) await this.#expect()
    return this.#take(count)
  }

  /** Closes the connection in order. */
  destroy(): void {
    this.socket.destroy()
  }

  async #body(headers: Readonly<Record<string, string>>): Promise<{ body: string; trailers: string[] }> {
    const length = headers['content-length']
    const coding = headers['transfer-encoding']
    if (length !== undefined && coding !== undefined) throw new Error('both a length and a coding')
    if (coding !== undefined) return this.#chunked()
    return { body: length === undefined ? await this.rest() : await this.bytes(Number(length)), trailers: [] }
  }

  async #chunked(): Promise<{ body: string; trailers: string[] }> {
    let body = ''
    for (;;) {
      const size = Number.parseInt(await this.#until('\r\n'), 16)
      if (size === 0) break
      body += await this.bytes(size)
      if ((await this.bytes(2)) !== '\r\n') throw new Error('a chunk does not end where it should')
    }
    const trailers: string[] = []
    for (let line = await this.#until('\r\n'); line !== ''; line = await this.#until('\r\n')) {
      trailers.push(line)
    }
    return { body, trailers }
  }

  async #until(mark: string): Promise<string> {
    for (let at = this.#join().indexOf(mark); ; at = this.#join().indexOf(mark)) {
      if (at !== -1) return this.#take(at + mark.length).slice(0, -mark.length)
      await this.#expect()
    }
  }

  #take(count: number): string {
    const bytes = this.#join()
    this.#bytes = bytes.subarray(count)
    this.#length -= count
    return bytes.toString('latin1', 0, count)
  }

  #join(): Buffer {
    if (this.#chunks.length > 0) this.#bytes = Buffer.concat([this.#bytes, ...this.#chunks.splice(0)])
    return this.#bytes
  }

  async #expect(): Promise<void> {
    if (this.#ended) {
      const seen = JSON.stringify(this.#join().toString('latin1', 0, 200))
      throw new Error(`the connection ended before the response was complete: ${seen}`)
    }
    await this.#more()
  }

  #more(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }
}

function headersOf(head: string): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(': ')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 2)
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  }
  return headers
}

/** A request without a body, with further header lines. */
export function get(target: string, ...lines: readonly string[]): string {
  return request('GET', target, lines)
}

/** A request with a body of known length. */
export function post(target: string, body: string, ...lines: readonly string[]): string {
  return request('POST', target, [`Content-Length: ${body.length}`, ...lines]) + body
}

/** A request's head. */
export function request(method: string, target: string, lines: readonly string[] = []): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n')
}
