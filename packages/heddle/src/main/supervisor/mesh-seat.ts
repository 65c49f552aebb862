/**
 * What the supervisor needs of the mesh, in its own words: a seat for each thread it starts.
 *
 * Main thread only. The registry of `@heddle/mesh` fits; the coordinator passes it in.
 */
import type { MessagePort } from 'node:worker_threads'

import type { Expectation, MemberCounts, MemberTraffic, MeshTicket } from '@heddle/mesh'

import type { ResolvedApplication } from '../../config/resolved.ts'

/** Gives out seats in the mesh. */
export interface MeshSeats {
  /** A seat for a thread about to be started. A `null` hostname only sends. `breaker`: whether its calls have circuits. */
  admit(member: {
    name: string
    hostname: string | null
    balance?: ResolvedApplication['balance']
    breaker: boolean
  }): MeshSeat
  /** A hostname that is known though nobody answers to it: requests wait for it. Once more changes how. */
  expect(hostname: string, expectation: Expectation): Promise<void>
  /** Nobody is to answer to it any more: requests fail at once. */
  forget(hostname: string): Promise<void>
}

/** One seat: the ticket goes to the thread, the member stays here. */
export interface MeshSeat {
  readonly ticket: MeshTicket
  readonly transferList: readonly MessagePort[]
  readonly member: MeshMember
}

/** A thread in the mesh as the main thread sees it. */
export interface MeshMember {
  /** Puts it in the table; resolves when every sender has applied that. */
  publish(): Promise<void>
  /** No new requests, and `drainMs` for what it has; resolves when every sender has applied that. */
  withdraw(drainMs: number): Promise<void>
  /** Resolves true when nothing is in flight to it, false after `timeoutMs`. */
  drained(timeoutMs: number): Promise<boolean>
  /** Takes it out of balancing, or puts it back, for every sender's next request. */
  eject(out: boolean): void
  inflight(): number
  /** What the senders have counted of it since it was admitted; the last numbers once it is removed. */
  counts(): MemberCounts
  /** What it has sent since it was admitted, by hostname. */
  traffic(): readonly MemberTraffic[]
  /** Milliseconds since its event loop last wrote its heartbeat. */
  heartbeatAge(): number
  /** It is gone or given up. Idempotent. */
  remove(): void
}
