/**
 * Watches every worker from outside: takes out of balancing who does not turn, judges the others once in an
 * interval, has those replaced that stay bad.
 *
 * Main thread only. One timer for all of them. It asks no thread for anything and waits for none; verdicts are
 * made in `judge.ts` and counted in `tally.ts`, what they lead to is settled in `causes.ts`.
 */
import { readVitals, saysNotReady } from '../../channel/vitals.ts'
import type { ResolvedHealth } from '../../config/resolved.ts'
import type { HealthReportLine } from '../../control/answers.ts'
import type { Announce, ReplaceReason } from '../../events.ts'
import { repeat } from '../../shared/clock.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'
import { Causes, settleCauses } from './causes.ts'
import { judge, turnLimit } from './judge.ts'
import type { Sample } from './judge.ts'
import { lookAt } from './look.ts'
import type { Look } from './look.ts'
import { cleanStreak, countCheck, freshTally, watchStreak } from './tally.ts'
import { viewOf } from './view.ts'
import type { Supervised, WatchedWorker } from './watched.ts'

/** What a health watch is made of. */
export interface HealthWatchOptions {
  readonly supervised: Supervised
  readonly clock: Clock
  readonly announce: Announce
  /** Whether a worker may stand still at the moment: somebody looks into it. Nothing new counts against it then. */
  readonly isExcused?: (worker: WatchedWorker) => boolean
}

/** Milliseconds between two looks at the heartbeats. */
const tickMs = 100

/**
 * A worker whose event loop has not turned for more milliseconds gets no requests: five heartbeats, as senders
 * count them too. With a tick it is out well within a second.
 */
const staleMs = 500

/** Milliseconds for which one that was blocked has to turn before it gets requests again. */
const steadyMs = 1000

/**
 * A tick that comes so many milliseconds late says that the machine or the process stood still, not the workers:
 * after a suspend all their heartbeats are old at once. The next tick looks.
 */
const starvedMs = 250

/** Ticks between two looks at the failures senders have counted. */
const streakTicks = 5

/** What is known of one worker. */
interface Watched {
  readonly worker: WatchedWorker
  readonly causes: Causes
  /** Since when it has turned again after a block; `null` while it does not, or never was blocked. */
  freshAt: number | null
  look: Look | null
  reasons: readonly string[]
  tally: typeof freshTally
  streak: typeof cleanStreak
  isReplacing: boolean
  /** The age of its heartbeat at which it is replaced; `null` for the first limit. */
  replaceAtAge: number | null
}

/** The workers of one application. */
interface Group {
  readonly workers: Map<WatchedWorker, Watched>
  checkAt: number
}

/** The health watch of a server. */
export class HealthWatch {
  readonly #options: HealthWatchOptions
  readonly #groups = new Map<string, Group>()
  #cancel: Cancel | null = null
  #lastTick = 0
  #ticks = 0

  constructor(options: HealthWatchOptions) {
    this.#options = options
  }

  /** Begins to watch. Idempotent. */
  start(): void {
    if (this.#cancel !== null) return
    const { clock } = this.#options
    this.#lastTick = clock.now()
    this.#cancel = repeat(clock, tickMs, () => this.#tick())
  }

  /** Watches no more; who is out stays out. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  /** How each worker stands that takes requests or would if it were well, by its name. */
  views(): ReadonlyMap<string, HealthReportLine> {
    const views = new Map<string, HealthReportLine>()
    for (const { workers } of this.#groups.values()) {
      for (const each of workers.values()) {
        if (!isWatched(each.worker)) continue
        views.set(each.worker.fact.worker, viewOf(each, readVitals(each.worker.vitals)))
      }
    }
    return views
  }

  #tick(): void {
    const now = this.#options.clock.now()
    const isStarved = now - this.#lastTick > tickMs + starvedMs
    this.#lastTick = now
    if (isStarved) return
    this.#ticks++
    this.#meet(now)
    for (const [id, group] of this.#groups)
      this.#watch(group, this.#options.supervised.application(id).health)
  }

  /** Knows those who have become ready, forgets those who are gone or on their way. */
  #meet(now: number): void {
    const present = new Map<string, Set<WatchedWorker>>()
    for (const worker of this.#options.supervised.workers()) {
      const { application } = worker.fact
      if (application === null || !isWatched(worker)) continue
      const group = this.#group(application, now)
      if (!group.workers.has(worker)) group.workers.set(worker, firstSeen(worker))
      present.set(application, (present.get(application) ?? new Set()).add(worker))
    }
    for (const [id, { workers }] of this.#groups) {
      const here = present.get(id)
      for (const worker of workers.keys()) if (here?.has(worker) !== true) workers.delete(worker)
      if (workers.size === 0) this.#groups.delete(id)
    }
  }

  #group(application: string, now: number): Group {
    const known = this.#groups.get(application)
    if (known !== undefined) return known
    const { interval } = this.#options.supervised.application(application).health
    const group: Group = { workers: new Map(), checkAt: now + interval }
    this.#groups.set(application, group)
    return group
  }

  #watch(group: Group, health: ResolvedHealth): void {
    const now = this.#options.clock.now()
    const all = [...group.workers.values()]
    for (const each of all) this.#watchTurning(each, health, now)
    const judged = all.filter(each => !this.#isExcused(each) || excuse(each))
    if (this.#ticks % streakTicks === 0) watchStreaks(judged, health, now)
    if (now >= group.checkAt) {
      // From when it was due, so that checks keep their pace; one that was missed is not made up for.
      const next = group.checkAt + health.interval
      group.checkAt = next > now ? next : now + health.interval
      this.#check(judged, health, now)
    }
    settleCauses(
      all.map(({ causes }) => causes),
      (worker, reason) => this.#options.announce('worker:kept', { ...worker.fact, reason })
    )
  }

  #isExcused({ worker }: Watched): boolean {
    return this.#options.isExcused?.(worker) === true
  }

  /** A few loads for each worker and nothing more, as long as all is well. */
  #watchTurning(each: Watched, health: ResolvedHealth, now: number): void {
    const { worker, causes } = each
    const age = worker.heartbeatAge()
    if (age > staleMs) {
      each.freshAt = null
      if (this.#isExcused(each)) return
      causes.set('blocked', `its event loop has not turned for ${age} ms`)
      this.#watchBlock(each, health, age)
    } else if (causes.causes.has('blocked')) {
      each.replaceAtAge = null
      each.freshAt ??= now
      if (now - each.freshAt >= steadyMs) causes.set('blocked', null)
    }
    const isUnwilling = saysNotReady(worker.vitals)
    if (isUnwilling === causes.causes.has('not ready')) return
    causes.set('not ready', isUnwilling ? readVitals(worker.vitals).checks.readiness.reason : null)
  }

  /** One that is blocked for as long as it would take to be replaced for bad checks is replaced for that. */
  #watchBlock(each: Watched, health: ResolvedHealth, age: number): void {
    const limitMs = turnLimit(health) * health.maxUnhealthyChecks
    if (age < (each.replaceAtAge ?? limitMs) || !isJudged(each, health)) return
    each.replaceAtAge = age + limitMs
    void this.#replace(each, 'blocked', `its event loop has not turned for ${age} ms (limit ${limitMs} ms)`)
  }

  #check(all: readonly Watched[], health: ResolvedHealth, now: number): void {
    const { minRequests } = health
    for (const each of all) each.look = lookAt(each.worker, each.look, { now, minRequests })
    for (const each of all) {
      const sample = each.look?.sample
      if (sample === undefined) continue
      if (isJudged(each, health)) this.#judge(each, sample, { health, others: othersOf(each, all, health) })
      else forgive(each)
    }
  }

  #judge(
    each: Watched,
    sample: Sample,
    { health, others }: { readonly health: ResolvedHealth; readonly others: readonly Sample[] }
  ): void {
    const { worker, causes, tally } = each
    const { good, reasons } = judge(sample, others, health)
    each.tally = countCheck(tally, good, health)
    each.reasons = reasons
    const { fact } = worker
    if (good && tally.bad > 0) this.#options.announce('worker:healthy', fact)
    if (!good) this.#options.announce('worker:unhealthy', { ...fact, checks: each.tally.bad, reasons })
    // Until enough good checks came in a row the last bad one says why.
    if (!each.tally.out) causes.set('unhealthy', null)
    else if (!good) causes.set('unhealthy', reasons.join(', '))
    // A block is replaced by its age: see above.
    const isBlocked = sample.standsStillMs > staleMs
    if (each.tally.replace && !isBlocked) void this.#replace(each, 'unhealthy', reasons.join(', '))
  }

  async #replace(each: Watched, reason: ReplaceReason, detail: string): Promise<void> {
    if (each.isReplacing) return
    each.isReplacing = true
    try {
      await each.worker.replace(reason, detail)
    } catch {
      // It stays, as when this resolves false; the supervisor says so. Bad checks go on being counted.
    } finally {
      each.isReplacing = false
    }
  }
}

function firstSeen(worker: WatchedWorker): Watched {
  return {
    worker,
    causes: new Causes(worker),
    freshAt: null,
    look: null,
    reasons: [],
    tally: freshTally,
    streak: cleanStreak,
    isReplacing: false,
    replaceAtAge: null
  }
}

/** Nothing that is seen of it in this time is held against it later. False, as it is not to be judged. */
function excuse(each: Watched): false {
  each.look = null
  if (each.streak.until === null) each.streak = { ...each.streak, forgiven: each.worker.counts().failures }
  return false
}

function isWatched({ state }: WatchedWorker): boolean {
  return state === 'ready' || state === 'ejected'
}

function isJudged({ worker }: Watched, { enabled, gracePeriod }: ResolvedHealth): boolean {
  return enabled && worker.readyMs !== null && worker.readyMs >= gracePeriod
}

function forgive(each: Watched): void {
  each.tally = freshTally
  each.reasons = []
  each.causes.set('unhealthy', null)
}

/** What was seen of those a worker can be compared with: they took requests, and are warm. */
function othersOf(each: Watched, all: readonly Watched[], health: ResolvedHealth): readonly Sample[] {
  return all
    .filter(other => other !== each && other.worker.state === 'ready' && isJudged(other, health))
    .flatMap(other => other.look?.sample ?? [])
}

function watchStreaks(all: readonly Watched[], health: ResolvedHealth, now: number): void {
  const counted = all.map(({ worker }) => worker.counts())
  for (const [index, each] of all.entries()) {
    const own = counted[index]
    if (own === undefined) continue
    if (!health.enabled) {
      each.streak = cleanStreak
      each.causes.set('failing', null)
      continue
    }
    const others = counted.filter((_, at) => at !== index && all[at]?.worker.state === 'ready')
    const was = each.streak
    each.streak = watchStreak(
      was,
      {
        now,
        total: own.failures,
        inRow: own.failuresInRow,
        others: others.map(({ failuresInRow }) => failuresInRow)
      },
      health
    )
    const { until } = each.streak
    if (until === null) each.causes.set('failing', null)
    else if (was.until === null) {
      const forMs = until - now
      each.causes.set('failing', `${own.failuresInRow} requests in a row failed; out for ${forMs} ms`)
    }
  }
}
