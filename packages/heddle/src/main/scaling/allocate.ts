/**
 * Shares workers out among applications: what each needs, within its limits, the total and the memory there is.
 *
 * Pure; main thread only. When all together have as many as they may, one that is busy takes a worker from the one
 * whose loss hurts least, and from nobody when it would hurt as much.
 */
import type { Decision, MachineSample, Reason, Refusal, ScalingApplication } from './load.ts'
import { busyWith, wishOf, workersFor } from './rule.ts'
import type { Wish } from './rule.ts'

/** Where nobody can spare one: how busy who gives may be afterwards, as part of how busy who gets it is now. */
const lendAdvantage = 0.75

/** Milliseconds after which a worker an application has just got may be taken from it again. */
const lendPauseMs = 10_000

/** Part of the memory that stays free, and its bounds in bytes: for what there is already, which grows as well. */
const memoryReserve = 0.1
const reserveMin = 32 * 1024 ** 2
const reserveMax = 512 * 1024 ** 2

/** With less than this part of the reserve left a worker has to go; and so long until the next one. */
const reserveLeft = 0.5
const relievePauseMs = 10_000

/** Percent of memory pressure from which on nothing is started: the system is looking for pages already. */
const memoryPressureMax = 20

/** One application while workers are shared out. */
interface Share {
  readonly wish: Wish
  target: number
  reason: Reason
  refusal: Refusal | null
  readonly partners: Set<string>
}

/**
 * How many workers each application should have from now on, in the order they were given.
 *
 * Of those that may be changed no target is outside of its limits, and all together are no more than `total`,
 * unless `min` and those that are pinned are more by themselves. The same arguments give the same answer.
 *
 * @param machine The samples of its last seconds, the oldest first; without one, CPU and memory limit nothing.
 * @param total The most workers of all applications together.
 */
export function plan(
  applications: readonly ScalingApplication[],
  machine: readonly MachineSample[],
  total: number
): readonly Decision[] {
  const shares = applications.map(application => shareOf(wishOf(application, machine)))
  const memory = new Memory(machine.at(-1), applications)
  fit(shares, total)
  if (memory.isRunningOut) relieve(shares)
  grow(shares, total, memory)
  return shares.map(decisionOf)
}

/** Where it starts from: its number within its limits, or one step down. */
function shareOf(wish: Wish): Share {
  const { application, wanted } = wish
  const { enabled, workers, limits } = application
  const share: Share = { wish, target: workers, reason: wish.reason, refusal: null, partners: new Set() }
  if (!enabled) return { ...share, reason: 'pinned' }
  const bounded = Math.min(limits.max, Math.max(limits.min, workers))
  if (bounded !== workers) return { ...share, target: bounded, reason: 'limits' }
  return { ...share, target: Math.max(limits.min, Math.min(workers, wanted)) }
}

function sumOf(shares: readonly Share[]): number {
  return shares.reduce((sum, { target }) => sum + target, 0)
}

/** Takes from whom it hurts least what all together have too many. */
function fit(shares: readonly Share[], total: number): void {
  while (sumOf(shares) > total) {
    const giver = least(shares.filter(isAboveMin), ({ wish, target }) => busyWith(wish, target - 1, true))
    if (giver === null) return
    giver.target--
    giver.reason = 'limits'
  }
}

/** Takes one worker, of whom it hurts least: before the kernel takes all of them. */
function relieve(shares: readonly Share[]): void {
  const isSettled = shares.every(({ wish: { application } }) => !hasJustShrunk(application))
  const hasShrunk = shares.some(({ wish, target }) => target < wish.application.workers)
  if (!isSettled || hasShrunk) return
  const giver = least(shares.filter(isAboveMin), ({ wish, target }) => busyWith(wish, target - 1, true))
  if (giver === null) return
  giver.target--
  giver.reason = 'memory'
}

function isAboveMin({ wish: { application }, target }: Share): boolean {
  return application.enabled && target > application.limits.min
}

/** Hands workers out one by one, each to whom is busiest with what it has by then. */
function grow(shares: readonly Share[], total: number, memory: Memory): void {
  const open = new Set(
    shares.filter(
      share => share.wish.application.enabled && share.reason !== 'limits' && share.reason !== 'memory'
    )
  )
  for (;;) {
    const share = least([...open].filter(isShort), ({ wish, target }) => -busyWith(wish, target))
    if (share === null) return
    share.refusal = refusalOf(share, memory)
    if (share.refusal === null && !takeSeat(share, shares, total)) share.refusal = 'total'
    if (share.refusal === null) memory.take(share.wish.application, share.target)
    else open.delete(share)
  }
}

function isShort({ wish, target, reason }: Share): boolean {
  return reason !== 'given-away' && target < wish.wanted
}

function refusalOf({ wish, target }: Share, memory: Memory): Refusal | null {
  if (target >= wish.application.limits.max) return 'max'
  if (target >= wish.useful) return 'cpu'
  return memory.holds(wish.application, target) ? null : 'memory'
}

/** A worker for it: one more, or another one's. Returns whether there was one. */
function takeSeat(share: Share, shares: readonly Share[], total: number): boolean {
  const giver = sumOf(shares) < total ? null : giverTo(share, shares)
  if (giver === null && sumOf(shares) >= total) return false
  share.target++
  if (giver !== null) {
    giver.target--
    giver.reason = 'given-away'
    giver.refusal = null
    giver.partners.add(share.wish.application.id)
    share.partners.add(giver.wish.application.id)
  }
  return true
}

function giverTo(taker: Share, shares: readonly Share[]): Share | null {
  const bearable = lendAdvantage * busyWith(taker.wish, taker.target)
  const givers = shares.filter(
    share =>
      share !== taker &&
      isAboveMin(share) &&
      share.target <= share.wish.application.workers &&
      !hasJustGrown(share.wish.application) &&
      (canSpare(share) || busyWith(share.wish, share.target - 1, true) <= bearable)
  )
  return least(givers, ({ wish, target }) => busyWith(wish, target - 1, true))
}

function canSpare({ wish: { demand }, target }: Share): boolean {
  return demand !== null && workersFor(demand.lendPeak) < target
}

function hasJustGrown({ grownAt, samples }: ScalingApplication): boolean {
  return isYoung(grownAt, samples, lendPauseMs)
}

function hasJustShrunk({ shrunkAt, samples }: ScalingApplication): boolean {
  return isYoung(shrunkAt, samples, relievePauseMs)
}

function isYoung(at: number | null, samples: ScalingApplication['samples'], ms: number): boolean {
  return at !== null && (samples.at(-1)?.at ?? at) - at < ms
}

/** The one with the least of something, the first of several; `null` of none. */
function least(shares: readonly Share[], measure: (share: Share) => number): Share | null {
  return shares.reduce<Share | null>(
    (best, share) => (best === null || measure(share) < measure(best) ? share : best),
    null
  )
}

function decisionOf({ wish, target, reason, refusal, partners }: Share): Decision {
  const { application, numbers } = wish
  const isLeft = target === application.workers
  return {
    id: application.id,
    target,
    reason: isLeft && refusal !== null ? refusal : isLeft && reason === 'idle' ? 'steady' : reason,
    refusal,
    partners: [...partners],
    numbers
  }
}

/** Whether the worker after so many is one that is kept ready. */
function isThere({ workers, spares = 0 }: ScalingApplication, target: number): boolean {
  return target >= workers && target < workers + spares
}

/** What is left of the memory while workers are handed out. */
class Memory {
  /** Whether there is so little that a worker should go. */
  readonly isRunningOut: boolean
  #free: number
  readonly #closed: boolean

  constructor(machine: MachineSample | undefined, applications: readonly ScalingApplication[]) {
    const reserve = Math.min(reserveMax, Math.max(reserveMin, (machine?.memoryLimit ?? 0) * memoryReserve))
    this.isRunningOut = machine !== undefined && machine.memoryFree < reserve * reserveLeft
    // Those that are starting have not taken theirs yet.
    const promised = applications.reduce(
      (sum, { samples, workerBytes }) => sum + (samples.at(-1)?.starting ?? 0) * workerBytes,
      0
    )
    this.#free = (machine?.memoryFree ?? Number.POSITIVE_INFINITY) - reserve - promised
    this.#closed = (machine?.memoryPressure ?? 0) >= memoryPressureMax
  }

  /** Whether there is enough for one more than so many. */
  holds(application: ScalingApplication, target: number): boolean {
    return isThere(application, target) || (!this.#closed && this.#free >= application.workerBytes)
  }

  /** So many there are now, the one that was added last among them. */
  take(application: ScalingApplication, target: number): void {
    if (!isThere(application, target - 1)) this.#free -= application.workerBytes
  }
}
