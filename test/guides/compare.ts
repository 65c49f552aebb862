/**
 * Whether a program has printed what a guide shows. Runs in the process of a test. Pure.
 *
 * What differs from run to run counts as equal: times, sizes, parts, process ids, and how many spaces there
 * are. `…` stands for anything within a line, and for any lines where it is alone in one.
 */

/** Whether the lines are those expected, all of them. */
export function isSame(expected: readonly string[], printed: string): boolean {
  return from(patternsOf(expected), linesOf(printed))
}

/** How many of the lines expected have been printed, in this order, whatever else is between them. */
export function foundIn(expected: readonly string[], printed: string): number {
  const patterns = patternsOf(expected)
  let found = 0
  for (const line of linesOf(printed)) {
    while (patterns[found] === null) found += 1
    if (patterns[found]?.test(line) === true) found += 1
  }
  while (patterns[found] === null) found += 1
  return found
}

/** A pattern for each line; `null` for any lines. */
function patternsOf(expected: readonly string[]): readonly (RegExp | null)[] {
  return expected.map(line => (line.trim() === '…' ? null : patternOf(line)))
}

function from(patterns: readonly (RegExp | null)[], lines: readonly string[]): boolean {
  const [pattern, ...rest] = patterns
  if (pattern === undefined) return lines.length === 0
  if (pattern !== null) {
    const [line, ...others] = lines
    return line !== undefined && pattern.test(line) && from(rest, others)
  }
  return Array.from({ length: lines.length + 1 }, (_, skipped) => skipped).some(skipped =>
    from(rest, lines.slice(skipped))
  )
}

function patternOf(line: string): RegExp {
  const parts = plain(line).split('…')
  return new RegExp(`^${parts.map(part => escaped(part)).join('.*')}$`)
}

function escaped(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)
}

function linesOf(printed: string): readonly string[] {
  return printed
    .split('\n')
    .map(line => plain(line))
    .filter(line => line !== '')
}

/** A line without what differs from run to run. */
function plain(line: string): string {
  return line
    .replaceAll(/\d\d:\d\d:\d\d(?:\.\d+)?/g, '#time')
    .replaceAll(/\d+(?:\.\d+)? ?(?:ms|s|min)\b/g, '#time')
    .replaceAll(/\d+(?:\.\d+)? ?(?:[kKMG]i?)?B\b/g, '#bytes')
    .replaceAll(/\d+(?:\.\d+)? ?%/g, '#part')
    .replaceAll(/(process |pid[ =])\d+/g, '$1#')
    .replaceAll(/\s+/g, ' ')
    .trim()
}
