/**
 * The lines of a source around a place in it, the place marked.
 *
 * Runs in any thread. Pure.
 */

/** Some lines of a source. */
export interface CodeFrame {
  /** The line that is meant, from 1. */
  readonly line: number
  /** Where in it, from 1; `null` when only the line is known. */
  readonly column: number | null
  readonly lines: readonly { readonly number: number; readonly text: string }[]
}

/** Lines shown before and after the one that is meant. */
const before = 3
const after = 2

/** Characters of a line that are shown: what was made by a bundler may have one line. */
const widthMax = 160

/** Cuts the lines around a place out of its source; `null` when it has no such line. */
export function codeFrame(source: string, line: number, column: number | null): CodeFrame | null {
  const all = source.split(/\r?\n/)
  if (line < 1 || line > all.length) return null
  const from = Math.max(1, line - before)
  // What lies to the right of the window is moved into it, in all lines alike.
  const shift = column !== null && column > widthMax - 20 ? column - Math.floor(widthMax / 2) : 0
  const lines = all
    .slice(from - 1, line + after)
    .map((text, index) => ({ number: from + index, text: shorten(text, shift) }))
  while (lines.length > 1 && lines.at(-1)?.text.trim() === '' && (lines.at(-1)?.number ?? 0) > line)
    lines.pop()
  return { line, column: column === null ? null : column - shift, lines }
}

function shorten(text: string, shift: number): string {
  const cut = text.slice(shift, shift + widthMax)
  return `${cut}${text.length > shift + widthMax ? '…' : ''}`
}

/** What stands below the line that is meant, up to the mark: tabs stay, so that it comes to lie where it belongs. */
export function markerIndent({ line, column, lines }: CodeFrame): string | null {
  if (column === null) return null
  const text = lines.find(({ number }) => number === line)?.text ?? ''
  return text
    .slice(0, column - 1)
    .replaceAll(/[^\t]/g, ' ')
    .padEnd(column - 1)
}

/** The frame as text: numbers at the left, `>` before the line that is meant, `^` below the place. */
export function frameText(frame: CodeFrame): string {
  const width = String(frame.lines.at(-1)?.number ?? 0).length
  const indent = markerIndent(frame)
  return frame.lines
    .flatMap(({ number, text }) => {
      const isMeant = number === frame.line
      const shown = `${isMeant ? '>' : ' '} ${String(number).padStart(width)} | ${text}`.trimEnd()
      return isMeant && indent !== null ? [shown, `  ${' '.repeat(width)} | ${indent}^`] : [shown]
    })
    .join('\n')
}
