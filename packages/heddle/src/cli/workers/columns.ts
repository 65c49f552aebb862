/**
 * The columns of `ps` and `top`: what stands in each, how it is coloured, and which go first when there is no room.
 *
 * Main thread of a command; pure.
 */
import { duration, latency, rate, share } from '../terminal/amounts.ts'
import type { Column } from '../terminal/table.ts'
import type { Complaint, Subject } from './complaints.ts'
import type { Look, Row } from './rows.ts'

/** The styles in use; `paint.ts` knows them. */
export type RowStyle = 'red' | 'green' | 'yellow' | 'dim' | 'bold'

/** Puts a text into a style, or leaves it plain where there are no colours. */
export type Dress = (style: RowStyle, text: string) => string

/** Names of the columns that rows can be sorted by, in the order they are offered. */
export const sortKeys = ['name', 'req/s', 'p99', 'in flight', 'elu', 'delay', 'heap', 'restarts'] as const

/** A column rows can be sorted by. */
export type SortKey = (typeof sortKeys)[number]

const looks: Readonly<Record<Look, RowStyle>> = {
  well: 'green',
  'under way': 'yellow',
  wrong: 'red',
  quiet: 'dim'
}

/** The columns. A number that is not known is a dash in a row that has numbers, and nothing in others. */
export function workerColumns(dress: Dress): readonly Column<Row>[] {
  const number = (
    head: string,
    rank: number,
    { read, about = [] }: { read: (row: Row) => string | null; about?: readonly Subject[] }
  ): Column<Row> => ({
    head,
    rank,
    isRight: true,
    cell: row => read(row) ?? (row.recent === null || row.recent.windowMs === 0 ? '' : '-'),
    paint: (text, row) => dressNumber(dress, text, row, about)
  })
  return [
    {
      head: 'WORKER',
      cell: ({ name, isInside }) => (isInside ? `  ${name}` : name),
      paint: (text, { kind }) => (kind === 'application' ? dress('bold', text) : text)
    },
    { head: 'STATE', cell: ({ state }) => state, paint: (text, { look }) => dress(looks[look], text) },
    number('UPTIME', 9, { read: ({ uptimeMs }) => (uptimeMs === null ? '' : duration(uptimeMs)) }),
    number('RESTARTS', 8, { read: ({ restarts }) => (restarts === null ? '' : String(restarts)) }),
    number('ELU', 3, { read: row => told(row.recent?.elu, share), about: ['elu'] }),
    number('DELAY', 5, { read: row => told(row.recent?.loopDelayMs, latency), about: ['delay', 'turning'] }),
    number('HEAP', 7, { read: heapOf, about: ['heap'] }),
    number('IN FLIGHT', 6, { read: ({ inflight }) => (inflight === null ? '' : String(inflight)) }),
    number('REQ/S', 2, { read: row => told(rateOf(row), rate) }),
    number('P99', 4, { read: row => told(row.recent?.p99Ms, latency), about: ['latency'] })
  ]
}

/** The column that says why. */
export function whyColumn(dress: Dress): Column<Row> {
  return {
    head: 'WHY NOT WELL',
    // What it says stands below the table then.
    rank: 10,
    cell: row => whyOf(row.complaints),
    paint: (text, row) => dress(isBad(row) ? 'red' : 'dim', text)
  }
}

/** What is not well, in one line. */
export function whyOf(complaints: readonly Complaint[]): string {
  return complaints.map(({ says }) => says).join('; ')
}

/** Whether something about a row costs requests, or soon will. */
export function isBad({ complaints }: Row): boolean {
  return complaints.some(({ degree }) => degree === 'bad')
}

/**
 * The rows in another order, workers within their application: applications by their own numbers, edges last. `name`
 * is the order of the server.
 */
export function sortRows(rows: readonly Row[], key: SortKey, isReversed: boolean): readonly Row[] {
  const groups: Row[][] = []
  for (const row of rows) {
    const group = row.isInside ? groups.at(-1) : undefined
    if (group === undefined) groups.push([row])
    else group.push(row)
  }
  const order = (a: Row, b: Row): number => {
    const difference = key === 'name' ? 0 : numberOf(b, key) - numberOf(a, key)
    return isReversed ? -difference : difference
  }
  const isReversedByName = key === 'name' && isReversed
  const turn = <Item>(items: readonly Item[]): readonly Item[] =>
    isReversedByName ? items.toReversed() : items
  const own = turn(groups.filter(group => !isEdge(group))).toSorted((a, b) =>
    order(worst(a, key), worst(b, key))
  )
  return [...own, ...groups.filter(isEdge)].flatMap(group => {
    const [heading, ...workers] = group
    const inOrder = turn(workers).toSorted(order)
    return heading === undefined ? inOrder : [heading].concat(inOrder)
  })
}

function isEdge([first]: readonly Row[]): boolean {
  return first?.kind === 'edge'
}

/** The row of a group that speaks for it: the one with the highest number, whether heading or worker. */
function worst(group: readonly Row[], key: SortKey): Row {
  return group.reduce((highest, row) => (numberOf(row, key) > numberOf(highest, key) ? row : highest))
}

function numberOf(row: Row, key: SortKey): number {
  const { recent } = row
  const numbers: Readonly<Record<SortKey, number | null | undefined>> = {
    name: 0,
    'req/s': rateOf(row),
    p99: recent?.p99Ms,
    'in flight': row.inflight,
    elu: recent?.elu,
    delay: recent?.loopDelayMs,
    heap: row.heapUsed === null || row.heapLimit === null ? null : row.heapUsed / row.heapLimit,
    restarts: row.restarts
  }
  return numbers[key] ?? -1
}

function rateOf({ recent }: Row): number | null {
  return recent === null || recent.windowMs === 0 ? null : recent.requestsPerSecond
}

function heapOf({ heapUsed, heapLimit, kind }: Row): string | null {
  if (heapUsed === null || heapLimit === null) return kind === 'worker' ? null : ''
  return `${Math.round(heapUsed / 1024 ** 2)}/${Math.round(heapLimit / 1024 ** 2)} MB`
}

function told(value: number | null | undefined, say: (value: number) => string): string | null {
  return value === null || value === undefined ? null : say(value)
}

function dressNumber(dress: Dress, text: string, row: Row, about: readonly Subject[]): string {
  if (row.complaints.some(({ subject, degree }) => degree === 'bad' && about.includes(subject)))
    return dress('red', text)
  return text === '-' || text === '0' ? dress('dim', text) : text
}
