/**
 * Lets the entry of an application read true from `import.meta.main`, as it would when node had been started with it:
 * programs open their server in that case alone.
 *
 * Runs in worker threads, before the entry is loaded. Node says so of the first module of a thread and lets nobody change it
 * from outside: an entry that asks gets one statement in front, in its first line. Any other is left as it is.
 */
import { readFileSync, realpathSync } from 'node:fs'
import type { LoadFnOutput, LoadHookSync, ModuleHooks, RegisterHooksOptions } from 'node:module'
import { pathToFileURL } from 'node:url'

const question = 'import.meta.main'
const statement = 'import.meta.main=true;'

/**
 * Waits for the entry.
 *
 * @param watch Registers hooks; `null` where that is refused.
 * @returns What ends the waiting; `null` when the entry does not ask.
 */
export function pretendImportMain(
  entryPath: string,
  watch: (hooks: RegisterHooksOptions) => ModuleHooks | null
): ModuleHooks | null {
  const url = urlOfAsking(entryPath)
  if (url === null) return null
  const load: LoadHookSync = (asked, context, next) => {
    const loaded = next(asked, context)
    return asked.replace(/[?#].*/, '') === url ? withStatement(loaded) : loaded
  }
  return watch({ load })
}

/** The URL under which an entry that asks is loaded; `null` for one that does not, or cannot be read. */
function urlOfAsking(entryPath: string): string | null {
  try {
    return readFileSync(entryPath, 'utf8').includes(question)
      ? pathToFileURL(realpathSync(entryPath)).href
      : null
  } catch {
    return null
  }
}

function withStatement(loaded: LoadFnOutput): LoadFnOutput {
  const { format, source } = loaded
  if (format?.startsWith('module') !== true || source === undefined || source === null) return loaded
  const text = typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString('utf8')
  // Nothing may stand before `#!`.
  const [hashbang = ''] = /^#!.*\n/.exec(text) ?? []
  return { ...loaded, source: hashbang + statement + text.slice(hashbang.length) }
}
