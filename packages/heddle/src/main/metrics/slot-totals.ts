/**
 * What one slot has counted over all threads that sat in it: sums that only grow, whatever wraps or ends.
 *
 * Main thread only. It reads shared memory and waits for nobody. A thread is kept until it was read once more after
 * its end, so that nothing it counted is lost.
 */
import type { MemberCounts } from '@heddle/mesh'

import { readOsThread, readVitalsCounts } from '../../channel/vitals.ts'
import type { VitalsCounts } from '../../channel/vitals.ts'
import { plus, since, sumOf } from './counts.ts'
import { LoopTotals } from './loop-totals.ts'
import type { MeteredThread } from './sources.ts'
import { osThreadCpuMs } from './thread-cpu.ts'

/** Counts of senders and of the thread itself, all of which wrap. */
export type Tallies = Omit<MemberCounts, 'failuresInRow'> &
  VitalsCounts & {
    /** Connections clients have had to it itself. */
    readonly connections: number
  }

/** Sums over all threads of a slot. */
export interface Totals {
  readonly tallies: Tallies
  /** Milliseconds its event loop was busy, and idle. */
  readonly activeMs: number
  readonly idleMs: number
  readonly cpuMs: number
  /** Requests that did not wait before they were sent. */
  readonly unwaited: number
}

/** What was read of a thread last. */
interface Seen {
  tallies: Tallies | null
  cpuMs: number
  /** What it has said itself of that. */
  saidCpuMs: number
}

/** The sums of one slot. */
export class SlotTotals {
  readonly #threads = new Map<MeteredThread, Seen>()
  #tallies: Tallies | null = null
  readonly #loop = new LoopTotals()
  #cpuMs = 0
  #unwaited = 0

  /** Knows threads from now on, before they have counted anything that matters. */
  meet(living: readonly MeteredThread[]): void {
    for (const thread of living) if (!this.#threads.has(thread)) this.#threads.set(thread, unseen())
  }

  /**
   * Adds what was counted since the last time.
   *
   * @param asksSystem Whether the system is asked for CPU times: a small file for each thread.
   */
  fold(living: readonly MeteredThread[], asksSystem: boolean): void {
    this.meet(living)
    for (const [thread, seen] of this.#threads) {
      this.#add(thread, seen, asksSystem)
      if (thread.state === 'exited' || thread.state === 'zombie') this.#threads.delete(thread)
    }
    // Never less than before: a request that waits is counted before its answer is.
    const { durations, waits } = this.#tallies ?? { durations: [], waits: [] }
    this.#unwaited = Math.max(this.#unwaited, sumOf(durations) - sumOf(waits))
  }

  /** The sums as they were folded last; `null` before any thread was seen. */
  get totals(): Totals | null {
    if (this.#tallies === null) return null
    return {
      tallies: this.#tallies,
      activeMs: this.#loop.activeMs,
      idleMs: this.#loop.idleMs,
      cpuMs: this.#cpuMs,
      unwaited: this.#unwaited
    }
  }

  /** Whether nothing more can be counted by the threads that are known: all have ended and were read. */
  get isSettled(): boolean {
    return this.#threads.size === 0
  }

  #add(thread: MeteredThread, seen: Seen, asksSystem: boolean): void {
    const tallies = readTallies(thread)
    const news = since(tallies, seen.tallies)
    this.#tallies = plus(news, this.#tallies)
    seen.tallies = tallies
    seen.saidCpuMs += news.cpuMs
    this.#loop.fold(thread)
    // One that is blocked has not said what it used since; one that is gone the system no longer knows.
    const ofSystem = asksSystem ? osThreadCpuMs(readOsThread(thread.vitals)) : null
    const cpuMs = Math.max(ofSystem ?? 0, seen.saidCpuMs)
    this.#cpuMs += Math.max(0, cpuMs - seen.cpuMs)
    seen.cpuMs = Math.max(cpuMs, seen.cpuMs)
  }
}

function readTallies(thread: MeteredThread): Tallies {
  const { failuresInRow: _, ...counts } = thread.counts()
  const connections = thread.connections()?.connections.total ?? 0
  return { ...counts, ...readVitalsCounts(thread.vitals), connections }
}

function unseen(): Seen {
  return { tallies: null, cpuMs: 0, saidCpuMs: 0 }
}
