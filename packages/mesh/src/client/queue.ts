/**
 * Where requests wait for one hostname while nobody takes them. Any thread, client side.
 *
 * To an exchange it is a link like any other: what its owner sends is kept until the window is used up, as a
 * server that does not read would have it, and goes out with the head as soon as there is an upstream.
 */
import { MeshError } from '../errors.ts'
import { sizeOf } from '../wire/body.ts'
import type { QueueRules, Upstream } from '../wire/control.ts'
import type { BodyField } from '../wire/frames.ts'
import { DONE, type Exchange, type Link } from './exchange.ts'

/** Who has the requests that wait. */
const nobody: Upstream = {
  id: -1,
  name: 'Nobody',
  record: -1,
  generation: -1,
  meta: null,
  address: null,
  readyAt: 0
}

/** The queue of one hostname, first come, first served. */
export class Queue implements Link {
  readonly upstream: Upstream = nobody
  readonly hostname: string
  readonly isLost = false
  readonly #waiting = new Set<Exchange>()

  constructor(hostname: string) {
    this.hostname = hostname
  }

  /** Requests that wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** The requests that wait, the oldest first. */
  exchanges(): Exchange[] {
    return [...this.#waiting]
  }

  /** Puts a request at the end. */
  send(exchange: Exchange, nowMs: number): void {
    exchange.link = this
    exchange.cell = -1
    exchange.sentMs = nowMs
    this.#waiting.add(exchange)
  }

  sendData(exchange: Exchange, flags: number, body: BodyField): boolean {
    ;(exchange.replay ??= []).push({ flags, body })
    exchange.sendWindow -= sizeOf(flags, body)
    if (exchange.sendWindow > 0) return true
    exchange.needsDrain = true
    return false
  }

  /** What is to be sent at the end is kept by the exchange. */
  sendEnd(): void {}

  abort(exchange: Exchange): void {
    exchange.state = DONE
    exchange.replay = null
    this.detach(exchange)
  }

  acknowledge(): void {}

  dismiss(): void {}

  revocable(): boolean {
    return true
  }

  /** Nobody has begun it. */
  revoke(): boolean {
    return true
  }

  detach(exchange: Exchange): void {
    this.#waiting.delete(exchange)
    exchange.link = null
  }

  close(): void {
    for (const exchange of this.#waiting) this.abort(exchange)
  }
}

/** Why a request must not wait any longer: its time is over or, where there are no rules any more, nobody is to come. */
export function overdue(host: string, rules: QueueRules | null): MeshError {
  return rules === null
    ? new MeshError('MESH_NO_UPSTREAM', { host })
    : new MeshError('MESH_QUEUE_TIMEOUT', { host, afterMs: rules.timeoutMs })
}
