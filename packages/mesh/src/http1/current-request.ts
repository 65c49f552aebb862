/**
 * The request a connection is answering: how far it is, and, when it has ended, how far it came, who ended it, how
 * long it took and how much went to and fro. Any thread that holds a connection.
 *
 * A connection answers one request at a time and has one of these, begun anew with each.
 */
import type { Exchange } from '../client/exchange.ts'
import { asError } from '../errors.ts'
import type { ClientSocket } from './client-socket.ts'
import { meansToGoOn, type RequestHead } from './request-head.ts'
import type { ResponseWriter } from './response-writer.ts'
import type { Tunnel } from './tunnel.ts'

/**
 * How long a client that has closed its side is waited for with an answer it may still read, in milliseconds: short
 * enough for most that have gone, whose request is given up then.
 */
const GONE_MS = 50

/** What ended a request. */
export type EndCause =
  /** Its answer is with the system, whole; a tunnel was ended by one of its ends. */
  | 'done'
  /** It is no request that is passed on. */
  | 'refused'
  /** Its client has missed a time limit. */
  | 'late'
  /** Its client has closed the connection. */
  | 'gone'
  /** Whoever holds the connection has ended it, or asked a tunnel to go. */
  | 'cut'
  /** The mesh could not answer it, or its answer is none: {@link RequestAccount.error} says why. */
  | 'failed'

/** What was under way when a request ended. */
export type EndPhase = 'request' | 'queue' | 'response-head' | 'response-body' | 'tunnel'

/** A request that has ended. To be read at once: the next one is told in its place. Times in milliseconds. */
export interface RequestAccount {
  /** `null` when it could not be read, or not to its end. */
  readonly head: RequestHead | null
  /** What came in place of a request line then: bytes as characters, not more than a kilobyte, and unchecked. */
  readonly line: string
  /** Its way through the mesh, with the member it was sent to last; `null` when it never went there. */
  readonly sent: Exchange | null
  /** As it was written to the client, 101 for a tunnel; 0 when nothing was. */
  readonly status: number
  /** Bytes of its body that were passed on, without what framed them; in a tunnel all bytes. */
  readonly bytesIn: number
  /** Bytes of the answer's body that were written. In a tunnel all bytes, those of the answer's head included. */
  readonly bytesOut: number
  /** When its first byte was here, on this thread's clock. */
  readonly beganMs: number
  readonly endedMs: number
  readonly cause: EndCause
  readonly phase: EndPhase
  readonly error: Error | null
  /** What there is to say about that: the reason of a refusal, or the error's. Unchecked; it may quote the request. */
  readonly detail: string
}

/** One request after the other, as they go on. */
export class CurrentRequest implements RequestAccount {
  head: RequestHead | null = null
  line = ''
  /** What goes on in the mesh; `null` when that is over. */
  exchange: Exchange | null = null
  sent: Exchange | null = null
  /** Since the application took the upgrade it asks for. */
  tunnel: Tunnel | null = null
  /** The request is here, or the rest of it is not wanted. */
  isWhole = false
  /** The response is complete. */
  isAnswered = false
  /** Whether the connection can carry another request. */
  keepAlive = false
  /** A client that awaits it was told to continue. */
  isContinued = false
  /** Response bytes taken from the mesh that the socket has not passed on. */
  unconsumed = 0
  beganMs = 0
  endedMs = 0
  cause: EndCause = 'done'
  phase: EndPhase = 'response-body'
  error: Error | null = null
  detail = ''
  readonly #socket: ClientSocket
  readonly #writer: ResponseWriter
  readonly #tell: (account: RequestAccount) => void
  #isOpen = false
  #isBlamed = false

  /** @param tell Called with each request that has ended. */
  constructor(socket: ClientSocket, writer: ResponseWriter, tell: (account: RequestAccount) => void) {
    this.#socket = socket
    this.#writer = writer
    this.#tell = tell
  }

  get status(): number {
    return this.tunnel === null ? this.#writer.status : 101
  }

  get bytesIn(): number {
    return this.sent?.bytesSent ?? 0
  }

  get bytesOut(): number {
    return this.tunnel === null ? this.#writer.bodyBytes : (this.sent?.bytesReceived ?? 0)
  }

  /** A request has come. */
  begin(head: RequestHead, beganMs: number): void {
    this.head = head
    this.line = ''
    this.exchange = null
    this.sent = null
    this.isWhole = head.contentLength === 0
    this.isAnswered = false
    this.keepAlive = head.keepAlive
    this.isContinued = false
    this.unconsumed = 0
    this.#open(beganMs)
  }

  /** Something has come in place of a request. */
  beginUnread(line: string, beganMs: number): void {
    if (this.#isOpen) return
    this.line = line
    this.#open(beganMs)
  }

  /** Its way through the mesh has begun. */
  send(exchange: Exchange): void {
    this.exchange = exchange
    this.sent = exchange
  }

  /** Says why it ends. Who says so first is right: the rest follows from that. */
  blame(cause: EndCause, why: Error | string = ''): void {
    if (!this.#isOpen || this.#isBlamed) return
    this.#isBlamed = true
    this.cause = cause
    this.error = typeof why === 'string' ? null : why
    this.detail = typeof why === 'string' ? why : why.message
    if (this.tunnel !== null) this.phase = 'tunnel'
    else if (!this.#writer.begun) this.phase = this.#phaseBefore(cause)
  }

  /** It is over: nothing of it is under way any more. */
  settle(nowMs: number): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.endedMs = nowMs
    this.#tell(this)
    // Many connections are idle for long.
    this.head = null
    this.sent = null
    this.error = null
  }

  /** Its client has closed its side: gives it up where that says that the client has gone. */
  clientEnded(inBody: boolean): void {
    if (inBody) return this.#abandon()
    // Who has to be sent the rest of an answer that is whole is sent it.
    if (this.isAnswered || !meansToGoOn(this.head)) return
    if (this.#writer.begun) return this.#abandon()
    const { head } = this
    // Node has answered most requests before it hears of the end that came with them.
    setTimeout(() => {
      if (this.head === head && !this.#writer.begun) this.#abandon()
    }, GONE_MS).unref()
  }

  #abandon(): void {
    this.blame('gone')
    this.#socket.destroy()
  }

  /** Gives it up in the mesh. */
  abort(reason: string): void {
    this.exchange?.abort(reason)
    this.exchange = null
  }

  /**
   * Writes unless the connection is gone; what cannot be framed breaks it.
   *
   * @returns false when the socket has enough for now.
   */
  write(writing: () => boolean): boolean {
    if (this.#socket.destroyed) return true
    try {
      return writing()
    } catch (error) {
      // More body than declared: the client would take the rest for the next response.
      this.blame('failed', asError(error))
      this.#writer.breakOff()
      return true
    }
  }

  #open(beganMs: number): void {
    this.beganMs = beganMs
    this.cause = 'done'
    this.phase = 'response-body'
    this.error = null
    this.detail = ''
    this.#isOpen = true
    this.#isBlamed = false
  }

  /** What is under way as long as no byte of the answer is out. */
  #phaseBefore(cause: EndCause): EndPhase {
    if (this.sent === null || cause === 'refused' || cause === 'late') return 'request'
    const { link } = this.sent
    // A failure has taken it out of the queue: which one it is says whether it was there.
    if (cause !== 'failed' && (link === null || link.upstream.id === -1)) return 'queue'
    return this.isWhole ? 'response-head' : 'request'
  }
}
