/**
 * Loads the application's code into this thread: the preload modules, then the entry.
 *
 * Runs in worker threads. ESM, CommonJS and TypeScript go the same way, through import(). It judges nothing of
 * what it loads; it notes whether one of node's HTTP modules was asked for, which tells servers from jobs.
 */
import { createRequire, registerHooks } from 'node:module'
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A module namespace. */
export type Exported = Readonly<Record<string, unknown>>

/** The module loading of this thread, watched until `close()`. */
export interface Loader {
  /** Loads an absolute path, or a package as the entry itself would resolve it. */
  preload(specifier: string): Promise<void>
  entry(): Promise<Exported>
  /** Whether node:http, node:https or node:http2 was asked for since the entry began to load. */
  loadedHttp(): boolean
  close(): void
}

const httpModule = /^(?:node:)?http[2s]?$/
const preloadScheme = 'heddle-preload:'

/** Starts to watch module loading. */
export function createLoader(entryPath: string): Loader {
  const entryUrl = pathToFileURL(entryPath).href
  let loadedHttp = false
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      if (httpModule.test(specifier)) loadedHttp = true
      if (!specifier.startsWith(preloadScheme)) return next(specifier, context)
      return next(specifier.slice(preloadScheme.length), { ...context, parentURL: entryUrl })
    }
  })
  return {
    preload: async specifier => {
      const isPath = isAbsolute(specifier)
      await import(isPath ? pathToFileURL(specifier).href : `${preloadScheme}${specifier}`)
    },
    entry: async () => {
      pretendMain(entryPath)
      // What preloads have loaded says nothing about the application.
      loadedHttp = false
      return (await import(entryUrl)) as Exported
    },
    loadedHttp: () => loadedHttp,
    close: () => hooks.deregister()
  }
}

/**
 * Programs ask whether they were started or only imported, and start their server in the first case alone:
 * `require.main === module`, or a comparison of `process.argv[1]` with their own path.
 */
function pretendMain(entryPath: string): void {
  process.argv[1] = entryPath
  const { cache } = createRequire(entryPath)
  // Read by node for each `require` it makes; the entry is in the cache by the time its own is made.
  Object.defineProperty(process, 'mainModule', { configurable: true, get: () => cache[entryPath] })
}
