/**
 * Sets a table in columns, as many of them as fit the width there is.
 *
 * Main thread of a command; pure. Widths count characters, which is right for the names, numbers and units that are
 * shown; a text that may contain others belongs into the last column.
 */

/** One column of a table. */
export interface Column<Row> {
  readonly head: string
  /** What stands in it, without colours and line ends. */
  readonly cell: (row: Row) => string
  /** Whether its cells stand at its right end, as numbers do. */
  readonly isRight?: boolean
  /** When it is left out for want of room: the highest goes first; 0, and a column without, stays. */
  readonly rank?: number
  /** Dresses up a cell once its width is known. */
  readonly paint?: (text: string, row: Row) => string
}

const gap = 2

/** The columns that fit, in their order. The last one that stays may be wider than what is left for it. */
export function fitColumns<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number
): readonly Column<Row>[] {
  const kept = columns.map(column => ({ column, width: widthOf(column, rows) }))
  for (;;) {
    const total = kept.reduce((sum, { width }) => sum + width + gap, -gap)
    const rank = Math.max(...kept.map(({ column }) => column.rank ?? 0))
    if (total <= width || rank <= 0) return kept.map(({ column }) => column)
    kept.splice(
      kept.findIndex(({ column }) => column.rank === rank),
      1
    )
  }
}

/** The table: a line for the heads and one for each row. A column in which nothing stands is left out. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number = Infinity
): readonly string[] {
  const used = columns.filter(({ cell, rank }) => rank === undefined || rows.some(row => cell(row) !== ''))
  const shown = fitColumns(used, rows, width)
  const widths = shown.map(column => widthOf(column, rows))
  const line = (cellOf: (column: Column<Row>) => Cell): string =>
    shown
      .map((column, index) => {
        const { text, painted } = cellOf(column)
        const isLast = index === shown.length - 1
        const space = ' '.repeat(Math.max(0, (widths[index] ?? 0) - text.length))
        if (column.isRight === true) return space + painted
        return isLast ? painted : painted + space
      })
      .join(' '.repeat(gap))
      .trimEnd()
  return [
    line(({ head }) => ({ text: head, painted: head })),
    ...rows.map(row =>
      line(({ cell, paint }) => {
        const text = cell(row)
        return { text, painted: paint === undefined || text === '' ? text : paint(text, row) }
      })
    )
  ]
}

interface Cell {
  readonly text: string
  readonly painted: string
}

function widthOf<Row>({ head, cell }: Column<Row>, rows: readonly Row[]): number {
  return Math.max(head.length, ...rows.map(row => cell(row).length))
}
