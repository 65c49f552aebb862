/**
 * What the health watch needs of those it watches, in its own words.
 *
 * Main thread only. The supervisor fits; the coordinator passes it in. Everything answers at once, whatever the
 * worker does.
 */
import type { EventLoopUtilization } from 'node:perf_hooks'

import type { MemberCounts } from '@heddle/mesh'

import type { ResolvedApplication } from '../../config/resolved.ts'
import type { ReplaceReason, ThreadFact, ThreadState } from '../../events.ts'

/** One worker thread. Its successor in the same slot is another object. */
export interface WatchedWorker {
  readonly fact: ThreadFact
  readonly state: ThreadState
  /** Milliseconds since it became ready; `null` before. */
  readonly readyMs: number | null
  /** What it writes about itself; see `channel/vitals.ts`. */
  readonly vitals: SharedArrayBuffer
  /** Milliseconds since its event loop last turned. */
  heartbeatAge(): number
  /** What its senders have counted over its life. */
  counts(): MemberCounts
  eventLoopUtilization(): EventLoopUtilization
  /** No new requests. False when it is not ready, or when too few would be left. */
  eject(reason: string): boolean
  /** Requests again. */
  restore(reason: string): void
  /** A fresh worker takes its place. Resolves false when that fails and it stays. */
  replace(reason: ReplaceReason, detail: string): Promise<boolean>
}

/** All of them. */
export interface Supervised {
  workers(): readonly WatchedWorker[]
  application(id: string): Pick<ResolvedApplication, 'health'>
}
