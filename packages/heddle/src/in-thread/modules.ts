/**
 * Gives each application in a thread modules of its own: what it loads of its own code is loaded anew, and
 * `heddle/worker` is that of the application which asks for it. Packages are shared.
 *
 * Any thread that is no worker of Heddle. ES modules are told apart by a query behind their URL, CommonJS modules by
 * a cache that shows each application its own.
 */
import { createRequire } from 'node:module'
import type { LoadFnOutput } from 'node:module'

import { watchModules } from '../worker/loader.ts'
import { currentResident } from './resident.ts'

const mark = 'heddle-in-thread'
const marked = new RegExp(`[?&]${mark}=(\\d+)$`)

/** What an application imports of Heddle, and what a `require()` of it gets instead: see {@link doorOf}. */
const doorName = 'heddle/worker'
const doorScheme = `${mark}:`

/** The URL under which a file is loaded for one application. */
export function markUrl(url: string, id: number): string {
  return `${url}${url.includes('?') ? '&' : '?'}${mark}=${id}`
}

/** The number of the application whose module this is; `null` for one of nobody in particular. */
export function markOf(url: string | undefined): number | null {
  const found = url === undefined ? null : marked.exec(url)
  return found === null ? null : Number(found[1])
}

/**
 * Whether modules can be told apart here. A runner of tests that has loaders of its own (Jest) forbids it, and gives
 * each file of tests modules of its own instead.
 */
export function canTellModulesApart(): boolean {
  const hooks = watchModules({})
  hooks?.deregister()
  return hooks !== null
}

/** Starts to tell the modules apart; returns what ends it. Modules that are loaded already stay as they are. */
export function arrangeModules(): () => void {
  const hooks = watchModules({
    resolve: (specifier, context, next) => {
      const isRequired = context.conditions.includes('require')
      const resident = currentResident()
      const isDoor = specifier === doorName && resident !== undefined
      if (isDoor && isRequired) {
        return { url: markUrl(doorScheme, resident.id), format: 'commonjs', shortCircuit: true }
      }
      const resolved = next(specifier, context)
      if (isDoor) return { ...resolved, url: markUrl(resolved.url, resident.id) }
      const owner = markOf(context.parentURL) ?? (resident?.modules == null ? null : resident.id)
      // CommonJS modules are cached by their file: the cache tells those apart.
      if (owner === null || isRequired || markOf(resolved.url) !== null) return resolved
      return isOwnFile(resolved.url) ? { ...resolved, url: markUrl(resolved.url, owner) } : resolved
    },
    load: (url, context, next) => {
      if (url.startsWith(doorScheme)) return { format: 'commonjs', source: doorSource, shortCircuit: true }
      const loaded = next(url, context)
      return markOf(url) === null ? loaded : { ...loaded, source: asMain(url, loaded) }
    }
  })
  if (hooks === null) return () => undefined
  const undoCache = arrangeCache()
  return () => {
    hooks.deregister()
    undoCache()
  }
}

/**
 * The source of a module that compares its URL with what was started, `import.meta.url === pathToFileURL(argv[1]).href`:
 * it is told its URL without our mark. All others stay as they are, so that places in them are those of the file.
 */
function asMain(url: string, { format, source }: LoadFnOutput): LoadFnOutput['source'] {
  if (format !== 'module' && format !== 'module-typescript') return source
  const text = typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString('utf8')
  if (!text.includes('import.meta.url') || !/\bargv\b/.test(text)) return source
  const at = text.startsWith('#!') ? text.indexOf('\n') + 1 : 0
  const plain = JSON.stringify(url.replace(marked, ''))
  return `${text.slice(0, at)}import.meta.url = ${plain};${text.slice(at)}`
}

/** Node keeps one ES module for all who require it: those get what was imported for their application. */
const doorSource = `module.exports = globalThis[Symbol.for('heddle.worker')].door`

/** `heddle/worker` as the application with this number sees it, to be kept as `door` of its context. */
export async function doorOf(id: number): Promise<unknown> {
  const url = import.meta.resolve(doorName).replace(marked, '')
  return import(markUrl(url, id))
}

/** The application's own code, or that of its repository, rather than a package. */
function isOwnFile(url: string): boolean {
  return url.startsWith('file:') && !url.includes('/node_modules/')
}

/** The cache of the application that runs, for this file; `null` where it is that of the thread. */
function ownOf(file: string | symbol): Map<string, unknown> | null {
  if (typeof file === 'symbol' || file.includes('/node_modules/')) return null
  return currentResident()?.modules ?? null
}

/** The cache of CommonJS modules, which node asks for them by their file; it is documented as `require.cache`. */
function arrangeCache(): () => void {
  const nodeModule = createRequire(import.meta.url)('node:module') as { _cache: Record<string, unknown> }
  const shared = nodeModule._cache
  const proxy = new Proxy(shared, {
    get: (_shared, file) => {
      const own = ownOf(file)
      return own === null ? Reflect.get(shared, file) : own.get(String(file))
    },
    has: (_shared, file) => ownOf(file)?.has(String(file)) ?? Reflect.has(shared, file),
    set: (_shared, file, module: unknown) => {
      const own = ownOf(file)
      if (own === null) return Reflect.set(shared, file, module)
      own.set(String(file), module)
      return true
    },
    deleteProperty: (_shared, file) => {
      const own = ownOf(file)
      if (own === null) return Reflect.deleteProperty(shared, file)
      own.delete(String(file))
      return true
    },
    ownKeys: () => {
      const own = currentResident()?.modules
      if (own == null) return Reflect.ownKeys(shared)
      return [...Reflect.ownKeys(shared).filter(file => ownOf(file) === null), ...own.keys()]
    },
    getOwnPropertyDescriptor: (_shared, file) => {
      const own = ownOf(file)
      if (own === null) return Reflect.getOwnPropertyDescriptor(shared, file)
      const value = own.get(String(file))
      return value === undefined ? undefined : { value, configurable: true, enumerable: true, writable: true }
    }
  })
  nodeModule._cache = proxy
  return () => {
    if (nodeModule._cache === proxy) nodeModule._cache = shared
  }
}
