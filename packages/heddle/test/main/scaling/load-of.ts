/** Samples of applications and machines as tests of the scaling rule need them: steady ones, changed where a case cares. */
import { tickMs } from '../../../src/main/scaling/load.ts'
import type { LoadSample, MachineSample, ScalingApplication } from '../../../src/main/scaling/load.ts'

/** Bytes of a mebibyte. */
export const mebibyte: number = 1024 ** 2

/** What a tick was like, per second and in event loops rather than in the units of a sample. */
export interface Tick extends Partial<LoadSample> {
  /** Utilization of each worker. */
  readonly elu?: number
  /** Part of the active time on a CPU; 1 when left out. */
  readonly cpuShare?: number
  /** Requests a second. */
  readonly rate?: number
}

/** A number of ticks in a row that were all the same, up to a time. */
export function ticks(count: number, tick: Tick = {}, until = 1_000_000): LoadSample[] {
  return Array.from({ length: count }, (_, index) => sample(tick, until - (count - 1 - index) * tickMs))
}

/** One after the other: the last one ends at 1 000 000. */
export function history(...parts: readonly (readonly [count: number, tick: Tick])[]): LoadSample[] {
  const all = parts.reduce((sum, [count]) => sum + count, 0)
  let begun = 0
  return parts.flatMap(([count, tick]) => {
    begun += count
    return ticks(count, tick, 1_000_000 - (all - begun) * tickMs)
  })
}

function sample({ elu = 0.3, cpuShare = 1, rate = 100, ...rest }: Tick, at: number): LoadSample {
  const ready = rest.ready ?? 1
  const activeMs = elu * ready * tickMs
  const requests = (rate * tickMs) / 1000
  return {
    at,
    spanMs: tickMs,
    ready,
    starting: 0,
    arrived: requests,
    completed: requests,
    inflight: 1,
    queued: 0,
    waitP99Ms: null,
    responseP99Ms: 12,
    activeMs,
    cpuMs: activeMs * cpuShare,
    loopDelayMs: elu >= 0.7 ? 25 : 2,
    ...rest
  }
}

/** An application with as many workers as its last sample. */
export function application(
  samples: readonly LoadSample[],
  changes: Partial<ScalingApplication> = {}
): ScalingApplication {
  return {
    id: 'api',
    limits: { min: 1, max: 8 },
    workers: samples.at(-1)?.ready ?? 1,
    enabled: true,
    grownAt: null,
    shrunkAt: null,
    workerBytes: 50 * mebibyte,
    bootMs: 800,
    samples,
    ...changes
  }
}

/** A machine with eight CPUs and plenty of both, over its last seconds. */
export function machine(changes: Partial<MachineSample> = {}): MachineSample[] {
  return Array.from({ length: 6 }, (_, index) => ({
    at: 1_000_000 - (5 - index) * tickMs,
    cpus: 8,
    cpuUsed: 2,
    throttledShare: 0,
    cpuPressure: null,
    memoryPressure: null,
    memoryLimit: 8192 * mebibyte,
    memoryUsed: 1024 * mebibyte,
    memoryFree: 7168 * mebibyte,
    ...changes
  }))
}
