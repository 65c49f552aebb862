/**
 * Every message of the handoff: between the main thread and the acceptor, and between the acceptor and workers.
 *
 *     main ──▶ acceptor  ToAcceptor      acceptor ──▶ main    FromEdge
 *     acceptor ──▶ worker  ToAdopter     worker ──▶ acceptor  FromAdopter
 *
 * Both sides import this file and neither imports the other. Connections travel as numbers of descriptors, which
 * all threads of a process share; whose one is at a moment is in `offers.ts`.
 */
import type { MessagePort } from 'node:worker_threads'

import type { MeshTicket } from '@heddle/mesh'

import type { ResolvedQueue, ResolvedServer } from '../config/resolved.ts'
import type { ToEdge } from './messages.ts'

/** What an acceptor thread is born with (`workerData`). */
export interface AcceptorBoot {
  /** `handoff:0`. */
  readonly name: string
  readonly ticket: MeshTicket
  readonly server: ResolvedServer
  /** Where connections wait while no worker is ready: the queue of the entrypoint. */
  readonly queue: ResolvedQueue
  /** Absolute directory of the configuration: `koffi` is looked for there too. */
  readonly root: string
}

/** A worker connections may be handed to. */
export interface AdopterFacts {
  /** `application:slot`. */
  readonly name: string
  /** Its place in the scoreboard: whether it is ready, and whether its event loop turns. */
  readonly record: number
  readonly generation: number
  /** Of its `Ledger`. */
  readonly ledger: SharedArrayBuffer
  /** The way to it; its other end goes to the worker. It closes with the thread. */
  readonly port: MessagePort
}

/** From the main thread to the acceptor. */
export type ToAcceptor = ToEdge | ({ readonly type: 'worker' } & AdopterFacts)

/** From the acceptor to a worker. */
export type ToAdopter =
  /** The first message: where offers stand. */
  | { readonly type: 'cells'; readonly cells: SharedArrayBuffer }
  /** Connections: four numbers each, `cell, ticket, descriptor, idle`. `idle` is 1 for one that was given back. */
  | { readonly type: 'offers'; readonly offers: readonly number[] }
  /** The connection is in other hands, or nobody wants it (`kept` false): either way the worker closes its descriptor. */
  | { readonly type: 'returned'; readonly id: number; readonly kept: boolean }

/**
 * From a worker to the acceptor: a worker that drains gives a connection back on which nothing is under way. The
 * descriptor stays open, and nothing reads from it, until the acceptor says `returned`.
 */
export interface FromAdopter {
  readonly type: 'return'
  readonly id: number
  readonly descriptor: number
  /** Tells the socket from another that may have its number by then. */
  readonly inode: number
  /** Whether its client has been answered before, and may be silent for as long as it likes. */
  readonly idle: boolean
}
