/**
 * What one application needs: how many workers, why, and how few would have been enough.
 *
 * Pure; main thread only. What it may have of that, beside others, is said by `allocate.ts`.
 *
 * Growing and shrinking go by different measures. More workers are for requests that are late now: a second or two
 * of samples, and as many workers as the load needs. Fewer only save memory: what was needed is kept for a time, the
 * longer the longer it was needed, and then goes by and by. A load that swings around a threshold is thus held at its
 * upper end.
 */
import type { ScalingNumbers } from '../../events.ts'
import { demandOf, ratio, sum, within } from './demand.ts'
import type { Demand, Level } from './demand.ts'
import type { MachineSample, Reason, ScalingApplication } from './load.ts'

/** Ticks in which there were workers before more are started. */
const ticksMin = 3

/** Milliseconds of the machine's samples that are averaged. */
const machineMs = 3000

/**
 * Spare event loops for a demand of one, growing with its square root: many workers share their peaks, so that they
 * may be busier than one alone at the same waiting time. One is full at 74 %.
 */
const spare = 0.3

/** Utilization no number of workers is planned beyond: less than a load may rise by while a worker starts. */
const fullest = 0.9

/** Waiting for an event loop is felt from so many milliseconds on. */
const feltMs = 10

/** Milliseconds within which what has piled up is to be gone. */
const clearMs = 3000

/** Milliseconds after a growth until it shows, and how many times as many are worth not waiting for that. */
const effectMs = 5000
const clearlyMore = 1.3

/** Times as many where all are full and nobody knows how full, since what waits is not seen. */
const unseenGrowth = 1.5

/** Milliseconds until a worker that is ready answers as fast as others. */
const warmMs = 1500

/** By how much a smaller number has to do for more than the highest demand. */
const safety = 1.1

/**
 * A number of workers is kept for so many times as long as it was needed, within these bounds in milliseconds: what
 * was needed for minutes, or again and again, will be needed again; a short peak was none of that.
 */
const keepFactor = 1.5
const keepMinMs = 15_000
const keepMaxMs = 60_000

/** Milliseconds of samples before fewer are thought of. */
const seenMinMs = 30_000

/** Milliseconds between two steps down, and after one up. */
const shrinkPauseMs = 5000
const afterGrowthMs = 15_000

/** Each step down takes at least one, and otherwise this part of those that are too many. */
const shrinkPart = 1 / 2

/** From here on the CPUs are used up. Part of them in use; part of the periods throttled; percent of pressure. */
const cpuFull = 0.92
const throttledFull = 0.1
const pressureFull = 50
/** Pressure counts only where threads do wait for CPUs: less than this part of their active time on one. */
const starved = 0.75

/** An application whose threads want a CPU in less than this part of their active time blocks without one. */
const blocking = 0.5

/** In flight for each worker, with event loops that idle, from which on the time goes elsewhere. */
const waitingInflight = 8
const idleUtilization = 0.5

/** What an application would have if it were alone. */
export interface Wish {
  readonly application: ScalingApplication
  /** Workers it should have if nothing limited them: more than it has when its load needs more now. */
  readonly wanted: number
  /** The most that the CPUs can keep busy; never fewer than it has. */
  readonly useful: number
  /** Why it wants more, or fewer, or neither. */
  readonly reason: Reason
  readonly demand: Demand | null
  readonly numbers: ScalingNumbers | null
}

/** What one application needs. @param machine Its last seconds, the oldest first. */
export function wishOf(application: ScalingApplication, machine: readonly MachineSample[]): Wish {
  const { workers } = application
  const demand = demandOf(application.samples)
  if (demand === null) {
    const still = { wanted: workers, useful: workers }
    return { application, ...still, reason: 'settling', demand, numbers: null }
  }
  const state = machineOf(machine)
  const needed = neededFor(application, demand)
  const enough = enoughOf(application, demand)
  const isGrowing = needed.count > workers
  const quiet = enough < workers ? 'idle' : quietReason(application, demand)
  return {
    application,
    wanted: isGrowing ? needed.count : enough,
    useful: Math.max(workers, usefulOf(demand, state)),
    reason: isGrowing ? needed.reason : (needed.held ?? quiet),
    demand,
    numbers: numbersOf(application, demand, state, needed.count)
  }
}

/**
 * How many workers keep so many event loops' work at bay, by the square root of it.
 *
 * @param demand In event loops.
 */
export function workersFor(demand: number): number {
  const count = Math.max(demand + spare * Math.sqrt(demand), demand / fullest)
  // Rounding must not cost a worker.
  return Math.max(1, Math.ceil(count - 1e-9))
}

interface Needed {
  readonly count: number
  readonly reason: 'busy' | 'backlog'
  /** Why more are not started though the count alone would say so. */
  readonly held: Reason | null
}

function neededFor(application: ScalingApplication, demand: Demand): Needed {
  const { workers } = application
  const isFresh = ageOf(application, application.grownAt) < effectMs
  const isFull = demand.isFull || demand.utilization >= fullest
  const forLoad = workersFor(demand.now)
  // Those that are new have taken on nothing yet, and are slow at first.
  const isSettling = isFresh && forLoad < workers * clearlyMore
  const forBacklog = isFull && !isSettling ? withBacklog(application, demand) : 0
  const forUnseen = demand.hidesMore ? Math.ceil(workers * unseenGrowth) : 0
  const count = Math.max(forLoad, forBacklog, forUnseen)
  const needed = { count, reason: forLoad > workers ? 'busy' : 'backlog', held: null } as const
  if (count <= workers) return needed
  if (!demand.hasRequests) return { ...needed, count: workers, held: 'own-work' }
  if (isSettling || demand.ticks < ticksMin) return { ...needed, count: workers, held: 'settling' }
  // Busy and nobody waits: that is what it is there for.
  if (!isFull && !isFelt(demand)) return { ...needed, count: workers, held: 'steady' }
  return needed
}

/** How many work off in time what has piled up, and what will have by the time that more can do something about it. */
function withBacklog({ workers, bootMs }: ScalingApplication, { now, backlogMs }: Demand): number {
  const aheadMs = Math.max(0, now - workers) * ((bootMs ?? 0) + warmMs)
  return Math.ceil(now + (backlogMs + aheadMs) / clearMs)
}

/** Milliseconds since then, by the last sample; for ever when there was no such time. */
function ageOf({ samples }: ScalingApplication, at: number | null): number {
  return at === null ? Number.POSITIVE_INFINITY : (samples.at(-1)?.at ?? at) - at
}

/** Whether requests wait for event loops: by what was measured, or by what stands in line before each. */
function isFelt({ waitMs, loopDelayMs, inflight, ready, costMs }: Demand): boolean {
  const lineMs = (inflight / ready) * (costMs ?? 0)
  return Math.max(waitMs ?? 0, loopDelayMs ?? 0, lineMs) >= feltMs
}

/** The next step down, or where it is. */
function enoughOf(application: ScalingApplication, demand: Demand): number {
  const { workers, grownAt, shrunkAt, samples } = application
  const at = samples.at(-1)?.at ?? 0
  if (demand.seenMs < seenMinMs || demand.ready < workers) return workers
  const surplus = workers - keptOf(demand.levels, at, workers)
  if (surplus <= 0) return workers
  if (ageOf(application, grownAt) < afterGrowthMs || ageOf(application, shrunkAt) < shrinkPauseMs)
    return workers
  return workers - Math.max(1, Math.floor(surplus * shrinkPart))
}

/** The largest number up to that of its workers that is still to be kept. */
function keptOf(levels: readonly Level[], at: number, workers: number): number {
  const needs = levels.map(({ at: end, spanMs, demand }) => ({
    end,
    spanMs,
    count: workersFor(demand * safety)
  }))
  for (let count = workers; count > 1; count--) {
    const needed = needs.filter(need => need.count >= count)
    const keepMs = Math.max(keepMinMs, keepFactor * sum(needed, ({ spanMs }) => spanMs))
    const last = needed.at(-1)
    if (last !== undefined && at - last.end < Math.min(keepMaxMs, keepMs)) return count
  }
  return 1
}

function quietReason({ limits, workers }: ScalingApplication, demand: Demand): Reason {
  const isWaiting = demand.inflight / demand.ready >= waitingInflight && demand.utilization < idleUtilization
  if (isWaiting) return 'waiting'
  return demand.seenMs < seenMinMs && workers > limits.min ? 'settling' : 'steady'
}

interface MachineState {
  readonly cpus: number
  readonly cpuUsed: number
  readonly throttledShare: number
  readonly cpuPressure: number
  readonly memoryFree: number
}

/** The last seconds of the machine; `null` when nothing is known of it. */
function machineOf(all: readonly MachineSample[]): MachineState | null {
  const last = all.at(-1)
  if (last === undefined) return null
  const samples = within(all, last.at, machineMs)
  const mean = (pick: (sample: MachineSample) => number): number => sum(samples, pick) / samples.length
  return {
    cpus: last.cpus,
    cpuUsed: mean(({ cpuUsed }) => cpuUsed),
    throttledShare: mean(({ throttledShare }) => throttledShare),
    cpuPressure: last.cpuPressure ?? 0,
    memoryFree: last.memoryFree
  }
}

/**
 * How many workers the CPUs can keep busy: what others leave, divided by what a busy worker takes. One that waits
 * synchronously takes little. When the CPUs are used up, more threads would only share them.
 */
function usefulOf(demand: Demand, state: MachineState | null): number {
  if (state === null) return Number.POSITIVE_INFINITY
  const { cpus, cpuUsed, throttledShare, cpuPressure } = state
  // Used up by others perhaps; but who blocks without a CPU most of the time blocks beside others as well.
  if (throttledShare < throttledFull && demand.cpuWanted !== null && demand.cpuWanted < blocking) {
    return Math.ceil(cpus / Math.max(0.02, demand.cpuWanted))
  }
  const isStarved = cpuPressure >= pressureFull && (demand.cpuShare ?? 1) < starved
  if (cpuUsed >= cpus * cpuFull || throttledShare >= throttledFull || isStarved) return 0
  const others = Math.max(0, cpuUsed - demand.cpuUsed)
  // A share near nothing divides by it: a thread that waits all the time takes a little to do so.
  return Math.ceil((cpus - others) / Math.max(0.02, demand.cpuShare ?? 1))
}

function numbersOf(
  { workers, workerBytes }: ScalingApplication,
  demand: Demand,
  state: MachineState | null,
  wanted: number
): ScalingNumbers {
  const { peak, utilization, cpuShare, inflight, queued, waitMs, loopDelayMs } = demand
  return {
    workers,
    wanted,
    demand: demand.now,
    peakDemand: peak,
    utilization,
    cpuShare,
    inflight,
    queued,
    waitMs,
    loopDelayMs,
    cpus: state?.cpus ?? 0,
    cpuUsed: state?.cpuUsed ?? 0,
    throttledShare: state?.throttledShare ?? 0,
    memoryFree: state?.memoryFree ?? 0,
    workerBytes
  }
}

/** How busy it would be with so many workers, by its present demand, or by the highest before it lends one. */
export function busyWith({ demand }: Wish, workers: number, isLending = false): number {
  if (demand === null) return 0
  return workers > 0 ? ratio(isLending ? demand.lendPeak : demand.now, workers) : Number.POSITIVE_INFINITY
}
