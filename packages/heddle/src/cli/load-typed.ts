/** Loads the configuration a command was asked for. Main thread. */
import { loadConfig } from '../config/load.ts'
import type { LoadOptions } from '../config/load.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import { settings } from '../config/settings.ts'
import type { OptionValue, Typed } from './program.ts'

/**
 * The configuration for what was typed.
 *
 * @throws {HeddleError} HEDDLE_CONFIG_INVALID, HEDDLE_CONFIG_NOT_FOUND, HEDDLE_CONFIG_UNREADABLE.
 */
export function loadTyped(typed: Typed): Promise<ResolvedConfig> {
  return loadConfig(loadOptions(typed))
}

/** What the configuration is loaded from, now and at every reload. */
export function loadOptions({ words, options }: Typed): LoadOptions {
  const [entry] = words
  const configPath = textOf(options['config'])
  return {
    cwd: process.cwd(),
    ...(configPath === undefined ? {} : { configPath }),
    ...(entry === undefined ? {} : { entry }),
    flags: Object.fromEntries(settings.map(({ flag }) => [flag, textOf(options[flag])]))
  }
}

function textOf(option: OptionValue): string | undefined {
  return typeof option === 'string' ? option : undefined
}
