/**
 * Draws how many requests took how long. Main thread of a command; pure.
 */
import { share } from '../terminal/amounts.ts'
import type { Histogram } from './histogram.ts'

/** Bounds of the rows within a power of ten, from the finest to the coarsest: the first that fits is taken. */
const ladders = [[1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]]

/** Rows a chart has at most. */
const rowsMax = 16

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** One row: the times from, to, and how many they were. */
export interface ChartRow {
  readonly from: number
  readonly to: number
  readonly count: number
}

/** The rows from the shortest time to the longest, those between them without any among them. */
export function chartRows(histogram: Histogram): readonly ChartRow[] {
  const { least, most } = histogram
  if (least === null || most === null) return []
  const candidates = ladders.map(ladder => boundsBetween(least, most, ladder))
  const bounds = candidates.find(({ length }) => length - 1 <= rowsMax) ?? candidates.at(-1) ?? []
  return bounds.slice(1).map((to, index) => {
    const from = bounds[index] ?? 0
    return { from, to, count: histogram.countBetween(index === 0 ? 0 : from, to) }
  })
}

/** The last bound that is not above the shortest time, all between, and the first above the longest. */
function boundsBetween(least: number, most: number, ladder: readonly number[]): readonly number[] {
  const bounds: number[] = []
  for (let exponent = -3; exponent <= 9; exponent += 1) {
    for (const step of ladder) {
      const bound = exponent < 0 ? step / 10 ** -exponent : step * 10 ** exponent
      if (bound <= least) bounds.length = 0
      bounds.push(bound)
      if (bound > most && bounds.length > 1) return bounds
    }
  }
  return bounds
}

/** The chart as lines, none wider than `width`: the bound of each row, its bar, its share. */
export function chartLines(histogram: Histogram, width: number): readonly string[] {
  const rows = chartRows(histogram)
  const total = rows.reduce((sum, { count }) => sum + count, 0)
  const largest = Math.max(...rows.map(({ count }) => count))
  const heads = rows.map(({ to }) => `< ${to < 1000 ? `${to} ms` : `${to / 1000} s`}`)
  const headWidth = Math.max(...heads.map(head => head.length))
  const barWidth = Math.max(5, Math.min(60, width - headWidth - 9))
  return rows.map(({ count }, index) => {
    const head = (heads[index] ?? '').padStart(headWidth)
    return `${head} │${bar(count / largest, barWidth)} ${count === 0 ? '' : share(count / total)}`.trimEnd()
  })
}

function bar(part: number, width: number): string {
  const cells = Math.max(part > 0 ? 1 : 0, Math.round(part * width * 8))
  return '█'.repeat(Math.floor(cells / 8)) + (eighths[cells % 8] ?? '')
}
