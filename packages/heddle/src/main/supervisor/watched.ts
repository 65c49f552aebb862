/**
 * The workers as those who watch over them see them: what is known of each, and what can be done about it.
 *
 * Main thread only. Interfaces; `worker-handle.ts` and `supervisor.ts` fit. Everything here answers at once,
 * whatever the worker does.
 */
import type { EventLoopUtilization } from 'node:perf_hooks'
import type { Worker } from 'node:worker_threads'

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
  /** Requests sent to it and not finished. */
  inflight(): number
  /** What its senders have counted over its life. */
  counts(): MemberCounts
  /** Requests it has answered over its life, through the mesh and on connections of its own. */
  served(): number
  eventLoopUtilization(previous?: EventLoopUtilization): EventLoopUtilization
  /** The real thread, for profiles; `null` in tests and once it is gone. */
  thread(): Worker | null
  /**
   * No new requests for the time being. False when it is not ready, when it is the last one that is, or when more
   * than half of its application's workers would be out.
   */
  eject(reason: string): boolean
  /** Requests again. Does nothing when it is not out, or is held out by an operator. */
  restore(reason: string): void
  /**
   * A fresh worker takes its place. Resolves false when that fails and it stays.
   *
   * @param vacateMs There is no room for both: it goes first, after so many milliseconds at most. False then means
   * that its slot is restarted as after a crash.
   */
  replace(reason: ReplaceReason, detail: string, vacateMs?: number): Promise<boolean>
}

/** All workers there are. */
export interface Supervised {
  /** Who sits in the slots now, whatever state it is in. */
  workers(): readonly WatchedWorker[]
  /** @throws HEDDLE_UNKNOWN_APPLICATION */
  application(id: string): ResolvedApplication
}
