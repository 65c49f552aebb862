/**
 * Keeps the process from being killed for want of memory: looks how much the container has left, and has the worker
 * replaced that gives most of it back.
 *
 * Main thread only. One timer; it reads a few small files, asks no worker and waits for none. What is decided is
 * decided in `guard-policy.ts`.
 */
import type { Announce } from '../../events.ts'
import type { Cancel, Clock } from '../../shared/clock.ts'
import { growthMs, reliefFor, reliefWords, strainOf } from './guard-policy.ts'
import type { Candidate, MemoryLook, Relief, Strain } from './guard-policy.ts'
import type { GuardedWorker, GuardedWorkers, MachineSource } from './guarded.ts'
import { heldBy } from './worker-sizes.ts'
import type { WorkerSizes } from './worker-sizes.ts'

/** What a guard is made of. */
export interface MemoryGuardOptions {
  readonly source: MachineSource
  readonly guarded: GuardedWorkers
  readonly sizes: WorkerSizes
  readonly clock: Clock
  readonly announce: Announce
  /** Ends the workers that are kept ready without requests. Returns whether there were any. */
  readonly letSparesGo: () => boolean
}

/** Milliseconds between two looks, and between two with little left. */
const lookMs = 1000
const closeLookMs = 250

/** With less of the limit left it is looked at more often. */
const closePart = 0.6

/** With more of the limit left again whoever was warned may be warned again. */
const calmPart = 0.25

/**
 * Milliseconds for which nothing has helped before that is said, and the same with little time left: sizes of workers
 * are up to a second old.
 */
const helplessMs = 5000
const urgentHelplessMs = 3000

/** Milliseconds after a replacement that failed, for example since new code is being rolled out at the moment. */
const failedMs = 5000

/** Milliseconds that spares have to give back what they hold. */
const sparesGoMs = 1000

/** A worker whose event loop has not turned for more milliseconds does not finish what it has. */
const staleMs = 1000

/** The guard of a server. */
export class MemoryGuard {
  readonly #options: MemoryGuardOptions
  #cancel: Cancel | null = null
  /** Since the last replacement was over, the oldest first. */
  #looks: readonly MemoryLook[] = []
  #replacedAt: readonly number[] = []
  /** Who is on its way out: until it has gone nothing is known about what it has brought. */
  #going: GuardedWorker | null = null
  #restsUntil = 0
  #helplessFrom: number | null = null
  #isWarned = false

  constructor(options: MemoryGuardOptions) {
    this.#options = options
  }

  /** Begins to look. Idempotent. */
  start(): void {
    this.#cancel ??= this.#plan(lookMs)
  }

  /** Looks no more. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  #plan(delayMs: number): Cancel {
    return this.#options.clock.after(delayMs, () => {
      const look = this.#look()
      const isClose = look !== null && look.freeBytes < look.limitBytes * closePart
      this.#cancel = this.#plan(isClose ? closeLookMs : lookMs)
      if (look !== null) this.#judge(look)
    })
  }

  /** `null` where no container has a limit: what others on the machine use up no worker of ours gives back. */
  #look(): MemoryLook | null {
    const { source, sizes, clock } = this.#options
    sizes.look()
    if (source.limits.memoryLimitBytes === null) return null
    const { memory, memoryPressure } = source.use()
    if (!memory.isContainer) return null
    const { limitBytes, freeBytes } = memory
    const stalled = memoryPressure?.full ?? null
    return { at: clock.now(), limitBytes, freeBytes, ...sizes.expectation(), stalled }
  }

  #judge(look: MemoryLook): void {
    if (this.#going !== null) {
      if (!isGone(this.#going)) return
      this.#going = null
      this.#looks = []
    }
    this.#looks = [...this.#looks.filter(({ at }) => look.at - at <= growthMs), look]
    if (look.freeBytes > look.limitBytes * calmPart) this.#isWarned = false
    if (look.at < this.#restsUntil) return
    const workers = new Map(this.#options.guarded.workers().map(each => [each.fact.worker, each]))
    const candidates = [...workers.values()].flatMap(worker => this.#candidate(worker) ?? [])
    const isStrained = candidates.some(({ maxMemory }) => strainOf(this.#looks, maxMemory).level !== 'none')
    if (isStrained && this.#options.letSparesGo()) {
      this.#looks = []
      this.#restsUntil = look.at + sparesGoMs
      return
    }
    const relief = reliefFor(this.#looks, candidates, this.#replacedAt)
    if (relief.act === 'warn') this.#warn(relief.strain, candidates)
    else this.#helplessFrom = null
    if (relief.act === 'replace') this.#replace(relief, workers.get(relief.candidate.worker))
  }

  #candidate(worker: GuardedWorker): Candidate | null {
    const { guarded, sizes } = this.#options
    const { application } = worker.fact
    const heldBytes = heldBy(worker)
    if (application === null || heldBytes === null) return null
    const ready = guarded
      .workers()
      .filter(each => each.fact.application === application && takesRequests(each))
    return {
      worker: worker.fact.worker,
      maxMemory: guarded.maxMemory(application),
      heldBytes,
      freshBytes: sizes.fresh(application),
      turns: worker.heartbeatAge() <= staleMs,
      others: ready.filter(each => each !== worker).length
    }
  }

  #replace(relief: Extract<Relief, { act: 'replace' }>, worker: GuardedWorker | undefined): void {
    if (worker === undefined) return
    const { clock, announce } = this.#options
    const { strain, candidate, vacateMs } = relief
    this.#going = worker
    this.#replacedAt = [...this.#replacedAt, clock.now()].slice(-10)
    announce('machine:strained', {
      ...numbersOf(strain),
      heldBytes: candidate.heldBytes,
      worker: candidate.worker,
      vacates: vacateMs !== null
    })
    const replaced = worker.replace('memory', reliefWords(relief), vacateMs ?? undefined)
    void replaced.then(isReplaced => isReplaced || this.#handleFailed(worker))
  }

  /** It stays: what is seen after a while may choose another one. */
  #handleFailed(worker: GuardedWorker): void {
    if (this.#going !== worker) return
    this.#going = null
    this.#looks = []
    this.#restsUntil = this.#options.clock.now() + failedMs
  }

  /** Once, until there is enough again. */
  #warn(strain: Strain, candidates: readonly Candidate[]): void {
    const { clock, announce } = this.#options
    this.#helplessFrom ??= clock.now()
    const patienceMs = strain.level === 'urgent' ? urgentHelplessMs : helplessMs
    if (this.#isWarned || clock.now() - this.#helplessFrom < patienceMs) return
    this.#isWarned = true
    const heldBytes = candidates.reduce((sum, candidate) => sum + candidate.heldBytes, 0)
    announce('machine:strained', { ...numbersOf(strain), heldBytes, worker: null, vacates: false })
  }
}

function numbersOf({ limitBytes, freeBytes, bytesPerSecond, stalled }: Strain): Omit<Strain, 'level'> {
  return { limitBytes, freeBytes, bytesPerSecond: Math.round(bytesPerSecond), stalled }
}

function isGone({ state }: GuardedWorker): boolean {
  return state === 'exited' || state === 'zombie'
}

function takesRequests(worker: GuardedWorker): boolean {
  return worker.state === 'ready' && worker.heartbeatAge() <= staleMs
}
