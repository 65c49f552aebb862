/**
 * What one worker that clients reach through sockets has open, in shared memory: its connections and the requests
 * on them. Any thread.
 *
 * Requests through the mesh are counted by their senders, in the scoreboard; those over a socket nobody sends, so
 * that the worker counts them itself. A connection handed over is counted by the acceptor as it hands it over, so
 * that the next one is given to somebody else; every connection is counted out by the worker that had it.
 */

const CONNECTIONS = 0
const REQUESTS = 1
const ACCEPTED = 2
const UPGRADES = 3
const UPGRADED = 4
/** One cache line, so that workers do not slow one another by counting. */
const BYTES = 64

/** What one worker has had of clients on sockets of its own. Totals wrap at 2^32: add up differences. */
export interface ClientCounts {
  readonly connections: { readonly open: number; readonly total: number }
  /** WebSockets and other upgraded connections; they are among the connections. */
  readonly upgrades: { readonly open: number; readonly total: number }
}

/** The counts of one worker thread. */
export class Ledger {
  readonly buffer: SharedArrayBuffer
  readonly #cells: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#cells = new Int32Array(buffer)
  }

  /** A ledger with nothing open. */
  static create(): Ledger {
    return new Ledger(new SharedArrayBuffer(BYTES))
  }

  /** Connections the worker has, or has been offered. */
  get connections(): number {
    return Atomics.load(this.#cells, CONNECTIONS)
  }

  /** Requests on them that are not finished; a WebSocket is one as long as it lives. */
  get requests(): number {
    return Atomics.load(this.#cells, REQUESTS)
  }

  /** All there is to know for those who only look. */
  get counts(): ClientCounts {
    const total = (cell: number): number => Atomics.load(this.#cells, cell) >>> 0
    return {
      connections: { open: this.connections, total: total(ACCEPTED) },
      upgrades: { open: Atomics.load(this.#cells, UPGRADES), total: total(UPGRADED) }
    }
  }

  /** A connection is the worker's own now, whoever has counted it as open. */
  accept(): void {
    Atomics.add(this.#cells, ACCEPTED, 1)
  }

  /** A connection was upgraded. */
  upgrade(): void {
    Atomics.add(this.#cells, UPGRADED, 1)
    Atomics.add(this.#cells, UPGRADES, 1)
  }

  /** An upgraded connection is closed. */
  endUpgrade(): void {
    Atomics.add(this.#cells, UPGRADES, -1)
  }

  addConnections(count: number): void {
    Atomics.add(this.#cells, CONNECTIONS, count)
  }

  addRequests(count: number): void {
    Atomics.add(this.#cells, REQUESTS, count)
  }
}
