/**
 * Loads the application's code into this thread: the preload modules, then the entry.
 *
 * Runs in worker threads. ESM, CommonJS and TypeScript go the same way, through import(). It judges nothing of
 * what it loads; it notes whether one of node's HTTP modules was asked for, which tells servers from jobs.
 */
import { createRequire, registerHooks } from 'node:module'
import type { ModuleHooks, RegisterHooksOptions } from 'node:module'
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'

import { pretendImportMain } from './import-main.ts'
import { placeSyntaxError } from '../shared/syntax-place.ts'

/** A module namespace. */
export type Exported = Readonly<Record<string, unknown>>

/** The module loading of this thread, watched until `close()`. */
export interface Loader {
  /** Loads an absolute path, or a package as the entry itself would resolve it. */
  preload(specifier: string): Promise<void>
  /** Rejects with what the entry threw; a syntax error says where it is. */
  entry(): Promise<Exported>
  /** Whether node:http, node:https or node:http2 was asked for since the entry began to load. */
  loadedHttp(): boolean
  close(): void
}

const httpModule = /^(?:node:)?http[2s]?$/
const clusterModule = /^(?:node:)?cluster$/
const preloadScheme = 'heddle-preload:'

/** So many files are remembered. */
const filesMax = 100

/** How modules are loaded where the thread is not the application's alone. */
export interface LoaderOptions {
  /** What is imported as the entry. Defaults to the URL of its file. */
  readonly url: string
  /** Whether a module that is asked for by `parent` belongs to the application. By default all do. */
  isOwn(parent: string | undefined): boolean
}

/**
 * Starts to watch module loading. Without options the thread is the application's: its entry is the main module.
 *
 * @param onCluster Hears of each module that asks for node:cluster, before it gets it.
 */
export function createLoader(
  entryPath: string,
  options: LoaderOptions | null = null,
  onCluster: (module: string | undefined) => void = () => {}
): Loader {
  const entryUrl = options?.url ?? pathToFileURL(entryPath).href
  let files: string[] = []
  let loadedHttp = false
  const hooks = watchModules({
    resolve: (specifier, context, next) => {
      if (options?.isOwn(context.parentURL) === false) return next(specifier, context)
      if (httpModule.test(specifier)) loadedHttp = true
      if (clusterModule.test(specifier)) onCluster(context.parentURL)
      if (!specifier.startsWith(preloadScheme)) {
        const resolved = next(specifier, context)
        if (isOwnFile(resolved.url)) files.push(resolved.url)
        if (files.length > filesMax) files.shift()
        return resolved
      }
      return next(specifier.slice(preloadScheme.length), { ...context, parentURL: entryUrl })
    }
  })
  return {
    preload: async specifier => {
      const isPath = isAbsolute(specifier)
      const scheme = hooks === null ? '' : preloadScheme
      await import(isPath ? pathToFileURL(specifier).href : `${scheme}${specifier}`)
    },
    entry: async () => {
      if (options === null) pretendMain(entryPath)
      // What preloads have loaded says nothing about the application.
      loadedHttp = false
      files = []
      const pretence = pretendImportMain(entryPath, watchModules)
      try {
        return (await import(entryUrl)) as Exported
      } catch (error) {
        placeSyntaxError(error, files)
        throw error
      } finally {
        pretence?.deregister()
      }
    },
    // What nobody could see may have been loaded.
    loadedHttp: () => loadedHttp || hooks === null,
    close: () => hooks?.deregister()
  }
}

/**
 * Watches the loading of modules. `null` where that is refused: a runner of tests that has loaders of its own (Jest) does.
 * Code runs all the same then; packages to preload are those this file would find.
 */
export function watchModules(hooks: RegisterHooksOptions): ModuleHooks | null {
  try {
    return registerHooks(hooks)
  } catch {
    return null
  }
}

function isOwnFile(url: string): boolean {
  return url.startsWith('file:') && !url.includes('/node_modules/')
}

/**
 * Programs ask whether they were started or only imported, and start their server in the first case alone:
 * `require.main === module`, or a comparison of `process.argv[1]` with their own path. See `import-main.ts` for the third.
 */
function pretendMain(entryPath: string): void {
  process.argv[1] = entryPath
  const { cache } = createRequire(entryPath)
  // Read by node for each `require` it makes; the entry is in the cache by the time its own is made.
  Object.defineProperty(process, 'mainModule', { configurable: true, get: () => cache[entryPath] })
}
