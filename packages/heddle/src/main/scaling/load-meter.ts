/**
 * Takes samples of the load of one application: what its workers and those who send to them have counted since the
 * last one.
 *
 * Main thread only. It reads shared memory and asks no thread, so that a worker that is blocked is seen as quickly as
 * any other.
 */
import type { MemberCounts } from '@heddle/mesh'
import { percentileMs } from '@heddle/mesh'

import { readVitals } from '../../channel/vitals.ts'
import type { LoadSample } from './load.ts'
import type { ScaledApplication, ScaledThread } from './scaled.ts'

/** Milliseconds of CPU a thread has used, or has waited for, by its vitals; `null` where nobody knows. */
export type ThreadCpu = (vitals: SharedArrayBuffer) => number | null

/** A heartbeat that is so many milliseconds old says how late the event loop is before the thread can. */
const lateMs = 300

/** What was read of a thread last. */
interface Reading {
  readonly counts: MemberCounts
  readonly activeMs: number
  readonly cpuMs: number | null
  readonly cpuWaitMs: number | null
  readonly inflight: number
  readonly isReady: boolean
}

/** What lies between two readings of all threads. */
interface Sums {
  completed: number
  /** Connections that were upgraded: in flight from then on, which tells nothing of what they cost. */
  upgraded: number
  inflight: number
  /** Threads whose active time is counted. */
  working: number
  activeMs: number
  cpuMs: number | null
  cpuWaitMs: number | null
  durations: number[]
  waits: number[]
}

/** The meter of one application. */
export class LoadMeter {
  readonly #threadCpu: ThreadCpu
  readonly #threadCpuWait: ThreadCpu
  readonly #readings = new Map<ScaledThread, Reading>()
  #at: number | null = null
  #inflight = 0

  constructor(threadCpu: ThreadCpu, threadCpuWait: ThreadCpu = () => null) {
    this.#threadCpu = threadCpu
    this.#threadCpuWait = threadCpuWait
  }

  /** What has happened since the last time; `null` the first time, when nothing is known to compare with. */
  sample(application: ScaledApplication, at: number): LoadSample | null {
    const before = this.#at
    const times = { activeMs: 0, cpuMs: 0, cpuWaitMs: 0 }
    const sums: Sums = {
      completed: 0,
      upgraded: 0,
      inflight: 0,
      working: 0,
      ...times,
      durations: [],
      waits: []
    }
    const living = new Set(application.everySlot.flatMap(slot => slot.living))
    // Those that have ended meanwhile are read once more.
    for (const thread of new Set([...this.#readings.keys(), ...living])) {
      this.#add(sums, thread, before === null)
      if (!living.has(thread)) this.#readings.delete(thread)
    }
    const arrived = Math.max(0, sums.completed + sums.inflight - this.#inflight - sums.upgraded)
    this.#at = at
    this.#inflight = sums.inflight
    if (before === null || at <= before) return null
    const { ready, starting, loopDelayMs } = present(application)
    const spanMs = at - before
    const { completed, inflight, cpuMs, cpuWaitMs, activeMs, durations, waits } = sums
    return {
      at,
      spanMs,
      ready,
      starting,
      arrived: isUnseen(application) ? null : arrived,
      completed,
      inflight,
      // Senders keep requests only while nobody takes any, and tell how many only when that is over.
      queued: 0,
      waitP99Ms: percentileMs(waits, 0.99),
      responseP99Ms: percentileMs(durations, 0.99),
      activeMs: Math.min(activeMs, sums.working * spanMs),
      cpuMs,
      cpuWaitMs,
      loopDelayMs
    }
  }

  #add(sums: Sums, thread: ScaledThread, isFirst: boolean): void {
    const reading = this.#read(thread)
    const known = this.#readings.get(thread)
    this.#readings.set(thread, reading)
    sums.inflight += reading.inflight
    // One that was not there the last time has counted nothing before; at the first time nobody knows since when.
    if (known !== undefined || !isFirst) addCounts(sums, reading.counts, known?.counts ?? null)
    // What it did while it was started is no work.
    if (known?.isReady !== true) return
    sums.working++
    sums.activeMs += Math.max(0, reading.activeMs - known.activeMs)
    sums.cpuMs = plus(sums.cpuMs, reading.cpuMs, known.cpuMs)
    sums.cpuWaitMs = plus(sums.cpuWaitMs, reading.cpuWaitMs, known.cpuWaitMs)
  }

  #read(thread: ScaledThread): Reading {
    const isGone = thread.state === 'exited' || thread.state === 'zombie'
    const known = this.#readings.get(thread)
    return {
      counts: thread.counts(),
      activeMs: thread.eventLoopUtilization().active,
      cpuMs: isGone ? (known?.cpuMs ?? null) : this.#threadCpu(thread.vitals),
      cpuWaitMs: isGone ? (known?.cpuWaitMs ?? null) : this.#threadCpuWait(thread.vitals),
      inflight: isGone ? 0 : thread.inflight(),
      isReady: thread.state === 'ready' || thread.state === 'ejected'
    }
  }
}

/** A sum and what has come to it since; `null` as soon as part of it is not known. */
function plus(sum: number | null, later: number | null, earlier: number | null): number | null {
  if (sum === null || later === null || earlier === null) return null
  return sum + Math.max(0, later - earlier)
}

/** Whether clients have connections to its workers: how many requests come in is known only by what they answer. */
function isUnseen({ slots }: ScaledApplication): boolean {
  return slots.some(({ current }) => (current?.connections() ?? null) !== null)
}

/** How its workers stand now. */
function present({ slots }: ScaledApplication): Pick<LoadSample, 'ready' | 'starting' | 'loopDelayMs'> {
  const threads = slots.flatMap(({ current }) => current ?? [])
  const ready = threads.filter(({ state }) => state === 'ready')
  const delays = ready.map(thread => {
    const age = thread.heartbeatAge()
    return Math.max(readVitals(thread.vitals).loopDelay.p99, age > lateMs ? age : 0)
  })
  return {
    ready: ready.length,
    starting: threads.filter(({ state }) => state === 'starting').length,
    loopDelayMs: delays.length === 0 ? null : Math.max(...delays)
  }
}

function addCounts(sums: Sums, later: MemberCounts, earlier: MemberCounts | null): void {
  const answered: number[] = []
  addEach(answered, later.answered, earlier?.answered ?? [])
  const [upgraded = 0, ...others] = answered
  sums.upgraded += upgraded
  sums.completed += (later.lost - (earlier?.lost ?? 0)) >>> 0
  for (const count of others) sums.completed += count
  addEach(sums.durations, later.durations, earlier?.durations ?? [])
  addEach(sums.waits, later.waits, earlier?.waits ?? [])
}

/** Counts wrap. */
function addEach(to: number[], later: readonly number[], earlier: readonly number[]): void {
  for (const [index, count] of later.entries()) {
    to[index] = (to[index] ?? 0) + ((count - (earlier[index] ?? 0)) >>> 0)
  }
}
