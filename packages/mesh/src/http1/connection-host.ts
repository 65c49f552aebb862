/**
 * What a connection needs of the thread it is in. Any thread; types only.
 */
import type { Exchange } from '../client/exchange.ts'
import type { Connection } from './connection.ts'
import type { RequestAccount } from './current-request.ts'
import type { Refusal, RequestHead } from './request-head.ts'
import type { Traffic } from './response-writer.ts'
import type { ConnectionLimits } from './time-limits.ts'

/** The holder of a connection. */
export interface ConnectionHost {
  /** May change: each request is held to those in force when it comes. */
  readonly limits: ConnectionLimits
  /** While true, every response closes its connection. */
  readonly draining: boolean
  /** Is told of every byte. */
  readonly traffic?: Traffic
  /** Sends a request into the mesh, or refuses it. */
  forward(head: RequestHead, connection: Connection): Exchange | Refusal
  /** The id error pages show for a request. */
  requestId(head: RequestHead): string
  /**
   * The mesh could not answer a request, and no byte of an answer is out.
   *
   * @returns true when the host tells the client itself, now or later by {@link Connection.refuse}. Otherwise, and
   * without this, it gets an error page.
   */
  onFailed?(connection: Connection, error: Error): boolean
  /** The application has taken an upgrade; {@link Connection.upstream} says which worker of it. */
  onUpgraded?(connection: Connection): void
  /**
   * A request has ended, whatever became of it; so has one that never came to the end of its head. Told once for
   * each, an upgraded connection when it is closed. Without this no accounts are kept.
   */
  onEnded?(connection: Connection, account: RequestAccount): void
  /** The connection is closed. Told once. */
  onClosed(connection: Connection): void
}
