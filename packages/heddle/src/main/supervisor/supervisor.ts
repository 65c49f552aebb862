/**
 * Keeps every application at its number of workers, from its start to its stop, and changes all of that while
 * the server runs.
 *
 * Main thread only. What happens to the workers of one application is in `worker-pool.ts`; here is what concerns
 * several: which there are, and who depends on whom. The order of boot and stop is walked by `lifecycle.ts`.
 */
import type { ResolvedApplication } from '../../config/resolved.ts'
import { HeddleError } from '../../errors.ts'
import type { Deadline } from '../../shared/deadline.ts'
import type { NotReplaced, WorkerSlot } from './slot-group.ts'
import type { Surroundings } from './surroundings.ts'
import type { Supervised, WatchedWorker } from './watched.ts'
import { WorkerPool } from './worker-pool.ts'
import type { StagedSettings } from './worker-pool.ts'
import type { WorkerHandle } from './worker-handle.ts'
import type { ApplicationReport, ApplicationStatus } from './worker-status.ts'

/** All workers of all applications. */
export class Supervisor implements Supervised {
  readonly #surroundings: Surroundings
  readonly #pools = new Map<string, WorkerPool>()
  /** Applications that are no longer known, for the threads they may have left behind. */
  readonly #former = new Set<WorkerPool>()
  #isRetired = false

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
    for (const application of surroundings.config.applications) {
      this.#pools.set(application.id, new WorkerPool(surroundings, application))
    }
  }

  workers(): readonly WatchedWorker[] {
    return [...this.#pools.values()].flatMap(({ slots }) => slots.flatMap(({ current }) => current ?? []))
  }

  application(id: string): ResolvedApplication {
    return this.#pool(id).settings
  }

  /** The workers of each application. */
  pools(): readonly WorkerPool[] {
    return [...this.#pools.values()]
  }

  /** How many workers there are or are to be, those that are being added and those that are kept ready among them. */
  count(): number {
    const sizes = this.pools().map(({ settings, slots }) => {
      const { workers, scaling } = settings
      return Math.max(workers + scaling.spare, slots.length)
    })
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  /** All applications, with the settings in force. */
  applications(): readonly ResolvedApplication[] {
    return [...this.#pools.values()].map(({ settings }) => settings)
  }

  /**
   * Starts an application, at the boot of the server: what it depends on has been started.
   *
   * @throws HEDDLE_APPLICATION_FAILED with the application's own error as its cause.
   */
  boot(id: string): Promise<ApplicationReport> {
    return this.#pool(id).start()
  }

  /** Nobody is replaced any more; applications that are still starting fail. */
  retire(): void {
    this.#isRetired = true
    for (const pool of this.#pools.values()) pool.retire()
  }

  /** Stops all workers of an application for good; see `WorkerHandle.stop`. */
  async shutDown(id: string, deadline: Deadline, endMs: number): Promise<void> {
    await this.#pools.get(id)?.shutDown(deadline, endMs)
  }

  /**
   * Puts fresh workers in the place of all workers of these applications, one application after the other, in the
   * order of their boot. Resolves when the old ones have finished what they had and are gone.
   *
   * @param ids All that run, unless told.
   * @throws HEDDLE_UNKNOWN_APPLICATION, HEDDLE_APPLICATION_STOPPED
   * @throws HEDDLE_RESTART_FAILED with what failed; workers that were replaced before that stay replaced.
   */
  async restart(ids: readonly string[] = this.#running()): Promise<void> {
    const { clock, announce } = this.#surroundings
    const stopped = ids.find(id => this.#pool(id).phase !== 'running')
    if (stopped !== undefined) {
      throw new HeddleError('HEDDLE_APPLICATION_STOPPED', { application: stopped, asked: 'restart' })
    }
    const pools = this.#withDependencies(ids).filter(({ settings }) => ids.includes(settings.id))
    const applications = pools.map(({ settings }) => settings.id)
    const startedAt = clock.now()
    announce('restart:started', { applications })
    for (const pool of pools) {
      // oxlint-disable-next-line no-await-in-loop -- One after the other: what others depend on comes first.
      const failed = await pool.restart()
      if (failed.length === 0) continue
      const error = restartFailure(failed)
      announce('restart:failed', { applications, error })
      throw error
    }
    announce('restart:finished', { applications, restartMs: Math.round(clock.now() - startedAt) })
  }

  /** The same for one worker. @throws HEDDLE_UNKNOWN_WORKER, HEDDLE_RESTART_FAILED */
  async restartWorker(id: string, slot: number): Promise<void> {
    this.#slot(id, slot)
    const failed = await this.#pool(id).restartWorker(slot)
    if (failed.length > 0) throw restartFailure(failed)
  }

  /**
   * Adds an application and starts it, and first what it depends on. When it does not start it is not added.
   *
   * @throws HEDDLE_APPLICATION_EXISTS, HEDDLE_UNKNOWN_APPLICATION, HEDDLE_APPLICATION_FAILED, HEDDLE_NOT_RUNNING
   */
  async addApplication(application: ResolvedApplication): Promise<ApplicationReport> {
    const { id, dependencies } = application
    if (this.#isRetired) {
      throw new HeddleError('HEDDLE_NOT_RUNNING', { asked: `addition of ${id}`, phase: 'stopping' })
    }
    if (this.#pools.has(id)) throw new HeddleError('HEDDLE_APPLICATION_EXISTS', { application: id })
    for (const dependency of dependencies) this.#pool(dependency)
    this.#pools.set(id, new WorkerPool(this.#surroundings, application))
    try {
      const report = await this.startApplication(id)
      this.#surroundings.announce('application:added', { application: id })
      return report
    } catch (error) {
      this.#forget(id)
      throw error
    }
  }

  /**
   * Stops an application and forgets it.
   *
   * @throws HEDDLE_UNKNOWN_APPLICATION
   * @throws HEDDLE_APPLICATION_NEEDED when others name it as a dependency, running or not.
   */
  async removeApplication(id: string): Promise<void> {
    const pool = this.#pool(id)
    assertNotNeeded(id, this.#dependents(id))
    await pool.stop()
    this.#forget(id)
    this.#surroundings.announce('application:removed', { application: id })
  }

  /**
   * Starts an application that was stopped, and first what it depends on. One that runs is left alone.
   *
   * @throws HEDDLE_UNKNOWN_APPLICATION, HEDDLE_APPLICATION_FAILED
   */
  async startApplication(id: string): Promise<ApplicationReport> {
    for (const pool of this.#withDependencies([id])) {
      // oxlint-disable-next-line no-await-in-loop -- Each needs those before it.
      if (pool.settings.id !== id) await pool.start()
    }
    return this.#pool(id).start()
  }

  /**
   * Stops applications. They stay known, with their settings.
   *
   * @throws HEDDLE_UNKNOWN_APPLICATION
   * @throws HEDDLE_APPLICATION_NEEDED when others that run depend on one of them, unless they stop too.
   */
  async stopApplication(...ids: readonly string[]): Promise<void> {
    const pools = this.#withDependencies(ids).filter(({ settings }) => ids.includes(settings.id))
    for (const id of ids) {
      const needed = this.#dependents(id).filter(each => !ids.includes(each.settings.id))
      assertNotNeeded(
        id,
        needed.filter(({ phase }) => phase !== 'stopped')
      )
    }
    for (const pool of pools.toReversed()) {
      // oxlint-disable-next-line no-await-in-loop -- Those that depend on others go before them.
      await pool.stop()
    }
  }

  /** Gives an application another number of workers. @throws HEDDLE_UNKNOWN_APPLICATION, HEDDLE_APPLICATION_FAILED */
  async scale(id: string, workers: number): Promise<void> {
    await this.#pool(id).scale(workers)
  }

  /**
   * No new requests for a worker until {@link readyWorker}.
   *
   * @throws HEDDLE_UNKNOWN_WORKER
   * @throws HEDDLE_WORKER_NEEDED when it does not take requests, or too few would be left that do.
   */
  async drainWorker(id: string, slot: number): Promise<void> {
    const { current, fact } = this.#slot(id, slot)
    if (current?.keepOut('kept out by an operator') === true) return
    throw new HeddleError('HEDDLE_WORKER_NEEDED', {
      worker: fact.worker,
      state: current?.life.state ?? 'exited'
    })
  }

  /** Takes back {@link drainWorker}. @throws HEDDLE_UNKNOWN_WORKER */
  async readyWorker(id: string, slot: number): Promise<void> {
    this.#slot(id, slot).current?.letIn('let in by an operator')
  }

  /**
   * Starts the workers of an application with new settings beside those that run, or an application nobody knew.
   * Those of a known one take no requests before they are committed.
   *
   * @throws HEDDLE_APPLICATION_FAILED when one does not become ready; nothing has happened then.
   */
  async stageApplication(application: ResolvedApplication): Promise<StagedSettings> {
    const { id } = application
    const known = this.#pools.get(id)
    if (known !== undefined) return known.stage(application)
    await this.addApplication(application)
    return {
      failure: () => null,
      commit: () => Promise.resolve(),
      undo: async () => {
        await this.#pools.get(id)?.stop()
        this.#forget(id)
      }
    }
  }

  /** Names of the threads that have not ended, given up or not. */
  remaining(): readonly string[] {
    const slots = this.#everySlot()
    const inSlots = slots.filter(slot => slot.living.length > 0 || slot.zombies > 0)
    return [...inSlots, ...this.#everySpare()].map(({ fact }) => fact.worker)
  }

  /** Names of the threads that were given up and have not ended; one that has several such threads as often. */
  zombies(): readonly string[] {
    const inSlots = this.#everySlot().flatMap(slot =>
      Array.from({ length: slot.zombies }, () => slot.fact.worker)
    )
    const spares = this.#everySpare().filter(({ state }) => state === 'zombie')
    return [...inSlots, ...spares.map(({ fact }) => fact.worker)]
  }

  status(): readonly ApplicationStatus[] {
    return [...this.#pools.values()].map(pool => pool.status())
  }

  #running(): readonly string[] {
    return [...this.#pools].filter(([, { phase }]) => phase === 'running').map(([id]) => id)
  }

  #everySlot(): readonly WorkerSlot[] {
    return [...this.#pools.values(), ...this.#former].flatMap(({ everySlot }) => everySlot)
  }

  #everySpare(): readonly WorkerHandle[] {
    return [...this.#pools.values(), ...this.#former].flatMap(({ spares }) => spares.living)
  }

  #forget(id: string): void {
    const pool = this.#pools.get(id)
    this.#pools.delete(id)
    if (pool?.everySlot.some(({ zombies }) => zombies > 0) === true) this.#former.add(pool)
    for (const each of this.#former)
      if (each.everySlot.every(({ zombies }) => zombies === 0)) this.#former.delete(each)
  }

  #pool(id: string): WorkerPool {
    const pool = this.#pools.get(id)
    if (pool !== undefined) return pool
    throw new HeddleError('HEDDLE_UNKNOWN_APPLICATION', { application: id, known: [...this.#pools.keys()] })
  }

  #slot(id: string, slot: number): WorkerSlot {
    const { slots } = this.#pool(id)
    const found = slots[slot]
    if (found !== undefined) return found
    throw new HeddleError('HEDDLE_UNKNOWN_WORKER', { application: id, slot, workers: slots.length })
  }

  #dependents(id: string): readonly WorkerPool[] {
    return [...this.#pools.values()].filter(({ settings }) => settings.dependencies.includes(id))
  }

  /** The pools of these applications and of all they depend on, each after those it depends on. */
  #withDependencies(ids: readonly string[]): readonly WorkerPool[] {
    const found = new Set<WorkerPool>()
    const visit = (id: string): void => {
      const pool = this.#pool(id)
      if (found.has(pool)) return
      for (const dependency of pool.settings.dependencies) visit(dependency)
      found.add(pool)
    }
    for (const id of ids) visit(id)
    return [...found]
  }
}

function assertNotNeeded(id: string, dependents: readonly WorkerPool[]): void {
  if (dependents.length === 0) return
  const names = dependents.map(({ settings }) => settings.id)
  throw new HeddleError('HEDDLE_APPLICATION_NEEDED', { application: id, dependents: names })
}

function restartFailure(failed: readonly NotReplaced[]): HeddleError<'HEDDLE_RESTART_FAILED'> {
  const cause = failed.find(({ error }) => error !== null)?.error
  const detail = { failed: failed.map(({ worker, reason }) => ({ worker, reason })) }
  return new HeddleError('HEDDLE_RESTART_FAILED', detail, cause === undefined ? {} : { cause })
}
