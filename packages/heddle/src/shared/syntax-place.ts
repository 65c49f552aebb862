/**
 * Finds where a syntax error is: whoever imports a module hears from node what is wrong with it and not in which it is.
 *
 * Any thread, only for what cannot start: an application, a configuration. Each module is checked by a node of its own, from the last
 * one that was asked for back to the first; what takes too long is left.
 */
import { fileURLToPath } from 'node:url'

import { parseStack } from './stack.ts'

/** So many modules are looked at, and none for longer than this many milliseconds. */
const modulesMax = 8
const checkMs = 2000

/** Puts file, line and the marked code before the stack of a syntax error that lacks them. */
export function placeSyntaxError(error: unknown, modules: readonly string[]): void {
  if (!(error instanceof SyntaxError) || parseStack(String(error.stack)).broken !== null) return
  for (const url of modules.slice(-modulesMax).toReversed()) {
    const place = placeIn(fileURLToPath(url), error.message)
    if (place === null) continue
    error.stack = `${place}\n${error.stack}`
    return
  }
}

function placeIn(file: string, message: string): string | null {
  // Loaded only where something fails.
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
