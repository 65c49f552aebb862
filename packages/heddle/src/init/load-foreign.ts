/**
 * Loads the configuration of another program, and says whose it is.
 *
 * Main thread of a command. An ecosystem file that is a program is run, as PM2 runs it; nothing else here runs anything.
 */
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runInNewContext } from 'node:vm'

import { unlessIdle } from '../config/foreign-code.ts'
import { disk } from '../config/load.ts'
import { isPlainObject } from '../config/substitute.ts'
import { HeddleError } from '../errors.ts'
import { isEcosystem } from './pm2.ts'
import { isWatt } from './watt.ts'

/** A configuration of another program. */
export interface Foreign {
  readonly program: 'PM2' | 'Watt'
  readonly value: unknown
}

/** Milliseconds a text may take that is only to give a value. */
const readingMs = 1000

/**
 * Loads a file.
 *
 * @param file Absolute.
 * @throws {HeddleError} HEDDLE_CONFIG_UNREADABLE when it is not there, cannot be read, or is of nobody known here.
 */
export async function loadForeign(file: string): Promise<Foreign> {
  const value = await valueOf(file)
  if (isEcosystem(value)) return { program: 'PM2', value }
  if (isPlainObject(value) && isWatt(value)) return { program: 'Watt', value }
  throw unreadable(file, 'it is neither a configuration of Watt nor an ecosystem file of PM2')
}

async function valueOf(file: string): Promise<unknown> {
  const text = disk.read(file)
  if (text === null) {
    const kind = disk.kind(file)
    throw unreadable(
      file,
      kind === null
        ? 'there is no such file'
        : kind === 'directory'
          ? 'it is a directory'
          : 'nobody may read it'
    )
  }
  if (text.trim() === '') throw unreadable(file, 'it is empty')
  const ending = extname(file)
  if (['.yaml', '.yml', '.toml', '.tml'].includes(ending)) {
    throw unreadable(file, 'only JSON and JavaScript can be translated: write it as JSON first')
  }
  try {
    if (['.json', '.json5', '.jsonc'].includes(ending)) return readLoose(text)
    return await unlessIdle(evaluate(file))
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\.$/, '') : String(error)
    throw unreadable(file, reason, error)
  }
}

async function evaluate(file: string): Promise<unknown> {
  const module: unknown = await import(pathToFileURL(file).href)
  const exported: unknown = isModule(module) ? (module.default ?? module) : module
  return typeof exported === 'function' ? exported() : exported
}

/** JSON as both programs take it: with comments, commas at ends and keys without quotes. */
function readLoose(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    // A literal in a world of its own, where nothing else is to be had.
    const isLiteral = !/\b(?:function|=>|require|import|constructor)\b/.test(text)
    try {
      if (isLiteral)
        return runInNewContext(`(${text}\n)`, Object.create(null) as object, { timeout: readingMs })
    } catch {
      // What JSON has against it says more: it names the place.
    }
    throw error
  }
}

function isModule(value: unknown): value is { readonly default?: unknown } {
  return typeof value === 'object' && value !== null
}

function unreadable(file: string, reason: string, cause?: unknown): HeddleError {
  const options = cause === undefined ? undefined : { cause }
  return new HeddleError('HEDDLE_CONFIG_UNREADABLE', { file, reason }, options)
}
