/**
 * Translates one application of Watt: what the runtime says of it, and the file in its own directory.
 *
 * Pure over a {@link Disk}. What cannot be an application is told and left out; of a gateway its prefixes are kept.
 */
import { join, relative } from 'node:path'

import { discoverEntry, judgeEntry } from '../config/discovery.ts'
import type { Disk } from '../config/disk.ts'
import type { ApplicationOptions } from '../config/options.ts'
import { isPlainObject } from '../config/substitute.ts'
import { ForeignSettings } from './foreign-settings.ts'
import { readManifest } from './manifest.ts'
import type { Note } from './note.ts'
import { readSources } from './source-text.ts'
import { readCommand } from './start-script.ts'
import { compact } from './translation.ts'
import {
  applicationBlockFates,
  applicationFates,
  commandFates,
  kinds,
  nodeFates,
  ownFates
} from './watt-fates.ts'
import { gatewayRoutes } from './watt-gateway.ts'
import type { GatewayRoutes } from './watt-gateway.ts'
import {
  healthOf,
  nodeOptionsOf,
  preloadFor,
  restartOf,
  variable,
  variables,
  workersOf
} from './watt-supervision.ts'

/** What all applications are translated with. */
export interface WattContext {
  readonly disk: Disk
  /** Directory of the file, absolute. */
  readonly root: string
  readonly notes: Note[]
}

/** An application of Watt on its way. */
export interface WattApplication {
  readonly id: string
  /** Options for Heddle; `null` when it cannot be an application. */
  readonly options: ApplicationOptions | null
  /** Where requests go that come to it, when it is a gateway; `null` when it is not. */
  readonly routes: GatewayRoutes | null
  /** The prefix it has in public; `null` when none is written. */
  readonly basePath: string | null
  /** What its own file says of the public server. */
  readonly server: ForeignSettings | null
}

/** What the runtime says of an application, and where it is. */
export interface WattPlace {
  readonly id: string
  /** Absolute. */
  readonly directory: string
  readonly settings: ForeignSettings
}

/** Names of the file in the directory of an application, the first that is there is read. */
export const wattNames: readonly string[] = [
  'watt.json',
  'platformatic.json',
  'platformatic.application.json',
  'platformatic.service.json',
  'platformatic.gateway.json',
  'platformatic.composer.json',
  'platformatic.db.json'
]

/** Translates an application. */
export function translateApplication(
  { id, directory, settings }: WattPlace,
  context: WattContext
): WattApplication {
  const { disk, root, notes } = context
  const own = ownSettings(directory, settings.takeText('config'), context)
  const isEnabled = enabledOf(settings)
  const fromOwn = readOwn({ directory, own }, context)
  const { workers } = workersOf(settings)
  const { health, limits } = healthOf(settings)
  const node = nodeOptionsOf(settings)
  const envFile = settings.takeText('envfile')
  const restart = restartOf(settings)
  const options = compact({
    path: directory === root ? undefined : pathOf(root, directory),
    ...fromOwn.options,
    workers: workers ?? fromOwn.options['workers'],
    env: variables(settings.takeVariables('env')),
    envFile:
      envFile ?? (directory !== root && disk.kind(join(directory, '.env')) === 'file' ? '.env' : undefined),
    dependencies: settings.takeTexts(text => [text], 'dependencies'),
    preload: preloadFor(directory, node.preload, context),
    execArgv: node.execArgv,
    limits: node.oldGeneration === null ? limits : { oldGeneration: node.oldGeneration, ...limits },
    health,
    restart
  }) as ApplicationOptions
  settings.close(applicationFates)
  const isLeftOut = fromOwn.reason !== null || !isEnabled
  if (fromOwn.reason !== null)
    notes.push({
      key: settings.pathOf(''),
      outcome: 'missing',
      text: `${id} is left out: it ${fromOwn.reason}`
    })
  else if (!isEnabled)
    settings.tell(
      'enabled',
      'differs',
      `${id} is left out, since it is switched off: heddle apps stop does that at run time`
    )
  else tellOfCode(settings, directory, { disk, entry: options.entry })
  const { routes, basePath, server } = fromOwn
  return { id, options: isLeftOut ? null : options, routes, basePath, server }
}

function tellOfCode(
  settings: ForeignSettings,
  directory: string,
  { disk, entry }: { readonly disk: Disk; readonly entry: string | undefined }
): void {
  const found =
    entry === undefined ? discoverEntry(disk, directory) : judgeEntry(disk, join(directory, entry))
  if (!found.found) return
  for (const trouble of readSources(disk, found.entry).troubles) {
    settings.tell('', 'differs', `its code ${trouble}`)
  }
}

function pathOf(root: string, directory: string): string {
  const path = relative(root, directory).replaceAll('\\', '/')
  return String(variable(path.startsWith('..') ? directory : `./${path}`))
}

function enabledOf(settings: ForeignSettings): boolean {
  const value = settings.take('enabled')
  if (isPlainObject(value)) return value['production'] !== false
  return value !== false && value !== 'false'
}

/** The file in the directory of an application; `null` when there is none. */
function ownSettings(
  directory: string,
  name: string | undefined,
  { disk, root, notes }: WattContext
): ForeignSettings | null {
  // The file of the runtime itself, when an application is in the directory of it.
  const names = name === undefined ? (directory === root ? [] : wattNames) : [name]
  const file = names.map(each => join(directory, each)).find(each => disk.kind(each) === 'file')
  if (file === undefined) return null
  const key = relative(root, file).replaceAll('\\', '/')
  try {
    const value: unknown = JSON.parse(disk.read(file) ?? '')
    if (isPlainObject(value)) return new ForeignSettings(value, key, notes)
  } catch {
    // Told below, as everything else that is not what it should be.
  }
  notes.push({ key, outcome: 'missing', text: 'is not JSON, and has not been read' })
  return null
}

interface Own {
  readonly options: Readonly<Record<string, unknown>>
  readonly reason: string | null
  readonly routes: GatewayRoutes | null
  readonly basePath: string | null
  readonly server: ForeignSettings | null
}

interface OwnPlace {
  readonly directory: string
  readonly own: ForeignSettings | null
}

function readOwn({ directory, own }: OwnPlace, { disk, notes }: WattContext): Own {
  const kind = own === null ? kindOfPackage(disk, directory) : kindOf(own)
  const reason = Object.hasOwn(kinds, kind) ? (kinds[kind] ?? null) : null
  const settings = own ?? new ForeignSettings({}, '', notes)
  const block = settings.takeInner('application')
  const basePath = block.takeText('basePath') ?? null
  const entry = readEntry(settings, block, { disk, directory })
  const level = settings.takeInner('logger').take('level')
  const server = settings.takeObject('server')
  const routes = gatewayRoutes(settings)
  const { workers } = workersOf(settings)
  block.close(applicationBlockFates)
  // Of what is left out as a whole, single settings say nothing.
  if (reason === null) settings.close({ ...ownFates, runtime: ['unneeded', 'is read with the runtime'] })
  const options = compact({
    entry: entry === null ? undefined : variable(entry),
    workers,
    logger: level === undefined ? undefined : { level: variable(level) }
  })
  return { options: reason === null ? options : {}, reason, routes, basePath, server }
}

interface EntryPlace {
  readonly disk: Disk
  readonly directory: string
}

/** Reads `node.main` and the commands: the file to load; `null` when Heddle finds it by itself. */
function readEntry(
  settings: ForeignSettings,
  block: ForeignSettings,
  { disk, directory }: EntryPlace
): string | null {
  const node = settings.takeInner('node')
  const commands = block.takeInner('commands')
  const production = commands.takeText('production')
  const entry = node.takeText('main') ?? block.takeText('main') ?? entryOf(disk, directory, production)
  if (node.takeBoolean('hasServer') === false) {
    node.tell('hasServer', 'differs', 'a job says so in its entry: export const hasServer = false')
  }
  if (production !== undefined) {
    const text = `commands are not run: ${entry ?? 'its entry'} is loaded into each worker`
    commands.tell('production', 'differs', text)
  }
  commands.close(commandFates)
  node.close(nodeFates)
  return entry
}

function entryOf(disk: Disk, directory: string, command: string | undefined): string | null {
  const started =
    command === undefined ? null : readCommand(command, readManifest(disk, directory)?.scripts ?? {})
  if (started !== null && started.file !== null) return started.file
  const found = discoverEntry(disk, directory)
  // What Heddle finds by itself needs no key.
  if (found.found) return null
  return (
    ['bundle', 'run', 'entrypoint']
      .flatMap(name => ['.js', '.mjs', '.cjs'].map(ending => name + ending))
      .find(name => disk.kind(join(directory, name)) === 'file') ?? null
  )
}

/** What an application is made of: the last part of the name of its package. */
function kindOf(own: ForeignSettings): string {
  const schema = own.takeText('$schema') ?? ''
  const module = own.takeText('module') ?? ''
  // The second is how the first version wrote it.
  const named = /(?:@platformatic|schemas\/v[\d.]+)\/([\w-]+)/.exec(`${module} ${schema}`)?.[1]
  if (named !== undefined) return named
  return own.has('gateway', 'composer') ? 'gateway' : 'node'
}

/** What Watt finds out by itself from package.json. */
function kindOfPackage(disk: Disk, directory: string): string {
  const dependencies = readManifest(disk, directory)?.dependencies ?? new Set<string>()
  const known: readonly (readonly [string, string])[] = [
    ['next', 'next'],
    ['@remix-run/dev', 'remix'],
    ['@react-router/dev', 'react-router'],
    ['astro', 'astro'],
    ['nuxt', 'nuxt'],
    ['@tanstack/react-start', 'tanstack'],
    ['vite', 'vite']
  ]
  const isServer = ['fastify', 'express', 'koa', 'hono'].some(name => dependencies.has(name))
  const found = known.find(([name]) => dependencies.has(name))?.[1]
  return found === undefined || (found === 'vite' && isServer) ? 'node' : found
}
