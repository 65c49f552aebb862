/**
 * What `heddle init` says when it is done: files, applications, what is different, what to do next.
 *
 * Main thread of a command; pure but for colours.
 */
import { mistakeLine } from '../../errors.ts'
import type { Mistake } from '../../errors.ts'
import type { Note, Outcome } from '../../init/note.ts'
import type { InitPlan, PlannedApplication } from '../../init/plan.ts'
import { paint } from '../paint.ts'
import type { Style } from '../paint.ts'
import { cleanLine } from '../terminal/clean-text.ts'
import { tableLines } from '../terminal/table.ts'
import { wrap } from '../terminal/wrap.ts'

/** What the loader of the server says of the configuration. */
export interface Checked {
  readonly mistakes: readonly Mistake[]
  readonly warnings: readonly string[]
  /** How many workers there would be; 0 when there are mistakes. */
  readonly workers: number
}

/** How people go on. */
export interface NextSteps {
  /** Command lines in order, each with what it is for. */
  readonly lines: readonly (readonly [line: string, purpose: string])[]
}

/** What was written, and the applications in it. */
export function planText({ files, applications, draft, leftOut }: InitPlan, isDry: boolean): string {
  const out = process.stdout
  const mark = isDry ? paint('dim', '·', out) : paint('green', '✔', out)
  const changes = files.map(({ path, change }) => {
    const said = change === null ? (isDry ? 'would be written' : 'written') : change
    return `${mark} ${path}  ${paint('dim', said, out)}`
  })
  const {
    entrypoint = Object.keys(draft.config.applications ?? {})[0],
    server,
    mesh,
    routes = []
  } = draft.config
  const reach = ({ id }: PlannedApplication): string => {
    if (id === entrypoint) return `public, port ${server?.port ?? 3000}`
    const route = routes.find(({ application }) => application === id)
    return route === undefined
      ? `http://${id}${mesh?.domain ?? '.heddle.local'}`
      : `public, ${route.host ?? ''}${route.path ?? '/'}`
  }
  const rows = tableLines<PlannedApplication>(
    [
      { head: '', cell: ({ id }) => id, paint: text => paint('bold', text, out) },
      { head: '', cell: ({ kind }) => kind, rank: 1 },
      { head: '', cell: ({ entry }) => cleanLine(entry) },
      {
        head: '',
        cell: application => (application.kind === 'job' ? 'a job' : reach(application)),
        paint: text => paint('dim', text, out)
      }
    ],
    applications
  ).slice(1)
  const todos = applications.flatMap(({ id, todo }) =>
    todo === null ? [] : [`  ${paint('yellow', `${id}:`, out)} ${fold(todo)}`]
  )
  const left = leftOut.map(
    ({ path, reason }) => `  ${fold(`${path === '' ? '.' : cleanLine(path)}: ${cleanLine(reason)}`)}`
  )
  return [
    ...changes,
    '',
    ...rows.map(row => `  ${row}`),
    ...todos,
    ...(left.length === 0 ? [] : ['', paint('bold', 'Left out:', out), ...left]),
    ''
  ].join('\n')
}

const titles: Readonly<Record<Outcome, string>> = {
  missing: 'Without a counterpart:',
  differs: 'Not quite the same:',
  unneeded: 'No longer needed:'
}
const styles: Readonly<Record<Outcome, Style>> = { missing: 'yellow', differs: 'cyan', unneeded: 'dim' }

/** What is not carried over as it was; the same said of several places is said once. */
export function notesText(notes: readonly Note[]): string {
  const out = process.stdout
  const lines: string[] = []
  for (const outcome of ['missing', 'differs', 'unneeded'] as const) {
    const texts = new Map<string, string[]>()
    for (const { key, text } of notes.filter(note => note.outcome === outcome)) {
      texts.set(text, [...(texts.get(text) ?? []), ...(key === '' ? [] : [cleanLine(key)])])
    }
    if (texts.size > 0) lines.push(paint('bold', titles[outcome], out))
    for (const [text, keys] of texts) {
      const named = keys.length === 0 ? '' : `${keysText(keys)}: `
      const folded = fold(`${named}${cleanLine(text)}`)
      const isWhole = named !== '' && folded.startsWith(named)
      lines.push(`  ${isWhole ? paint(styles[outcome], named, out) + folded.slice(named.length) : folded}`)
    }
    if (texts.size > 0) lines.push('')
  }
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`
}

/** The text in lines that fit a terminal, those after the first further in; in a pipe it stays one line. */
function fold(text: string): string {
  const width = process.stdout.isTTY ? Math.max(40, process.stdout.columns) - 2 : Infinity
  return wrap(text, width, 4)
}

/** `apps[0].watch, apps[1].watch`; many are counted. */
function keysText(keys: readonly string[]): string {
  const shown = keys.slice(0, 3).join(', ')
  return keys.length > 3 ? `${shown} and ${keys.length - 3} more` : shown
}

/** Whether the configuration is right. */
export function checkText(configFile: string, { mistakes, warnings, workers }: Checked): string {
  const out = process.stdout
  const warned = warnings.map(warning => `${paint('yellow', 'Warning:', out)} ${warning}\n`).join('')
  if (mistakes.length === 0) {
    return `${paint('green', '✔', out)} ${configFile} is right: ${workers} worker${workers === 1 ? '' : 's'} in all.\n${warned}`
  }
  const title = `${paint('red', '✘', out)} ${configFile} cannot be used yet:`
  return `${title}\n${mistakes.map(mistake => `  ${cleanLine(mistakeLine(mistake))}\n`).join('')}${warned}`
}

/** What to type next. */
export function nextText({ lines }: NextSteps): string {
  const out = process.stdout
  const width = Math.max(...lines.map(([line]) => line.length))
  const rows = lines.map(([line, purpose]) =>
    `  ${paint('cyan', line.padEnd(width), out)}  ${paint('dim', purpose, out)}`.trimEnd()
  )
  return `\n${paint('bold', 'Next:', out)}\n${rows.join('\n')}\n`
}
