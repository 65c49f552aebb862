/**
 * A message port that sends frames in batches. Any thread, both ends of a link.
 *
 * All frames of one turn of the event loop leave as one post: the cost of a message is paid once per
 * turn, not once per frame. It knows nothing of what the frames mean.
 */
import type { MessagePort } from 'node:worker_threads'

import { asError } from '../errors.ts'
import { frameLength } from './frames.ts'

/** When a batch leaves: at the end of the current callback, or when this turn's I/O has been handled. */
export type FlushMoment = 'tick' | 'turn'

/** What the owner of a port is told. */
export interface FrameReceiver {
  /** A batch arrived. It is whatever the other thread sent: check it. */
  onBatch(batch: readonly unknown[]): void
  /** The other end is gone; nothing more will arrive. */
  onClose(): void
  /** A frame could not be posted (its body was given away meanwhile, say); the others of its batch were. */
  onUnsendable(frame: readonly unknown[], error: Error): void
}

/** One end of a link. */
export class FramePort {
  readonly #port: MessagePort
  readonly #receiver: FrameReceiver
  readonly #moment: FlushMoment
  #scheduled = false
  #closed = false
  /** Frames not yet posted. Push to it, then call {@link schedule}. Replaced by each flush. */
  batch: unknown[] = []

  constructor(port: MessagePort, receiver: FrameReceiver, moment: FlushMoment) {
    this.#port = port
    this.#receiver = receiver
    this.#moment = moment
    port.on('message', (batch: unknown) => receiver.onBatch(Array.isArray(batch) ? batch : [batch]))
    // What cannot be read is as bad as what is no batch: what was in it is lost.
    port.on('messageerror', () => receiver.onBatch([null]))
    port.on('close', () => {
      this.#closed = true
      receiver.onClose()
    })
    port.unref()
  }

  /** Whether the port is closed on this side or the other. */
  get closed(): boolean {
    return this.#closed
  }

  /** Sees to it that the batch leaves soon. */
  schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    if (this.#moment === 'tick') process.nextTick(flush, this)
    else setImmediate(flush, this)
  }

  /** Posts the batch now. */
  flush(): void {
    this.#scheduled = false
    if (this.batch.length === 0) return
    const batch = this.batch
    this.batch = []
    if (this.#closed) return
    try {
      this.#port.postMessage(batch)
    } catch {
      this.#postApart(batch)
    }
  }

  /** Posts a batch of which one frame cannot be cloned frame by frame: it must not take the others with it. */
  #postApart(batch: readonly unknown[]): void {
    const broken = new Set<unknown>()
    for (let at = 0; at < batch.length;) {
      const length = frameLength[batch[at] as number] ?? batch.length
      const frame = batch.slice(at, at + length)
      at += length
      // What follows a lost piece must not make the rest look whole.
      if (broken.has(frame[1])) continue
      try {
        this.#port.postMessage(frame)
      } catch (error) {
        broken.add(frame[1])
        this.#receiver.onUnsendable(frame, asError(error))
      }
    }
  }

  /** Keeps the event loop alive while an answer is awaited. */
  ref(): void {
    this.#port.ref()
  }

  /** Lets the event loop end. */
  unref(): void {
    this.#port.unref()
  }

  /** Sends what is left and closes. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.flush()
    this.#closed = true
    this.#port.close()
  }
}

function flush(port: FramePort): void {
  port.flush()
}
