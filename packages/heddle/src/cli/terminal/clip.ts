/**
 * Cuts lines that carry colours to a width. Main thread of a command; pure.
 */

const reset = '\u001B[0m'
/** A colour, or any other sequence of that form. */
// oxlint-disable-next-line no-control-regex -- that is what they begin with
const sequence = /\u001B\[[\d;]*[A-Za-z]/y

/** The line cut to so many characters, its colours left alone and ended; a cut one ends with `…`. */
export function clip(line: string, width: number): string {
  let shown = 0
  let hasColours = false
  let index = 0
  while (index < line.length) {
    sequence.lastIndex = index
    const [found] = sequence.exec(line) ?? []
    if (found !== undefined) {
      hasColours = true
      index += found.length
      continue
    }
    if (shown === width - 1 && visibleAfter(line, index) > 1) {
      return `${line.slice(0, index)}…${hasColours ? reset : ''}`
    }
    shown += 1
    index += 1
  }
  return line
}

/** How many characters are shown from there on; no more than two are counted. */
function visibleAfter(line: string, from: number): number {
  let count = 0
  let index = from
  while (index < line.length && count < 2) {
    sequence.lastIndex = index
    const [found] = sequence.exec(line) ?? []
    if (found === undefined) count += 1
    index += found?.length ?? 1
  }
  return count
}
