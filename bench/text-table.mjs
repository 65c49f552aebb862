/**
 * Markdown tables whose source is aligned, so that they read well in a terminal too. Pure.
 */

/** A Markdown table with its columns aligned: all but the first to the right. */
export function table(head, rows) {
  const cells = [head, ...rows].map(row => row.map(cell => `${cell}`))
  const widths = head.map((_, column) => Math.max(3, ...cells.map(row => row[column].length)))
  const pad = (cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))
  const line = row => `| ${row.map(pad).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(cells[0]), `| ${rule.join(' | ')} |`, ...cells.slice(1).map(line)].join('\n')
}

/** A number with so many digits after the point, or a dash where there is none. */
export function number(value, digits = 0) {
  return value === null || value === undefined || Number.isNaN(value) ? '–' : value.toFixed(digits)
}
