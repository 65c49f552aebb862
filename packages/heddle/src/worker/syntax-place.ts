/**
 * Finds where a syntax error is: in worker threads node says what is wrong with a module and not in which.
 *
 * Runs in worker threads, only for one that cannot start. Each module is checked by a node of its own, from the last
 * one that was asked for back to the first; what takes too long is left.
 */
import { fileURLToPath } from 'node:url'

/** So many modules are looked at, and none for longer than this many milliseconds. */
const modulesMax = 8
const checkMs = 2000

/** Puts file, line and the marked code before the stack of a syntax error that lacks them. */
export function placeSyntaxError(error: unknown, modules: readonly string[]): void {
  if (!(error instanceof SyntaxError) || String(error.stack).includes('file:')) return
  for (const url of modules.slice(-modulesMax).toReversed()) {
    const place = placeIn(fileURLToPath(url), error.message)
    if (place === null) continue
    error.stack = `${place}\n${error.stack}`
    return
  }
}

function placeIn(file: string, message: string): string | null {
  // Loaded by a worker that fails: no other needs it.
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  const { stderr } = spawnSync(process.execPath, ['--check', file], {
    encoding: 'utf8',
    env: {},
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: checkMs
  })
  // The line that is shown may be an empty one, as after the end of a file.
  const at = stderr.search(/^SyntaxError/m)
  return at > 0 && stderr.slice(at).includes(message) ? stderr.slice(0, at).trimEnd() : null
}
