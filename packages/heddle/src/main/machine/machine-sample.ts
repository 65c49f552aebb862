/**
 * Works out how the machine was between two moments.
 *
 * Pure. Main thread only.
 */
import type { MachineLimits } from '../../config/machine/machine.ts'
import type { MachineUse } from '../../config/machine/machine-use.ts'

/** The machine as it was read at one moment. */
export interface MachineReading {
  /** Milliseconds on any clock. */
  readonly at: number
  readonly limits: MachineLimits
  readonly use: MachineUse
}

/** The machine, or what the container leaves of it, between two moments: as whoever scales wants to have it. */
export interface MachineSample {
  /** The later moment. */
  readonly at: number
  /** CPUs the process may use at a time. May be broken. */
  readonly cpus: number
  /** How many of these were in use, by everybody who shares them. */
  readonly cpuUsed: number
  /** Part of the periods of the quota in which it was throttled, 0 to 1; 0 without a quota. */
  readonly throttledShare: number
  /** Percent of the last ten seconds in which something waited for a CPU; `null` when not known. */
  readonly cpuPressure: number | null
  /** The same of memory. */
  readonly memoryPressure: number | null
  /** Bytes: the limit of the container, or the memory of the machine. */
  readonly memoryLimit: number
  readonly memoryUsed: number
  /** What could be taken at once, caches that would give way included. */
  readonly memoryFree: number
}

/** What happened between two readings. Counts that went back, since the process was moved or resized, say nothing. */
export function sampleOf(earlier: MachineReading, later: MachineReading): MachineSample {
  const spanMs = later.at - earlier.at
  const { limits, use } = later
  const cpuMs = isSameGroup(earlier, later) ? Math.max(0, use.cpuMs - earlier.use.cpuMs) : 0
  return {
    at: later.at,
    cpus: limits.cpus,
    cpuUsed: spanMs <= 0 ? 0 : cpuMs / spanMs,
    throttledShare: throttledShare(earlier, later),
    cpuPressure: use.cpuPressure?.some ?? null,
    memoryPressure: use.memoryPressure?.some ?? null,
    memoryLimit: use.memory.limitBytes,
    memoryUsed: use.memory.usedBytes,
    memoryFree: use.memory.freeBytes
  }
}

function throttledShare(earlier: MachineReading, later: MachineReading): number {
  const before = earlier.use.throttling
  const after = later.use.throttling
  if (before === null || after === null || !isSameGroup(earlier, later)) return 0
  const periods = after.periods - before.periods
  const throttled = after.throttled - before.throttled
  return periods <= 0 ? 0 : Math.min(1, Math.max(0, throttled / periods))
}

function isSameGroup(earlier: MachineReading, later: MachineReading): boolean {
  return earlier.limits.quotaGroup === later.limits.quotaGroup
}
