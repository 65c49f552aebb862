/**
 * Makes the acceptor and the workers it hands connections to known to one another, in handoff mode.
 *
 * Main thread only. Whichever of the two comes later: each worker is introduced to each acceptor once, over a
 * channel of their own that ends with either. No connection passes through here.
 */
import { MessageChannel } from 'node:worker_threads'

import type { AdopterFacts, ToAcceptor } from '../../channel/handoff.ts'
import type { ToWorker } from '../../channel/messages.ts'
import type { ThreadLife } from './thread-life.ts'

/** What the acceptor is told of a worker. */
export type Introduction = Omit<AdopterFacts, 'port'>

/** A thread as far as this file knows it. */
export type Party = Pick<ThreadLife, 'post' | 'gone'>

/** The introductions of one server. */
export class Handoff {
  readonly #workers = new Map<Party, Introduction>()
  #acceptor: Party | null = null

  /** A worker of the entrypoint has been started. It gets connections once it is published in the mesh. */
  addWorker(life: Party, introduction: Introduction): void {
    this.#workers.set(life, introduction)
    void life.gone.then(() => this.#workers.delete(life))
    if (this.#acceptor !== null) introduce(this.#acceptor, life, introduction)
  }

  /** An acceptor has been started; the one before, if there was one, is gone. */
  useAcceptor(life: Party): void {
    this.#acceptor = life
    void life.gone.then(() => this.#forget(life))
    for (const [worker, introduction] of this.#workers) introduce(life, worker, introduction)
  }

  #forget(acceptor: Party): void {
    if (this.#acceptor === acceptor) this.#acceptor = null
  }
}

function introduce(acceptor: Party, worker: Party, introduction: Introduction): void {
  const { port1, port2 } = new MessageChannel()
  const toAcceptor: ToAcceptor = { type: 'worker', ...introduction, port: port1 }
  acceptor.post(toAcceptor, [port1])
  const toWorker: ToWorker = { type: 'acceptor', port: port2 }
  worker.post(toWorker, [port2])
}
