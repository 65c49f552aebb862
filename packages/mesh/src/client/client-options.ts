/**
 * What a thread's client of the mesh is made with. Any thread; types only.
 */
import type { MessagePort } from 'node:worker_threads'

import type { Scoreboard } from '../scoreboard.ts'
import type { Traffic } from '../traffic.ts'
import type { BreakerRules, FromMember } from '../wire/control.ts'
import type { FlushMoment } from '../wire/frame-port.ts'
import type { BalanceFunction } from './balancing.ts'
import type { ExchangeHandler, MeshRequest } from './exchange.ts'

/** A request and its handler, as they are to be taken instead of what was given. */
export interface Intercepted {
  readonly request: MeshRequest
  readonly handler: ExchangeHandler
}

/** Sees every request before it is sent; what it throws fails the request. */
export type Intercept = (request: MeshRequest, handler: ExchangeHandler) => Intercepted

/** What a client is made with. */
export interface ClientOptions {
  /** Name of the member it belongs to, for messages. */
  readonly name: string
  readonly scoreboard: Scoreboard
  /** Whether it counts what only metrics need. */
  readonly detail: boolean
  /** Where it is counted what this client sends. */
  readonly traffic: Traffic
  readonly flushMoment: FlushMoment
  /** A balancing function of the user's, which overrides the table's policies for requests of this thread. */
  readonly balance?: BalanceFunction | undefined
  /** When calls to a hostname fail at once; `null` for never. */
  readonly breaker: BreakerRules | null
  /** Hooks of the user's, in front of every request. */
  readonly intercept?: Intercept | undefined
  /** Whether this thread has been taken out of the mesh: it may finish what it has begun. */
  isOut(): boolean
  /** Passes a message, and the ports in it, to the registry. */
  tell(message: FromMember, transfer: readonly MessagePort[]): void
}
