/**
 * What can be done to a running server: each operation checked, let through the gate, and handed to the room
 * that does it. The configuration in force follows: a reload compares with what really runs.
 *
 * Main thread only.
 */
import type { ResolvedApplication, ResolvedConfig } from '../config/resolved.ts'
import { HeddleError } from '../errors.ts'
import type { Clock } from '../shared/clock.ts'
import { levels } from '../shared/log-line.ts'
import type { Readable } from 'node:stream'

import type {
  InjectedAnswer,
  InjectedRequest,
  InspectorAddress,
  LogThreshold,
  MetricsFilter,
  Operations,
  ProfileOptions,
  ReloadReport,
  StopNotice
} from './admin/operations.ts'
import type { Phase, StatusReport } from './admin/report.ts'
import { Gate } from './gate.ts'
import { ownNames } from './logs/logs.ts'
import { reload } from './reload/reload.ts'
import type { ReloadParts } from './reload/reload.ts'

/** Where the configuration comes from when it is wanted again. */
export interface ConfigurationSource {
  /** Reads it as it is now. Rejects with what is wrong with it. */
  load(): Promise<ResolvedConfig>
  /** The same with one more application, `entrypoint` staying what it is. */
  loadWith(id: string, settings: unknown, entrypoint: string | null): Promise<ResolvedConfig>
}

/** The supervisor as far as operations need it. */
export interface ApplicationOperations {
  application(id: string): Pick<ResolvedApplication, 'workers' | 'scaling'>
  restart(ids?: readonly string[]): Promise<void>
  addApplication(application: ResolvedApplication): Promise<unknown>
  removeApplication(id: string): Promise<void>
  startApplication(id: string): Promise<unknown>
  stopApplication(id: string): Promise<void>
  scale(id: string, workers: number): Promise<void>
  restartWorker(id: string, slot: number): Promise<void>
  drainWorker(id: string, slot: number): Promise<void>
  readyWorker(id: string, slot: number): Promise<void>
}

/** What can be looked at and steered beside the supervisor; each is a room of its own. */
export interface Instruments {
  metrics(filter: MetricsFilter): Promise<string>
  /** The configuration without what may be secret. */
  config(): unknown
  setLogLevel(id: string, level: LogThreshold): Promise<void>
  inject(id: string, request: InjectedRequest): Promise<InjectedAnswer>
  profile(id: string, slot: number, options: ProfileOptions): Promise<string>
  heapSnapshot(id: string, slot: number): Promise<Readable>
  inspect(id: string, slot: number, port: number): Promise<InspectorAddress>
  closeInspector(id: string, slot: number): Promise<void>
}

/** Leaves numbers of workers to others than the load. */
export interface Pinning {
  /** Returns whether it was left to others before. */
  pin(id: string): boolean
  unpin(id: string): void
}

/** What operations are made of. */
export interface OperationsOptions {
  readonly clock: Clock
  readonly applications: ApplicationOperations
  readonly source: ConfigurationSource
  readonly instruments: Instruments
  /** Who has numbers of workers follow the load. */
  readonly scaling: Pinning
  readonly reload: Omit<ReloadParts, 'load'>
  status(): StatusReport
  phase(): Phase
  /** Begins a graceful stop; of the process too when `endsProcess`. */
  stop(reason: string): void
  readonly endsProcess: boolean
}

/** Milliseconds beyond its deadlines that a process may take to end. */
const endMs = 2000

const workersMax = 256

/** The operations of one server. */
export class ServerOperations implements Operations {
  readonly #options: OperationsOptions
  readonly #gate: Gate

  constructor(options: OperationsOptions) {
    this.#options = options
    this.#gate = new Gate(options.clock)
  }

  status(): StatusReport {
    return this.#options.status()
  }

  restart(ids?: readonly string[]): Promise<void> {
    return this.#beside('restart', async () => {
      if (ids !== undefined && !Array.isArray(ids)) {
        throw new HeddleError('HEDDLE_REQUEST_INVALID', {
          reason: 'the applications have to be a list of ids'
        })
      }
      for (const id of ids ?? []) this.#assertKnown(id)
      await this.#options.applications.restart(ids)
    })
  }

  reload(reason: string): Promise<ReloadReport> {
    const { source, reload: parts } = this.#options
    return this.#running('reload', () =>
      this.#gate.alone('reload', () => reload({ ...parts, load: () => source.load() }, reason))
    )
  }

  addApplication(id: string, settings: unknown): Promise<void> {
    return this.#beside(`addition of ${id}`, async () => {
      const { source, applications } = this.#options
      const { entrypoint } = this.#config()
      if (this.#ids().includes(id)) throw new HeddleError('HEDDLE_APPLICATION_EXISTS', { application: id })
      // What is not there would be no mistake in a configuration: nothing would be said of it.
      const config = await source.loadWith(id, settings ?? null, entrypoint)
      const application = config.applications.find(each => each.id === id)
      if (application === undefined) throw this.#unknown(id)
      await applications.addApplication(application)
      this.#adoptApplications(known => [...known, application])
    })
  }

  removeApplication(id: string): Promise<void> {
    return this.#beside(`removal of ${id}`, async () => {
      this.#assertKnown(id)
      this.#assertNotRouted(id)
      await this.#options.applications.removeApplication(id)
      this.#adoptApplications(known => known.filter(each => each.id !== id))
    })
  }

  startApplication(id: string): Promise<void> {
    return this.#beside(`start of ${id}`, async () => {
      this.#assertKnown(id)
      await this.#options.applications.startApplication(id)
    })
  }

  stopApplication(id: string): Promise<void> {
    return this.#beside(`stop of ${id}`, async () => {
      this.#assertKnown(id)
      await this.#options.applications.stopApplication(id)
    })
  }

  scale(id: string, workers: number | 'auto'): Promise<void> {
    return this.#beside(`scaling of ${id}`, async () => {
      this.#assertKnown(id)
      const { applications, scaling } = this.#options
      if (workers === 'auto') {
        await applications.scale(id, this.#ownNumber(id))
        scaling.unpin(id)
        return
      }
      if (!Number.isSafeInteger(workers) || workers < 1 || workers > workersMax) {
        const reason = `an application has from 1 to ${workersMax} workers, or "auto", not ${workers}`
        throw new HeddleError('HEDDLE_REQUEST_INVALID', { reason })
      }
      const was = scaling.pin(id)
      try {
        await applications.scale(id, workers)
      } catch (error) {
        if (!was) scaling.unpin(id)
        throw error
      }
      this.#adoptNumber(id, workers)
    })
  }

  restartWorker(id: string, slot: number): Promise<void> {
    return this.#atWorker('restart', id, slot, workers => workers.restartWorker(id, slot))
  }

  drainWorker(id: string, slot: number): Promise<void> {
    return this.#atWorker('drain', id, slot, workers => workers.drainWorker(id, slot))
  }

  readyWorker(id: string, slot: number): Promise<void> {
    return this.#atWorker('return', id, slot, workers => workers.readyWorker(id, slot))
  }

  config(): unknown {
    return this.#options.instruments.config()
  }

  async metrics(filter: MetricsFilter = {}): Promise<string> {
    if (filter.application !== undefined) this.#assertKnown(filter.application)
    return this.#options.instruments.metrics(filter)
  }

  setLogLevel(id: string, level: LogThreshold): Promise<void> {
    return this.#running(`log level of ${id}`, async () => {
      // The threads of Heddle have names of their own.
      if (id !== ownNames.main && id !== ownNames.edge) this.#assertKnown(id)
      assertOneOf('level', level, [...levels, 'silent'])
      await this.#options.instruments.setLogLevel(id, level)
    })
  }

  inject(id: string, request: InjectedRequest): Promise<InjectedAnswer> {
    return this.#running(`request into ${id}`, async () => {
      this.#assertKnown(id)
      if (request.worker !== undefined) this.#assertWorker(id, request.worker)
      return this.#options.instruments.inject(id, request)
    })
  }

  profile(id: string, slot: number, options: ProfileOptions): Promise<string> {
    return this.#lookInto(id, slot, async instruments => {
      assertOneOf('type', options?.type, ['cpu', 'heap'])
      return instruments.profile(id, slot, options)
    })
  }

  heapSnapshot(id: string, slot: number): Promise<Readable> {
    return this.#lookInto(id, slot, instruments => instruments.heapSnapshot(id, slot))
  }

  inspect(id: string, slot: number, port = 0): Promise<InspectorAddress> {
    return this.#lookInto(id, slot, instruments => instruments.inspect(id, slot, port))
  }

  closeInspector(id: string, slot: number): Promise<void> {
    return this.#lookInto(id, slot, instruments => instruments.closeInspector(id, slot))
  }

  stop(reason: string): StopNotice {
    const { drainDelay, timeout } = this.#config().gracefulShutdown
    this.#options.stop(reason)
    const { endsProcess } = this.#options
    return { pid: process.pid, endsProcess, withinMs: drainDelay + timeout + endMs }
  }

  #atWorker(
    verb: string,
    id: string,
    slot: number,
    act: (applications: ApplicationOperations) => Promise<void>
  ): Promise<void> {
    return this.#beside(`${verb} of ${id}:${slot}`, async () => {
      this.#assertWorker(id, slot)
      await act(this.#options.applications)
    })
  }

  /**
   * Not through the gate: whoever watches a worker for minutes keeps nobody from a reload. Nor does the server have to
   * run: a worker that hangs at its start is looked into above all.
   */
  async #lookInto<Value>(
    id: string,
    slot: number,
    act: (instruments: Instruments) => Promise<Value>
  ): Promise<Value> {
    this.#assertWorker(id, slot)
    return act(this.#options.instruments)
  }

  #beside<Value>(name: string, run: () => Promise<Value>): Promise<Value> {
    return this.#running(name, () => this.#gate.beside(name, run))
  }

  async #running<Value>(asked: string, run: () => Promise<Value>): Promise<Value> {
    const phase = this.#options.phase()
    if (phase !== 'running') throw new HeddleError('HEDDLE_NOT_RUNNING', { asked, phase })
    return run()
  }

  #config(): ResolvedConfig {
    return this.#options.reload.current()
  }

  #ids(): readonly string[] {
    return this.#config().applications.map(({ id }) => id)
  }

  #assertKnown(id: string): void {
    if (!this.#ids().includes(id)) throw this.#unknown(id)
  }

  #assertWorker(id: string, slot: number): void {
    this.#assertKnown(id)
    const { workers } = this.#config().applications.find(each => each.id === id) ?? { workers: 0 }
    const isThere = Number.isSafeInteger(slot) && slot >= 0 && slot < workers
    if (!isThere) throw new HeddleError('HEDDLE_UNKNOWN_WORKER', { application: id, slot, workers })
  }

  /** The number of workers nearest to the present one that the configuration allows. */
  #ownNumber(id: string): number {
    const { workers, scaling } = this.#options.applications.application(id)
    return Math.min(scaling.max, Math.max(scaling.min, workers))
  }

  #adoptNumber(id: string, workers: number): void {
    this.#adoptApplications(known => known.map(each => (each.id === id ? { ...each, workers } : each)))
  }

  #unknown(application: string): HeddleError {
    return new HeddleError('HEDDLE_UNKNOWN_APPLICATION', { application, known: this.#ids() })
  }

  #assertNotRouted(application: string): void {
    const { entrypoint, routes } = this.#config()
    if (entrypoint === application) {
      throw new HeddleError('HEDDLE_APPLICATION_ROUTED', { application, by: 'entrypoint' })
    }
    if (routes.some(route => route.application === application)) {
      throw new HeddleError('HEDDLE_APPLICATION_ROUTED', { application, by: 'routes' })
    }
  }

  #adoptApplications(
    change: (known: readonly ResolvedApplication[]) => readonly ResolvedApplication[]
  ): void {
    const config = this.#config()
    this.#options.reload.adopt({ ...config, applications: change(config.applications) })
  }
}

/** Programs without types ask for anything. @throws HEDDLE_REQUEST_INVALID */
function assertOneOf(name: string, value: unknown, known: readonly string[]): void {
  if (known.some(each => each === value)) return
  const reason = `${JSON.stringify(name)} has to be one of ${known.join(', ')}`
  throw new HeddleError('HEDDLE_REQUEST_INVALID', { reason })
}
