/**
 * A configuration that is about to be written: its values, the comments beside them, and keys that are offered.
 *
 * Types only. `config-text.ts` makes the text of a file of it.
 */
import type { ApplicationOptions, HeddleConfig } from '../config/options.ts'

/** A key that is written as a comment, ready to be used. */
export interface Offer {
  /** The key and its value as they would be written: `hostname: '0.0.0.0'`. */
  readonly line: string
  /** What it is for, as a sentence. */
  readonly sentence: string
}

/** A configuration with what is said in it. */
export interface Draft {
  readonly config: HeddleConfig
  /** Comments by the path of the key they stand above: `applications.api`. */
  readonly remarks: Readonly<Record<string, string>>
  /** Keys that are offered at the end of a section, by its path; the empty one is the whole. */
  readonly offers: Readonly<Record<string, readonly Offer[]>>
}

/** One application with what is said of it. */
export interface DraftApplication {
  readonly id: string
  readonly options: ApplicationOptions
  readonly remark: string | null
}
