/**
 * What one log line looks like: a JSON object, or a line for people to read.
 *
 * Runs in any thread. Pure: it returns a string and writes nothing. JSON is made here, the other in `log-pretty.ts`.
 */
import { types } from 'node:util'

import { toPretty } from './log-pretty.ts'
import { stringifyFields, toErrorRecord } from './log-value.ts'

/** How urgent a line is. */
export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error'

/** The least urgent level that is written; `silent` writes nothing. */
export type Threshold = Level | 'silent'

/** How lines look and which are written. `channel/messages.ts` carries the same three facts to a thread. */
export interface LineStyle {
  readonly level: Threshold
  readonly format: 'pretty' | 'json'
  /** Whether pretty lines carry ANSI colours. JSON never does. */
  readonly colour: boolean
}

/** The facts of one line. */
export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly level: Level
  readonly application?: string
  /** Name of the thread, `application:slot` or `edge:index`. */
  readonly worker?: string
  readonly message: string
  readonly fields?: Readonly<Record<string, unknown>>
  /** What was thrown: an error, the facts of one from another thread, or any value. */
  readonly error?: unknown
}

/** Every level, the least urgent first. */
export const levels: readonly Level[] = ['trace', 'debug', 'info', 'warn', 'error']

const severity: Readonly<Record<Threshold, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  silent: 100
}

/** Whether a line of `level` is written at all under `threshold`. */
export function isLevelEnabled(threshold: Threshold, level: Level): boolean {
  return severity[level] >= severity[threshold]
}

/** A threshold as a number, the larger the more urgent: for memory that threads share. */
export function severityOf(threshold: Threshold): number {
  return severity[threshold]
}

/** Returns the line without its newline. A JSON line never contains one; a pretty line may, before indented ones. */
export function formatLine(style: LineStyle, line: LogLine): string {
  return style.format === 'json' ? formatJson(line).text : toPretty(line, style.colour)
}

/** A line as JSON. */
export interface JsonLine {
  readonly text: string
  /**
   * Where in it the value of `msg` begins, counted in characters; as many bytes, since names are ASCII. From there to
   * the end it is what the line says; before that, who says it, when and how urgently.
   */
  readonly bodyAt: number
}

/** The line as one JSON object. */
export function formatJson(line: LogLine): JsonLine {
  let head = `{"level":"${line.level}","time":"${isoTime(line.time)}"`
  if (line.application !== undefined) head += `,"application":${JSON.stringify(line.application)}`
  if (line.worker !== undefined) head += `,"worker":${JSON.stringify(line.worker)}`
  head += ',"msg":'
  return { text: head + formatBody(line), bodyAt: head.length }
}

let lastTime = Number.NaN
let lastText = ''

/** Under load many lines are of the same millisecond. */
function isoTime(time: number): string {
  if (time !== lastTime) {
    lastText = new Date(time).toISOString()
    lastTime = time
  }
  return lastText
}

/** What Heddle says about a line, here and where its lines are read again. */
const reserved = new Set(['level', 'time', 'application', 'worker', 'msg', 'message', 'err'])

/** The part of a JSON line that begins with the message, to the closing brace. */
export function formatBody({ message, fields, error }: LogLine): string {
  const isPlain =
    error === undefined && (fields === undefined || Object.keys(fields).every(isPlainIn, fields))
  const rest = stringifyFields(isPlain ? (fields ?? {}) : recordOf(fields, error))
  const body = JSON.stringify(message) + (rest === '{}' ? '}' : `,${rest.slice(1)}`)
  return body.includes(String.raw`\ud`) ? body.replaceAll(halfCharacter, String.raw`$1\ufffd`) : body
}

/** Whether a field can stand in the line as it is. */
function isPlainIn(this: Readonly<Record<string, unknown>>, key: string): boolean {
  return !reserved.has(key) && !types.isNativeError(this[key])
}

function recordOf(fields: LogLine['fields'] = {}, error: unknown): Record<string, unknown> {
  // Without a prototype: a field may be called as something of one.
  const record: Record<string, unknown> = Object.create(null)
  for (const key of Object.keys(fields)) {
    const value = fields[key]
    // A field may not replace what Heddle says about the line, and is not lost either.
    record[reserved.has(key) ? `_${key}` : key] = types.isNativeError(value) ? toErrorRecord(value) : value
  }
  if (error !== undefined) record.err = toErrorRecord(error)
  return record
}

/** Half of a character: many who read JSON refuse the whole line for one. What is whole is never written like that. */
const halfCharacter = /(?<!\\)((?:\\\\)*)\\ud[89a-f][\da-f]{2}/g
