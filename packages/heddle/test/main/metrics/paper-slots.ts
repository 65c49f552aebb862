/** Slots and threads that a test plays by hand, as metrics see them. */
import type { EventLoopUtilization } from 'node:perf_hooks'

import type { MemberCounts } from '@heddle/mesh'

import { createVitals, VitalsWriter } from '../../../src/channel/vitals.ts'
import type { Counting } from '../../../src/channel/vitals.ts'
import type { ThreadState } from '../../../src/events.ts'
import type { MeteredApplication, MeteredSlot, MeteredThread } from '../../../src/main/metrics/sources.ts'

const none = (length: number): number[] => Array.from({ length }, () => 0)

/** Nothing counted, in lists of their real lengths. */
export const zeroCounts: MemberCounts = {
  answered: none(5),
  lost: 0,
  failures: 0,
  failuresInRow: 0,
  durations: none(32),
  durationUnits: 0,
  totals: none(32),
  totalUnits: 0,
  waits: none(32),
  waitUnits: 0,
  retries: 0,
  upgrades: 0,
  bytesIn: 0,
  bytesOut: 0
}

/** Counts of `count` answers with 200 that took about a millisecond each. */
export function answers(count: number, others: Partial<MemberCounts> = {}): MemberCounts {
  const durations = none(32)
  durations[5] = count
  return { ...zeroCounts, answered: [0, count, 0, 0, 0], durations, ...others }
}

const nothingCounted: Counting = {
  gcMicroseconds: none(4),
  gcCounts: none(4),
  loopDelays: none(13),
  loopDelayUnits: 0,
  cpuMs: 0,
  handles: 0
}

/** A thread that has counted what a test says. */
export class PaperThread implements MeteredThread {
  state: ThreadState = 'ready'
  readonly vitals = createVitals()
  readonly registry = null
  counted: MemberCounts = zeroCounts
  loop: EventLoopUtilization = { active: 0, idle: 0, utilization: 0 }
  age = 0
  readonly #writer = new VitalsWriter(this.vitals)

  counts(): MemberCounts {
    return this.counted
  }

  inflight(): number {
    return 0
  }

  connections(): null {
    return null
  }

  heartbeatAge(): number {
    return this.age
  }

  eventLoopUtilization(): EventLoopUtilization {
    return this.loop
  }

  /** Writes into its vitals. */
  count(counting: Partial<Counting>): void {
    this.#writer.count({ ...nothingCounted, ...counting })
  }
}

/** A slot of the application `api`. */
export class PaperSlot implements MeteredSlot {
  readonly fact
  readonly zombies = 0
  readonly circuit = 'closed'
  readonly book = { reasons: {} }
  readonly threads: PaperThread[] = []

  constructor(slot: number) {
    this.fact = { application: 'api', slot, worker: `api:${slot}` }
  }

  get current(): PaperThread | null {
    return this.living.at(-1) ?? null
  }

  get living(): readonly PaperThread[] {
    return this.threads.filter(({ state }) => state !== 'exited')
  }

  /** Another thread in it. */
  seat(): PaperThread {
    const thread = new PaperThread()
    this.threads.push(thread)
    return thread
  }
}

/** The application `api` with these slots. */
export function paperApplication(slots: readonly PaperSlot[]): MeteredApplication {
  const settings = { id: 'api', workers: slots.length }
  return { settings, phase: 'running', slots, everySlot: slots, status: () => ({ spares: [] }) }
}
