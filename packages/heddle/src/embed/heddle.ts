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
import { assertListener } from '../events.ts'
import type { HeddleEvents } from '../events.ts'
import type { Operations, ReloadReport } from '../main/admin/operations.ts'
import type { StatusReport } from '../main/admin/report.ts'
import { openLogs } from '../main/compose-logs.ts'
import { createCoordinator } from '../main/coordinator.ts'
import type { Coordinator, StartReport } from '../main/coordinator.ts'
import type { ConfigurationSource } from '../main/operations.ts'
import { systemClock } from '../shared/clock.ts'
import { resolveLogStyle } from '../shared/log-style.ts'
import { readLog } from './log.ts'
import type { LogEntry, LogOptions, LogSource } from './log.ts'

/** How a server is created. */
export interface CreateHeddleOptions {
  /** Absolute directory that paths are relative to, and where a configuration is looked for. Defaults to `process.cwd()`. */
  readonly cwd?: string
  /** Environment for `{VARIABLES}` in the configuration and for the applications. Defaults to `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Whether commands such as `heddle ps` and `heddle restart` find this server. Defaults to false. */
  readonly commands?: boolean
}

/** What is done here in another way than by a command. */
type Different = 'status' | 'stop' | 'reload' | 'addApplication'

/**
 * A server. It is started once and stopped once; everything else is possible while it runs, and is refused with
 * HEDDLE_NOT_RUNNING before and after, and with HEDDLE_BUSY beside something that it does not go together with.
 */
export interface Heddle extends Omit<Operations, Different>, AsyncDisposable {
  /**
   * Resolves when the public port is open. When it rejects everything has been taken down again.
   *
   * @throws HEDDLE_APPLICATION_FAILED, whose cause is what the application threw; HEDDLE_LISTEN_FAILED,
   * HEDDLE_EDGE_FAILED; HEDDLE_STOPPED when {@link stop} was called meanwhile; HEDDLE_NOT_RUNNING after it has run.
   */
  start(): Promise<StartReport>
  /**
   * Finishes what is in flight, then stops, as `gracefulShutdown` says. Never rejects. A thread stuck in native code
   * outlives it, which the event `stop:overdue` tells; such a process can only be ended by SIGKILL. `await using`
   * stops too.
   *
   * @param reason For the log.
   */
  stop(reason?: string): Promise<void>
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
  /** The server as it stands, at any time; it asks no thread. */
  status(): StatusReport
  /** Calls the listener at each event of that name; returns how to take it back. */
  on<Name extends keyof HeddleEvents>(name: Name, listener: (fact: HeddleEvents[Name]) => void): () => void
  /** Calls the listener at each event of any name; returns how to take it back. */
  onAny(listener: (event: HeddleEvent) => void): () => void
  /**
   * The last lines of the log and those that come, of all threads, at any time. Nothing is read as long as nobody
   * asks for the next one; what is overwritten meanwhile is told by a line that counts it. It ends when the server has.
   */
  logs(options?: LogOptions): AsyncGenerator<LogEntry, void, undefined>
}

/** An event with its name. */
export type HeddleEvent = {
  [Name in keyof HeddleEvents]: { readonly name: Name; readonly fact: HeddleEvents[Name] }
}[keyof HeddleEvents]

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
  const logs = openLogs(resolved, resolveLogStyle(resolved.logger, { isTerminal: process.stdout.isTTY }, env))
  const coordinator = createCoordinator(resolved, {
    log: logs.log,
    logs,
    source: isWritten ? written.source(from) : freshSource(from, resolved.startTimeout),
    // The process is not ours to kill.
    kill: () => {},
    ...(commands ? { socketDirectory: socketDirectory(env) } : {})
  })
  return embed(coordinator, written, logs)
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

/** Binds every operation, so that they are the server's own. */
function ownOperations(operations: Operations): Operations {
  const prototype = Object.getPrototypeOf(operations) as Readonly<Record<string, unknown>>
  const own: Record<string, unknown> = {}
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const method = prototype[name]
    if (typeof method === 'function' && name !== 'constructor') own[name] = method.bind(operations)
  }
  // An interface of methods and nothing else; what it has is what its class has.
  return own as unknown as Operations
}

function embed(coordinator: Coordinator, written: WrittenConfig, log: LogSource): Heddle {
  const { operations, events } = coordinator
  let hasStarted = false
  const stop = (reason = 'the program asked for it'): Promise<void> => coordinator.stop(reason)
  return {
    ...ownOperations(operations),
    start: async () => {
      const { phase } = coordinator.status()
      if (hasStarted && phase !== 'running') {
        throw new HeddleError('HEDDLE_NOT_RUNNING', { asked: 'start', phase })
      }
      const report = await coordinator.start()
      hasStarted = true
      return report
    },
    stop,
    [Symbol.asyncDispose]: () => stop(),
    reload: config => written.with(config, () => operations.reload('the program asked for it')),
    status: () => coordinator.status(),
    on: (name, listener) => events.on(name, listener),
    // The two belong together by how they are announced.
    onAny: listener => {
      assertListener(listener)
      return events.onAny((name, fact) => listener({ name, fact } as HeddleEvent))
    },
    logs: options => readLog(log, systemClock, () => coordinator.status().phase === 'stopped', options)
  }
}
