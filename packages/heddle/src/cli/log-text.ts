/** Log lines and events as people read them. Main thread of a command; pure but for colours. */
import type { ThreadFact } from '../events.ts'
import { formatLine } from '../shared/log-line.ts'
import type { Level } from '../shared/log-line.ts'
import { paint } from './paint.ts'
import { parseClean } from './terminal/clean-text.ts'

const levels: ReadonlySet<unknown> = new Set(['trace', 'debug', 'info', 'warn', 'error'])

/** A line of the log, from the JSON the server has sent. */
export function lineText(json: string, stream: NodeJS.WriteStream): string {
  const sent = parseClean(json) as Readonly<Record<string, unknown>>
  const { time, level, message, application, worker, err, ...fields } = sent
  const shown: Level = levels.has(level) ? (level as Level) : 'info'
  return formatLine(
    { level: 'trace', format: 'pretty', colour: hasColours(stream) },
    {
      time: typeof time === 'number' ? time : 0,
      level: shown,
      message: typeof message === 'string' ? message : JSON.stringify(message ?? ''),
      ...(typeof application === 'string' ? { application } : {}),
      ...(typeof worker === 'string' ? { worker } : {}),
      fields: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)),
      ...(err === undefined ? {} : { error: err })
    }
  )
}

/** What has happened in a server. */
interface SentEvent {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly fact: Readonly<Record<string, unknown>> & Partial<ThreadFact>
}

/** An event in a line, from the JSON the server has sent: when, what, to whom, and its facts. */
export function eventText(name: string, json: string, stream: NodeJS.WriteStream): string {
  const { time, fact } = parseClean(json) as SentEvent
  const { worker, slot: _slot, application, ...facts } = fact
  const clock = new Date(time).toTimeString().slice(0, 8)
  const about = worker ?? application
  const parts = Object.entries(facts).flatMap(([key, value]) =>
    value === null ? [] : [`${paint('dim', `${key}=`, stream)}${factText(value)}`]
  )
  const words = [paint('dim', clock, stream), paint('bold', name, stream)]
  return [
    ...words,
    ...(about === undefined || about === null ? [] : [paint('cyan', about, stream)]),
    ...parts
  ].join(' ')
}

function factText(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value)
  if (typeof value === 'object' && value !== null && 'stack' in value && 'message' in value) {
    return JSON.stringify(value.message)
  }
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'number' ? short(each) : each))
}

/** With as many places as people read; `--json` has all of them. */
function short(number: number): number {
  return Math.round(number * 100) / 100
}

/** Whether colours are shown on a stream: `paint` decides. */
function hasColours(stream: NodeJS.WriteStream): boolean {
  return paint('bold', 'x', stream) !== 'x'
}
