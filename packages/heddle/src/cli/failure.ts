/**
 * Tells a person why a command failed: a sentence, the details, a hint. Everything goes to standard error.
 *
 * Main thread.
 */
import { stripVTControlCharacters } from 'node:util'

import { HeddleError, isFailure, mistakeLine } from '../errors.ts'
import type { HeddleFailures, Mistake } from '../errors.ts'
import { exitCodes, outcomes } from './exit-codes.ts'
import { paint } from './paint.ts'

/** The exit code a failure deserves. */
export function codeOf(error: unknown): number {
  if (!(error instanceof HeddleError)) return exitCodes.unexpected.code
  const code: keyof HeddleFailures = error.code
  return outcomes[code].exit
}

/** Prints the failure and returns the exit code it deserves. */
export function printFailure(error: unknown): number {
  if (!(error instanceof HeddleError)) {
    process.stderr.write(`${paint('red', 'heddle:', process.stderr)} ${stackOf(error)}\n`)
    return codeOf(error)
  }
  const code: keyof HeddleFailures = error.code
  const { hint } = outcomes[code]
  process.stderr.write(`${paint('red', 'heddle:', process.stderr)} ${textOf(error)}\n`)
  if (error.cause !== undefined) process.stderr.write(`${indent(stackOf(error.cause))}\n`)
  if (hint !== null) process.stderr.write(`${paint('dim', hint, process.stderr)}\n`)
  return codeOf(error)
}

function textOf(error: HeddleError): string {
  if (!isFailure(error, 'HEDDLE_CONFIG_INVALID')) return error.message
  const { file, mistakes } = error.detail
  const count = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`
  const subject = file ?? 'The configuration'
  const hint = paint('dim', 'Nothing was started.', process.stderr)
  return [`${subject} has ${count}:`, ...mistakes.map(mistakeText), hint].join('\n')
}

function mistakeText({ path, message, offered }: Mistake): string {
  const line = mistakeLine({ path, message, offered })
  return `  ${paint('bold', line.slice(0, path.length), process.stderr)}${line.slice(path.length)}`
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return stripVTControlCharacters(String(error))
  const stack = error.stack ?? `${error.name}: ${error.message}`
  return error.cause === undefined ? stack : `${stack}\nCaused by: ${stackOf(error.cause)}`
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ')
}
