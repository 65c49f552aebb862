/** A terminal on paper: reads what a program writes to one, and knows what is to be seen then. */

/** What stands on a screen, without colours. */
export class PaperScreen {
  columns: number
  rows: number
  /** Whether the other screen is shown, and the cursor. */
  isOther = false
  hasCursor = true
  wraps = true
  /** Lines that were written to since {@link forget}, by their number from 0. */
  readonly touched: Set<number> = new Set()
  #cells: string[][] = []
  #before: { cells: string[][]; row: number; column: number } = { cells: [], row: 0, column: 0 }
  #row = 0
  #column = 0
  #rest = ''

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
  }

  /** The lines as they are seen, without what is empty at their ends. */
  get lines(): readonly string[] {
    return Array.from({ length: this.rows }, (_, row) =>
      Array.from(this.#cells[row] ?? [], cell => cell ?? ' ')
        .join('')
        .trimEnd()
    )
  }

  get text(): string {
    return this.lines.join('\n')
  }

  resize(columns: number, rows: number): void {
    this.columns = columns
    this.rows = rows
  }

  forget(): void {
    this.touched.clear()
  }

  write(text: string): void {
    const all = this.#rest + text
    this.#rest = ''
    // oxlint-disable-next-line no-control-regex -- that is what sequences begin with
    const piece = /\u001B\[(\??[\d;]*)([A-Za-z])|\u001B(?!\[)[^[]|[\r\n\b]|[^\u001B]/uy
    let index = 0
    while (index < all.length) {
      piece.lastIndex = index
      const found = piece.exec(all)
      if (found === null) {
        // The beginning of a sequence whose end is still on its way.
        this.#rest = all.slice(index)
        return
      }
      const [whole, parameters, final] = found
      index += whole.length
      if (final === undefined) this.#put(whole)
      else this.#obey(parameters ?? '', final)
    }
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0
    else if (character === '\b') this.#column = Math.max(0, this.#column - 1)
    else if (character === '\n') this.#feed()
    else if (!character.startsWith('\u001B')) {
      this.touched.add(this.#row)
      const line = (this.#cells[this.#row] ??= [])
      while (line.length < this.#column) line.push(' ')
      line[this.#column] = character
      this.#column += 1
    }
  }

  #obey(parameters: string, final: string): void {
    const [first = 0, second = 0] = parameters.split(';').map(Number)
    const steps = first || 1
    const orders: Readonly<Record<string, () => void>> = {
      H: () => this.#move(steps - 1, (second || 1) - 1),
      A: () => this.#move(this.#row - steps, this.#column),
      B: () => this.#move(this.#row + steps, this.#column),
      C: () => this.#move(this.#row, this.#column + steps),
      D: () => this.#move(this.#row, this.#column - steps),
      K: () => this.#cells[this.#row]?.splice(this.#column),
      J: () => this.#clear(first === 0),
      h: () => this.#switch(parameters, true),
      l: () => this.#switch(parameters, false)
    }
    orders[final]?.()
  }

  #switch(mode: string, isOn: boolean): void {
    if (mode === '?1049') this.#change(isOn)
    else if (mode === '?25') this.hasCursor = isOn
    else if (mode === '?7') this.wraps = isOn
  }

  #move(row: number, column: number): void {
    this.#row = Math.max(0, row)
    this.#column = Math.max(0, column)
  }

  /** The next line; at the last one all others go up. */
  #feed(): void {
    this.#row += 1
    if (this.#row < this.rows) return
    this.#row = this.rows - 1
    this.#cells.shift()
  }

  /** To the other screen, which is empty, or back to what was there before. */
  #change(isOther: boolean): void {
    if (isOther === this.isOther) return
    this.isOther = isOther
    if (isOther) {
      this.#before = { cells: this.#cells, row: this.#row, column: this.#column }
      this.#cells = []
    } else {
      this.#cells = this.#before.cells
      this.#move(this.#before.row, this.#before.column)
    }
  }

  #clear(isBelowOnly: boolean): void {
    this.#cells[this.#row]?.splice(isBelowOnly ? this.#column : 0)
    this.#cells.splice(isBelowOnly ? this.#row + 1 : 0)
  }
}
