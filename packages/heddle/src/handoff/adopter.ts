/**
 * A worker as the acceptor sees it: whether it takes connections, how many it has, and the way to it. Acceptor thread.
 */
import type { MessagePort } from 'node:worker_threads'

import type { Scoreboard } from '@heddle/mesh/internal'

import type { AdopterFacts, FromAdopter, ToAdopter } from '../channel/handoff.ts'
import { Ledger } from '../channel/ledger.ts'
import type { Candidate } from './choice.ts'

/** Who hears of what a worker does. */
export interface AdopterListeners {
  /** A worker that drains gives a connection back. */
  returned(connection: FromAdopter): void
  /** The thread is gone. */
  gone(): void
}

/** One worker thread. Offers of one turn of the event loop leave together. */
export class Adopter implements Candidate {
  readonly name: string
  readonly #facts: AdopterFacts
  readonly #scoreboard: Scoreboard
  readonly #ledger: Ledger
  readonly #port: MessagePort
  #offers: number[] = []

  constructor(facts: AdopterFacts, scoreboard: Scoreboard, cells: SharedArrayBuffer) {
    this.name = facts.name
    this.#facts = facts
    this.#scoreboard = scoreboard
    this.#ledger = new Ledger(facts.ledger)
    this.#port = facts.port
    this.#post({ type: 'cells', cells })
  }

  /** Hears it from now on. */
  listen(listeners: AdopterListeners): void {
    this.#port.on('message', (message: FromAdopter) => listeners.returned(message))
    this.#port.on('close', () => listeners.gone())
  }

  isReady(): boolean {
    const { record, generation } = this.#facts
    return this.#scoreboard.isReady(record, generation)
  }

  heartbeatAge(): number {
    return this.#scoreboard.heartbeatAge(this.#facts.record)
  }

  connections(): number {
    return this.#ledger.connections
  }

  /** Offers a connection; it counts as the worker's from now on. */
  offer(cell: number, ticket: number, descriptor: number, isIdle: boolean): void {
    this.#ledger.addConnections(1)
    if (this.#offers.length === 0) setImmediate(() => this.#flush())
    this.#offers.push(cell, ticket, descriptor, isIdle ? 1 : 0)
  }

  /** An offer was taken back. */
  forgo(): void {
    this.#ledger.addConnections(-1)
  }

  /** Answers a connection that was given back. */
  answer(id: number, kept: boolean): void {
    this.#post({ type: 'returned', id, kept })
  }

  close(): void {
    this.#port.close()
  }

  #flush(): void {
    const offers = this.#offers
    this.#offers = []
    this.#post({ type: 'offers', offers })
  }

  #post(message: ToAdopter): void {
    this.#port.postMessage(message)
  }
}
