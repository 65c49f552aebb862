/**
 * Tells the main thread which files the application loads, so that it can watch them, wherever they lie.
 *
 * Runs in worker threads, in development alone. It sees every module the application asks for, by `import` and by
 * `require`, also those that cannot be found: they are what the application waits for. It changes nothing of how
 * modules are loaded, and reads no file.
 */
import { fileURLToPath } from 'node:url'

import { watchModules } from './loader.ts'

/** Files beyond which no more are told: nobody edits so many. */
const filesMax = 10_000

/** So many files are told at once, at the latest. */
const batchMax = 200

/** Tells files, a turn of the event loop at a time. */
export interface LoadedFiles {
  /** Tells at once what has not been told yet: before anything else is told that has to come after it. */
  flush(): void
}

/**
 * Begins to watch; to be called before the application loads.
 *
 * @param tell Is given absolute paths, each once. Files of packages (`node_modules`) and those of Heddle are left out.
 */
export function tellLoadedFiles(tell: (files: readonly string[]) => void): LoadedFiles {
  const told = new Set<string>()
  let batch: string[] = []
  let timer: NodeJS.Immediate | null = null
  const flush = (): void => {
    if (timer !== null) clearImmediate(timer)
    timer = null
    if (batch.length === 0) return
    const files = batch
    batch = []
    tell(files)
  }
  const note = (url: string): void => {
    const file = ownFile(url)
    if (file === null || told.has(file) || told.size >= filesMax) return
    told.add(file)
    batch.push(file)
    if (batch.length >= batchMax) flush()
    else timer ??= setImmediate(flush).unref()
  }
  watchModules({
    resolve: (specifier, context, next) => {
      try {
        const resolved = next(specifier, context)
        note(resolved.url)
        return resolved
      } catch (error) {
        const wanted = wantedUrl(specifier, context.parentURL)
        if (wanted !== null) note(wanted)
        throw error
      }
    }
  })
  // What ends the thread may do so in the middle of a turn.
  process.once('exit', flush)
  return { flush }
}

/** Where Heddle itself lies, as far as it is no package among those of the application. */
const ownDirectories: readonly string[] = [
  new URL('../', import.meta.url).href,
  new URL('../../../mesh/', import.meta.url).href
]

function ownFile(url: string): string | null {
  if (!url.startsWith('file:') || url.includes('/node_modules/')) return null
  if (ownDirectories.some(directory => url.startsWith(directory))) return null
  try {
    return fileURLToPath(url)
  } catch {
    // A file of another machine.
    return null
  }
}

/** Where a module would be that is not there: only a path says so. */
function wantedUrl(specifier: string, parent: string | undefined): string | null {
  if (!/^(?:\.{0,2}\/|file:)/.test(specifier)) return null
  return URL.parse(specifier, parent)?.href ?? null
}
