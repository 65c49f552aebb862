/**
 * What the scaling rule is told and what it answers: load of an application, state of the machine, decisions.
 *
 * Types and the constants that go with them. Pure; main thread only.
 */
import type { ScalingNumbers, ScalingReason, ScalingRefusal } from '../../events.ts'

/** Milliseconds between two ticks: at each a sample is taken of each application, and the rule is asked. */
export const tickMs = 500

/** Milliseconds of samples the rule looks back on; older ones need not be kept. */
export const historyMs = 90_000

/** One application over one tick. Sums and counts are over all its workers that were ready in the tick. */
export interface LoadSample {
  /** The end of the tick, on the caller's clock, in milliseconds. */
  readonly at: number
  /** Milliseconds the tick has lasted. */
  readonly spanMs: number
  /** Workers that take requests at the end of the tick; those that drain are not among them. */
  readonly ready: number
  /** Threads on their way to being ready beyond those that replace another: their number will come on top. */
  readonly starting: number
  /**
   * Requests that came in, wherever they wait; `null` where only the worker sees them, once it gets to them: those of
   * clients in direct and handoff mode.
   */
  readonly arrived: number | null
  /** Requests that ended, with an answer or without; `null` where nobody counts them. */
  readonly completed: number | null
  /** Requests sent to workers and not ended, at the end of the tick. */
  readonly inflight: number
  /** Requests that wait in senders since no worker takes them, at the end of the tick. */
  readonly queued: number
  /** Time in senders' queues of the requests sent in the tick, 99th percentile; `null` when none waited. */
  readonly waitP99Ms: number | null
  /** Time to the head of the response, 99th percentile; `null` without responses. */
  readonly responseP99Ms: number | null
  /**
   * Milliseconds the event loops were active, all together, those of workers that are out of balancing among them: one
   * that is blocked has work. A boot is not counted.
   */
  readonly activeMs: number
  /** Milliseconds of CPU time the threads have used, all together; `null` where the system does not say. */
  readonly cpuMs: number | null
  /** Milliseconds the threads could have run and had no CPU, all together; left out or `null` where nobody knows. */
  readonly cpuWaitMs?: number | null
  /** How late event loops were, 99th percentile of the worst worker; the age of its heartbeat if it is blocked. */
  readonly loopDelayMs: number | null
}

/** The machine, or what the container leaves of it, over one tick. */
export interface MachineSample {
  /** The end of the tick, on the same clock as those of {@link LoadSample}. */
  readonly at: number
  /** CPUs the process may use at a time: those there are, or the quota where that is less. May be broken. */
  readonly cpus: number
  /**
   * CPUs in use of these, over the tick, by everything that shares them: the cgroup where a quota limits it, else
   * the machine; the process where neither can be read.
   */
  readonly cpuUsed: number
  /** Part of the periods of the quota in which the process was throttled, 0 to 1; 0 without a quota. */
  readonly throttledShare: number
  /** Pressure as the kernel says it (`some avg10`), percent from 0 to 100; `null` where it says nothing. */
  readonly cpuPressure: number | null
  /** The same of memory. */
  readonly memoryPressure: number | null
  /** Bytes: the limit of the container, or the memory of the machine. */
  readonly memoryLimit: number
  /** Bytes in use of these. */
  readonly memoryUsed: number
  /** Bytes that could be taken at once, caches that would give way included. */
  readonly memoryFree: number
}

/** Between how many workers the rule may choose. */
export interface ScalingLimits {
  /** At least 0; at least 1 for an application that is to answer. */
  readonly min: number
  readonly max: number
}

/** An application as the rule sees it. */
export interface ScalingApplication {
  readonly id: string
  readonly limits: ScalingLimits
  /** The number of workers it is meant to have at present: the last target, whether they have started or not. */
  readonly workers: number
  /** Whether the rule may change that number; of one that is pinned only what it holds of `total` counts. */
  readonly enabled: boolean
  /** When the number was changed last, by whomever, on the clock of the samples; `null` for never. */
  readonly grownAt: number | null
  readonly shrunkAt: number | null
  /** Bytes one more worker of it is expected to need. */
  readonly workerBytes: number
  /** Further workers that have loaded and only wait to be needed: they have the memory they take. */
  readonly spares?: number
  /** Milliseconds its workers take from their start until they are ready, as of late; `null` when not known. */
  readonly bootMs: number | null
  /** The last {@link historyMs}, the oldest first. */
  readonly samples: readonly LoadSample[]
}

/**
 * Why a number was changed ({@link ScalingReason}), or left.
 *
 * Left: `steady` it is right; `settling` too little was seen yet, or the last change is too young; `waiting` many
 * requests are in flight and event loops idle: the time goes elsewhere; `own-work` it is busy without requests.
 * The {@link Refusal}s: it needs more and does not get them; `memory` also when one has to go, since there is hardly
 * any left. `pinned`: the rule may not.
 */
export type Reason = ScalingReason | 'steady' | 'settling' | 'waiting' | 'own-work' | 'pinned' | Refusal

/** Why an application gets fewer workers than it needs, by the rule. */
export type Refusal = Exclude<ScalingRefusal, 'failed'>

/** What is to become of one application. */
export interface Decision {
  readonly id: string
  /** The number of workers it should have from now on; `numbers.workers` when nothing is to change. */
  readonly target: number
  readonly reason: Reason
  /** What keeps it from having `numbers.wanted`, also when it gets some of them; `null` when it has them. */
  readonly refusal: Refusal | null
  /** Who gave it the worker, or gets the one it gives: ids, at most as many as workers change hands. */
  readonly partners: readonly string[]
  /** `null` as long as there is no sample. */
  readonly numbers: ScalingNumbers | null
}

/** The rule: `allocate.ts` has it. `machine` are the samples of the last seconds, the oldest first; may be empty. */
export type ScalingRule = (
  applications: readonly ScalingApplication[],
  machine: readonly MachineSample[],
  total: number
) => readonly Decision[]
