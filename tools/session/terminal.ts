/**
 * What a terminal shows of the bytes a program has written to it: text, colours, the cursor, the other screen.
 *
 * Pure. It knows what shells and full-screen programs of this repository use of ECMA-48 and xterm, and passes over the
 * rest. The normal screen is a page without an end, as with a terminal that keeps all that has scrolled away.
 */

/** How a character looks. Colours are numbers of the palette of 16. */
export interface Style {
  readonly colour: number | null
  readonly background: number | null
  readonly bold: boolean
  readonly dim: boolean
  readonly inverse: boolean
}

/** A piece of a line in one style. */
export interface Run {
  readonly column: number
  readonly text: string
  readonly style: Style
}

interface Cell {
  readonly text: string
  readonly style: Style
}

type Page = Cell[][]

const plain: Style = { colour: null, background: null, bold: false, dim: false, inverse: false }
const blank: Cell = { text: ' ', style: plain }
/** An operating system command, an escape sequence, a shorter one, or one character. */
const token =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about.
  /\u001B\](?<command>[^\u0007\u001B]*)(?:\u0007|\u001B\\)|\u001B\[(?<parameters>[0-9;?<=>]*)(?<final>[@-~])|\u001B[ -/]*[0-~]|(?<text>[\s\S])/gu
/** The beginning of one that has not come to its end. */
// oxlint-disable-next-line no-control-regex -- the same.
const unfinished = /\u001B(?:\][^\u0007\u001B]*\u001B?|\[[0-9;?<=>]*|[ -/]*)?$/

/** A terminal of a size that does not change. */
export class Terminal {
  readonly columns: number
  readonly rows: number
  #normal: Page = []
  #other: Page = []
  #isOther = false
  #row = 0
  #column = 0
  #kept = { row: 0, column: 0 }
  #style: Style = plain
  #rest = ''
  readonly #onCommand: (command: string) => void

  /** @param onCommand Is told operating system commands, such as the marks of a shell (`133;A`). */
  constructor(columns: number, rows: number, onCommand: (command: string) => void = () => {}) {
    this.columns = columns
    this.rows = rows
    this.#onCommand = onCommand
  }

  /** Takes what a program has written. Sequences may come in pieces. */
  write(text: string): void {
    const whole = this.#rest + text
    this.#rest = unfinished.exec(whole)?.[0] ?? ''
    const complete = this.#rest === '' ? whole : whole.slice(0, -this.#rest.length)
    for (const { groups = {} } of complete.matchAll(token)) {
      const { command, parameters, final, text: character } = groups
      if (command !== undefined) this.#onCommand(command)
      else if (final !== undefined) this.#control(final, parameters ?? '')
      else if (character !== undefined) this.#put(character)
    }
  }

  /** Whether a full-screen program has the terminal. */
  get isFullScreen(): boolean {
    return this.#isOther
  }

  /** The line the cursor is in, from 0; on the normal screen counted from its first line. */
  get row(): number {
    return this.#row
  }

  /** The lines as text, without blanks at their ends. */
  get lines(): readonly string[] {
    return this.runs().map(runs =>
      runs.reduce((line, run) => line.padEnd(run.column) + run.text, '').trimEnd()
    )
  }

  /** The lines as runs of characters that look the same; blanks that show nothing are left out. */
  runs(): readonly (readonly Run[])[] {
    return this.#page.map(line => runsOf(line))
  }

  get #page(): Page {
    return this.#isOther ? this.#other : this.#normal
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0
    else if (character === '\n') this.#row = this.#limited(this.#row + 1)
    else if (character === '\b') this.#column = Math.max(0, this.#column - 1)
    else if (character === '\t')
      this.#column = Math.min(this.columns - 1, (Math.floor(this.#column / 8) + 1) * 8)
    else if (character >= ' ') this.#print(character)
  }

  #print(text: string): void {
    if (this.#column >= this.columns) {
      this.#column = 0
      this.#row = this.#limited(this.#row + 1)
    }
    const line = this.#line(this.#row)
    while (line.length < this.#column) line.push(blank)
    line[this.#column] = { text, style: this.#style }
    this.#column += 1
  }

  #line(row: number): Cell[] {
    const page = this.#page
    while (page.length <= row) page.push([])
    return page[row] ?? []
  }

  /** The other screen has a last line, the normal one has not. */
  #limited(row: number): number {
    return this.#isOther ? Math.min(row, this.rows - 1) : row
  }

  #control(final: string, parameters: string): void {
    if (parameters.startsWith('?')) {
      if (parameters === '?1049') this.#switch(final === 'h')
      return
    }
    const numbers = parameters.split(';').map(Number)
    const [first = 0, second = 0] = numbers
    const count = Math.max(1, first)
    if (final === 'm') this.#style = numbers.reduce(styled, this.#style)
    else if (final === 'H' || final === 'f') this.#move(first, second)
    else if (final === 'A') this.#row = Math.max(0, this.#row - count)
    else if (final === 'B') this.#row = this.#limited(this.#row + count)
    else if (final === 'C') this.#column = Math.min(this.columns - 1, this.#column + count)
    else if (final === 'D') this.#column = Math.max(0, this.#column - count)
    else if (final === 'G') this.#column = count - 1
    else if (final === 'K') this.#eraseLine(first)
    else if (final === 'J') this.#eraseBelow(first)
    else if (final === 'P') this.#line(this.#row).splice(this.#column, count)
  }

  #move(row: number, column: number): void {
    this.#row = this.#limited(Math.max(0, row - 1))
    this.#column = Math.max(0, column - 1)
  }

  #eraseLine(what: number): void {
    const line = this.#line(this.#row)
    if (what === 0) line.length = Math.min(line.length, this.#column)
    else
      for (let column = what === 2 ? line.length - 1 : this.#column; column >= 0; column -= 1)
        line[column] = blank
  }

  #eraseBelow(what: number): void {
    if (what === 2) this.#page.length = 0
    else if (what === 0) {
      this.#eraseLine(0)
      this.#page.length = Math.min(this.#page.length, this.#row + 1)
    }
  }

  #switch(isOther: boolean): void {
    if (this.#isOther === isOther) return
    if (isOther) {
      this.#kept = { row: this.#row, column: this.#column }
      this.#other = []
      this.#row = 0
      this.#column = 0
    } else {
      this.#row = this.#kept.row
      this.#column = this.#kept.column
    }
    this.#isOther = isOther
  }
}

function runsOf(line: readonly Cell[]): readonly Run[] {
  const runs: { column: number; text: string; style: Style }[] = []
  for (const [column, cell] of line.entries()) {
    const last = runs.at(-1)
    if (last !== undefined && isSame(last.style, cell.style)) last.text += cell.text
    else runs.push({ column, text: cell.text, style: cell.style })
  }
  return runs.filter(({ text, style }) => text.trim() !== '' || style.inverse || style.background !== null)
}

function isSame(a: Style, b: Style): boolean {
  return (
    a.colour === b.colour &&
    a.background === b.background &&
    a.bold === b.bold &&
    a.dim === b.dim &&
    a.inverse === b.inverse
  )
}

/** A style after one parameter of "select graphic rendition". */
function styled(style: Style, code: number): Style {
  if (code === 0) return plain
  if (code === 1) return { ...style, bold: true }
  if (code === 2) return { ...style, dim: true }
  if (code === 7) return { ...style, inverse: true }
  if (code === 22) return { ...style, bold: false, dim: false }
  if (code === 27) return { ...style, inverse: false }
  if (code === 39) return { ...style, colour: null }
  if (code === 49) return { ...style, background: null }
  if (code >= 30 && code <= 37) return { ...style, colour: code - 30 }
  if (code >= 90 && code <= 97) return { ...style, colour: code - 82 }
  if (code >= 40 && code <= 47) return { ...style, background: code - 40 }
  return style
}
