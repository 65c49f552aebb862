/**
 * Reads the settings of another program and forgets none: what nobody has asked for is told at the end.
 *
 * Pure, for any thread. The guarantee that a translation drops nothing in silence is this file.
 */
import { isPlainObject, joinPath } from '../config/substitute.ts'
import type { Fate, Note, Outcome } from './note.ts'

/** The settings of one object, read by name. */
export class ForeignSettings {
  readonly #value: Readonly<Record<string, unknown>>
  readonly #path: string
  readonly #notes: Note[]
  readonly #taken = new Set<string>()

  /**
   * @param path Where the object is, for notes; empty for the whole file.
   * @param notes Where notes go.
   */
  constructor(value: Readonly<Record<string, unknown>>, path: string, notes: Note[]) {
    this.#value = value
    this.#path = path
    this.#notes = notes
  }

  /** The names that are there, asked for or not. */
  get names(): readonly string[] {
    return Object.keys(this.#value)
  }

  /** Whether any of these names is there. */
  has(...names: readonly string[]): boolean {
    return names.some(name => this.#value[name] !== undefined)
  }

  /** The value under the first of these names that is there; all of them count as read. */
  take(...names: readonly string[]): unknown {
    for (const name of names) this.#taken.add(name)
    const found = names.find(name => this.#value[name] !== undefined)
    return found === undefined ? undefined : this.#value[found]
  }

  /** A text that is not empty; anything else is told and left out. */
  takeText(...names: readonly string[]): string | undefined {
    const value = this.take(...names)
    if (value === undefined || value === null || value === '') return undefined
    if (typeof value === 'string') return value
    if (typeof value === 'number') return String(value)
    this.#refuse(names, 'a text')
    return undefined
  }

  /** A number, or a text with nothing but one. */
  takeNumber(...names: readonly string[]): number | undefined {
    const value = this.take(...names)
    if (value === undefined || value === null) return undefined
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    if (typeof number === 'number' && Number.isFinite(number)) return number
    this.#refuse(names, 'a number')
    return undefined
  }

  /** True or false, or a text that says so. */
  takeBoolean(...names: readonly string[]): boolean | undefined {
    const value = this.take(...names)
    if (value === undefined || value === null) return undefined
    if (value === true || value === 'true') return true
    if (value === false || value === 'false') return false
    this.#refuse(names, 'true or false')
    return undefined
  }

  /** Texts: a list, or one text that `split` divides. */
  takeTexts(split: (text: string) => readonly string[], ...names: readonly string[]): readonly string[] {
    const value = this.take(...names)
    if (value === undefined || value === null || value === '') return []
    if (typeof value === 'string') return split(value)
    if (Array.isArray(value) && value.every(item => ['string', 'number'].includes(typeof item))) {
      return value.map(String)
    }
    this.#refuse(names, 'a list of texts')
    return []
  }

  /** An object, to be read in the same way and closed by whoever reads it; `null` when there is none. */
  takeObject(...names: readonly string[]): ForeignSettings | null {
    const value = this.take(...names)
    const name = names.find(candidate => this.#value[candidate] !== undefined) ?? ''
    if (isPlainObject(value)) return new ForeignSettings(value, this.pathOf(name), this.#notes)
    if (value !== undefined && value !== null) this.#refuse(names, 'an object')
    return null
  }

  /** The same, empty when there is none: for objects whose absence says nothing. */
  takeInner(...names: readonly string[]): ForeignSettings {
    return this.takeObject(...names) ?? new ForeignSettings({}, this.pathOf(names[0] ?? ''), this.#notes)
  }

  /** The settings of an object further inside, whose path from here is given; its notes go to the same place. */
  inside(path: string, value: Readonly<Record<string, unknown>>): ForeignSettings {
    return new ForeignSettings(value, this.#path === '' ? path : `${this.#path}.${path}`, this.#notes)
  }

  /** Variables by name, values as the text a process would see. */
  takeVariables(...names: readonly string[]): Record<string, string> {
    const value = this.take(...names)
    if (value === undefined || value === null) return {}
    if (!isPlainObject(value)) {
      this.#refuse(names, 'an object')
      return {}
    }
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined && item !== null)
        .map(([name, item]) => [name, textOf(item)])
    )
  }

  /** Tells what became of a setting. */
  tell(name: string, outcome: Outcome, text: string): void {
    this.#notes.push({ key: this.pathOf(name), outcome, text })
  }

  /** Where a setting is written. */
  pathOf(name: string): string {
    if (name === '') return this.#path
    // A file, and what is in it.
    return /\.json5?$/.test(this.#path) ? `${this.#path} ${joinPath('', name)}` : joinPath(this.#path, name)
  }

  /** Tells of everything that nobody has asked for: what the table says, or that it is not known. */
  close(fates: Readonly<Record<string, Fate>>): void {
    for (const [name, value] of Object.entries(this.#value)) {
      if (this.#taken.has(name) || value === undefined || value === null) continue
      const fate = Object.hasOwn(fates, name) ? fates[name] : undefined
      const [outcome, text] = fate ?? ['missing', 'is not known here and has been left out']
      this.tell(name, outcome, text)
    }
  }

  #refuse(names: readonly string[], expected: string): void {
    const name = names.find(candidate => this.#value[candidate] !== undefined) ?? ''
    this.tell(name, 'missing', `is not ${expected} and has been left out`)
  }
}

/** What an environment variable of this value holds. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
