/**
 * What a member and the registry tell each other, and the ticket a thread joins with. Any thread;
 * values only.
 *
 *     registry ──▶ member   ToMember        member ──▶ registry   FromMember
 */
import type { MessagePort } from 'node:worker_threads'

/** Everything a thread needs to join the mesh. Goes into its `workerData`, the port into its transfer list. */
export interface MeshTicket {
  readonly id: number
  readonly name: string
  /** Host label the thread answers to, `null` for one that only calls. */
  readonly hostname: string | null
  /** Suffix of mesh host names, with its leading dot, in lower case. */
  readonly domain: string
  /** Record in the scoreboard. */
  readonly record: number
  readonly generation: number
  /** Milliseconds a request may wait for its response head; 0 waits for ever. */
  readonly timeoutMs: number
  readonly control: MessagePort
  readonly scoreboard: SharedArrayBuffer
}

/** One thread that answers for an application. */
export interface Upstream {
  readonly id: number
  readonly name: string
  readonly record: number
  readonly generation: number
  readonly meta: unknown
}

/** Who answers for what, as one member may see it. Immutable; replaced as a whole. */
export interface Table {
  readonly version: number
  readonly upstreams: { readonly [hostname: string]: readonly Upstream[] }
  /** Hostnames this member may not call. */
  readonly denied: readonly string[]
}

/** From the registry to a member. */
export type ToMember =
  | { readonly type: 'table'; readonly table: Table }
  | {
      readonly type: 'link'
      readonly from: number
      readonly name: string
      readonly port: MessagePort
      readonly cells: SharedArrayBuffer
    }

/** From a member to the registry. */
export type FromMember =
  /** The table of this version is in force in the sender: it chooses from no older one. */
  | { readonly type: 'applied'; readonly version: number }
  /** Hand this end of a new link to member `to`. */
  | {
      readonly type: 'link'
      readonly to: number
      readonly port: MessagePort
      readonly cells: SharedArrayBuffer
    }
