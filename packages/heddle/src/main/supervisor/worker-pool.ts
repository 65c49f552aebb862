/**
 * All workers of one application: keeps them at their number, and changes that number, their settings or the
 * threads themselves while the application answers requests.
 *
 * Main thread only. One operation at a time; replacing what is lost goes on beside it, in `slot.ts`, and what is kept
 * ready for that is in `spares.ts`. It knows
 * nothing of other applications: who depends on whom is the business of `supervisor.ts`.
 */
import type { ResolvedApplication } from '../../config/resolved.ts'
import type { ReplaceReason, ThreadState } from '../../events.ts'
import { Deadline } from '../../shared/deadline.ts'
import { Limiter } from './limiter.ts'
import type { Replacement, Staged, Wish } from './occupant.ts'
import { clearAll, lostAgain, restartAll, stageAll, startAll, stopAll } from './slot-group.ts'
import type { NotReplaced, WorkerSlot } from './slot-group.ts'
import { Reserve } from './reserve.ts'
import type { Helped } from './reserve.ts'
import { SlotRow } from './slot-row.ts'
import type { Spares } from './spares.ts'
import type { Surroundings } from './surroundings.ts'
import { Turns } from './turns.ts'
import type { Company, WorkerHandle } from './worker-handle.ts'
import type { ApplicationReport, ApplicationStatus } from './worker-status.ts'
import { applicationStatus, kindOf } from './worker-status.ts'

/** Where an application is, by the wish of its operator; that its workers are well is another matter. */
export type ApplicationPhase = 'stopped' | 'starting' | 'running' | 'stopping'

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
export class WorkerPool implements Company, Helped {
  readonly #surroundings: Surroundings
  readonly #limiter = new Limiter(() => this.#settings.rollout.concurrency)
  readonly #row: SlotRow
  /** How many of them are in use, those that are being added and those where a spare stands in among them. */
  #size: number
  readonly #spares: Spares
  readonly #reserve: Reserve
  #settings: ResolvedApplication
  /** What workers that are held are started with. */
  #nextSettings: ResolvedApplication | null = null
  #phase: ApplicationPhase = 'stopped'
  #isRetired = false
  readonly #turns = new Turns(() => this.#reserve.look())

  constructor(surroundings: Surroundings, settings: ResolvedApplication) {
    this.#surroundings = surroundings
    this.#settings = settings
    this.#size = settings.workers
    this.#row = new SlotRow(surroundings, {
      company: this,
      settings: () => this.#settings,
      nextSettings: () => this.#nextSettings,
      onCircuit: () => {
        if (this.#phase === 'running') this.#expect()
      }
    })
    this.#spares = this.#row.createSpares()
    this.#reserve = new Reserve(this, this.#spares, surroundings)
  }

  get settings(): ResolvedApplication {
    return this.#settings
  }

  get phase(): ApplicationPhase {
    return this.#phase
  }

  /** The slots in use. */
  get slots(): readonly WorkerSlot[] {
    return this.#row.all.slice(0, this.#size)
  }

  /** Whether an operation is under way. */
  get isBusy(): boolean {
    return this.#turns.isBusy
  }

  get isFree(): boolean {
    return this.#phase === 'running' && !this.#isRetired && !this.isBusy
  }

  get workers(): number {
    return this.#settings.workers
  }

  get spare(): number {
    return this.#settings.scaling.spare
  }

  get size(): number {
    return this.#size
  }

  use(size: number): void {
    void this.#clear(size)
  }

  place(slot: number): WorkerSlot {
    return this.#row.at(slot)
  }

  /** Those that are kept ready. */
  get spares(): Spares {
    return this.#spares
  }

  /** All slots that have or had threads, in use or not. */
  get everySlot(): readonly WorkerSlot[] {
    return this.#row.all
  }

  /**
   * Starts all workers at once and resolves when all are ready. When one does not become ready all go again.
   *
   * @throws HEDDLE_APPLICATION_FAILED with the application's own error as its cause.
   */
  start(): Promise<ApplicationReport> {
    return this.#turns.run(() =>
      this.#phase === 'stopped' ? this.#start() : Promise.resolve(this.#report())
    )
  }

  /** Stops all workers: they finish what they have, and nobody waits for the application any more. */
  stop(): Promise<void> {
    return this.#turns.run(async () => {
      if (this.#phase === 'stopped') return
      await this.#during(this.#settings.rollout.drainTimeout, deadline => this.#stop(deadline))
    })
  }

  /** From now on nobody is replaced, and what is under way fails. For good. */
  retire(): void {
    this.#isRetired = true
    for (const slot of this.#row.all) slot.retire()
  }

  /** Stops all workers for good, whatever is under way. */
  async shutDown(deadline: Deadline, endMs: number): Promise<void> {
    this.retire()
    await this.#stop(deadline, endMs)
  }

  /**
   * Changes the number of workers. More of them are all ready when it resolves, or only those are added that were
   * kept ready; fewer have finished what they had, and meanwhile there can be more again.
   *
   * @throws HEDDLE_APPLICATION_FAILED
   */
  async scale(workers: number): Promise<void> {
    const { left } = await this.#turns.run(() => this.#scale(workers))
    await left
  }

  /** Puts fresh workers in the place of all, a few at a time; stops at the first that fails and returns what did. */
  restart(reason: ReplaceReason = 'restart'): Promise<readonly NotReplaced[]> {
    return this.#turns.run(async () => {
      const failed = await restartAll(this.slots, this.#limiter, reason)
      // They have loaded the code there was before.
      if (failed.length === 0) this.#spares.keep(0, 0)
      return failed
    })
  }

  /** The same for one slot. */
  restartWorker(slot: number): Promise<readonly NotReplaced[]> {
    return this.#turns.run(() => restartAll(this.slots.slice(slot, slot + 1), this.#limiter, 'restart'))
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
    void this.#turns.run(async () => {
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
    if (!ready.includes(handle)) return false
    const isSpared = ready.length > 1 && out <= (ready.length + out - 1) / 2
    // Whoever asks will ask again.
    if (!isSpared) this.#reserve.help()
    return isSpared
  }

  async replace(handle: WorkerHandle, wish: Wish): Promise<boolean> {
    const slot = this.#row.all[handle.fact.slot]
    const outcome = await this.#limiter.run(async (): Promise<Replacement | null> => {
      // Somebody else may have replaced it while this one waited.
      return slot?.current === handle ? slot.replace(wish) : null
    })
    return outcome?.done ?? handle.life.isGone
  }

  moved(): void {
    // Workers that are lost leave too few behind them: those that are out come back, the longest out first.
    const out = this.#inState('ejected')
    const excess = out.length - Math.floor((out.length + this.#inState('ready').length) / 2)
    const back = out.filter(handle => !handle.isKeptOut).slice(0, Math.max(0, excess))
    for (const handle of back) handle.restore('too few workers are left')
    this.#reserve.look()
  }

  gone(handle: WorkerHandle): void {
    this.#row.all[handle.fact.slot]?.book.counted(handle)
  }

  status(): ApplicationStatus {
    return applicationStatus(this, this.#spares.status())
  }

  async #start(): Promise<ApplicationReport> {
    const { clock, announce } = this.#surroundings
    const { id, workers } = this.#settings
    const startedAt = clock.now()
    announce('application:starting', { application: id, workers })
    this.#phase = 'starting'
    this.#expect()
    try {
      await this.#startAll(this.#row.first(workers))
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
    const wasLiving = this.#row.all.some(slot => slot.living.length > 0)
    this.#phase = 'stopping'
    void seats.forget(this.#settings.id)
    this.#reserve.forget()
    const spares = this.#spares.stop(deadline, endMs)
    await Promise.all([spares, ...this.#row.all.map(slot => slot.stop(deadline, endMs))])
    this.#phase = 'stopped'
    this.#size = this.#settings.workers
    if (wasLiving) announce('application:stopped', { application: this.#settings.id })
  }

  async #scale(to: number): Promise<{ readonly left: Promise<void> }> {
    const { workers: from } = this.#settings
    this.#reserve.forget()
    if (this.#phase === 'running' && to > from) await this.#grow(from, to)
    this.#resize(from, to)
    this.moved()
    return { left: this.#clear(to) }
  }

  /** Adds workers: first those that are kept ready, then others. */
  async #grow(from: number, to: number): Promise<void> {
    const inUse = Math.max(from, this.#size)
    let ready = inUse
    while (ready < to && this.#reserve.stepIn(ready)) ready++
    this.#spares.release(to)
    const added = this.#row.first(to).slice(ready)
    this.#size = Math.max(inUse, to)
    try {
      await this.#startAll(added)
    } catch (error) {
      // Those that became ready have been asked already.
      await this.#during(this.#settings.rollout.drainTimeout, deadline => stopAll(added, deadline))
      this.#size = ready
      if (ready > inUse) this.#resize(from, ready)
      throw error
    }
  }

  #resize(from: number, to: number): void {
    this.#settings = { ...this.#settings, workers: to }
    if (to === from) return
    this.#surroundings.announce('application:scaled', { application: this.#settings.id, from, to })
  }

  /** Those beyond so many go. Resolves when they have finished what they had; never rejects. */
  #clear(size: number): Promise<void> {
    this.#size = size
    const { drainTimeout } = this.#settings.rollout
    return this.#during(drainTimeout, deadline => clearAll(this.#row.all.slice(size), deadline))
  }

  async #stage(next: ResolvedApplication, over: () => void): Promise<StagedSettings> {
    const settings = keepNumber(next, this.#settings.workers)
    this.#nextSettings = settings
    const slots = this.#phase === 'stopped' ? [] : this.#row.first(settings.workers)
    const fresh = slots.slice(this.#size)
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
    this.#reserve.forget()
    // They have loaded the code there was before.
    this.#spares.keep(0, 0)
    if (this.#phase !== 'stopped') this.#expect()
    if (to !== from) this.#surroundings.announce('application:scaled', { application: settings.id, from, to })
    const taken = await Promise.all(staged.map(each => each.commit()))
    const left = taken.map(outcome => (outcome.done ? outcome.left : undefined))
    const { drainTimeout } = settings.rollout
    const rest = this.#during(drainTimeout, deadline => stopAll(this.#row.all.slice(to), deadline))
    await Promise.all([...left, rest])
  }

  #startAll(slots: readonly WorkerSlot[]): Promise<void> {
    const { server, entrypoint } = this.#surroundings.config
    const findsPort = server.mode === 'direct' && this.#settings.id === entrypoint
    return startAll(slots, this.#surroundings, { findsPort, isWanted: () => !this.#isRetired })
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
}

/** The settings with the number of workers there is, where that number is free to follow the load. */
function keepNumber(settings: ResolvedApplication, workers: number): ResolvedApplication {
  const { enabled, min, max } = settings.scaling
  return enabled ? { ...settings, workers: Math.min(max, Math.max(min, workers)) } : settings
}
