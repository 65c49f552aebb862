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
import { wrap } from './terminal/wrap.ts'

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
  tell(textOf(error))
  const cause = error.cause === undefined ? '' : causeOf(error.cause, error.message)
  if (cause !== '') process.stderr.write(`${indent(cause)}\n`)
  if (hint !== null) process.stderr.write(`${paint('dim', fit(hint), process.stderr)}\n`)
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
  tell(cleanText(problem.detail))
  if (problem.cause !== undefined) process.stderr.write(`${indent(cleanText(problem.cause))}\n`)
  const hint = hintFor(problem)
  if (hint !== null) process.stderr.write(`${paint('dim', fit(hint), process.stderr)}\n`)
  return codeOf(error)
}

function tell(text: string): void {
  process.stderr.write(`${fit(`${paint('red', 'heddle:', process.stderr)} ${text}`)}\n`)
}

/** The text in lines no terminal has to break, those that go on a little further in; in a pipe it stays as it is. */
function fit(text: string): string {
  const { isTTY, columns } = process.stderr
  if (!isTTY || !columns) return text
  const lines = text.split('\n')
  return lines.map(line => wrap(line, columns, line.length - line.trimStart().length + 2)).join('\n')
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

/** The call lines of node itself and of Heddle, which say nothing of the file that is wrong. */
const innerCall = /^\s+at .*(?:\bnode:|\/heddle\/(?:src|dist)\/|\(<anonymous>\)).*$\n?/gm

/** The cause as far as it adds to what was said. */
function causeOf(cause: unknown, said: string): string {
  const text = stackOf(cause).replaceAll(innerCall, '').trimEnd()
  const isSaid = cause instanceof Error && text === `${cause.name}: ${cause.message}`
  return isSaid && said.includes(cause.message.replace(/\.$/, '')) ? '' : text
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return stripVTControlCharacters(String(error))
  const stack = error.stack ?? `${error.name}: ${error.message}`
  return error.cause === undefined ? stack : `${stack}\nCaused by: ${stackOf(error.cause)}`
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ')
}
