/**
 * A log line for people: time, level, who, what, its fields, its error below.
 *
 * Runs in any thread. Pure. A terminal obeys what is written to it, and log lines hold what strangers have sent:
 * control characters are written out, and of escape sequences only colours reach a terminal that shows them.
 */
import { types } from 'node:util'

import type { Level, LogLine } from './log-line.ts'
import { causesMax, describe, errorName, isErrorLike, stringify } from './log-value.ts'

type Paint = (colour: keyof typeof codes, text: string) => string

const codes = { grey: 90, blue: 34, green: 32, yellow: 33, red: 31, cyan: 36 }
const paint: Paint = (colour, text) => `\u001B[${codes[colour]}m${text}\u001B[39m`
const plain: Paint = (_colour, text) => text

const levelColour: Readonly<Record<Level, keyof typeof codes>> = {
  trace: 'grey',
  debug: 'blue',
  info: 'green',
  warn: 'yellow',
  error: 'red'
}

/** The line; it may have several, of which all but the first are indented. No newline at the end. */
export function toPretty(line: LogLine, colour: boolean): string {
  const tint = colour ? paint : plain
  const parts = [tint('grey', clockTime(line.time)), tint(levelColour[line.level], line.level.padEnd(5))]
  const origin = line.worker ?? line.application
  if (origin !== undefined) parts.push(tint('cyan', origin))
  parts.push(indent(harmless(line.message, colour)))
  const calls: string[] = []
  for (const [key, value] of fieldsForPeople(line)) {
    if (hasStack(value)) calls.push(...value.stack.map(call => `\n        ${harmless(call, colour)}`))
    else parts.push(`${tint('grey', `${harmless(key, false)}=`)}${harmless(prettyValue(value), false)}`)
  }
  const text = parts.join(' ') + calls.join('')
  return line.error === undefined ? text : `${text}\n${harmless(prettyError(line.error), colour)}`
}

/** Loggers such as pino and bunyan name process and machine in every line: whoever reads it on a terminal knows. */
function fieldsForPeople({ fields = {} }: LogLine): [string, unknown][] {
  // As in JSON: what is undefined is left out.
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  if (typeof fields.pid !== 'number' || typeof fields.hostname !== 'string') return entries
  return entries.filter(([key]) => key !== 'pid' && key !== 'hostname')
}

// oxlint-disable-next-line no-control-regex -- They are what this is about.
const escapeOrControl = /\u001B\[[\d;:]*m|[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g

/** The text with its control characters written out, tabs and newlines apart; colours stay where they are shown. */
function harmless(text: string, colour: boolean): string {
  escapeOrControl.lastIndex = 0
  if (!escapeOrControl.test(text)) return text
  const cleaned = text.replace(escapeOrControl, found => {
    if (found.length > 1) return colour ? found : ''
    return found === '\r'
      ? String.raw`\r`
      : String.raw`\x${found.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  // A colour nobody has ended would colour the rest of the log.
  return colour && cleaned.includes('\u001B') ? `${cleaned}\u001B[0m` : cleaned
}

/** A field that is a place with a stack: for people the stack is what is worth reading of it. */
function hasStack(value: unknown): value is { readonly stack: readonly string[] } {
  return typeof value === 'object' && value !== null && 'stack' in value && Array.isArray(value.stack)
}

function clockTime(time: number): string {
  const at = new Date(time)
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map(part => String(part).padStart(2, '0'))
  return `${clock.join(':')}.${String(at.getMilliseconds()).padStart(3, '0')}`
}

function prettyValue(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value)
  if (types.isNativeError(value)) return JSON.stringify(value.message)
  return stringify(value)
}

function prettyError(error: unknown, depth = 0): string {
  if (!isErrorLike(error)) return `    ${indent(describe(error))}`
  // Some stacks do not begin with the message: it was changed after the error was made.
  const headline = `${errorName(error)}: ${error.message}`
  const stack = error.stack ?? headline
  const text = stack.includes(error.message) ? stack : `${headline}\n${stack}`
  const own = `    ${indent(text)}`
  if (error.cause === undefined || depth >= causesMax) return own
  return `${own}\n    caused by:\n${prettyError(error.cause, depth + 1)}`
}

/** Lines after the first are set in, so that where one entry ends and the next begins is seen at once. */
function indent(text: string): string {
  return text.includes('\n') ? text.replaceAll('\n', '\n    ') : text
}
