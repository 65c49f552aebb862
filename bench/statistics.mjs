/**
 * The arithmetic of the benchmarks. Pure: numbers in, numbers out.
 *
 * Medians everywhere, because one disturbed round must not move a result; ratios are taken within a round
 * and only then summarised, because rounds share what disturbs them.
 */

/** From this spread on a series is called noisy. */
export const noisySpread = 0.25

/** The middle of a series, or the mean of its two middles. Not a number when the series is empty. */
export function median(values) {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The value below or at which so large a share of a series lies: the nearest rank. Not a number when it is empty. */
export function percentile(values, share) {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}

/** Median, extremes and spread of a series; the spread is (max − min) ÷ median. `null` when it is empty. */
export function summarize(values) {
  if (values.length === 0) return null
  const middle = median(values)
  const min = Math.min(...values)
  const max = Math.max(...values)
  return { median: middle, min, max, spread: middle === 0 ? 0 : (max - min) / middle, count: values.length }
}

/** Summary of a ÷ b round by round; rounds that lack either side are left out. `null` when none is left. */
export function summarizeRatio(above, below) {
  const ratios = []
  for (const [round, value] of above.entries()) {
    const base = below[round]
    if (value !== null && base !== null && base !== undefined && base !== 0) ratios.push(value / base)
  }
  return summarize(ratios)
}

/** Slope of the straight line with the least squares through `[x, y]` points. Needs two different x. */
export function slope(points) {
  if (new Set(points.map(([x]) => x)).size < 2) return Number.NaN
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length
  const above = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const below = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return above / below
}

/** The list turned left by `by` places: the order of a round, so that nobody is always the last. */
export function rotated(list, by) {
  const turn = list.length === 0 ? 0 : by % list.length
  return [...list.slice(turn), ...list.slice(0, turn)]
}
