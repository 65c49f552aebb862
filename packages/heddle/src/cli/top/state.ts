/**
 * What `top` shows, and what each key does to it.
 *
 * Main thread of a command; pure: a key gives another state, and things to be done elsewhere.
 */
import type { StatusReport } from '../../main/admin/report.ts'
import { sortKeys, sortRows } from '../workers/columns.ts'
import type { SortKey } from '../workers/columns.ts'
import { rowsOf } from '../workers/rows.ts'
import type { Row } from '../workers/rows.ts'
import { noHistory, remember } from './history.ts'
import type { History } from './history.ts'

/** Something to tell in the last line but one. */
export interface Message {
  readonly text: string
  readonly look: 'done' | 'wrong' | 'under way'
}

/** What is on the screen. */
export type Page =
  | { readonly shows: 'table' }
  | { readonly shows: 'help' }
  /** A restart that waits for a yes. */
  | { readonly shows: 'question'; readonly row: Row }
  /** The log of a row. `back` is how many lines up from the newest is looked at. */
  | { readonly shows: 'log'; readonly of: string; readonly lines: readonly string[]; readonly back: number }

/** Everything `top` knows. */
export interface TopState {
  readonly report: StatusReport | null
  /** Why the last look failed; `null` when it has not. */
  readonly trouble: string | null
  readonly history: History
  readonly sortedBy: SortKey
  readonly isReversed: boolean
  /** Name of the row that is chosen; `null` before there is any. */
  readonly chosen: string | null
  readonly page: Page
  readonly message: Message | null
}

/** What is to be done elsewhere. */
export type Task =
  | { readonly do: 'drain' | 'ready' | 'restart' | 'profile' | 'read log'; readonly row: Row }
  | { readonly do: 'leave log' | 'quit' }

/** The state at the start. */
export const startState: TopState = {
  report: null,
  trouble: null,
  history: noHistory,
  sortedBy: 'name',
  isReversed: false,
  chosen: null,
  page: { shows: 'table' },
  message: null
}

/** Lines of a log that are kept. */
const logMax = 2000

/** How far a page up or down goes, in lines. */
const leap = 10

/** The rows in the order they are shown. */
export function shownRows({ report, sortedBy, isReversed }: TopState): readonly Row[] {
  return report === null ? [] : sortRows(rowsOf(report), sortedBy, isReversed)
}

/** The row that is chosen. */
export function chosenRow(state: TopState): Row | null {
  return shownRows(state).find(({ name }) => name === state.chosen) ?? null
}

/** After a look at the server. The chosen row stays chosen as long as it is there. */
export function looked(state: TopState, report: StatusReport): TopState {
  const next = { ...state, report, trouble: null, history: remember(state.history, report) }
  const rows = shownRows(next)
  const isThere = rows.some(({ name }) => name === state.chosen)
  const first = rows.find(({ kind }) => kind === 'worker') ?? rows[0]
  return { ...next, chosen: isThere ? state.chosen : (first?.name ?? null) }
}

/** After more lines of the log that is shown. Whoever reads further up stays where he is. */
export function logged(state: TopState, more: readonly string[]): TopState {
  const { page } = state
  if (page.shows !== 'log') return state
  const lines = [...page.lines, ...more].slice(-logMax)
  const back = page.back === 0 ? 0 : Math.min(page.back + more.length, lines.length - 1)
  return { ...state, page: { ...page, lines, back } }
}

/** What a key does. */
export function pressed(state: TopState, key: string): { readonly state: TopState; readonly task?: Task } {
  // What was told has been seen.
  const calm = { ...state, message: null }
  const { page } = state
  if (page.shows === 'help') return { state: { ...calm, page: { shows: 'table' } } }
  if (page.shows === 'question') return answered(calm, page.row, key)
  if (page.shows === 'log') return readLog(calm, page, key)
  return pressedAtTable(calm, key)
}

function answered(
  state: TopState,
  row: Row,
  key: string
): { readonly state: TopState; readonly task?: Task } {
  const next: TopState = { ...state, page: { shows: 'table' } }
  return key === 'y' || key === 'Y' ? { state: next, task: { do: 'restart', row } } : { state: next }
}

function readLog(
  state: TopState,
  page: Extract<Page, { shows: 'log' }>,
  key: string
): { readonly state: TopState; readonly task?: Task } {
  if (['q', 'l', 'escape', 'left'].includes(key)) {
    return { state: { ...state, page: { shows: 'table' } }, task: { do: 'leave log' } }
  }
  const most = Math.max(0, page.lines.length - 1)
  const steps: Readonly<Record<string, number>> = {
    up: 1,
    k: 1,
    pageup: leap,
    down: -1,
    j: -1,
    pagedown: -leap,
    home: most,
    end: -most
  }
  const back = Math.max(0, Math.min(most, page.back + (steps[key] ?? 0)))
  return { state: { ...state, page: { ...page, back } } }
}

function pressedAtTable(state: TopState, key: string): { readonly state: TopState; readonly task?: Task } {
  const steps: Readonly<Record<string, number>> = {
    up: -1,
    k: -1,
    down: 1,
    j: 1,
    pageup: -leap,
    pagedown: leap,
    home: -Infinity,
    end: Infinity
  }
  const step = steps[key]
  if (step !== undefined) return { state: moved(state, step) }
  if (key === 'q') return { state, task: { do: 'quit' } }
  if (key === '?' || key === 'h') return { state: { ...state, page: { shows: 'help' } } }
  if (key === 's') return { state: { ...state, sortedBy: nextKey(state.sortedBy) } }
  if (key === 'S') return { state: { ...state, isReversed: !state.isReversed } }
  return pressedForRow(state, key)
}

const tasks: Readonly<Record<string, 'drain' | 'ready' | 'profile'>> = {
  d: 'drain',
  y: 'ready',
  p: 'profile'
}

function pressedForRow(state: TopState, key: string): { readonly state: TopState; readonly task?: Task } {
  const row = chosenRow(state)
  if (row === null) return { state }
  if (key === 'l' || key === 'return') {
    const page: Page = { shows: 'log', of: row.name, lines: [], back: 0 }
    return { state: { ...state, page }, task: { do: 'read log', row } }
  }
  const task = tasks[key]
  if (task === undefined && key !== 'r') return { state }
  if (row.kind === 'worker') {
    if (task !== undefined) return { state, task: { do: task, row } }
    return { state: { ...state, page: { shows: 'question', row } } }
  }
  const isWhole = row.kind === 'application' && key === 'r'
  if (isWhole) return { state: { ...state, page: { shows: 'question', row } } }
  return { state: { ...state, message: { text: 'Choose a worker for that.', look: 'wrong' } } }
}

function moved(state: TopState, step: number): TopState {
  const rows = shownRows(state)
  const from = rows.findIndex(({ name }) => name === state.chosen)
  const to = Math.max(0, Math.min(rows.length - 1, from + step))
  return { ...state, chosen: rows[to]?.name ?? null }
}

function nextKey(key: SortKey): SortKey {
  return sortKeys[(sortKeys.indexOf(key) + 1) % sortKeys.length] ?? 'name'
}
