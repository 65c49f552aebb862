/**
 * What one edge thread has seen of its clients, counted in shared memory. Any thread.
 *
 * The edge thread alone writes, so that plain stores do; the main thread holds the memory, keeps it over restarts
 * of the thread and reads without asking. Counts only grow, but for those of what is open. They are 64-bit floating
 * point numbers: exact up to 2^53, so that nothing wraps.
 */

/** Why a request ended, or the connection that it was upgraded to. */
export const endReasons = [
  /** It was answered whole, whatever the status; a tunnel was ended by one of its ends. */
  'completed',
  /** The client closed its connection, or broke it. */
  'client-aborted',
  /** The client was too slow: with its head, its body, reading its answer, or silent in a tunnel. */
  'client-timeout',
  /** No head of an answer in the time the request has. */
  'application-timeout',
  /** The worker was lost, or broke its answer off. */
  'application-lost',
  /** As many requests wait for a worker as may. */
  'queue-full',
  /** No worker became ready while it waited. */
  'queue-timeout',
  /** Nobody to send it to, and no waiting for one: stopped, declined by all, or its circuit is open. */
  'no-worker',
  /** It is no proper request, too large, or no application answers it. */
  'refused',
  /** The edge, or the worker behind a tunnel, went. */
  'edge-closing'
] as const

/** See {@link endReasons}. */
export type EndReason = (typeof endReasons)[number]

/** What was under way when a request ended. */
export type EndPhase = 'request' | 'queue' | 'response-head' | 'response-body' | 'tunnel'

/** What an edge slot has seen, over all threads that sat in it. */
export interface EdgeCounts {
  readonly connections: {
    readonly open: number
    readonly total: number
    /** Closed at once, since there were as many as there may be. */
    readonly dropped: number
  }
  /** Connections that became tunnels: WebSockets and other upgrades. */
  readonly upgrades: { readonly open: number; readonly total: number }
  /** Heads of answers by the class of their status, as clients saw them: five counts, 1xx to 5xx. */
  readonly responses: readonly number[]
  /** Requests that have ended, by the reason. */
  readonly ended: Readonly<Record<EndReason, number>>
  /** Of those that were refused, the ones that could not be read as HTTP or were too large. */
  readonly invalid: number
  /** Bytes read from clients and written to them, heads and tunnels included. */
  readonly bytesIn: number
  readonly bytesOut: number
}

const OPENED = 0
const CLOSED = 1
const DROPPED = 2
const UPGRADED = 3
const TUNNELS_CLOSED = 4
const BYTES_IN = 5
const BYTES_OUT = 6
const INVALID = 7
const RESPONSES = 8
const ENDED = 13
const CELLS = ENDED + endReasons.length

const reasonCells = new Map<EndReason, number>(endReasons.map((reason, index) => [reason, ENDED + index]))

/** Shared memory for the counts of one edge slot. */
export function createEdgeCounts(): SharedArrayBuffer {
  return new SharedArrayBuffer(CELLS * Float64Array.BYTES_PER_ELEMENT)
}

/** What has been counted so far. */
export function readEdgeCounts(buffer: SharedArrayBuffer): EdgeCounts {
  const cells = new Float64Array(buffer)
  const read = (cell: number): number => cells[cell] ?? 0
  // The closed ones first: one that is closed in between must not count as closed before it was opened.
  const [closed, tunnelsClosed] = [read(CLOSED), read(TUNNELS_CLOSED)]
  const [opened, upgraded] = [read(OPENED), read(UPGRADED)]
  return {
    connections: { open: opened - closed, total: opened, dropped: read(DROPPED) },
    upgrades: { open: upgraded - tunnelsClosed, total: upgraded },
    responses: Array.from({ length: 5 }, (_, index) => read(RESPONSES + index)),
    ended: Object.fromEntries(
      endReasons.map((reason, index) => [reason, read(ENDED + index)])
    ) as EdgeCounts['ended'],
    invalid: read(INVALID),
    bytesIn: read(BYTES_IN),
    bytesOut: read(BYTES_OUT)
  }
}

/** The side that counts. One at a time per buffer: what a former one had open is closed by now. */
export class EdgeCounter {
  readonly #cells: Float64Array

  constructor(buffer: SharedArrayBuffer) {
    this.#cells = new Float64Array(buffer)
    this.#cells[CLOSED] = this.#cells[OPENED] ?? 0
    this.#cells[TUNNELS_CLOSED] = this.#cells[UPGRADED] ?? 0
  }

  /** A connection was accepted. */
  opened(): void {
    this.#add(OPENED, 1)
  }

  /** A connection is closed. */
  closed(): void {
    this.#add(CLOSED, 1)
  }

  /** A connection was not taken: there are too many. */
  dropped(): void {
    this.#add(DROPPED, 1)
  }

  /** A connection has become a tunnel. */
  upgraded(): void {
    this.#add(UPGRADED, 1)
  }

  /** A tunnel is closed. */
  tunnelClosed(): void {
    this.#add(TUNNELS_CLOSED, 1)
  }

  /** Bytes were read from a client. */
  received(bytes: number): void {
    this.#add(BYTES_IN, bytes)
  }

  /** Bytes were written to a client's socket. */
  sent(bytes: number): void {
    this.#add(BYTES_OUT, bytes)
  }

  /**
   * A request has ended.
   *
   * @param status As the client saw it; 0 when it saw none.
   */
  ended(reason: EndReason, status: number): void {
    this.#add(reasonCells.get(reason) ?? ENDED, 1)
    if (status >= 100) this.#add(RESPONSES + Math.min(4, Math.trunc(status / 100) - 1), 1)
  }

  /** A request was refused that could not be read. {@link ended} is told of it too. */
  invalid(): void {
    this.#add(INVALID, 1)
  }

  #add(cell: number, count: number): void {
    const cells = this.#cells
    cells[cell] = (cells[cell] ?? 0) + count
  }
}
