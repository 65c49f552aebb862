/**
 * One connection of autocannon that sends when it is told to, and whose times are measured here.
 *
 * In a thread that sends. autocannon connects, writes and reads; this says when it writes, knows which answer belongs
 * to which request, also after the connection was lost, and what became of those that got none.
 */
import type { Clock } from '../../shared/clock.ts'
import type { Client, Head } from './autocannon.ts'
import type { Meter, Sent } from './meter.ts'
import type { Lane, Schedule } from './schedule.ts'

/** What all connections of a thread share. */
export interface ConnectionContext {
  readonly clock: Clock
  readonly meter: Meter
  readonly schedule: Schedule
  readonly method: string
  readonly timeoutMs: number
  /** Called when a request is no longer under way. */
  readonly onSettled: () => void
}

/** Milliseconds before a connection that has failed is tried again: at once would only count how fast it fails. */
const retryMs = 100

/** Why a request that was not answered in time has failed. */
const timeout = 'timeout'

/** A connection under control. */
export class Connection implements Lane {
  epoch = 0
  readonly #client: Client
  readonly #context: ConnectionContext
  readonly #connectNow: () => void
  readonly #sendNow: () => void
  #conn: Client['conn']
  #pending: Sent[] = []
  /** Why the connection has failed; `null` when it has not. */
  #failure: string | null = null
  /** The server has said that it closes it: nothing is sent on it any more. */
  #isClosing = false
  /** What calls for the next request was no answer. */
  #isInformation = false
  #retry: NodeJS.Timeout | null = null

  /** Takes an autocannon client over, before it connects for the first time. */
  constructor(client: Client, context: ConnectionContext) {
    this.#client = client
    this.#context = context
    this.#connectNow = client._connect.bind(client)
    this.#sendNow = client._doRequest.bind(client)
    client._connect = () => this.#connect()
    client._doRequest = () => this.#offer()
    client.on('connError', (error: NodeJS.ErrnoException) => (this.#failure = error.code ?? error.message))
    client.on('response', (status: number, bytes: number) => this.#answer(status, bytes))
  }

  /** Requests that wait for their answers. */
  get pending(): readonly Sent[] {
    return this.#pending
  }

  /** Sends one request. */
  send(dueAt: number, possibleAt: number): void {
    const { clock, meter } = this.#context
    const sentAt = clock.now()
    const request = { dueAt, sentAt, counts: meter.counts(dueAt) }
    this.#pending.push(request)
    meter.onSent(request, sentAt - possibleAt)
    this.#sendNow()
  }

  /** Nothing is waited for any more. */
  giveUp(kind: string): void {
    if (this.#retry !== null) clearTimeout(this.#retry)
    this.#lose(this.#isOverdue() ? timeout : kind)
  }

  /** Ends the connection when its first request has not been answered in time. */
  endWhenOverdue(): void {
    // An error of the socket like any other: autocannon tells of it and connects anew.
    if (this.#isOverdue())
      this.#conn?.destroy(Object.assign(new Error('not answered in time'), { code: timeout }))
  }

  #connect(): void {
    if (this.#retry !== null || this.#client.destroyed) return
    if (this.#conn === undefined) this.#watchHeads()
    else {
      // The end of the connection is also that of an answer without a length.
      this.#isClosing = true
      if (this.#failure === null) this.#client.parser.finish()
      this.#lose(this.#failure ?? 'closed')
    }
    if (this.#failure === null || this.#failure === timeout) return this.#connectAgain()
    this.#retry = setTimeout(() => {
      this.#retry = null
      if (!this.#client.destroyed) this.#connectAgain()
    }, retryMs)
  }

  #connectAgain(): void {
    this.epoch += 1
    this.#failure = null
    this.#isClosing = false
    // What was left of the last connection would be taken for the beginning of the next.
    leave(this.#conn)
    this.#client.pipelinedRequests.clear()
    this.#client.parser.reinitialize('RESPONSE')
    this.#connectNow()
  }

  #watchHeads(): void {
    const { parser } = this.#client
    const told = parser[2]
    const isHead = this.#context.method === 'HEAD'
    parser[2] = (head: Head) => {
      told(head)
      if (!head.shouldKeepAlive) this.#isClosing = true
      return isHead
    }
  }

  #offer(): void {
    this.#conn = this.#client.conn
    if (this.#isInformation) this.#isInformation = false
    else if (!this.#isClosing) this.#context.schedule.offer(this)
  }

  #answer(status: number, bytes: number): void {
    if (status < 200) {
      // The answer itself is still to come, and autocannon believes that it has been there.
      this.#isInformation = true
      this.#client.pipelinedRequests.insertRequest({})
      return
    }
    const request = this.#pending.shift()
    if (request === undefined) return
    const { clock, meter, onSettled } = this.#context
    meter.onAnswer(request, status, { now: clock.now(), bytes })
    onSettled()
  }

  #lose(kind: string): void {
    const { clock, meter, onSettled } = this.#context
    const now = clock.now()
    const lost = this.#pending
    this.#pending = []
    for (const request of lost) meter.onLost(request, kind, now)
    if (lost.length > 0) onSettled()
  }

  #isOverdue(): boolean {
    const [first] = this.#pending
    return first !== undefined && this.#context.clock.now() - first.sentAt >= this.#context.timeoutMs
  }
}

/** Lets go of a connection that has ended: what it says from now on is about requests of nobody. */
function leave(conn: Client['conn']): void {
  conn?.removeAllListeners()
  conn?.on('error', () => {})
  conn?.destroy()
}
