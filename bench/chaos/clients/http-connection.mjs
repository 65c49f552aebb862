/**
 * One HTTP/1.1 connection of a client that notices everything: what came, what did not, and how far it got.
 *
 * Runs in the driver. It never repeats a request and never hides an error: each exchange ends exactly once, with
 * the whole answer or with a {@link Lost} that says what kind of loss it was.
 */
import { connect } from 'node:net'

import { ResponseReader } from './response-reader.mjs'

/**
 * An exchange that got no whole answer. `kind`: the system's error code, `closed` (ended before the first
 * byte), `truncated` (ended later), `timeout`, or `nonsense` (bytes that are no answer).
 */
export class Lost extends Error {
  /**
   * @param {string} kind
   * @param {string} [detail]
   */
  constructor(kind, detail = '') {
    super(detail === '' ? kind : `${kind}: ${detail}`)
    this.kind = kind
  }
}

/** A connection; requests on it go one after the other. */
export class HttpConnection {
  #socket
  #reader = null
  #settle = null
  #rest = Buffer.alloc(0)
  #error = null
  /** Whether it can take a further request. */
  open = true
  /** How many answers it has brought. */
  answers = 0

  constructor(socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', chunk => this.#receive(chunk))
    socket.on('error', error => (this.#error = error))
    socket.on('end', () => this.#end())
    socket.on('close', () => this.#end())
  }

  /** Opens one. Rejects with {@link Lost}. */
  static open(port, timeoutMs) {
    const { promise, resolve, reject } = Promise.withResolvers()
    const socket = connect({ port, host: '127.0.0.1' })
    const late = setTimeout(() => socket.destroy(new Lost('timeout', 'while connecting')), timeoutMs)
    const fail = error => {
      clearTimeout(late)
      reject(error instanceof Lost ? error : new Lost(error.code ?? 'closed', 'while connecting'))
    }
    socket.once('error', fail)
    socket.once('connect', () => {
      clearTimeout(late)
      socket.off('error', fail)
      resolve(new HttpConnection(socket))
    })
    return promise
  }

  /**
   * Sends a request and takes its answer. `head` is everything up to the empty line, `send` writes what
   * follows it: `write` returns whether more may be written, which ends as soon as an answer has come.
   * @param {{ head: string, body?: Buffer, send?: (write: (bytes: Buffer) => boolean) => Promise<void>,
   *   timeoutMs: number }} request
   * @returns {Promise<{ status: number, headers: Map<string, string>, body: Buffer }>}
   */
  exchange({ head, body, send, timeoutMs }) {
    const { promise, resolve, reject } = Promise.withResolvers()
    const late = setTimeout(() => this.#fail(new Lost('timeout')), timeoutMs)
    this.#reader = new ResponseReader()
    this.#settle = (error, answer) => {
      clearTimeout(late)
      this.#settle = null
      if (error === null) resolve(answer)
      else reject(error)
    }
    const bytes = Buffer.from(`${head}\r\n\r\n`, 'latin1')
    this.#socket.write(body === undefined ? bytes : Buffer.concat([bytes, body]))
    if (!this.open) this.#end()
    void send?.(chunk => {
      if (this.#settle === null) return false
      this.#socket.write(chunk)
      return true
    })
    return promise
  }

  /** Hands the bytes over after an upgrade: `receive` gets those to come, and first those that came already. */
  takeOver(receive, ended) {
    this.#socket.removeAllListeners('data')
    this.#socket.on('data', receive)
    this.#socket.once('close', () => ended(this.#error))
    if (this.#rest.length > 0) receive(this.#rest)
    if (this.#socket.destroyed) ended(this.#error)
    return this.#socket
  }

  /** Lets it go. */
  close() {
    this.open = false
    this.#socket.destroy()
  }

  #receive(chunk) {
    if (this.#settle === null) return this.#fail(new Lost('nonsense', 'bytes without a request'))
    try {
      const answer = this.#reader.push(chunk)
      if (answer !== null) this.#finish(answer)
    } catch (error) {
      this.#fail(new Lost('nonsense', error.message))
    }
    return undefined
  }

  #finish(answer) {
    this.answers++
    this.#rest = answer.rest
    if (answer.closes && answer.status !== 101) this.close()
    else if (answer.rest.length > 0 && answer.status !== 101) this.open = false
    this.#settle?.(null, answer)
  }

  #end() {
    this.open = false
    if (this.#settle === null) return
    const answer = this.#error === null ? this.#reader.end() : null
    if (answer !== null) this.#finish(answer)
    else if (this.#reader.hasBegun) this.#fail(new Lost('truncated', this.#error?.code))
    else this.#fail(new Lost(this.#error?.code ?? 'closed'))
  }

  #fail(lost) {
    this.close()
    this.#settle?.(lost, null)
  }
}
