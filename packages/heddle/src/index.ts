/**
 * The door of the package `heddle`: what a configuration file and a program may import.
 *
 * Main thread. Applications import `heddle/worker` instead.
 */
import type { HeddleConfig } from './config/options.ts'
import type { CreateHeddleOptions, Heddle } from './embed/heddle.ts'
import type { InThreadApplication, StartInThreadOptions } from './in-thread/start.ts'

export type {
  AdminOptions,
  ApplicationLoggerOptions,
  ApplicationOptions,
  AutoloadOptions,
  BreakerOptions,
  GracefulShutdownOptions,
  HealthOptions,
  HeddleConfig,
  LimitsOptions,
  LogFileOptions,
  LoggerOptions,
  MeshOptions,
  MetricsOptions,
  QueueOptions,
  RecycleOptions,
  RestartOptions,
  RolloutOptions,
  RouteOptions,
  ServerOptions
} from './config/options.ts'
export type { CreateHeddleOptions, Heddle, HeddleEvent } from './embed/heddle.ts'
export type { LogEntry, LogLevel, LogOptions } from './embed/log.ts'
export type {
  BlockedPlace,
  ExitReason,
  HeddleEvents,
  OperationFact,
  ReplaceReason,
  ThreadFact,
  ThreadState
} from './events.ts'
export type { InjectAnswer, InjectRequest } from './in-thread/inject.ts'
export type { InThreadApplication, StartInThreadOptions } from './in-thread/start.ts'
export type {
  InjectedAnswer,
  InjectedRequest,
  InspectorAddress,
  LogThreshold,
  MetricsFilter,
  Operations,
  ProfileOptions,
  ReloadReport
} from './main/admin/operations.ts'
export type {
  ApplicationReportLine,
  CircuitReportLine,
  HealthReportLine,
  RecentReportLine,
  StatusReport,
  ThreadReportLine,
  WorkerReportLine
} from './main/admin/report.ts'
export type { StartReport } from './main/coordinator.ts'
export { HeddleError } from './errors.ts'
export type { HeddleFailures, Mistake } from './errors.ts'

/** What a function that makes the configuration is called with. */
export interface ConfigContext {
  /** The environment Heddle was started in. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Everything a configuration file may export as its default. */
export type ConfigExport =
  | HeddleConfig
  | Promise<HeddleConfig>
  | ((context: ConfigContext) => HeddleConfig | Promise<HeddleConfig>)

/**
 * Returns the configuration as it is; in `heddle.config.ts` it brings completion and type checking.
 *
 * @example
 * export default defineConfig({ applications: { web: { path: './web' } } })
 */
export function defineConfig<Config extends ConfigExport>(config: Config): Config {
  return config
}

/**
 * Creates a server inside this program; nothing runs before its `start()`. No signal is handled and no process ended.
 *
 * @param config A configuration, the path of a configuration file, or that of the directory it is in. Without one
 * it is looked for in `cwd`.
 * @throws {HeddleError} HEDDLE_CONFIG_INVALID, HEDDLE_CONFIG_NOT_FOUND, HEDDLE_CONFIG_UNREADABLE
 * @example
 * const heddle = await createHeddle({ applications: { web: { path: './web' } } })
 * const { url } = await heddle.start()
 */
export async function createHeddle(
  config?: HeddleConfig | string,
  options: CreateHeddleOptions = {}
): Promise<Heddle> {
  // Loaded by those who want it: a configuration file imports this module too.
  const { create } = await import('./embed/heddle.ts')
  return create(config, options)
}

/**
 * Runs one application on the current thread, for tests: no worker, no configuration, and no port unless it is asked
 * for. It is loaded and served as in a worker. Several may run at once, and nothing of them is left after `close()`.
 *
 * @param where Its entry or its directory, as a `file:` URL or relative to `process.cwd()`.
 * @throws {HeddleError} HEDDLE_APPLICATION_FAILED, whose cause is what the application threw.
 * @example
 * const app = await startInThread(new URL('../server.js', import.meta.url), { env: { STAGE: 'test' } })
 * const answer = await app.inject('/health')
 * assert.equal(answer.status, 200)
 * await app.close()
 */
export async function startInThread(
  where: string | URL,
  options: StartInThreadOptions = {}
): Promise<InThreadApplication> {
  const { start } = await import('./in-thread/start.ts')
  return start(where, options)
}
