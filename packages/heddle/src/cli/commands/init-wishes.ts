/**
 * Reads what was typed for `heddle init`.
 *
 * Main thread of a command.
 */
import { dirname, resolve } from 'node:path'

import { disk } from '../../config/load.ts'
import { HeddleError } from '../../errors.ts'
import { defaultPort } from '../../init/compose.ts'
import type { Format } from '../../init/config-text.ts'
import { frameworks } from '../../init/starter.ts'
import type { Framework } from '../../init/starter.ts'
import type { OptionValue, Typed } from '../program.ts'

/** What somebody wants of `init`. */
export interface Wishes {
  /** Directory of the project, absolute. */
  readonly root: string
  /** File to translate, absolute. */
  readonly from: string | null
  /** Whether there is somebody to ask. */
  readonly asks: boolean
  readonly force: boolean
  readonly dryRun: boolean
  readonly json: boolean
  readonly format: Format | null
  readonly framework: Framework | null
  readonly entrypoint: string | null
  /** The port when nothing else says one. */
  readonly port: number
  readonly portGiven: number | null
}

/** Reads it. @throws {HeddleError} HEDDLE_COMMAND_INVALID */
export function readWishes({ words, options }: Typed): Wishes {
  const from = pathOf(options['from'])
  const root = rootOf(words[0], from)
  const json = options['json'] === true
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY
  const portGiven = portOf(options['port'])
  return {
    root,
    from,
    asks: isTerminal && options['yes'] !== true && !json && options['dry-run'] !== true,
    force: options['force'] === true,
    dryRun: options['dry-run'] === true,
    json,
    format: oneOf(options['format'], 'format', ['ts', 'js', 'json']),
    framework: oneOf(options['framework'], 'framework', Object.keys(frameworks) as Framework[]),
    entrypoint: textOf(options['entrypoint']),
    port: portGiven ?? defaultPort,
    portGiven
  }
}

function rootOf(word: string | undefined, from: string | null): string {
  const named = word === undefined ? null : resolve(word)
  if (named !== null && ![null, 'directory'].includes(disk.kind(named))) {
    throw new HeddleError('HEDDLE_COMMAND_INVALID', {
      reason: `${named} is a file: name a directory, or translate it with --from`
    })
  }
  if (from === null) return named ?? process.cwd()
  // Its paths are relative to where it is.
  if (named !== null && named !== dirname(from)) {
    throw new HeddleError('HEDDLE_COMMAND_INVALID', {
      reason: `a translation is written beside ${from}: leave the directory out`
    })
  }
  return dirname(from)
}

function oneOf<Word extends string>(value: OptionValue, name: string, words: readonly Word[]): Word | null {
  const text = textOf(value)
  if (text === null) return null
  const word = words.find(each => each === text)
  if (word !== undefined) return word
  throw new HeddleError('HEDDLE_COMMAND_INVALID', {
    reason: `--${name} is one of ${words.join(', ')}, not ${text}`
  })
}

function portOf(value: OptionValue): number | null {
  const text = textOf(value)
  if (text === null) return null
  const port = Number(text)
  if (Number.isSafeInteger(port) && port >= 0 && port <= 65_535) return port
  throw new HeddleError('HEDDLE_COMMAND_INVALID', {
    reason: `--port is a number from 0 to 65535, not ${text}`
  })
}

function textOf(value: OptionValue): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function pathOf(value: OptionValue): string | null {
  const text = textOf(value)
  return text === null ? null : resolve(text)
}
