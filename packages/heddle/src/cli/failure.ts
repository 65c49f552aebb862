/**
 * Tells a person why a command failed: a sentence, the details, a hint. Everything goes to standard error.
 *
 * Main thread.
 */
import { stripVTControlCharacters } from 'node:util'

import { nearest } from '../config/nearest.ts'
import { HeddleError, isFailure, mistakeLine } from '../errors.ts'
import type { HeddleFailures, Mistake } from '../errors.ts'
import { exitCodes, outcomes } from './exit-codes.ts'
import type { Outcome } from './exit-codes.ts'
import { paint } from './paint.ts'
import { RemoteFailure } from './remote-failure.ts'
import { cleanText } from './terminal/clean-text.ts'

/** The exit code a failure deserves. */
export function codeOf(error: unknown): number {
  if (error instanceof RemoteFailure) return remoteCode(error)
  if (!(error instanceof HeddleError)) return exitCodes.unexpected.code
  const code: keyof HeddleFailures = error.code
  return outcomes[code].exit
}

/** Prints the failure and returns the exit code it deserves. */
export function printFailure(error: unknown): number {
  if (error instanceof RemoteFailure) return printRemote(error)
  if (!(error instanceof HeddleError)) {
    process.stderr.write(`${paint('red', 'heddle:', process.stderr)} ${stackOf(error)}\n`)
    return codeOf(error)
  }
  const code: keyof HeddleFailures = error.code
  const hint = outcomes[code].hint ?? hintFor({ code, facts: error.detail })
  process.stderr.write(`${paint('red', 'heddle:', process.stderr)} ${textOf(error)}\n`)
  if (error.cause !== undefined) process.stderr.write(`${indent(stackOf(error.cause))}\n`)
  if (hint !== null) process.stderr.write(`${paint('dim', hint, process.stderr)}\n`)
  return codeOf(error)
}

/** Prints the failure as one JSON object on standard output and returns the exit code it deserves. */
export function failureAsJson(error: unknown): number {
  if (error instanceof RemoteFailure) {
    const { code, detail, facts = null, cause = null } = error.problem
    printJson({ ok: false, code, detail, facts, cause })
  } else if (error instanceof HeddleError) {
    printJson({ ok: false, code: error.code, detail: error.message, facts: error.detail, cause: null })
  } else throw error
  return codeOf(error)
}

function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** What the server says; it has printed its own mistakes and stacks into that already. */
function printRemote(error: RemoteFailure): number {
  const { problem } = error
  process.stderr.write(`${paint('red', 'heddle:', process.stderr)} ${cleanText(problem.detail)}\n`)
  if (problem.cause !== undefined) process.stderr.write(`${indent(cleanText(problem.cause))}\n`)
  const hint = hintFor(problem)
  if (hint !== null) process.stderr.write(`${paint('dim', hint, process.stderr)}\n`)
  return codeOf(error)
}

/** What was probably meant, when a name is not known. */
function hintFor({ code, facts }: Pick<RemoteFailure['problem'], 'code' | 'facts'>): string | null {
  if (code !== 'HEDDLE_UNKNOWN_APPLICATION') return null
  const { application, known } = facts as HeddleFailures['HEDDLE_UNKNOWN_APPLICATION']
  const meant = nearest(application, known)
  return meant === null ? null : `Did you mean ${meant}?`
}

/** What has no code of Heddle's is a question the server does not know, such as one about an empty id. */
function remoteCode({ problem: { code, status } }: RemoteFailure): number {
  const isQuestion = status >= 400 && status < 500
  return outcomeOf(code)?.exit ?? (isQuestion ? exitCodes.usage.code : exitCodes.unexpected.code)
}

function outcomeOf(code: string): Outcome | undefined {
  return (outcomes as Readonly<Record<string, Outcome | undefined>>)[code]
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
