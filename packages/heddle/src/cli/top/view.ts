/**
 * The page of `top` as lines: a title, the last minute of each application, the table, what is not well, the keys.
 *
 * Main thread of a command; pure.
 */
import { stripVTControlCharacters } from 'node:util'

import type { ApplicationReportLine } from '../../main/admin/report.ts'
import { counted, duration, latency, rate, share, sparkline } from '../terminal/amounts.ts'
import type { Size } from '../terminal/screen.ts'
import { tableLines } from '../terminal/table.ts'
import type { Column } from '../terminal/table.ts'
import { memoryText } from '../workers/memory.ts'
import { isBad, whyOf, workerColumns } from '../workers/columns.ts'
import type { Dress, RowStyle } from '../workers/columns.ts'
import type { Row } from '../workers/rows.ts'
import { historyLength } from './history.ts'
import { chosenRow, shownRows } from './state.ts'
import type { Message, TopState } from './state.ts'

/** How texts are dressed; `inverse` marks the chosen row. */
export type TopDress = (style: RowStyle | 'inverse', text: string) => string

const keys = ['d drain', 'y ready', 'r restart', 'l log', 'p profile', 's/S sort', '? help', 'q quit']

const helpLines = [
  'up, down, j, k       choose a row',
  's                    sort by the next column',
  'S                    turn the order round',
  'd                    drain: no new requests for the worker',
  'y                    ready: requests for it again',
  'r                    restart: a fresh thread for the worker, or for each of the application',
  'l, return            the log of the worker or the application; q leaves it',
  'p                    five seconds of where its processor time goes, into a file here',
  'Ctrl-L               draw everything again',
  'q, Ctrl-C            quit',
  '',
  'ELU     part of the time in which its event loop was busy',
  'DELAY   how late its event loop was, 99th percentile',
  'P99     time to the head of an answer, 99th percentile',
  'All numbers are of the last ten seconds, the bars of the last minute.'
]

/** The whole page. It may have more lines than there is room for only when there is hardly any. */
export function topLines(state: TopState, size: Size, dress: TopDress): readonly string[] {
  const { page, report } = state
  const head = titleLines(state, size, dress)
  if (page.shows === 'help') return [...head, '', ...helpLines, '', dress('dim', 'Any key goes back.')]
  if (page.shows === 'log') {
    const room = Math.max(1, size.rows - head.length - 3)
    const end = page.lines.length - page.back
    const shown = page.lines.slice(Math.max(0, end - room), end)
    const padding = Array.from({ length: room - shown.length }, () => '')
    const title = dress('bold', `Log of ${page.of}`)
    return [...head, title, ...shown, ...padding, '', dress('dim', 'up/down scroll  q back')]
  }
  if (report === null) return [...head, '', state.trouble === null ? dress('dim', 'Looking…') : '']
  const bars = barLines(state, size, dress)
  const foot = footLines(state, size, dress)
  const room = Math.max(2, size.rows - head.length - bars.length - foot.length - 1)
  const table = rowLines(state, { columns: size.columns, rows: room }, dress)
  const padding = Array.from({ length: Math.max(0, room - table.length) }, () => '')
  return [...head, ...bars, '', ...table, ...padding, ...foot]
}

function titleLines(state: TopState, { columns }: Size, dress: TopDress): readonly string[] {
  const { report, trouble } = state
  const wrong = trouble === null ? [] : [dress('red', trouble)]
  if (report === null) return [dress('bold', 'heddle top'), ...wrong]
  const { name, phase, url, pid, uptimeMs, loopDelayMs, applications, zombies } = report
  const ready = applications.reduce((sum, application) => sum + application.ready, 0)
  const workers = applications.reduce((sum, application) => sum + application.desired, 0)
  const parts = [
    dress('bold', name),
    dress(phase === 'running' ? 'green' : 'yellow', phase),
    `${dress(ready < workers ? 'yellow' : 'green', `${ready}/${workers}`)} ready`,
    `up ${duration(uptimeMs)}`,
    memoryText(report.machine, dress),
    ...(loopDelayMs !== null && loopDelayMs >= 100
      ? [dress('red', `main thread late ${latency(loopDelayMs)}`)]
      : []),
    ...(zombies === 0 ? [] : [dress('red', counted(zombies, 'thread') + ' stuck')]),
    ...(url === null ? [] : [url]),
    `pid ${pid}`
  ]
  return [fitParts(parts, columns), ...wrong]
}

/** As many parts as fit, two spaces between them. */
function fitParts(parts: readonly string[], width: number): string {
  return parts.reduce((line, part) => {
    const longer = line === '' ? part : `${line}  ${part}`
    return stripVTControlCharacters(longer).length <= width ? longer : line
  }, '')
}

/** A line for each application, those with most requests when there is no room for all. */
function barLines(state: TopState, { columns, rows }: Size, dress: TopDress): readonly string[] {
  const applications = state.report?.applications.filter(({ phase }) => phase !== 'stopped') ?? []
  const most = Math.max(1, Math.floor((rows - 8) / 4))
  const byRate = applications.toSorted((a, b) => b.recent.requestsPerSecond - a.recent.requestsPerSecond)
  const busiest = new Set(byRate.slice(0, most))
  const shown = applications.filter(application => busiest.has(application))
  const nameWidth = Math.max(0, ...shown.map(({ id }) => id.length))
  const width = Math.max(5, Math.min(historyLength, Math.floor((columns - nameWidth - 36) / 2)))
  const left = applications.length - shown.length
  return [
    ...shown.map(application => barLine(application, state, { nameWidth, width }, dress)),
    ...(left === 0 ? [] : [dress('dim', `and ${counted(left, 'application')} more`)])
  ]
}

function barLine(
  { id, recent }: ApplicationReportLine,
  { history }: TopState,
  { nameWidth, width }: { nameWidth: number; width: number },
  dress: TopDress
): string {
  const samples = history.samples.get(id) ?? []
  const perSecond = samples.map(sample => sample.perSecond)
  const slowest = samples.map(sample => sample.p99Ms)
  const { requestsPerSecond, p99Ms, errorRate } = recent
  const parts = [
    dress('bold', id.padEnd(nameWidth)),
    `${dress('green', sparkline(perSecond, width))} ${`${rate(requestsPerSecond)}/s`.padStart(8)}`,
    `${dress('yellow', sparkline(slowest, width))} p99 ${(p99Ms === null ? '-' : latency(p99Ms)).padStart(8)}`,
    errorRate === null || errorRate === 0 ? '' : dress('red', `${share(errorRate)} fail`)
  ]
  return parts.join('  ').trimEnd()
}

/** The table, scrolled so that the chosen row is seen; its first line are the heads. */
function rowLines(state: TopState, { columns: width, rows: room }: Size, dress: TopDress): readonly string[] {
  const rows = shownRows(state)
  const chosen = rows.findIndex(({ name }) => name === state.chosen)
  const marked: Dress = dress
  const [head = '', ...lines] = tableLines(markSorted(workerColumns(marked), state), rows, width)
  const plain = workerColumns((_, text) => text)
  const [, ...plainLines] = tableLines(markSorted(plain, state), rows, width)
  // A row in reverse has no other colours: on some of them nothing could be read.
  const dressed = lines.map((line, index) =>
    index === chosen ? dress('inverse', (plainLines[index] ?? '').padEnd(width)) : line
  )
  const visible = room - 1
  const first = Math.max(0, Math.min(chosen - Math.floor(visible / 2), rows.length - visible))
  return [dress('dim', head), ...dressed.slice(first, first + visible)]
}

/** The heads, with an arrow at the column the rows are sorted by; as wide as before. */
function markSorted(
  columns: readonly Column<Row>[],
  { sortedBy, isReversed }: TopState
): readonly Column<Row>[] {
  const name = sortedBy === 'name' ? 'WORKER' : sortedBy.toUpperCase()
  const arrow = (sortedBy === 'name') === isReversed ? '▼' : '▲'
  return columns.map(column =>
    column.head === name ? { ...column, head: `${arrow}${column.head}` } : column
  )
}

const messageStyles: Readonly<Record<Message['look'], RowStyle>> = {
  done: 'green',
  wrong: 'red',
  'under way': 'yellow'
}

/** Why the chosen row is not well, what has to be told, and the keys. */
function footLines(state: TopState, { columns }: Size, dress: TopDress): readonly string[] {
  const { page, message } = state
  const row = chosenRow(state)
  const why =
    row === null || row.complaints.length === 0
      ? ''
      : `${dress('bold', row.name)}  ${dress(isBad(row) ? 'red' : 'dim', whyOf(row.complaints))}`
  const asked =
    page.shows === 'question'
      ? dress(
          'yellow',
          `Restart ${page.row.kind === 'application' ? 'every worker of ' : ''}${page.row.name}? y/n`
        )
      : null
  const told = message === null ? '' : dress(messageStyles[message.look], message.text)
  const others = shownRows(state).filter(each => each !== row && isBad(each) && each.name !== row?.name)
  const also =
    others.length === 0 ? '' : dress('red', `Not well: ${others.map(({ name }) => name).join(', ')}`)
  return [why === '' ? also : why, asked ?? told, dress('dim', fitParts(keys, columns))]
}
