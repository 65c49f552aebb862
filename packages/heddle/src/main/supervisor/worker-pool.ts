/**
 * All workers of one application: keeps them at their number, and changes that number, their settings or the
 * threads themselves while the application answers requests.
 *
 * Main thread only. One operation at a time; replacing what is lost goes on beside it, in `slot.ts`. It knows
 * nothing of other applications: who depends on whom is the business of `supervisor.ts`.
 */
import type { ResolvedApplication } from '../../config/resolved.ts'
import type { ReplaceReason, ThreadState } from '../../events.ts'
import { Deadline } from '../../shared/deadline.ts'
import { Limiter } from './limiter.ts'
import type { Replacement, Staged } from './occupant.ts'
import { lostAgain, stageAll, startAll, stopAll } from './slot-group.ts'
import { Slot } from './slot.ts'
import type { Surroundings } from './surroundings.ts'
import type { WorkerSlot } from './slot-group.ts'
import type { Company, WorkerHandle } from './worker-handle.ts'
import { spawnWorker } from './worker-spawn.ts'
import type { ApplicationReport, ApplicationStatus } from './worker-status.ts'
import { kindOf, workerStatus } from './worker-status.ts'

/** Where an application is, by the wish of its operator; that its workers are well is another matter. */
export type ApplicationPhase = 'stopped' | 'starting' | 'running' | 'stopping'

/** A worker that could not be replaced. `reason` follows its name. */
export interface NotReplaced {
  readonly worker: string
  readonly reason: string
  readonly error: Error | null
}

/** New settings whose workers stand ready beside those of the old ones. */
export interface StagedSettings {
  /** Why they cannot take over any more; `null` as long as they can. */
  failure(): Error | null
  /** Takes over; resolves when what was replaced has gone. Never rejects. */
  commit(): Promise<void>
  /** Nothing has happened. Never rejects. */
  undo(): Promise<void>
}

/**
 * Milliseconds a worker has at most to finish its requests after an error nobody caught, when the request whose
 * handler threw is not known: it may be among them and will not end by itself, and whoever waits for it is not to
 * wait for a whole drain.
 */
const crashDrainMs = 5000

/** The workers of one application. */
export class WorkerPool implements Company {
  readonly #surroundings: Surroundings
  readonly #limiter = new Limiter(() => this.#settings.rollout.concurrency)
  /** All that were ever in use: their books and their zombies outlast a smaller number. */
  readonly #slots: WorkerSlot[] = []
  /** How many of them are in use, those that are being added among them. */
  #size: number
  #settings: ResolvedApplication
  /** What workers that are held are started with. */
  #nextSettings: ResolvedApplication | null = null
  #phase: ApplicationPhase = 'stopped'
  #isRetired = false
  /** The operation that was asked for last, as long as it is not over. */
  #last: Promise<void> | null = null

  constructor(surroundings: Surroundings, settings: ResolvedApplication) {
    this.#surroundings = surroundings
    this.#settings = settings
    this.#size = settings.workers
  }

  get settings(): ResolvedApplication {
    return this.#settings
  }

  get phase(): ApplicationPhase {
    return this.#phase
  }

  /** The slots in use. */
  get slots(): readonly WorkerSlot[] {
    return this.#slots.slice(0, this.#size)
  }

  /** All slots that have or had threads, in use or not. */
  get everySlot(): readonly WorkerSlot[] {
    return this.#slots
  }

  /**
   * Starts all workers at once and resolves when all are ready. When one does not become ready all go again.
   *
   * @throws HEDDLE_APPLICATION_FAILED with the application's own error as its cause.
   */
  start(): Promise<ApplicationReport> {
    return this.#inTurn(() => (this.#phase === 'stopped' ? this.#start() : Promise.resolve(this.#report())))
  }

  /** Stops all workers: they finish what they have, and nobody waits for the application any more. */
  stop(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#phase === 'stopped') return
      await this.#during(this.#settings.rollout.drainTimeout, deadline => this.#stop(deadline))
    })
  }

  /** From now on nobody is replaced, and what is under way fails. For good. */
  retire(): void {
    this.#isRetired = true
    for (const slot of this.#slots) slot.retire()
  }

  /** Stops all workers for good, whatever is under way. */
  async shutDown(deadline: Deadline, endMs: number): Promise<void> {
    this.retire()
    await this.#stop(deadline, endMs)
  }

  /**
   * Changes the number of workers. More of them are all ready when it resolves, or none is added; fewer have
   * finished what they had.
   *
   * @throws HEDDLE_APPLICATION_FAILED
   */
  scale(workers: number): Promise<void> {
    return this.#inTurn(() => this.#scale(workers))
  }

  /** Puts fresh workers in the place of all, a few at a time; stops at the first that fails and returns what did. */
  restart(): Promise<readonly NotReplaced[]> {
    return this.#inTurn(() => this.#restart(this.slots))
  }

  /** The same for one slot. */
  restartWorker(slot: number): Promise<readonly NotReplaced[]> {
    return this.#inTurn(() => this.#restart(this.slots.slice(slot, slot + 1)))
  }

  /**
   * Starts workers with other settings beside those that run. No other operation begins before it is known
   * which of them stay.
   *
   * @throws HEDDLE_APPLICATION_FAILED; nothing has happened then.
   */
  stage(settings: ResolvedApplication): Promise<StagedSettings> {
    const staged = Promise.withResolvers<StagedSettings>()
    const over = Promise.withResolvers<void>()
    void this.#inTurn(async () => {
      try {
        staged.resolve(await this.#stage(settings, over.resolve))
      } catch (error) {
        over.resolve()
        staged.reject(error)
      }
      await over.promise
    })
    return staged.promise
  }

  crashDrainMs(isolated: boolean): number {
    const { drainTimeout } = this.#settings.rollout
    return isolated ? drainTimeout : Math.min(drainTimeout, crashDrainMs)
  }

  hasToServe(): boolean {
    const { entrypoint, routes } = this.#surroundings.config
    const { id } = this.#settings
    const isPublic = entrypoint === id || routes.some(({ application }) => application === id)
    return isPublic && this.slots.some(({ current }) => current?.introduction?.hasServer === true)
  }

  mayEject(handle: WorkerHandle): boolean {
    const ready = this.#inState('ready')
    const out = this.#inState('ejected').length + 1
    return ready.includes(handle) && ready.length > 1 && out <= (ready.length + out - 1) / 2
  }

  async replace(handle: WorkerHandle, reason: ReplaceReason, detail: string): Promise<boolean> {
    const slot = this.#slots[handle.fact.slot]
    const outcome = await this.#limiter.run(async (): Promise<Replacement | null> => {
      // Somebody else may have replaced it while this one waited.
      return slot?.current === handle ? slot.replace({ reason, detail }) : null
    })
    return outcome?.done ?? handle.life.isGone
  }

  moved(): void {
    // Workers that are lost leave too few behind them: those that are out come back, the longest out first.
    const out = this.#inState('ejected')
    const excess = out.length - Math.floor((out.length + this.#inState('ready').length) / 2)
    const back = out.filter(handle => !handle.isKeptOut).slice(0, Math.max(0, excess))
    for (const handle of back) handle.restore('too few workers are left')
  }

  gone(handle: WorkerHandle): void {
    this.#slots[handle.fact.slot]?.book.counted(handle)
  }

  status(): ApplicationStatus {
    const { slots } = this
    const { id, workers } = this.#settings
    return {
      id,
      phase: this.#phase,
      wanted: workers,
      kind: kindOf(slots),
      ready: this.#inState('ready').length,
      workers: slots.map(workerStatus),
      zombies: this.#slots.reduce((sum, slot) => sum + slot.zombies, 0)
    }
  }

  async #start(): Promise<ApplicationReport> {
    const { clock, announce } = this.#surroundings
    const { id, workers } = this.#settings
    const startedAt = clock.now()
    announce('application:starting', { application: id, workers })
    this.#phase = 'starting'
    this.#expect()
    try {
      await this.#startAll(this.#take(workers))
    } catch (error) {
      await this.#during(this.crashDrainMs(false), deadline => this.#stop(deadline))
      throw error
    }
    this.#phase = 'running'
    announce('application:ready', { application: id, workers, bootMs: Math.round(clock.now() - startedAt) })
    return this.#report()
  }

  async #stop(deadline: Deadline, endMs?: number): Promise<void> {
    const { seats, announce } = this.#surroundings
    const wasLiving = this.#slots.some(slot => slot.living.length > 0)
    this.#phase = 'stopping'
    void seats.forget(this.#settings.id)
    await Promise.all(this.#slots.map(slot => slot.stop(deadline, endMs)))
    this.#phase = 'stopped'
    if (wasLiving) announce('application:stopped', { application: this.#settings.id })
  }

  async #scale(to: number): Promise<void> {
    const { id, workers: from, rollout } = this.#settings
    const { announce } = this.#surroundings
    if (this.#phase === 'running' && to > from) {
      const added = this.#take(to).slice(from)
      this.#size = to
      try {
        await this.#startAll(added)
      } catch (error) {
        // Those that became ready have been asked already.
        await this.#during(rollout.drainTimeout, deadline => stopAll(added, deadline))
        this.#size = from
        throw error
      }
    }
    this.#settings = { ...this.#settings, workers: to }
    this.#size = to
    if (to !== from) announce('application:scaled', { application: id, from, to })
    this.moved()
    await this.#during(rollout.drainTimeout, deadline => stopAll(this.#slots.slice(to), deadline))
  }

  async #restart(slots: readonly WorkerSlot[]): Promise<readonly NotReplaced[]> {
    const failed: NotReplaced[] = []
    const restartOne = async (slot: WorkerSlot): Promise<void> => {
      if (failed.length > 0) return
      const outcome = await slot.replace({ reason: 'restart', detail: null })
      if (outcome.done) await outcome.left
      else failed.push({ worker: slot.fact.worker, reason: outcome.words, error: outcome.error })
    }
    await Promise.all(slots.map(slot => this.#limiter.run(() => restartOne(slot))))
    return failed
  }

  async #stage(settings: ResolvedApplication, over: () => void): Promise<StagedSettings> {
    this.#nextSettings = settings
    const slots = this.#phase === 'stopped' ? [] : this.#take(settings.workers)
    const fresh = slots.slice(this.#settings.workers)
    if (!this.#isRetired) for (const slot of fresh) slot.enlist()
    const staged: Staged[] = []
    const undo = async (): Promise<void> => {
      this.#nextSettings = null
      for (const slot of fresh) slot.retire()
      await Promise.all(staged.map(each => each.undo()))
    }
    try {
      await stageAll(slots, settings.rollout.concurrency, staged)
    } catch (error) {
      await undo()
      throw error
    }
    return {
      failure: () => lostAgain(staged),
      undo: () => undo().finally(over),
      commit: () => this.#commit(settings, staged).finally(over)
    }
  }

  async #commit(settings: ResolvedApplication, staged: readonly Staged[]): Promise<void> {
    const from = this.#settings.workers
    const to = settings.workers
    this.#settings = settings
    this.#size = to
    this.#nextSettings = null
    if (this.#phase !== 'stopped') this.#expect()
    if (to !== from) this.#surroundings.announce('application:scaled', { application: settings.id, from, to })
    const taken = await Promise.all(staged.map(each => each.commit()))
    const left = taken.map(outcome => (outcome.done ? outcome.left : undefined))
    const { drainTimeout } = settings.rollout
    const rest = this.#during(drainTimeout, deadline => stopAll(this.#slots.slice(to), deadline))
    await Promise.all([...left, rest])
  }

  #startAll(slots: readonly WorkerSlot[]): Promise<void> {
    const { server, entrypoint } = this.#surroundings.config
    const findsPort = server.mode === 'direct' && this.#settings.id === entrypoint
    return startAll(slots, this.#surroundings, { findsPort, isWanted: () => !this.#isRetired })
  }

  /** The first slots, made where there are none yet. */
  #take(count: number): readonly WorkerSlot[] {
    while (this.#slots.length < count) this.#slots.push(this.#createSlot(this.#slots.length))
    return this.#slots.slice(0, count)
  }

  #createSlot(index: number): WorkerSlot {
    const { clock, announce, chance } = this.#surroundings
    const { id } = this.#settings
    const fact = { application: id, slot: index, worker: `${id}:${index}` }
    return new Slot({
      fact,
      rules: () => ({
        restart: this.#settings.restart,
        startTimeoutMs: this.#surroundings.config.startTimeout,
        drainTimeoutMs: this.#settings.rollout.drainTimeout
      }),
      onCircuit: () => {
        if (this.#phase === 'running') this.#expect()
      },
      clock,
      announce,
      chance,
      spawn: held => {
        const application = (held ? this.#nextSettings : null) ?? this.#settings
        return spawnWorker(this.#surroundings, { application, fact, held, company: this })
      }
    })
  }

  /** From now on requests wait for the application while none of its workers takes them, unless none is to be expected. */
  #expect(): void {
    const { id, balance, queue } = this.#settings
    const isHopeless = this.slots.length > 0 && this.slots.every(({ circuit }) => circuit !== 'closed')
    const rules = queue.max === 0 || isHopeless ? null : { max: queue.max, timeoutMs: queue.timeout }
    void this.#surroundings.seats.expect(id, { balance, queue: rules })
  }

  #report(): ApplicationReport {
    const { id, workers } = this.#settings
    return { id, workers, kind: kindOf(this.slots) ?? 'unknown' }
  }

  #inState(state: ThreadState): readonly WorkerHandle[] {
    return this.slots.flatMap(({ current }) => (current?.life.state === state ? current : []))
  }

  #during(limitMs: number, stop: (deadline: Deadline) => Promise<void>): Promise<void> {
    return Deadline.during(this.#surroundings.clock, limitMs, stop)
  }

  /** One operation after another. */
  #inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#last === null ? run() : this.#last.then(run)
    const over: Promise<void> = result.then(
      () => this.#handleOver(over),
      () => this.#handleOver(over)
    )
    this.#last = over
    return result
  }

  #handleOver(operation: Promise<void>): void {
    if (this.#last === operation) this.#last = null
  }
}
