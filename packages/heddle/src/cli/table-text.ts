/** Sets a table in columns for a terminal. Main thread of a command; pure. */

/** How a table looks. */
export interface TableLook {
  /** Columns whose numbers stand under one another at their right end. */
  readonly right?: readonly number[]
  /** Dresses up the text of a cell once its width is known. */
  readonly paint?: (text: string, column: number, row: readonly string[]) => string
}

/** The table, a line for the heads and one for each row. The last column is as wide as it is. */
export function tableText(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  { right = [], paint = text => text }: TableLook = {}
): string {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map(row => row[column]?.length ?? 0))
  )
  const line = (row: readonly string[], dress: NonNullable<TableLook['paint']>): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        const isLast = column === row.length - 1
        const text = right.includes(column) ? cell.padStart(width) : isLast ? cell : cell.padEnd(width)
        return dress(text, column, row)
      })
      .join('  ')
      .trimEnd()
  return [line(heads, text => text), ...rows.map(row => line(row, paint)), ''].join('\n')
}
