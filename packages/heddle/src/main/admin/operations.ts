/**
 * What can be done to a running server, whoever asks: a command, the management API, a signal or a program.
 *
 * Main thread only. An interface; `main/operations.ts` fits. Every operation resolves when it is done and is
 * bounded by the deadlines of the configuration, rejects with a `HeddleError`, and is refused with HEDDLE_BUSY
 * while something is under way that it does not go together with, and with HEDDLE_NOT_RUNNING unless the
 * server is running.
 */
import type { Readable } from 'node:stream'

import type { InspectorAddress, ReloadReport, StatusReport, StopNotice } from '../../control/answers.ts'
import type { InjectedAnswer, InjectedRequest } from '../../control/injected.ts'

export type { InjectedAnswer, InjectedRequest, InspectorAddress, ReloadReport, StopNotice }

/** Which metrics are wanted. */
export interface MetricsFilter {
  /** Only those of this application. */
  readonly application?: string
}

/** How a worker is watched. */
export interface ProfileOptions {
  /** `cpu`: where it spends its time. `heap`: what allocates. */
  readonly type: 'cpu' | 'heap'
  /** Milliseconds, 10 to 300 000. Defaults to 5000. */
  readonly durationMs?: number
}

/** The levels a log may have. */
export type LogThreshold = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** The operations. */
export interface Operations {
  status(): StatusReport
  /**
   * Fresh workers with the same configuration for these applications, or for all.
   *
   * @throws HEDDLE_RESTART_FAILED, HEDDLE_UNKNOWN_APPLICATION
   */
  restart(ids?: readonly string[]): Promise<void>
  /**
   * New code and new configuration, all or nothing. The reason goes into the log.
   *
   * @throws HEDDLE_RELOAD_FAILED, HEDDLE_RELOAD_REFUSED, HEDDLE_CONFIG_INVALID, HEDDLE_CONFIG_NOT_FOUND,
   * HEDDLE_CONFIG_UNREADABLE
   */
  reload(reason: string): Promise<ReloadReport>
  /**
   * Starts one more application.
   *
   * @param settings As in the configuration, under `applications.<id>`; relative to the same directory.
   * @throws HEDDLE_APPLICATION_EXISTS, HEDDLE_CONFIG_INVALID, HEDDLE_APPLICATION_FAILED
   */
  addApplication(id: string, settings: unknown): Promise<void>
  /**
   * Stops an application and forgets it.
   *
   * @throws HEDDLE_UNKNOWN_APPLICATION, HEDDLE_APPLICATION_NEEDED, HEDDLE_APPLICATION_ROUTED
   */
  removeApplication(id: string): Promise<void>
  /** Starts one that was stopped, and first what it depends on. @throws HEDDLE_APPLICATION_FAILED */
  startApplication(id: string): Promise<void>
  /** Stops one; it is still known and can be started again. @throws HEDDLE_APPLICATION_NEEDED */
  stopApplication(id: string): Promise<void>
  /**
   * Gives an application another number of workers, 1 to 256, which stays until the next reload; `auto`: it follows the
   * load again, or is what the configuration says.
   *
   * @throws HEDDLE_APPLICATION_FAILED
   */
  scale(id: string, workers: number | 'auto'): Promise<void>
  /** A fresh thread for one worker. @throws HEDDLE_UNKNOWN_WORKER, HEDDLE_RESTART_FAILED */
  restartWorker(id: string, slot: number): Promise<void>
  /** The worker gets no new requests until {@link readyWorker}. @throws HEDDLE_UNKNOWN_WORKER, HEDDLE_BUSY */
  drainWorker(id: string, slot: number): Promise<void>
  /** The worker gets requests again. @throws HEDDLE_UNKNOWN_WORKER */
  readyWorker(id: string, slot: number): Promise<void>
  /** The configuration in force as it may be shown: environment values and tokens are hidden. */
  config(): unknown
  /** The metrics in the text format of Prometheus. @throws HEDDLE_UNKNOWN_APPLICATION */
  metrics(filter?: MetricsFilter): Promise<string>
  /**
   * Sets the least urgent lines an application writes, until it is told otherwise or reloaded.
   *
   * @throws HEDDLE_UNKNOWN_APPLICATION
   */
  setLogLevel(id: string, level: LogThreshold): Promise<void>
  /**
   * Sends a request into an application through the mesh, without the network.
   *
   * @throws HEDDLE_UNKNOWN_APPLICATION, HEDDLE_UNKNOWN_WORKER
   */
  inject(id: string, request: InjectedRequest): Promise<InjectedAnswer>
  /**
   * Watches a worker for a while; resolves with a `.cpuprofile` or `.heapprofile`, which is JSON.
   *
   * @throws HEDDLE_UNKNOWN_WORKER
   */
  profile(id: string, slot: number, options: ProfileOptions): Promise<string>
  /** A `.heapsnapshot`, which is JSON. The worker stands still meanwhile. @throws HEDDLE_UNKNOWN_WORKER */
  heapSnapshot(id: string, slot: number): Promise<Readable>
  /** Opens the inspector of a worker on this machine; port 0 is any free one. @throws HEDDLE_UNKNOWN_WORKER */
  inspect(id: string, slot: number, port?: number): Promise<InspectorAddress>
  /** Closes the inspector of a worker. @throws HEDDLE_UNKNOWN_WORKER */
  closeInspector(id: string, slot: number): Promise<void>
  /** Begins a graceful stop and says how long it may take. */
  stop(reason: string): StopNotice
}
