/**
 * What can be done to a running server, whoever asks: a command, the management API, a signal or a program.
 *
 * Main thread only. An interface; `main/operations.ts` fits. Every operation resolves when it is done and is
 * bounded by the deadlines of the configuration, rejects with a `HeddleError`, and is refused with HEDDLE_BUSY
 * while something is under way that it does not go together with, and with HEDDLE_NOT_RUNNING unless the
 * server is running.
 */
import type { StatusReport } from './report.ts'

/** What a reload did. */
export interface ReloadReport {
  /** What differs from before, one sentence each; empty when only the code is new. */
  readonly changes: readonly string[]
  /** Things worth telling the operator that are not mistakes, as sentences. */
  readonly warnings: readonly string[]
  readonly reloadMs: number
}

/** How a stop will unfold. */
export interface StopNotice {
  readonly pid: number
  /** Whether the process ends with the server. */
  readonly endsProcess: boolean
  /** Milliseconds after which it is over, whatever happens. */
  readonly withinMs: number
}

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
  /** Gives an application another number of workers, 1 to 256. @throws HEDDLE_APPLICATION_FAILED */
  scale(id: string, workers: number): Promise<void>
  /** A fresh thread for one worker. @throws HEDDLE_UNKNOWN_WORKER, HEDDLE_RESTART_FAILED */
  restartWorker(id: string, slot: number): Promise<void>
  /** The worker gets no new requests until {@link readyWorker}. @throws HEDDLE_UNKNOWN_WORKER, HEDDLE_BUSY */
  drainWorker(id: string, slot: number): Promise<void>
  /** The worker gets requests again. @throws HEDDLE_UNKNOWN_WORKER */
  readyWorker(id: string, slot: number): Promise<void>
  /** Begins a graceful stop and says how long it may take. */
  stop(reason: string): StopNotice
}
