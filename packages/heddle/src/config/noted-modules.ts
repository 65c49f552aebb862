/**
 * Notes which files are loaded while a configuration file is, in development, so that they can be watched.
 *
 * Runs in the main thread and in the thread that loads a configuration again. It changes nothing of how modules are
 * loaded; those of packages are left out.
 */
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/** What came of a task, and the absolute paths of the files that were loaded meanwhile. */
export interface Noted<Value> {
  readonly value: Value
  readonly files: readonly string[]
}

/** Runs a task. Modules that were loaded before are not noted. */
export async function noteModules<Value>(task: () => Promise<Value>): Promise<Noted<Value>> {
  const files = new Set<string>()
  const own = new URL('../', import.meta.url).href
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context)
      const { url } = resolved
      const isOwn = url.startsWith(own) || url.includes('/node_modules/')
      if (url.startsWith('file:') && !isOwn) files.add(fileURLToPath(url))
      return resolved
    }
  })
  try {
    return { value: await task(), files: [...files] }
  } finally {
    hooks.deregister()
  }
}
