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
    const piece = /\u001B\[(\??[\d;]*)([A-Za-z])|\u001B(?!\[)[^[]|[\r\n]|[^\u001B]/uy
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
    else if (character === '\n') this.#row += 1
    else if (!character.startsWith('\u001B')) {
      this.touched.add(this.#row)
      const line = (this.#cells[this.#row] ??= [])
      while (line.length < this.#column) line.push(' ')
      line[this.#column] = character
      this.#column += 1
    }
  }

  #obey(parameters: string, final: string): void {
    const [first = 1, second = 1] = parameters.split(';').map(Number)
    const isOn = final === 'h'
    if (final === 'H') {
      this.#row = (first || 1) - 1
      this.#column = (second || 1) - 1
    } else if (final === 'K') this.#cells[this.#row]?.splice(this.#column)
    else if (final === 'J') this.#cells = []
    else if (parameters === '?1049') {
      this.isOther = isOn
      this.#cells = []
    } else if (parameters === '?25') this.hasCursor = isOn
    else if (parameters === '?7') this.wraps = isOn
  }
}
