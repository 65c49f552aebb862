/**
 * What metrics need of those they are about, in their own words.
 *
 * Main thread only. Interfaces; the rooms around fit and the coordinator passes them in. Everything here answers
 * at once from what is known or from shared memory, whatever workers do.
 */
import type { EventLoopUtilization } from 'node:perf_hooks'
import type { MessagePort } from 'node:worker_threads'

import type { Circuit, MemberCounts, MemberTraffic } from '@heddle/mesh'

import type { ClientCounts } from '../../channel/ledger.ts'
import type { EdgeCounts } from '../../channel/edge-counts.ts'
import type { ApplicationReportLine, MachineReportLine } from '../../control/answers.ts'
import type { ResolvedMetrics } from '../../config/resolved.ts'
import type { ThreadFact, ThreadState } from '../../events.ts'

import type { Looping } from './loop-totals.ts'

/** One worker thread. Its successor in the same slot is another object; it answers when it is gone, too. */
export interface MeteredThread {
  readonly state: ThreadState
  /** See `channel/vitals.ts`. */
  readonly vitals: SharedArrayBuffer
  /** What senders have counted over its life, each modulo 2^32. */
  counts(): MemberCounts
  inflight(): number
  /** Connections clients have to it itself, in direct and handoff mode; `null` for all other workers. */
  connections(): ClientCounts | null
  /** Milliseconds since its event loop last turned. */
  heartbeatAge(): number
  /** Over its life; zeroes once it is gone. */
  eventLoopUtilization(): EventLoopUtilization
  /** Where its application is asked for metrics of its own; `null` when it has none. */
  readonly registry: MessagePort | null
}

/** One slot, over all threads that sat in it. */
export interface MeteredSlot {
  readonly fact: ThreadFact
  readonly current: MeteredThread | null
  /** All threads that have not ended. */
  readonly living: readonly MeteredThread[]
  readonly zombies: number
  readonly circuit: 'closed' | 'open' | 'half-open'
  readonly book: {
    /** How many threads took the place of another, by why. */
    readonly reasons: Readonly<Record<string, number>>
  }
}

/** One application. */
export interface MeteredApplication {
  readonly settings: { readonly id: string; readonly workers: number }
  readonly phase: 'stopped' | 'starting' | 'running' | 'stopping'
  /** The slots in use. */
  readonly slots: readonly MeteredSlot[]
  /** All it ever had: what was counted in one that is no longer in use stays. */
  readonly everySlot: readonly MeteredSlot[]
  status(): { readonly spares: readonly { readonly state: string }[] }
}

/** One edge thread, over all its restarts. */
export interface MeteredEdge {
  readonly fact: ThreadFact
  /** Who is there now; another object after a restart. */
  readonly current: (Looping & { heartbeatAge(): number }) | null
  readonly state: ThreadState
  readonly reasons: Readonly<Record<string, number>>
  /** What it has seen of clients; `null` for the acceptor of handoff mode, which counts nothing. */
  readonly counts: EdgeCounts | null
}

/** What the threads of one slot of an application, or of an edge (`null`), have sent over all time, by hostname. */
export interface SentTraffic {
  readonly from: string | null
  readonly traffic: readonly MemberTraffic[]
}

/** Everything metrics are made from. */
export interface MetricsSources {
  settings(): ResolvedMetrics
  /** Where the server is in its life. */
  phase(): string
  applications(): readonly MeteredApplication[]
  edges(): readonly MeteredEdge[]
  traffic(): readonly SentTraffic[]
  circuits(): readonly Circuit[]
  /** How the number of workers of an application comes about. */
  readonly scaling: { view(application: string): ApplicationReportLine['scaling'] }
  /** How often the event loop of a worker stood still, and for how long in all. */
  blocked(worker: string): { readonly blocks: number; readonly blockedMs: number }
  /** What the process may use of its machine, and what is in use. */
  machine(): MachineReportLine
  /** Threads that were given up and still hold memory. */
  zombies(): number
}
