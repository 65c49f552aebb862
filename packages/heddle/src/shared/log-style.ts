/**
 * How the lines of a process look, from its configuration, its terminal and its environment.
 *
 * Runs in any thread. Pure.
 */
import type { LineStyle } from './log-line.ts'

/** What the process knows about where its output goes. */
export interface StreamFacts {
  readonly isTerminal: boolean
}

/**
 * Turns the configured format into one to write in: `auto` is pretty on a terminal and JSON elsewhere.
 * Colours are for terminals; `NO_COLOR` and `TERM=dumb` turn them off, `FORCE_COLOR` outranks both.
 */
export function resolveLogStyle(
  logger: { readonly level: LineStyle['level']; readonly format: 'auto' | 'pretty' | 'json' },
  stream: StreamFacts,
  env: Readonly<Record<string, string | undefined>>
): LineStyle {
  const automatic = stream.isTerminal ? 'pretty' : 'json'
  const format = logger.format === 'auto' ? automatic : logger.format
  return { level: logger.level, format, colour: format === 'pretty' && wantsColour(stream, env) }
}

function wantsColour(stream: StreamFacts, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false'
  if (env.NO_COLOR) return false
  return stream.isTerminal && env.TERM !== 'dumb'
}
