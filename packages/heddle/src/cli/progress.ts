/**
 * What a person sees while a command waits for a server: one line for each step, on standard error, and only
 * on a terminal. Main thread of a command; pure but for writing.
 */
import type { HeddleEvents } from '../events.ts'
import { paint } from './paint.ts'

type Sentences = {
  readonly [Name in keyof HeddleEvents]?: (fact: HeddleEvents[Name]) => string
}

const sentences: Sentences = {
  'worker:replacing': ({ worker }) => `${worker} is being replaced`,
  'worker:replaced': ({ worker }) => `${worker}: the fresh thread has taken over`,
  'worker:replacement-failed': ({ worker }) => `${worker} could not be replaced: the old thread stays`,
  'worker:ready': ({ worker, bootMs }) => `${worker}: a fresh thread is ready after ${bootMs} ms`,
  'worker:stepped-in': ({ worker }) => `${worker}: the spare worker takes requests`,
  'application:starting': ({ application, workers }) => `${application} starts with ${counted(workers)}`,
  'application:stopped': ({ application }) => `${application} has stopped`,
  'application:scaled': ({ application, from, to }) => `${application} has ${counted(to)} instead of ${from}`,
  'reload:started': ({ changes }) =>
    changes.length === 0 ? 'the configuration is the same, the code may be new' : changes.join('\n  ')
}

/** Tells an event to whoever sits at the terminal. */
export function showProgress(name: string, fact: unknown): void {
  const text = progressText(name, fact)
  if (text === null || !process.stderr.isTTY) return
  process.stderr.write(`${paint('dim', `  ${text}`, process.stderr)}\n`)
}

/** An event as a line; `null` for those that say nothing about how it goes. */
export function progressText(name: string, fact: unknown): string | null {
  if (!isTold(name)) return null
  const sentence = sentences[name] as (fact: unknown) => string
  return sentence(fact)
}

function counted(workers: number): string {
  return workers === 1 ? '1 worker' : `${workers} workers`
}

function isTold(name: string): name is keyof typeof sentences {
  return Object.hasOwn(sentences, name)
}
