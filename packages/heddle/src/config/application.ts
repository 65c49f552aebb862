/**
 * Turns what is written about one application into what a worker needs to start.
 *
 * Pure over a {@link Disk}. Heap limits that depend on how many workers there are in all are filled in by
 * `resolve.ts`, which knows that number.
 */
import { resolve } from 'node:path'

import type { Mistake } from '../errors.ts'
import type { Candidate } from './applications.ts'
import type { CheckedConfig } from './checked.ts'
import { discoverEntry, hasBuildScript, judgeEntry } from './discovery.ts'
import type { Disk } from './disk.ts'
import { layerEnvironment, readEnvFile } from './environment.ts'
import type { Variables } from './environment.ts'
import { didYouMean } from './nearest.ts'
import { heapOptionIn, optionName, splitNodeOptions, workerOptions } from './node-options.ts'
import type { ResolvedApplication } from './resolved.ts'
import { resolveScaling } from './workers.ts'
import type { WorkersSources } from './workers.ts'

/** What every application is resolved with. */
export interface ApplicationContext {
  readonly config: CheckedConfig
  readonly disk: Disk
  /** Variables of the top-level env file. */
  readonly envFile: Variables
  /** The environment Heddle was started in. */
  readonly processEnv: Readonly<Record<string, string | undefined>>
  readonly workers: WorkersSources
  /** Whether what a build makes may be missing: files to load. */
  readonly isUnbuilt: boolean
  readonly mistakes: Mistake[]
  readonly warnings: string[]
}

/** One application with everything worked out; `null` when it has no entry, which is then a mistake. */
export function resolveApplication(
  candidate: Candidate,
  context: ApplicationContext
): ResolvedApplication | null {
  const { id, directory, settings } = candidate
  const { config } = context
  const env = environmentOf(candidate, context)
  judgeExecArgv(candidate, context)
  const preload = settings.preload.map((specifier, index) =>
    resolvePreload(specifier, `${candidate.path}.preload[${index}]`, directory, context)
  )
  const entry = entryOf(candidate, context)
  if (entry === null) return null
  const scaling = resolveScaling(id, settings, context.workers)
  return {
    id,
    path: directory,
    entry,
    workers: scaling.min,
    scaling,
    ...(settings.build === undefined ? {} : { build: settings.build }),
    env,
    execArgv: settings.execArgv,
    preload,
    limits: {
      oldGenerationMb: settings.limits.oldGeneration ?? null,
      youngGenerationMb: settings.limits.youngGeneration ?? null,
      stackMb: settings.limits.stack ?? null
    },
    dependencies: settings.dependencies,
    // Worked out when it is known where public requests go.
    required: settings.required ?? false,
    minReady: settings.minReady,
    balance: settings.balance,
    restart: { ...config.restart, ...settings.restart },
    health: { ...config.health, ...settings.health },
    recycle: { ...config.recycle, ...settings.recycle },
    rollout: { ...config.rollout, ...settings.rollout },
    queue: { ...config.queue, ...settings.queue },
    logger: { level: settings.logger?.level ?? config.logger.level }
  }
}

function entryOf({ path, directory, settings }: Candidate, context: ApplicationContext): string | null {
  const { disk, mistakes, warnings } = context
  const { entry } = settings
  const discovery =
    entry === undefined ? discoverEntry(disk, directory) : judgeEntry(disk, resolve(directory, entry))
  if (!discovery.found && context.isUnbuilt) return resolve(directory, entry ?? '')
  if (!discovery.found) {
    const place = entry === undefined ? path : `${path}.entry`
    const hint =
      path === 'autoload.path'
        ? '; leave the directory out with autoload.exclude if it is no application'
        : buildHint(directory, settings, disk)
    mistakes.push({ path: place, message: `${discovery.message}${hint}`, offered: entry })
    return null
  }
  if (discovery.warning !== null) warnings.push(discovery.warning)
  return discovery.entry
}

/** An entry is often missing because nobody has built it yet. */
function buildHint(directory: string, { entry, build }: Candidate['settings'], disk: Disk): string {
  const isThere = entry !== undefined && disk.kind(resolve(directory, entry)) !== null
  const hasBuild = typeof build === 'string' || (build === undefined && hasBuildScript(disk, directory))
  return !isThere && hasBuild ? '; build it first, with heddle build' : ''
}

function environmentOf(
  { id, path, directory, settings }: Candidate,
  context: ApplicationContext
): Record<string, string> {
  const { config, disk, mistakes, warnings } = context
  const files = [context.envFile]
  if (settings.envFile !== undefined) {
    const file = resolve(directory, settings.envFile)
    const variables = readEnvFile(disk, file)
    if (variables !== null) files.push(variables)
    else if (!context.isUnbuilt)
      mistakes.push({
        path: `${path}.envFile`,
        message: `there is no file ${file}`,
        offered: settings.envFile
      })
  }
  const env = layerEnvironment({
    files,
    process: context.processEnv,
    settings: [config.env ?? {}, settings.env ?? {}]
  })
  const heapOption = heapOptionIn(splitNodeOptions(env['NODE_OPTIONS']))
  if (heapOption !== null && env['NODE_OPTIONS'] !== context.processEnv['NODE_OPTIONS']) {
    warnings.push(
      `NODE_OPTIONS of application ${id} contains ${heapOption}, which has no effect in a worker: use limits.oldGeneration.`
    )
  }
  return env
}

function judgeExecArgv({ path, settings }: Candidate, { mistakes }: ApplicationContext): void {
  let takesValue = false
  settings.execArgv.forEach((option, index) => {
    const isValue: boolean = takesValue && !option.startsWith('-')
    takesValue = !isValue && !option.includes('=')
    if (isValue || workerOptions.includes(optionName(option))) return
    const hint =
      heapOptionIn([option]) === null
        ? didYouMean(optionName(option), workerOptions)
        : ': use limits.oldGeneration, which is a limit for each worker'
    const message = `this option cannot be given to a worker${hint}`
    mistakes.push({ path: `${path}.execArgv[${index}]`, message, offered: option })
  })
}

function resolvePreload(
  specifier: string,
  path: string,
  directory: string,
  { disk, mistakes, isUnbuilt }: ApplicationContext
): string {
  const isPath = /^\.{0,2}\//.test(specifier)
  if (!isPath) return specifier
  const file = resolve(directory, specifier)
  if (!isUnbuilt && disk.kind(file) !== 'file')
    mistakes.push({ path, message: `there is no file ${file}`, offered: specifier })
  return file
}
