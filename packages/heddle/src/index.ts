/**
 * The door of the package `heddle`: what a configuration file and a program may import.
 *
 * Main thread. Applications import `heddle/worker` instead.
 */
import type { HeddleConfig } from './config/options.ts'

export type {
  AdminOptions,
  ApplicationOptions,
  AutoloadOptions,
  GracefulShutdownOptions,
  HeddleConfig,
  LimitsOptions,
  LoggerOptions,
  MeshOptions,
  RestartOptions,
  RouteOptions,
  ServerOptions
} from './config/options.ts'
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
