/**
 * Reads from a cron pattern how often it comes, for what happens at an age and not at an hour.
 *
 * Pure, for any thread.
 */

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** Patterns that come at equal distances, each with the unit its step is counted in. */
const regular: readonly (readonly [pattern: RegExp, unit: number])[] = [
  [/^\*(?:\/(\d+))? \* \* \* \*$/, minute],
  [/^\d+ \*(?:\/(\d+))? \* \* \*$/, hour],
  [/^\d+ \d+ \*(?:\/(\d+))? \* \*$/, day],
  [/^\d+ \d+ \* \* \d()$/, 7 * day]
]

/** Milliseconds between two times of a pattern of five fields; `null` when they are not all the same. */
export function periodOf(pattern: string): number | null {
  const fields = pattern.trim().replaceAll(/\s+/g, ' ')
  for (const [form, unit] of regular) {
    const match = form.exec(fields)
    const step = match?.[1]
    if (match !== null && step !== '0') return unit * (step === undefined || step === '' ? 1 : Number(step))
  }
  return null
}
