/**
 * THE WALK from what was written to {@link ResolvedConfig}: variables put in, every key checked, flags and
 * environment laid over it, applications found, relations judged, machine divided.
 *
 * Pure over a {@link Disk} and a {@link Machine}. It never stops at a mistake: all are collected.
 */
import { basename, resolve as resolvePath } from 'node:path'

import type { Mistake } from '../errors.ts'
import { resolveApplication } from './application.ts'
import { gatherApplications } from './applications.ts'
import { check } from './check.ts'
import type { CheckedConfig } from './checked.ts'
import type { Disk } from './disk.ts'
import { inDevelopment, workersInDevelopment } from './development.ts'
import type { DevelopmentSources } from './development.ts'
import { readEnvFile } from './environment.ts'
import type { Variables } from './environment.ts'
import { defaultEdgeThreads, defaultWorkers } from './machine/budget.ts'
import type { Machine } from './machine/machine.ts'
import { applyLimits } from './limits.ts'
import {
  judgeAccessLog,
  judgeDenials,
  judgeDependencies,
  judgeMinReady,
  judgeProxies,
  requiredIds,
  resolveEntrypoint,
  resolveRoutes,
  unknownId
} from './relations.ts'
import type { ResolvedApplication, ResolvedConfig } from './resolved.ts'
import { schema } from './schema.ts'
import { readOverrides } from './settings.ts'
import type { ConfigFlags, Overrides, WorkersOverride } from './settings.ts'
import { isPlainObject, substitute } from './substitute.ts'
import { judgeSpare, judgeTotal, judgeWorkers, totalOf } from './workers.ts'

/** Everything a configuration is made from. */
export interface Sources {
  /** Absolute directory relative paths are resolved against. */
  readonly root: string
  /** Absolute path of the configuration file, or `null`. */
  readonly file: string | null
  /** What the file contains. */
  readonly written: unknown
  readonly flags: ConfigFlags
  readonly env: Readonly<Record<string, string | undefined>>
  readonly machine: Machine
  /** Options this process was started with. */
  readonly execArgv: readonly string[]
  readonly disk: Disk
  /**
   * Whether only a build is meant: what it makes may be missing, and variables and env files that are there where the
   * server runs. Defaults to false.
   */
  readonly isUnbuilt?: boolean
  /** In development: the files that were read so far. Absent where the server serves. */
  readonly development?: readonly string[]
}

/** A configuration, or everything that is wrong with it. */
export type Resolution =
  | { readonly ok: true; readonly config: ResolvedConfig }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] }

/** Resolves a configuration. */
export function resolve(sources: Sources): Resolution {
  const mistakes: Mistake[] = []
  const warnings: string[] = []
  const envFile = readRootEnvFile(sources, mistakes)
  const checked = checkWritten(sources, { ...envFile, ...sources.env }, mistakes)
  if (checked === null) return { ok: false, mistakes }

  const overrides = readOverrides(sources.flags, sources.env, mistakes)
  const config = applyOverrides(checked, overrides)
  const candidates = gatherApplications(config, sources.root, sources.disk, mistakes)
  const applications = candidates
    .map(candidate =>
      resolveApplication(candidate, {
        config,
        disk: sources.disk,
        envFile,
        processEnv: sources.env,
        isUnbuilt: sources.isUnbuilt ?? false,
        workers: {
          config,
          override:
            sources.development === undefined ? overrides.workers : workersInDevelopment(overrides.workers),
          defaultWorkers: defaultWorkers(sources.machine.cpus),
          cpus: sources.machine.cpus
        },
        mistakes,
        warnings
      })
    )
    .filter(application => application !== null)
  const named = [...new Set([...candidates.map(({ id }) => id), ...Object.keys(config.applications)])]
  if (named.length === 0 && mistakes.length === 0) {
    mistakes.push({ path: 'applications', message: 'there is no application', offered: undefined })
  }
  judgeDependencies(applications, named, mistakes)
  judgeWorkers(config, mistakes)
  judgeTotal(config, applications, mistakes)
  judgeMinReady(config.applications, mistakes)
  judgeWorkersOverride(overrides.workers, named, mistakes)
  judgeDenials(config.mesh.deny, named, mistakes)
  judgeProxies(config.server.trustProxy, mistakes)
  judgeAccessLog(config.server, mistakes)
  const routes = resolveRoutes(config.routes, named, mistakes)
  const entrypoint = resolveEntrypoint(config, routes, named, mistakes)
  judgeSpare(config, entrypoint, applications, mistakes)
  const publicIds = [
    ...routes.map(({ application }) => application),
    ...(entrypoint === null ? [] : [entrypoint])
  ]
  const required = requiredIds(applications, config.applications, publicIds)
  const judged = applications.map(each => Object.assign(each, { required: required.has(each.id) }))
  const limited = applyLimits(judged, sources, { mistakes, warnings })
  warnings.push(...reachability(config, sources))
  if (mistakes.length > 0) return { ok: false, mistakes }
  const whole = assemble(config, sources, { applications: limited, routes, entrypoint, warnings })
  return { ok: true, config: developed(whole, sources, { config, candidates, overrides }) }
}

function developed(
  whole: ResolvedConfig,
  { development: files, written }: Sources,
  {
    config,
    candidates,
    overrides
  }: Pick<DevelopmentSources, 'config' | 'candidates'> & { overrides: Overrides }
): ResolvedConfig {
  if (files === undefined) return whole
  const server = isPlainObject(written) ? written['server'] : undefined
  const isWritten = isPlainObject(server) && server['accessLog'] !== undefined
  const isAccessLogChosen =
    isWritten || overrides.values.some(({ path }) => path.join('.') === 'server.accessLog')
  return inDevelopment(whole, { config, candidates, files, isAccessLogChosen })
}

/** What a build needs of a configuration: the rest may come from variables that are set where the server runs. */
const neededForBuild = /^(?:autoload\b|applications\.[^.]+\.(?:path|build|dependencies)\b)/

function readRootEnvFile(
  { written, root, env, disk, isUnbuilt = false }: Sources,
  mistakes: Mistake[]
): Variables {
  const name = isPlainObject(written) ? written['envFile'] : undefined
  if (typeof name !== 'string' || name === '') return {}
  // The name itself can only use the real environment; a variable it lacks is reported with all others.
  const substituted = substitute(name, env)
  if (substituted.mistakes.length > 0) return {}
  const file = resolvePath(root, String(substituted.value))
  const variables = readEnvFile(disk, file)
  if (variables === null && !isUnbuilt)
    mistakes.push({ path: 'envFile', message: `there is no file ${file}`, offered: name })
  return variables ?? {}
}

function checkWritten(
  { written, isUnbuilt = false }: Sources,
  env: Readonly<Record<string, string | undefined>>,
  mistakes: Mistake[]
): CheckedConfig | null {
  const substituted = substitute(written, env, path => isUnbuilt && !neededForBuild.test(path))
  const found: Mistake[] = []
  const value = check(schema, substituted.value, '', { asText: substituted.paths, mistakes: found })
  // A text whose variable is missing is often wrong in other ways too: one mistake about it is enough.
  const blamed = new Set(substituted.mistakes.map(({ path }) => path))
  mistakes.push(...substituted.mistakes, ...found.filter(({ path }) => !blamed.has(path)))
  return isChecked(value) ? value : null
}

/** Holds because the schema has just been enforced: `checked.ts` says the same in types. */
function isChecked(value: unknown): value is CheckedConfig {
  return isPlainObject(value)
}

function applyOverrides(config: CheckedConfig, { values }: Overrides): CheckedConfig {
  const copy = structuredClone(config)
  for (const { path, value } of values) {
    let place: unknown = copy
    for (const name of path.slice(0, -1)) place = isPlainObject(place) ? place[name] : undefined
    const last = path.at(-1)
    if (isPlainObject(place) && last !== undefined) place[last] = value
  }
  return copy
}

function judgeWorkersOverride(
  workers: WorkersOverride | null,
  ids: readonly string[],
  mistakes: Mistake[]
): void {
  if (workers === null) return
  for (const id of workers.byId.keys()) {
    if (!ids.includes(id)) mistakes.push(unknownId(workers.source, id, ids))
  }
}

function reachability({ server }: CheckedConfig, { env }: Sources): string[] {
  const isLocal =
    server.hostname === 'localhost' || server.hostname === '::1' || server.hostname.startsWith('127.')
  if (!isLocal || !isInKubernetes(env)) return []
  return [
    `The public port listens on ${server.hostname}, where nothing outside this pod reaches it: set server.hostname (or HOST) to 0.0.0.0.`
  ]
}

function isInKubernetes(env: Sources['env']): boolean {
  return (env['KUBERNETES_SERVICE_HOST'] ?? '') !== ''
}

interface Parts {
  readonly applications: readonly ResolvedApplication[]
  readonly routes: ResolvedConfig['routes']
  readonly entrypoint: string | null
  readonly warnings: readonly string[]
}

function assemble(config: CheckedConfig, sources: Sources, parts: Parts): ResolvedConfig {
  const { server, mesh, admin, metrics, logger, gracefulShutdown } = config
  const domain = mesh.domain.startsWith('.') ? mesh.domain : `.${mesh.domain}`
  return {
    name: config.name ?? (basename(sources.root) || 'heddle'),
    root: sources.root,
    file: sources.file,
    ...parts,
    server: { ...server, threads: server.threads ?? defaultEdgeThreads(sources.machine.cpus) },
    mesh: { ...mesh, domain },
    admin: {
      enabled: admin.enabled,
      hostname: admin.hostname,
      port: admin.port ?? 9090,
      portChosen: admin.port !== undefined,
      token: admin.token ?? null,
      allowedHosts: admin.allowedHosts
    },
    metrics,
    logger: { ...logger, file: fileOf(config, sources.root) },
    workersTotal: totalOf(config.workers),
    development: null,
    startTimeout: config.startTimeout,
    maxZombies: config.maxZombies,
    gracefulShutdown: {
      drainDelay: gracefulShutdown.drainDelay ?? (isInKubernetes(sources.env) ? 5000 : 0),
      timeout: gracefulShutdown.timeout
    }
  }
}

function fileOf({ logger }: CheckedConfig, root: string): ResolvedConfig['logger']['file'] {
  return logger.file === undefined ? null : { ...logger.file, path: resolvePath(root, logger.file.path) }
}
