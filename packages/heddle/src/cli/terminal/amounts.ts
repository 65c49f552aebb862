/**
 * Times, sizes and shares as people read them: short, with their unit.
 *
 * Main thread of a command; pure.
 */

/** A span of time in its two largest units: `3d 4h`, `5m 12s`, `0.4s`. */
export function duration(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 10) return `${seconds.toFixed(1)}s`
  const parts: readonly (readonly [number, string])[] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'm'],
    [1, 's']
  ]
  let rest = Math.floor(seconds)
  const texts: string[] = []
  for (const [size, unit] of parts) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0 || texts.length > 0) texts.push(`${count}${unit}`)
  }
  return texts.slice(0, 2).join(' ')
}

/** How long something took: `0.4 ms`, `12 ms`, `3.1 s`. */
export function latency(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`
  return ms < 9999.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

const units = ['B', 'kB', 'MB', 'GB', 'TB']

/** Bytes in units of 1024: `12 MB`, `1.4 GB`. */
export function size(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

/** A count a second: `0.3`, `12`, `1204`, `52k`. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0'
  if (perSecond < 9.95) return perSecond.toFixed(1)
  return perSecond < 99_999.5 ? String(Math.round(perSecond)) : `${Math.round(perSecond / 1000)}k`
}

/** A part of a whole: `12%`; `0.4%` below one. */
export function share(part: number): string {
  const percent = part * 100
  return percent > 0 && percent < 0.95 ? `${percent.toFixed(1)}%` : `${Math.round(percent)}%`
}

/** `1 worker`, `3 workers`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

const steps = '▁▂▃▄▅▆▇█'

/**
 * The last values as a row of bars, the newest at the right; `width` characters wide. A value that is not known is a
 * space. The highest of them is a whole bar, unless `most` is higher.
 */
export function sparkline(values: readonly (number | null)[], width: number, most: number = 0): string {
  const shown = values.slice(-width)
  const highest = Math.max(most, ...shown.map(value => value ?? 0))
  const bars = shown.map(value => {
    if (value === null) return ' '
    const step = highest === 0 ? 0 : Math.ceil((value / highest) * steps.length) - 1
    return steps[Math.max(0, Math.min(steps.length - 1, step))]
  })
  return bars.join('').padStart(width)
}
