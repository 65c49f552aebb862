/**
 * Knows the machine while the server runs: reads the limits again every ten seconds, for containers are resized while
 * they run, and what is in use whenever somebody wants to know.
 *
 * Main thread only. It decides nothing.
 */
import type { MachineLimits } from '../../config/machine/machine.ts'
import type { MachineReportLine } from '../../control/answers.ts'
import type { Announce, MachineSize } from '../../events.ts'
import { repeat } from '../../shared/clock.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'
import type { MachineSource } from './guarded.ts'
import { sampleOf } from './machine-sample.ts'
import type { MachineReading, MachineSample } from './machine-sample.ts'

/** What a watch is made of. */
export interface MachineWatchOptions {
  readonly source: MachineSource
  readonly clock: Clock
  readonly announce: Announce
}

/** Milliseconds between two looks at the limits. */
const limitsMs = 10_000

/** The machine of a server. */
export class MachineWatch {
  readonly #options: MachineWatchOptions
  #cancel: Cancel | null = null

  constructor(options: MachineWatchOptions) {
    this.#options = options
  }

  /** The limits as they were read last. */
  get limits(): MachineLimits {
    return this.#options.source.limits
  }

  /** Begins to look. Idempotent. */
  start(): void {
    this.#cancel ??= repeat(this.#options.clock, limitsMs, () => this.#look())
  }

  /** Looks no more. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  /** The machine since the last time it was asked: for whoever looks at it in turns of their own. */
  meter(): () => MachineSample {
    let last = this.#read()
    return () => {
      const now = this.#read()
      const sample = sampleOf(last, now)
      last = now
      return sample
    }
  }

  /** The machine as it stands. */
  report(): MachineReportLine {
    const { limits, use } = this.#read()
    const { limitBytes, usedBytes, freeBytes } = use.memory
    return {
      cpus: limits.cpus,
      cpuQuota: limits.quotaGroup !== null,
      throttledMs: use.throttling?.throttledMs ?? null,
      cpuPressure: use.cpuPressure?.some ?? null,
      memoryLimit: limitBytes,
      memoryLimited: limits.memoryLimitBytes !== null,
      memoryUsed: usedBytes,
      memoryFree: freeBytes,
      memoryPressure: use.memoryPressure?.some ?? null
    }
  }

  #read(): MachineReading {
    const { source, clock } = this.#options
    return { at: clock.now(), limits: source.limits, use: source.use() }
  }

  #look(): void {
    const { source, announce } = this.#options
    const from = sizeOf(source.limits)
    const to = sizeOf(source.refresh())
    if (from.cpus === to.cpus && from.memoryLimitBytes === to.memoryLimitBytes) return
    announce('machine:resized', { from, to })
  }
}

function sizeOf({ cpus, memoryLimitBytes }: MachineLimits): MachineSize {
  return { cpus, memoryLimitBytes }
}
