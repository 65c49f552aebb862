/**
 * The words the configuration schema is written in: what kinds of values there are and what can be said
 * about each.
 *
 * Types only, for any thread. `schema.ts` uses them, `check.ts` enforces them, and the generators of the
 * reference, of the JSON Schema and of `options.ts` read them.
 */

/** What can be said about a key of any kind. */
export interface KeyFacts {
  /** What it does, for someone who reads it in an editor. One or two sentences. */
  readonly sentence: string
  /** The value when nothing is written. In the unit of the kind; absent when there is none or it is worked out. */
  readonly default?: unknown
  /** How the default comes about when it is not a constant. */
  readonly defaultText?: string
  readonly required?: boolean
  /** The option of the command line that outranks this key, without dashes. */
  readonly flag?: string
  /** A shorter sentence for the help of that option; defaults to `sentence`. */
  readonly flagSentence?: string
  /** Environment variables that outrank this key, the strongest first. */
  readonly variables?: readonly string[]
}

/** Anything in quotes. Not empty unless `mayBeEmpty`. */
export interface TextKey extends KeyFacts {
  readonly kind: 'text'
  readonly mayBeEmpty?: boolean
  /** Whether `false` may be written instead, for none. */
  readonly mayBeFalse?: boolean
  /** A regular expression the whole text has to match. */
  readonly pattern?: string
  /** What the pattern accepts, in words: `expected …`. */
  readonly expected?: string
  /** Whether it may be a secret: what was written is told in no message. */
  readonly isSecret?: boolean
}

/** One of a few words. */
export interface ChoiceKey extends KeyFacts {
  readonly kind: 'choice'
  readonly choices: readonly string[]
}

/** True or false. */
export interface BooleanKey extends KeyFacts {
  readonly kind: 'boolean'
}

/**
 * A number, whole unless it is a `ratio` or `seconds`. `integer` counts; `duration` is milliseconds or a text such as
 * "30s"; `size` is bytes or "16KB"; `memory` is MiB or "256MB"; `ratio` is a part such as 0.25 or "25%"; `seconds` is
 * a plain number, where other programs expect one. Bounds are in that unit.
 */
export interface NumberKey extends KeyFacts {
  readonly kind: 'integer' | 'duration' | 'size' | 'memory' | 'ratio' | 'seconds'
  readonly min: number
  readonly max?: number
}

/** Values in order. */
export interface ListKey extends KeyFacts {
  readonly kind: 'list'
  readonly of: Key
}

/** Values by names the user chooses. */
export interface MapKey extends KeyFacts {
  readonly kind: 'map'
  /** What the names are, for the reference: `id`, `variable`. */
  readonly by: string
  readonly of: Key
}

/** Values by names fixed here; any other name is a mistake. */
export interface ObjectKey extends KeyFacts {
  readonly kind: 'object'
  /** Name of its TypeScript interface. */
  readonly name: string
  readonly keys: Readonly<Record<string, Key>>
  /** No defaults are filled in, because what is not written is taken from the key of this name one level up. */
  readonly inherits?: string
  /** A number that may be written instead of the object. What is not written stays away then, without defaults. */
  readonly instead?: NumberKey
}

/** One key of the configuration. */
export type Key = TextKey | ChoiceKey | BooleanKey | NumberKey | ListKey | MapKey | ObjectKey
