/**
 * What the room of the machine needs of those around it, in its own words.
 *
 * Main thread only. Interfaces; the rooms around fit and the coordinator passes them in. Everything here answers at
 * once.
 */
import type { MachineLimits } from '../../config/machine/machine.ts'
import type { MachineUse } from '../../config/machine/machine-use.ts'
import type { ReplaceReason, ThreadFact, ThreadState } from '../../events.ts'

/** The machine as it is read; `MachineReader`, or one on paper. */
export interface MachineSource {
  readonly limits: MachineLimits
  refresh(): MachineLimits
  use(): MachineUse
}

/** A worker whose size is known. */
export interface SizedWorker {
  readonly fact: ThreadFact
  readonly state: ThreadState
  /** Milliseconds since it became ready; `null` before. */
  readonly readyMs: number | null
  /** See `channel/vitals.ts`. */
  readonly vitals: SharedArrayBuffer
}

/** A worker that may be replaced. Its successor in the same slot is another object. */
export interface GuardedWorker extends SizedWorker {
  /** Milliseconds since its event loop last turned. */
  heartbeatAge(): number
  /** No new requests for the time being. False when it is not ready, or needed. */
  eject(reason: string): boolean
  /** Requests again. */
  restore(reason: string): void
  /** @param vacateMs It goes first, after so many milliseconds at most. */
  replace(reason: ReplaceReason, detail: string, vacateMs?: number): Promise<boolean>
}

/** The workers of a server. */
export interface GuardedWorkers {
  /** Who sits in the slots now and may be replaced. */
  workers(): readonly GuardedWorker[]
  /** Part of the limit above which workers of this application may be replaced; 0 for never. */
  maxMemory(application: string): number
}
