/**
 * Sends what a feed has to one client, as server-sent events.
 *
 * Main thread only. What is not read stays in the feed: no more than a buffer is kept for a client, and one that takes
 * nothing for long is given up.
 */
import type { ServerResponse } from 'node:http'

import { eventsType } from '../../control/contract.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'
import { headers } from './answer.ts'
import type { Feed, Message } from './feed.ts'

/** How a stream is sent. */
export interface StreamOptions {
  readonly clock: Clock
  /** What is said of messages that were overwritten: `{"lines":3}`. */
  readonly lostField: 'events' | 'lines'
  /** Whether to wait for more when there is nothing more at present. */
  readonly isFollowing: boolean
}

/** Milliseconds between two signs of life: less than proxies and routers forget an idle connection in. */
const beatMs = 15_000

/** Milliseconds after which a client that takes nothing is given up. */
const stuckMs = 60_000

/** Milliseconds a client is told to wait before it comes back. */
const retryMs = 1000

/** Messages that are read at a time. A log line may have 16 KiB. */
const batchSize = 16

/** Batches after which others get their turn. */
const batchesMax = 16

/** One stream, from its head to its end. */
export class EventStream {
  /** Resolves when it is over, whoever has ended it. */
  readonly ended: Promise<void>
  readonly #response: ServerResponse
  readonly #feed: Feed
  readonly #options: StreamOptions
  #cancelBeat: Cancel = () => {}
  #cancelWait: Cancel = () => {}
  #isOver = false

  /** Writes the head; messages follow by themselves. */
  constructor(response: ServerResponse, feed: Feed, options: StreamOptions) {
    this.#response = response
    this.#feed = feed
    this.#options = options
    this.ended = new Promise(resolve => {
      response.once('close', () => {
        this.#stop()
        resolve()
      })
    })
    response.writeHead(200, { ...headers(eventsType), 'x-accel-buffering': 'no' })
    response.write(`retry: ${retryMs}\n\n`)
    this.#beat()
    this.#pump()
  }

  /** Ends it in good order; what is under way still leaves. */
  end(): void {
    if (this.#isOver) return
    this.#stop()
    this.#response.end()
  }

  #pump(): void {
    for (let batches = 0; batches < batchesMax; batches++) {
      if (this.#isOver) return
      if (this.#response.writableNeedDrain) return this.#waitForReader()
      const { messages, lost } = this.#feed.read(batchSize)
      if (lost > 0) this.#write({ name: 'lost', data: JSON.stringify({ [this.#options.lostField]: lost }) })
      for (const message of messages) this.#write(message)
      if (messages.length > 0 || lost > 0) continue
      if (this.#options.isFollowing) this.#cancelWait = this.#feed.wait(() => this.#pump())
      else this.end()
      return
    }
    this.#cancelWait = this.#options.clock.after(0, () => this.#pump())
  }

  #waitForReader(): void {
    const giveUp = this.#options.clock.after(stuckMs, () => {
      this.#stop()
      this.#response.destroy()
    })
    const goOn = (): void => {
      giveUp()
      this.#pump()
    }
    this.#response.once('drain', goOn)
    this.#cancelWait = () => {
      giveUp()
      this.#response.off('drain', goOn)
    }
  }

  #write({ id, name, data }: Partial<Message> & Pick<Message, 'data'>): void {
    const head = `${id === undefined ? '' : `id: ${id}\n`}${name ? `event: ${name}\n` : ''}`
    this.#response.write(`${head}data: ${data}\n\n`)
  }

  #beat(): void {
    this.#cancelBeat = this.#options.clock.after(beatMs, () => {
      if (!this.#response.writableNeedDrain) this.#response.write(':\n\n')
      this.#beat()
    })
  }

  #stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelBeat()
    this.#cancelWait()
    this.#feed.close()
  }
}
