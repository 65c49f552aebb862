/**
 * Takes in what an application answers to a request that was injected, up to a size, and settles when it is
 * complete, has failed, or its time is over.
 *
 * Main thread only. It keeps the body: a few megabytes, for whoever asked.
 */
import { MORE, bytesOf, parseBlock, sizeOf } from '@heddle/mesh/internal'
import type { Exchange, ExchangeHandler, ResponseHead } from '@heddle/mesh/internal'

import type { Cancel } from '../../shared/clock.ts'

/** What has come of an answer. */
export interface Received {
  readonly status: number
  /** Name and value of each header line, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  /** Whether that is all of it: false when its time was over before its end. */
  readonly complete: boolean
}

/** Why there is no answer. */
export type NotReceived =
  | { readonly type: 'timeout' }
  | { readonly type: 'too-large' }
  | { readonly type: 'failed'; readonly error: Error; readonly headSeen: boolean }

/** What came of it. */
export type Outcome = Received | NotReceived

/** One answer, as it comes. */
export class ReceivedAnswer implements ExchangeHandler {
  /** Settles with what came of it; never rejects. */
  readonly outcome: Promise<Outcome>
  readonly #settle: (outcome: Outcome) => void
  readonly #bodyMax: number
  readonly #pieces: Buffer[] = []
  #size = 0
  #head: ResponseHead | null = null
  #exchange: Exchange | null = null
  #cancel: Cancel = () => {}

  constructor(bodyMax: number) {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    this.outcome = promise
    this.#settle = resolve
    this.#bodyMax = bodyMax
  }

  /** The request has been sent; `plan` has {@link handleTimeout} called when its time is over. */
  begin(exchange: Exchange, plan: (run: () => void) => Cancel): void {
    this.#exchange = exchange
    this.#cancel = plan(() => this.handleTimeout())
    void this.outcome.then(() => this.#cancel())
  }

  /** What has come by now has to do. */
  handleTimeout(): void {
    this.#exchange?.abort('its time is over')
    this.#settle(this.#head === null ? { type: 'timeout' } : this.#received(this.#head, false))
  }

  onInformation(): void {
    // What it says is for clients that wait.
  }

  onHead(head: ResponseHead): void {
    this.#head = head
    this.#take(head.flags, head.body)
    if ((head.flags & MORE) === 0) this.#settle(this.#received(head, true))
  }

  onData(flags: number, body: ResponseHead['body']): void {
    this.#take(flags, body)
    this.#exchange?.consumed(sizeOf(flags, body))
  }

  onEnd(): void {
    if (this.#head !== null) this.#settle(this.#received(this.#head, true))
  }

  onError(error: Error): void {
    this.#settle({ type: 'failed', error, headSeen: this.#head !== null })
  }

  onWritable(): void {
    // The body left with the head.
  }

  #take(flags: number, body: ResponseHead['body']): void {
    if (body === null) return
    this.#size += sizeOf(flags, body)
    if (this.#size <= this.#bodyMax) {
      this.#pieces.push(bytesOf(flags & kindMask, body))
      return
    }
    this.#settle({ type: 'too-large' })
    this.#exchange?.abort('its answer is too large')
  }

  #received({ status, block }: ResponseHead, complete: boolean): Received {
    const pairs = parseBlock(block)
    const headers = Array.from({ length: pairs.length / 2 }, (_, index) => {
      return [pairs[2 * index] ?? '', pairs[2 * index + 1] ?? ''] as const
    })
    return { status, headers, body: Buffer.concat(this.#pieces), complete }
  }
}

/** The bits of a frame's flags that say how its body is to be read. */
const kindMask = 3
