/**
 * Heddle inside a program of somebody else's: what `createHeddle()` of the package's door returns.
 *
 * Main thread. It handles no signal, ends no process, and writes nothing but the log its configuration asks for.
 */
import { freshSource } from '../config/fresh.ts'
import { loadConfig } from '../config/load.ts'
import type { LoadOptions } from '../config/load.ts'
import type { ApplicationOptions, HeddleConfig } from '../config/options.ts'
import { socketDirectory } from '../control/server-facts.ts'
import { HeddleError } from '../errors.ts'
import type { HeddleEvents } from '../events.ts'
import type { ReloadReport } from '../main/admin/operations.ts'
import type { StatusReport } from '../main/admin/report.ts'
import { openLogs } from '../main/compose-logs.ts'
import { createCoordinator } from '../main/coordinator.ts'
import type { Coordinator, StartReport } from '../main/coordinator.ts'
import type { ConfigurationSource } from '../main/operations.ts'

/** How a server is created. */
export interface CreateHeddleOptions {
  /** Absolute directory that paths are relative to, and where a configuration is looked for. Defaults to `process.cwd()`. */
  readonly cwd?: string
  /** Environment for `{VARIABLES}` in the configuration and for the applications. Defaults to `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Whether commands such as `heddle ps` and `heddle restart` find this server. Defaults to false. */
  readonly commands?: boolean
}

/**
 * A server. It is started once and stopped once; everything else is possible while it runs, and is refused with
 * HEDDLE_NOT_RUNNING before and after, and with HEDDLE_BUSY beside something that it does not go together with.
 */
export interface Heddle {
  /**
   * Resolves when the public port is open. When it rejects everything has been taken down again.
   *
   * @throws HEDDLE_APPLICATION_FAILED, whose cause is what the application threw; HEDDLE_LISTEN_FAILED,
   * HEDDLE_EDGE_FAILED; HEDDLE_STOPPED when {@link stop} was called meanwhile; HEDDLE_NOT_RUNNING after it has run.
   */
  start(): Promise<StartReport>
  /**
   * Finishes what is in flight, then stops, as `gracefulShutdown` says. Never rejects. A thread stuck in native code
   * outlives it, which the event `stop:overdue` tells; such a process can only be ended by SIGKILL.
   *
   * @param reason For the log.
   */
  stop(reason?: string): Promise<void>
  /**
   * Fresh workers with the same configuration, the new ones ready before the old ones go.
   *
   * @param applications Ids; all when it is left out.
   * @throws HEDDLE_RESTART_FAILED: workers that could not be replaced stay. HEDDLE_UNKNOWN_APPLICATION
   */
  restart(applications?: readonly string[]): Promise<void>
  /**
   * New code and new configuration, all or nothing.
   *
   * @param config The new configuration of a server that was created from an object; without it the last one is used.
   * A server that was created from a file reads its file, whatever is given here.
   * @throws HEDDLE_RELOAD_FAILED, HEDDLE_RELOAD_REFUSED, HEDDLE_CONFIG_INVALID, HEDDLE_CONFIG_NOT_FOUND,
   * HEDDLE_CONFIG_UNREADABLE; everything is as it was then.
   */
  reload(config?: HeddleConfig): Promise<ReloadReport>
  /** Starts one more application. @throws HEDDLE_APPLICATION_EXISTS, HEDDLE_CONFIG_INVALID, HEDDLE_APPLICATION_FAILED */
  addApplication(id: string, settings: ApplicationOptions): Promise<void>
  /** Stops an application and forgets it. @throws HEDDLE_APPLICATION_NEEDED, HEDDLE_APPLICATION_ROUTED */
  removeApplication(id: string): Promise<void>
  /** Starts an application that was stopped, and first what it depends on. @throws HEDDLE_APPLICATION_FAILED */
  startApplication(id: string): Promise<void>
  /** Stops an application, which stays known. @throws HEDDLE_APPLICATION_NEEDED */
  stopApplication(id: string): Promise<void>
  /** Gives an application another number of workers, 1 to 256. @throws HEDDLE_APPLICATION_FAILED */
  scale(id: string, workers: number): Promise<void>
  /** A fresh thread for one worker. @throws HEDDLE_UNKNOWN_WORKER, HEDDLE_RESTART_FAILED */
  restartWorker(id: string, slot: number): Promise<void>
  /** No new requests for a worker until {@link readyWorker}. @throws HEDDLE_UNKNOWN_WORKER, HEDDLE_WORKER_NEEDED */
  drainWorker(id: string, slot: number): Promise<void>
  /** Requests for a worker that was drained. @throws HEDDLE_UNKNOWN_WORKER */
  readyWorker(id: string, slot: number): Promise<void>
  /** The server as it stands; it asks no thread. */
  status(): StatusReport
  /** Calls the listener at each event of that name; returns how to take it back. */
  on<Name extends keyof HeddleEvents>(name: Name, listener: (fact: HeddleEvents[Name]) => void): () => void
}

/**
 * Creates a server; nothing runs yet.
 *
 * @param config A configuration, the path of a configuration file, or that of the directory it is in.
 * @throws HEDDLE_CONFIG_INVALID, HEDDLE_CONFIG_NOT_FOUND, HEDDLE_CONFIG_UNREADABLE
 */
export async function create(
  config: HeddleConfig | string | undefined,
  options: CreateHeddleOptions
): Promise<Heddle> {
  const { cwd = process.cwd(), commands = false } = options
  const env = { ...(options.env ?? process.env) }
  // Whatever else a program hands over is checked, and refused in words, rather than a file read instead.
  const isWritten = config !== undefined && typeof config !== 'string'
  const written = new WrittenConfig(isWritten ? config : undefined)
  const from: LoadOptions = { cwd, env, ...(typeof config === 'string' ? { configPath: config } : {}) }
  const resolved = await loadConfig({ ...from, env: { ...env }, ...written.part() })
  const { level } = resolved.logger
  const logs = openLogs(resolved, { level, format: 'json', colour: false })
  const coordinator = createCoordinator(resolved, {
    log: logs.log,
    logs,
    source: isWritten ? written.source(from) : freshSource(from, resolved.startTimeout),
    // The process is not ours to kill.
    kill: () => {},
    ...(commands ? { socketDirectory: socketDirectory(env) } : {})
  })
  return new EmbeddedHeddle(coordinator, written)
}

/** The configuration a program has made itself, if it has: it may give another one at a reload. */
class WrittenConfig {
  #config: HeddleConfig | undefined

  constructor(config: HeddleConfig | undefined) {
    this.#config = config
  }

  part(): Pick<LoadOptions, 'written'> {
    return this.#config === undefined ? {} : { written: this.#config }
  }

  /** Uses another configuration as long as `run` takes, and keeps it when that succeeds. */
  async with<Value>(config: HeddleConfig | undefined, run: () => Promise<Value>): Promise<Value> {
    const before = this.#config
    if (before === undefined || config === undefined) return run()
    this.#config = config
    try {
      return await run()
    } catch (error) {
      if (this.#config === config) this.#config = before
      throw error
    }
  }

  source(from: LoadOptions): ConfigurationSource {
    return {
      load: () => loadConfig({ ...from, ...this.part() }),
      loadWith: (id, settings, entrypoint) => {
        const flags = entrypoint === null ? {} : { flags: { entrypoint } }
        return loadConfig({ ...from, ...this.part(), ...flags, further: { [id]: settings } })
      }
    }
  }
}

class EmbeddedHeddle implements Heddle {
  readonly #coordinator: Coordinator
  readonly #written: WrittenConfig
  #hasStarted = false

  constructor(coordinator: Coordinator, written: WrittenConfig) {
    this.#coordinator = coordinator
    this.#written = written
  }

  async start(): Promise<StartReport> {
    const { phase } = this.#coordinator.status()
    if (this.#hasStarted && phase !== 'running') {
      throw new HeddleError('HEDDLE_NOT_RUNNING', { asked: 'start', phase })
    }
    const report = await this.#coordinator.start()
    this.#hasStarted = true
    return report
  }

  stop(reason = 'the program asked for it'): Promise<void> {
    return this.#coordinator.stop(reason)
  }

  restart(applications?: readonly string[]): Promise<void> {
    return this.#coordinator.operations.restart(applications)
  }

  reload(config?: HeddleConfig): Promise<ReloadReport> {
    return this.#written.with(config, () => this.#coordinator.operations.reload('the program asked for it'))
  }

  addApplication(id: string, settings: ApplicationOptions): Promise<void> {
    return this.#coordinator.operations.addApplication(id, settings)
  }

  removeApplication(id: string): Promise<void> {
    return this.#coordinator.operations.removeApplication(id)
  }

  startApplication(id: string): Promise<void> {
    return this.#coordinator.operations.startApplication(id)
  }

  stopApplication(id: string): Promise<void> {
    return this.#coordinator.operations.stopApplication(id)
  }

  scale(id: string, workers: number): Promise<void> {
    return this.#coordinator.operations.scale(id, workers)
  }

  restartWorker(id: string, slot: number): Promise<void> {
    return this.#coordinator.operations.restartWorker(id, slot)
  }

  drainWorker(id: string, slot: number): Promise<void> {
    return this.#coordinator.operations.drainWorker(id, slot)
  }

  readyWorker(id: string, slot: number): Promise<void> {
    return this.#coordinator.operations.readyWorker(id, slot)
  }

  status(): StatusReport {
    return this.#coordinator.status()
  }

  on<Name extends keyof HeddleEvents>(name: Name, listener: (fact: HeddleEvents[Name]) => void): () => void {
    return this.#coordinator.events.on(name, listener)
  }
}
