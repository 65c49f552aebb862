/**
 * What the scaler needs of applications and their workers, in its own words.
 *
 * Main thread only. Interfaces; the pools of the supervisor fit and the coordinator passes them in. Everything here
 * but a change of the number answers at once.
 */
import type { EventLoopUtilization } from 'node:perf_hooks'

import type { MemberCounts } from '@heddle/mesh'

import type { ResolvedScaling } from '../../config/resolved.ts'
import type { ThreadState } from '../../events.ts'

/** One worker thread. Its successor in the same slot is another object; it answers when it is gone, too. */
export interface ScaledThread {
  readonly state: ThreadState
  /** See `channel/vitals.ts`. */
  readonly vitals: SharedArrayBuffer
  /** What senders have counted over its life, each modulo 2^32. */
  counts(): MemberCounts
  /** Requests sent to it and not finished. */
  inflight(): number
  /** The connections clients have to it; `null` when all its requests come through the mesh. */
  connections(): object | null
  /** Milliseconds since its event loop last turned. */
  heartbeatAge(): number
  /** Over its life; zeroes once it is gone. */
  eventLoopUtilization(): EventLoopUtilization
}

/** One slot. */
export interface ScaledSlot {
  readonly current: ScaledThread | null
  /** All threads that have not ended. */
  readonly living: readonly ScaledThread[]
  /** How many of these finish what they have. */
  readonly leaving: number
}

/** One application. */
export interface ScaledApplication {
  readonly settings: { readonly id: string; readonly workers: number; readonly scaling: ResolvedScaling }
  readonly phase: 'stopped' | 'starting' | 'running' | 'stopping'
  /** Whether something is being done to it: its number may be about to change. */
  readonly isBusy: boolean
  /** The slots in use. */
  readonly slots: readonly ScaledSlot[]
  /** Those that are kept ready: how many could be used at once, from this slot on. */
  readonly spares: { ready(first: number): number }
  /** All it ever had. */
  readonly everySlot: readonly ScaledSlot[]
  /** Changes the number of workers. Rejects when a new one does not become ready. */
  scale(workers: number): Promise<void>
}
