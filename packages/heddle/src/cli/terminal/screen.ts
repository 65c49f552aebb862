/**
 * Draws whole pages on a terminal, and of each only the lines that have changed: nothing flickers.
 *
 * Main thread of a command. It knows what it has drawn and nothing of what that means.
 */
import { clip } from './clip.ts'

const escape = '\u001B['
/** Another screen, so that what was on the terminal comes back afterwards; no cursor, no wrapping of lines. */
const enterSequence = `${escape}?1049h${escape}?25l${escape}?7l${escape}2J`
const leaveSequence = `${escape}0m${escape}?7h${escape}?25h${escape}?1049l`
/** Terminals that know these show what is between them at once; others pass over them. */
const beginSequence = `${escape}?2026h`
const endSequence = `${escape}?2026l`

/** What is written, in characters and lines. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

/** A page on a terminal. */
export class Screen {
  readonly #write: (text: string) => void
  /** What each line of the terminal shows; `null` when nobody knows. */
  #shown: (string | null)[] = []
  #size: Size = { columns: 0, rows: 0 }
  #isOpen = false

  /** @param write Writes to the terminal; at the end it has to be done when it returns. */
  constructor(write: (text: string) => void) {
    this.#write = write
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Takes the terminal over. */
  open(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    this.#shown = []
    this.#write(enterSequence)
  }

  /** Gives the terminal back as it was. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#write(leaveSequence)
  }

  /** Somebody else has had the terminal: it has to be taken over again. */
  lose(): void {
    this.#isOpen = false
  }

  /** From now on nobody knows what the terminal shows: all is drawn again. */
  forget(): void {
    this.#shown = []
    if (this.#isOpen) this.#write(`${escape}0m${escape}2J`)
  }

  /** Shows these lines from the top; those beyond the last are empty. What does not fit is left out. */
  draw(lines: readonly string[], size: Size): void {
    if (!this.#isOpen) return
    if (size.columns !== this.#size.columns || size.rows !== this.#size.rows) {
      this.#size = size
      this.forget()
    }
    const changes: string[] = []
    for (let row = 0; row < size.rows; row += 1) {
      const line = clip(lines[row] ?? '', size.columns)
      if ((this.#shown[row] ?? '') === line) continue
      this.#shown[row] = line
      changes.push(`${escape}${row + 1};1H${line}${escape}0m${escape}K`)
    }
    if (changes.length > 0) this.#write(beginSequence + changes.join('') + endSequence)
  }
}
