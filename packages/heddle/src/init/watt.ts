/**
 * Translates a configuration of Watt: of a runtime, or of a single application with a block `runtime`.
 *
 * Pure over a {@link Disk}; whoever calls it has loaded the file. Checked against Watt 3.67.
 */
import { basename, join, resolve } from 'node:path'

import { toId } from '../config/applications.ts'
import type { Disk } from '../config/disk.ts'
import { readEnvFile } from '../config/environment.ts'
import type { ApplicationOptions, HeddleConfig, RouteOptions } from '../config/options.ts'
import { isPlainObject } from '../config/substitute.ts'
import { usualOffers } from './compose.ts'
import { ForeignSettings } from './foreign-settings.ts'
import type { Note } from './note.ts'
import { compact } from './translation.ts'
import type { Translation } from './translation.ts'
import { translateApplication } from './watt-application.ts'
import type { WattApplication, WattContext, WattPlace } from './watt-application.ts'
import { runtimeFates } from './watt-fates.ts'
import { denialsOf, loggerOf, metricsOf, serverOf, shutdownOf } from './watt-server.ts'
import {
  healthOf,
  milliseconds,
  nodeOptionsOf,
  preloadFor,
  restartOf,
  variable,
  variables,
  workersOf
} from './watt-supervision.ts'

/** What is there beside the value of the file. */
export interface WattFile {
  readonly disk: Disk
  /** Directory of the file, absolute. */
  readonly root: string
}

/** Whether a value is what a configuration file of Watt holds. */
export function isWatt(value: Readonly<Record<string, unknown>>): boolean {
  const named = [value['$schema'], value['module']].some(
    each => typeof each === 'string' && /platformatic|wattpm/.test(each)
  )
  return named || isRuntime(value) || isPlainObject(value['runtime'])
}

function isRuntime(value: Readonly<Record<string, unknown>>): boolean {
  const named =
    typeof value['$schema'] === 'string' && /wattpm\/|@platformatic\/runtime\//.test(value['$schema'])
  return named || ['autoload', 'applications', 'services', 'web'].some(name => value[name] !== undefined)
}

/** Translates what a file of Watt holds. */
export function translateWatt(
  value: Readonly<Record<string, unknown>>,
  { disk, root }: WattFile
): Translation {
  const notes: Note[] = []
  const context: WattContext = { disk, root, notes }
  const file = new ForeignSettings(value, '', notes)
  const isWhole = isRuntime(value)
  file.take('$schema', 'module')
  const runtime = isWhole ? file : (file.takeObject('runtime') ?? new ForeignSettings({}, 'runtime', notes))
  const applications = isWhole
    ? placesIn(file, context).map(place => translateApplication(place, context))
    : [single(value, context)]
  const config = configOf(runtime, applications, context)
  if (isWhole) file.close(runtimeFates)
  else runtime.close(runtimeFates)
  return {
    notes,
    draft: {
      config,
      remarks: {
        mesh: 'The ending of host names in Watt, so that applications call one another as they did.',
        ...(config.routes === undefined
          ? {}
          : { routes: 'What goes to which application; the longest path wins.' })
      },
      offers: usualOffers
    }
  }
}

/** A file of one application: what is beside `runtime` is what a directory of a runtime would hold. */
function single(value: Readonly<Record<string, unknown>>, context: WattContext): WattApplication {
  const id = toId(basename(context.root)) || 'application'
  const name = 'watt.json'
  const own = { ...value, runtime: undefined }
  // It is read as the file of an application is: from a disk on which that is all there is to it.
  const disk: Disk = {
    ...context.disk,
    read: path => (path === join(context.root, name) ? JSON.stringify(own) : context.disk.read(path)),
    kind: path => (path === join(context.root, name) ? 'file' : context.disk.kind(path))
  }
  const settings = new ForeignSettings({ config: name }, '', context.notes)
  return translateApplication({ id, directory: context.root, settings }, { ...context, disk })
}

function placesIn(file: ForeignSettings, context: WattContext): WattPlace[] {
  const written = ['applications', 'services', 'web'].flatMap(name => {
    const list = file.take(name)
    return Array.isArray(list)
      ? list.flatMap((each, index) =>
          isPlainObject(each) ? [placeOf(file.inside(`${name}[${index}]`, each), context)] : []
        )
      : []
  })
  const loaded = autoloaded(file, context).filter(({ id }) => !written.some(other => other.id === id))
  return [...written, ...loaded]
}

function placeOf(settings: ForeignSettings, { root }: WattContext): WattPlace {
  const path = settings.takeText('path')
  const name = settings.takeText('id') ?? basename(path ?? '')
  const id = toId(name) || 'application'
  if (id !== name) settings.tell('id', 'differs', `"${name}" has the id ${id}`)
  return { id, directory: resolve(root, path ?? '.'), settings }
}

function autoloaded(file: ForeignSettings, { disk, root }: WattContext): WattPlace[] {
  const autoload = file.takeObject('autoload')
  if (autoload === null) return []
  const parent = resolve(root, autoload.takeText('path') ?? '.')
  const exclude = new Set(autoload.takeTexts(text => [text], 'exclude'))
  const mappings = autoload.takeObject('mappings')
  const names = disk.kind(parent) === 'directory' ? disk.directories(parent) : []
  const places = names
    .filter(name => !name.startsWith('.') && name !== 'node_modules' && !exclude.has(name))
    .map(name => {
      const settings = mappings?.takeObject(name) ?? autoload.inside(name, {})
      return { id: toId(settings.takeText('id') ?? name), directory: join(parent, name), settings }
    })
  autoload.tell(
    '',
    'differs',
    'its directories are listed as applications, since some may need settings: a new one has to be added'
  )
  mappings?.close({})
  autoload.close({})
  return places
}

function configOf(
  runtime: ForeignSettings,
  found: readonly WattApplication[],
  context: WattContext
): HeddleConfig {
  const { disk, root, notes } = context
  const { workers, total } = workersOf(runtime)
  const { health, limits } = healthOf(runtime)
  const { whole, rollout } = shutdownOf(runtime)
  const { admin, metrics } = metricsOf(runtime)
  const node = nodeOptionsOf(runtime)
  const applications = found.flatMap(each =>
    each.options === null ? [] : [{ ...each, options: each.options }]
  )
  const ids = applications.map(({ id }) => id)
  const entry = publicOf(runtime, found, ids, notes)
  const server = serverOf(runtime, definedIn(disk, root))
  const own = found.find(({ id }) => id === entry.id || applications.length === 1)?.server ?? null
  const timeout = runtime.take('startTimeout')
  const shared = { limits, execArgv: node.execArgv }
  // Those of all come first, as in Watt.
  const preloadOf = ({ path = '.', preload = [] }: ApplicationOptions): readonly string[] => [
    ...preloadFor(resolve(root, path), node.preload, context),
    ...preload
  ]
  return compact({
    applications: Object.fromEntries(
      applications.map(({ id, options }) => [
        id,
        optionsWith(shared, { ...options, preload: preloadOf(options) }, ids)
      ])
    ),
    entrypoint: applications.length > 1 ? entry.id : undefined,
    server:
      Object.keys(server).length === 0 && own !== null
        ? compact({ port: variable(own.take('port')), hostname: variable(own.take('hostname')) })
        : server,
    routes: entry.routes,
    workers: workersWith(workers, total),
    restart: restartOf(runtime),
    health,
    rollout,
    env: variables(runtime.takeVariables('env')),
    envFile: variable(
      runtime.takeText('envfile') ?? (disk.kind(join(root, '.env')) === 'file' ? '.env' : undefined)
    ),
    startTimeout: timeout === 0 ? undefined : milliseconds(timeout),
    gracefulShutdown: whole,
    mesh: {
      domain: '.plt.local',
      deny: orNothing(denialsOf(runtime, ids)),
      timeout: orNothing(milliseconds(runtime.take('applicationTimeout', 'serviceTimeout')))
    },
    admin,
    metrics,
    logger: loggerOf(runtime)
  })
}

/** Names of variables that are set in the file Watt reads by itself. */
function definedIn(disk: Disk, root: string): ReadonlySet<string> {
  return new Set(Object.keys(readEnvFile(disk, join(root, '.env')) ?? {}))
}

/** The options of an application with what is said of all; those that are left out are waited for by nobody. */
function optionsWith(
  shared: Readonly<Record<string, unknown>>,
  options: ApplicationOptions,
  ids: readonly string[]
): ApplicationOptions {
  const { path, entry, dependencies = [], ...rest } = options
  const there = dependencies.map(toId).filter(id => ids.includes(id))
  return compact({ path, entry, ...shared, ...rest, dependencies: there })
}

function orNothing(value: unknown): unknown {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0 ? undefined : value
}

function workersWith(workers: unknown, total: unknown): unknown {
  // What Watt does when nobody says how many.
  const own = workers ?? 1
  if (total === undefined) return own
  if (isPlainObject(own)) return { ...own, total }
  return { min: own, max: own, total }
}

interface Public {
  readonly id: string | undefined
  readonly routes: readonly RouteOptions[]
}

/** Who answers in public. A gateway is nobody: what it would send on goes there at once. */
function publicOf(
  runtime: ForeignSettings,
  found: readonly WattApplication[],
  ids: readonly string[],
  notes: Note[]
): Public {
  const written = runtime.takeText('entrypoint')
  const named = written === undefined ? undefined : toId(written)
  const gateway = found.find(({ routes, id }) => routes !== null && (named === undefined || named === id))
  const basePath = runtime.takeText('basePath')
  if (gateway !== undefined) return behindGateway(gateway, found, { ids, notes })
  const id = named !== undefined && ids.includes(named) ? named : ids[0]
  if (named !== undefined && id !== named) {
    const text = `${named} is left out, so ${id ?? 'nobody'} answers the public port`
    notes.push({ key: 'entrypoint', outcome: 'differs', text })
  }
  const path = basePath ?? found.find(each => each.id === id)?.basePath ?? '/'
  const isBelow = path !== '/' && id !== undefined
  return { id, routes: isBelow ? [{ path, application: id, stripPrefix: true }] : [] }
}

interface Others {
  readonly ids: readonly string[]
  readonly notes: Note[]
}

function behindGateway(
  gateway: WattApplication,
  found: readonly WattApplication[],
  { ids, notes }: Others
): Public {
  const everything = ids.map(id => ({ path: `/${id}`, application: id, stripPrefix: true }))
  const written = gateway.routes === 'all' ? everything : (gateway.routes ?? [])
  const routes = written.flatMap(route => {
    const application = toId(route.application)
    const basePath = found.find(each => each.id === application)?.basePath ?? null
    if (!ids.includes(application)) {
      const text = `nothing is at ${route.path}, since ${application} is left out`
      notes.push({ key: `${gateway.id}: ${application}`, outcome: 'missing', text })
      return []
    }
    // Without a prefix of its own an application says where it wants to be.
    const isUsual = route.path === `/${route.application}` && basePath !== null
    return [{ ...route, application, ...(isUsual ? { path: basePath } : {}) }]
  })
  const rest = routes.find(({ path }) => path === '/')
  const id = rest?.application ?? routes[0]?.application ?? ids[0]
  const text = `the gateway is gone: its prefixes are routes, and ${id ?? 'nobody'} answers what none of them claims`
  notes.push({ key: 'entrypoint', outcome: 'differs', text })
  return { id, routes: routes.filter(route => route !== rest) }
}
