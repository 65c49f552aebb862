/**
 * Keeps every application at its number of workers, from its start to its stop.
 *
 * Main thread only. It decides nothing about routing or the order of applications; `lifecycle.ts` walks.
 */
import type { DirectListen } from '../../channel/messages.ts'
import { createVitals } from '../../channel/vitals.ts'
import type { ResolvedApplication } from '../../config/resolved.ts'
import { HeddleError } from '../../errors.ts'
import type { ThreadState } from '../../events.ts'
import { Deadline } from '../../shared/deadline.ts'
import { publicUrl } from './public-url.ts'
import { Slot } from './slot.ts'
import { planWorker } from './spawn.ts'
import type { Surroundings } from './surroundings.ts'
import { describeEnd } from './thread-life.ts'
import { WorkerHandle } from './worker-handle.ts'

/** What a started application turned out to be. */
export interface ApplicationReport {
  readonly id: string
  readonly workers: number
  /** How it was recognised, for example `express`. */
  readonly kind: string
}

/** One worker slot as it stands. Times in milliseconds. */
export interface WorkerStatus {
  readonly slot: number
  readonly name: string
  /** `exited` while the slot is empty and waits for its next thread. */
  readonly state: ThreadState
  readonly inflight: number
  /** Since the event loop last said that it turns; `null` when no thread is there. */
  readonly heartbeatAgeMs: number | null
  /** For how long it has been ready; `null` when it is not. */
  readonly readyMs: number | null
  readonly restarts: number
  /** How the last thread of the slot ended; `null` as long as the first one lives. */
  readonly lastEnd: string | null
  /** Threads of the slot that were given up and still hold memory. */
  readonly zombies: number
}

/** One application as it stands. */
export interface ApplicationStatus {
  readonly id: string
  readonly kind: string | null
  readonly ready: number
  readonly workers: readonly WorkerStatus[]
}

type WorkerSlot = Slot<WorkerHandle>

/** All workers of all applications. */
export class Supervisor {
  readonly #surroundings: Surroundings
  readonly #slots = new Map<string, readonly WorkerSlot[]>()
  #isStopping = false

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
    for (const { id } of surroundings.config.applications) this.#slots.set(id, [])
  }

  /**
   * Starts all workers of an application at once and resolves when all are ready.
   *
   * @throws HEDDLE_APPLICATION_FAILED with the application's own error as its cause.
   */
  async startApplication(application: ResolvedApplication): Promise<ApplicationReport> {
    const { clock, announce, config } = this.#surroundings
    const { id, workers } = application
    const startedAt = clock.now()
    announce('application:starting', { application: id, workers })
    const slots = Array.from({ length: workers }, (_, index) => this.#createSlot(application, index))
    this.#slots.set(id, slots)
    const deadline = new Deadline(clock, config.startTimeout)
    try {
      let waiting = slots
      if (this.#findsPort(id)) {
        // With a port of the system's choice the first worker finds out which; the others share it.
        await Promise.all(slots.slice(0, 1).map(slot => this.#startFirst(slot, deadline)))
        waiting = slots.slice(1)
      }
      await Promise.all(waiting.map(slot => this.#startFirst(slot, deadline)))
    } finally {
      deadline.cancel()
    }
    announce('application:ready', { application: id, workers, bootMs: Math.round(clock.now() - startedAt) })
    return { id, workers, kind: kindOf(slots) ?? 'unknown' }
  }

  /** Nobody is replaced any more; applications that are still starting fail. */
  retire(): void {
    this.#isStopping = true
    for (const slots of this.#slots.values()) for (const slot of slots) slot.retire()
  }

  /** Stops all workers of an application at once; see {@link WorkerHandle.stop}. */
  async stopApplication(id: string, deadline: Deadline, endMs: number): Promise<void> {
    const slots = this.#slots.get(id) ?? []
    for (const slot of slots) slot.retire()
    const sitting = slots.flatMap(slot => slot.current ?? [])
    await Promise.all(sitting.map(worker => worker.stop(deadline, endMs)))
    if (sitting.length > 0) this.#surroundings.announce('application:stopped', { application: id })
  }

  /** Names of the threads that have not ended, given up or not. */
  remaining(): readonly string[] {
    const slots = [...this.#slots.values()].flat()
    return slots.filter(slot => slot.current !== null || slot.zombies > 0).map(slot => slot.fact.worker)
  }

  /** Names of the threads that were given up and have not ended. */
  zombies(): readonly string[] {
    const slots = [...this.#slots.values()].flat()
    return slots.filter(slot => slot.zombies > 0).map(slot => slot.fact.worker)
  }

  status(): readonly ApplicationStatus[] {
    return [...this.#slots].map(([id, slots]) => ({
      id,
      kind: kindOf(slots),
      ready: slots.filter(slot => slot.current?.life.state === 'ready').length,
      workers: slots.map(workerStatus)
    }))
  }

  #createSlot(application: ResolvedApplication, index: number): WorkerSlot {
    const { config, clock, announce, chance } = this.#surroundings
    const fact = { application: application.id, slot: index, worker: `${application.id}:${index}` }
    return new Slot({
      fact,
      restart: application.restart,
      startTimeoutMs: config.startTimeout,
      clock,
      announce,
      chance,
      spawn: () => this.#spawn(application, index)
    })
  }

  #spawn(application: ResolvedApplication, index: number): WorkerHandle {
    const { config, seats, files, logger, clock, announce, startThread, publicPort } = this.#surroundings
    const { id, balance } = application
    const worker = `${id}:${index}`
    const seat = seats.admit({ name: worker, hostname: id, balance })
    const plan = planWorker(application, index, {
      files,
      seat,
      meshDomain: config.mesh.domain,
      logger,
      listen: this.#listenOf(id),
      publicUrl: publicPort.number === 0 ? null : publicUrl(config.server.hostname, publicPort.number),
      vitals: createVitals()
    })
    const fact = { application: id, slot: index, worker }
    return new WorkerHandle({ fact, seat, plan, clock, announce, startThread })
  }

  #listenOf(id: string): DirectListen | null {
    const { config, publicPort } = this.#surroundings
    if (config.server.mode !== 'direct' || id !== config.entrypoint) return null
    return { hostname: config.server.hostname, port: publicPort.number, backlog: config.server.backlog }
  }

  #findsPort(id: string): boolean {
    return this.#listenOf(id)?.port === 0
  }

  async #startFirst(slot: WorkerSlot, deadline: Deadline): Promise<void> {
    const { worker } = slot.fact
    const failed = (reason: string, cause: unknown): HeddleError =>
      new HeddleError(
        'HEDDLE_APPLICATION_FAILED',
        { application: slot.fact.application ?? '', worker, reason },
        cause === null ? {} : { cause }
      )
    if (this.#isStopping) throw failed('was not started: the server is stopping', null)
    let sitting: WorkerHandle
    try {
      sitting = slot.start()
    } catch (error) {
      throw failed('could not be given a thread', error)
    }
    const outcome = await deadline.bound(sitting.ready)
    if (!outcome.inTime) {
      throw failed(`was not ready within ${this.#surroundings.config.startTimeout} ms`, null)
    }
    if (!outcome.value) {
      const end = await sitting.life.gone
      throw failed(describeEnd(end.reason, end.code), end.error)
    }
    this.#learnPort(sitting)
  }

  #learnPort(sitting: WorkerHandle): void {
    const { publicPort } = this.#surroundings
    publicPort.number ||= sitting.introduction?.port ?? 0
  }
}

function kindOf(slots: readonly WorkerSlot[]): string | null {
  return slots.find(slot => slot.current?.introduction)?.current?.introduction?.kind ?? null
}

function workerStatus(slot: WorkerSlot): WorkerStatus {
  const { current, lastEnd, restarts, zombies, fact } = slot
  const state = current?.life.state ?? 'exited'
  return {
    slot: fact.slot,
    name: fact.worker,
    state,
    inflight: current?.inflight() ?? 0,
    heartbeatAgeMs: current === null ? null : Math.round(current.heartbeatAge()),
    readyMs: state === 'ready' && current ? Math.round(current.life.readyMs ?? 0) : null,
    restarts,
    lastEnd: lastEnd === null ? null : describeEnd(lastEnd.reason, lastEnd.code),
    zombies
  }
}
