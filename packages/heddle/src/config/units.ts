/**
 * Reads durations, sizes and parts as people write them: "30s", "1.5h", "256MB", "25%".
 *
 * Pure, for any thread. Returns `null` for what it cannot read and never guesses a unit.
 */

const durations: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

// KB means 1024 here and everywhere in Heddle: these are sizes of memory, not of disks.
const sizes: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1024,
  kib: 1024,
  mb: 1024 ** 2,
  mib: 1024 ** 2,
  gb: 1024 ** 3,
  gib: 1024 ** 3
}

/** Milliseconds in a text such as "250ms", "30s", "5m", "1h" or "1d"; a bare number is milliseconds. */
export function parseDuration(text: string): number | null {
  return parse(text, durations, 1)
}

/** Bytes in a text such as "512B", "16KB" or "10MiB"; a bare number is bytes. */
export function parseSize(text: string): number | null {
  return parse(text, sizes, 1)
}

/** MiB in a text such as "256MB" or "2GB"; a bare number is MiB. Parts of a MiB are rounded up. */
export function parseMemory(text: string): number | null {
  const bytes = parse(text, sizes, 1024 ** 2)
  return bytes === null ? null : Math.ceil(bytes / 1024 ** 2)
}

/** A part of a whole in a text such as "25%" or "0.25". */
export function parseRatio(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text.trim())
  if (match === null) return null
  const [, amount = '', percent] = match
  return percent === '%' ? Number(amount) / 100 : Number(amount)
}

function parse(text: string, units: Readonly<Record<string, number>>, bare: number): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim())
  if (match === null) return null
  const [, amount = '', unit = ''] = match
  const factor = unit === '' ? bare : units[unit.toLowerCase()]
  return factor === undefined ? null : Math.round(Number(amount) * factor)
}
