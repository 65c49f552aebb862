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
  /** How this thread's calls are cut off from applications that fail; `null` for never. */
  readonly breaker: BreakerRules | null
  readonly control: MessagePort
  readonly scoreboard: SharedArrayBuffer
  /** Whether it counts what only metrics need. */
  readonly detail: boolean
  /** Where it counts what it sends: see `traffic.ts`. */
  readonly traffic: SharedArrayBuffer
}

/** One thread, or one network address, that answers for an application. */
export interface Upstream {
  readonly id: number
  readonly name: string
  readonly record: number
  readonly generation: number
  readonly meta: unknown
  /** `null` for a thread; else where it listens: `http://host:port`, `https://host:port` or `unix:/path`. */
  readonly address: string | null
  /** When it became ready, in milliseconds of the shared clock (`scoreboard.ts`). */
  readonly readyAt: number
}

/**
 * How the upstream of a request is chosen among those that are ready.
 *
 * - `least-inflight`: the one with the fewest requests in flight over all senders; ties go in turn.
 * - `round-robin`: each in turn.
 * - `random`: any.
 * - `power-of-two`: of two taken at random the one with fewer in flight.
 * - `hash:…`: the same one for the same key: `path`, `ip` (the public client's address), `header:<name>` or
 *   `cookie:<name>`. Rendezvous hashing: when an upstream comes or goes only its own share moves. A
 *   request without the key goes to the least loaded.
 */
export type BalancePolicy =
  | 'least-inflight'
  | 'round-robin'
  | 'random'
  | 'power-of-two'
  | `hash:${'path' | 'ip' | `header:${string}` | `cookie:${string}`}`

/** How requests wait for a hostname nobody answers to at the moment. */
export interface QueueRules {
  /** How many may wait in each thread that sends. */
  readonly max: number
  /** Milliseconds one may wait. */
  readonly timeoutMs: number
}

/** When calls to a hostname fail at once, because too many before them have failed. Times in milliseconds. */
export interface BreakerRules {
  /** Part of the calls within the window that has to fail, 0 to 1. */
  readonly errorRatio: number
  /** With fewer calls within the window the circuit stays closed. */
  readonly volume: number
  readonly windowMs: number
  /** How long the circuit is open before calls are let through to try. */
  readonly openMs: number
  /** So many tries in a row have to succeed for it to close. */
  readonly probes: number
}

/** Where a circuit is: `closed` lets all calls through, `half-open` a few, `open` none. */
export type CircuitState = 'closed' | 'open' | 'half-open'

/** Who answers for what, as one member may see it. Immutable; replaced as a whole. */
export interface Table {
  readonly version: number
  readonly upstreams: { readonly [hostname: string]: readonly Upstream[] }
  /** Hostnames this member may not call. */
  readonly denied: readonly string[]
  /** How to choose, by hostname; `least-inflight` where nothing is said. */
  readonly balance: { readonly [hostname: string]: BalancePolicy }
  /** Where requests may wait, by hostname; nowhere else. */
  readonly queues: { readonly [hostname: string]: QueueRules }
  /** Under which numbers calls are counted, by hostname. */
  readonly numbers: { readonly [hostname: string]: number }
  /** Milliseconds in which the share of a new upstream grows from a tenth to its whole; 0 for at once. */
  readonly slowStartMs: number
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
  /** The circuit from this member to a hostname is in another state now. */
  | { readonly type: 'circuit'; readonly hostname: string; readonly state: CircuitState }
  /** Hand this end of a new link to member `to`. */
  | {
      readonly type: 'link'
      readonly to: number
      readonly port: MessagePort
      readonly cells: SharedArrayBuffer
    }
