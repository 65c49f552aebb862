/**
 * What is different about a configuration while it is developed with: one worker per application, nothing scaled or
 * recycled, a stop that waits for nobody, and what is watched.
 *
 * Pure, for any thread.
 */
import { resolve } from 'node:path'

import type { Candidate } from './applications.ts'
import type { CheckedConfig } from './checked.ts'
import type {
  ResolvedApplication,
  ResolvedConfig,
  ResolvedDevelopment,
  ResolvedInspector,
  ResolvedWatch
} from './resolved.ts'
import type { WorkersOverride } from './settings.ts'

/** Milliseconds requests in flight have at most when their worker is replaced. */
const drainMs = 2000

/** Milliseconds a stop takes at most: a stream of events that is open in a browser ends by nothing else. */
const stopMs = 1500

/**
 * Milliseconds an open circuit waits. A page that loads, and asks for several things that each end the worker, opens it
 * within seconds; who looks for the fault is not to wait for the server then.
 */
const circuitMs = 1000

/** One worker for each application that was given no number outside the file. */
export function workersInDevelopment(override: WorkersOverride | null): WorkersOverride {
  const one = { min: 1, max: 1 }
  if (override === null) return { source: 'heddle dev', all: one, byId: new Map() }
  return { ...override, all: override.all ?? one }
}

/** What a configuration is developed with. */
export interface DevelopmentSources {
  readonly config: Pick<CheckedConfig, 'autoload' | 'envFile' | 'watch'>
  readonly candidates: readonly Candidate[]
  /** Whether somebody has said how requests are logged. */
  readonly isAccessLogChosen: boolean
  /** Files the configuration was read from. */
  readonly files: readonly string[]
}

/** The same configuration as it is in development. */
export function inDevelopment(config: ResolvedConfig, sources: DevelopmentSources): ResolvedConfig {
  const { mode } = config.server
  const warning = `In development requests always go through an edge thread: server.mode is "edge", not "${mode}".`
  return {
    ...config,
    applications: config.applications.map(applicationInDevelopment),
    server: { ...config.server, mode: 'edge', threads: 1, accessLog: accessLogOf(config, sources) },
    gracefulShutdown: { drainDelay: 0, timeout: Math.min(config.gracefulShutdown.timeout, stopMs) },
    development: watched(config, sources),
    warnings: mode === 'edge' ? config.warnings : [...config.warnings, warning]
  }
}

/** Who develops wants to see that his request has come; a log that programs read has no lines for people. */
function accessLogOf(
  { server, logger }: ResolvedConfig,
  { isAccessLogChosen }: DevelopmentSources
): ResolvedConfig['server']['accessLog'] {
  return isAccessLogChosen || logger.format === 'json' ? server.accessLog : 'short'
}

function applicationInDevelopment(application: ResolvedApplication): ResolvedApplication {
  const { scaling, rollout, recycle, health, restart } = application
  return {
    ...application,
    scaling: { ...scaling, max: scaling.min, spare: 0, enabled: false },
    recycle: { ...recycle, maxRequests: 0, maxAge: 0, maxHeap: 0, maxRss: 0 },
    rollout: { ...rollout, drainTimeout: Math.min(rollout.drainTimeout, drainMs) },
    restart: { ...restart, openFor: Math.min(restart.openFor, circuitMs) },
    // Whoever stops at a breakpoint is not to find his worker replaced.
    health: { ...health, enabled: false }
  }
}

function watched({ root }: ResolvedConfig, sources: DevelopmentSources): ResolvedDevelopment {
  const { config, candidates, files } = sources
  const envFiles = candidates.flatMap(({ directory, settings }) =>
    settings.envFile === undefined ? [] : [resolve(directory, settings.envFile)]
  )
  const shared = config.envFile === undefined ? [] : [resolve(root, config.envFile)]
  return {
    files: [...new Set([...files, ...shared, ...envFiles])],
    autoload: config.autoload === undefined ? null : resolve(root, config.autoload.path),
    watch: Object.fromEntries(candidates.map(each => [each.id, watchOf(each, config.watch, root)])),
    inspector: null
  }
}

function watchOf(
  { directory, settings }: Candidate,
  shared: CheckedConfig['watch'],
  root: string
): ResolvedWatch {
  const { enabled, ignore, poll } = { ...shared, ...settings.watch }
  const own = settings.watch?.include?.map(path => resolve(directory, path))
  const include = own ?? shared.include.map(path => resolve(root, path))
  return { enabled, include, ignore, poll }
}

/** Milliseconds that are longer than anybody debugs. */
const dayMs = 24 * 60 * 60 * 1000

/**
 * The same configuration for debugging: inspectors are opened, and nothing that stands at a breakpoint is late.
 * One that is no development stays what it is.
 */
export function withInspectors(config: ResolvedConfig, inspector: ResolvedInspector): ResolvedConfig {
  if (config.development === null) return config
  return {
    ...config,
    startTimeout: inspector.breaks ? dayMs : config.startTimeout,
    server: { ...config.server, requestTimeout: 0 },
    routes: config.routes.map(route => ({ ...route, requestTimeout: 0 })),
    development: { ...config.development, inspector }
  }
}
