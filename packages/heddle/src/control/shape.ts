/**
 * The words the answers of the management API are described in: what kinds of values there are.
 *
 * Types and the little that makes writing them short; for any thread. `answer-shapes.ts` uses them; the generators
 * of types and of descriptions read them.
 */

/** What can be said about any value. */
export interface ShapeFacts {
  /** What it is, for people. */
  readonly sentence?: string
  /** Whether it may be `null`. */
  readonly isNullable?: boolean
}

/** One kind of value. */
export type Shape = ShapeFacts &
  (
    | { readonly kind: 'text' | 'number' | 'integer' | 'boolean' | 'time' | 'anything' | 'object' }
    | { readonly kind: 'words'; readonly words: readonly string[] }
    | { readonly kind: 'list' | 'map'; readonly of: Shape }
    /** A list of so many values. */
    | { readonly kind: 'tuple'; readonly of: readonly Shape[] }
    /** Another shape, by its name. */
    | { readonly kind: 'named'; readonly name: string }
  )

/** A named object: the type of an answer or of a part of one. */
export interface ObjectShape {
  readonly sentence: string
  readonly fields: Readonly<Record<string, Shape>>
  /** Fields that may be missing. */
  readonly optional?: readonly string[]
  /** Name of the shape it has the fields of as well. */
  readonly extends?: string
  /** Whether it may have further fields. */
  readonly isOpen?: boolean
}

type Fact = string | ShapeFacts

function facts(fact: Fact = {}): ShapeFacts {
  return typeof fact === 'string' ? (fact === '' ? {} : { sentence: fact }) : fact
}

/** What is said of a value that may be `null`. */
export function orNull(sentence = ''): ShapeFacts {
  return { ...facts(sentence), isNullable: true }
}

/** A value without parts. `time` is text in ISO 8601; `object` has fields nobody describes. */
export function plain(
  kind: 'text' | 'number' | 'integer' | 'boolean' | 'time' | 'anything' | 'object',
  fact?: Fact
): Shape {
  return { kind, ...facts(fact) }
}

/** One of a few words. */
export function words(all: readonly string[], fact?: Fact): Shape {
  return { kind: 'words', words: all, ...facts(fact) }
}

/** Values in order. */
export function list(of: Shape, fact?: Fact): Shape {
  return { kind: 'list', of, ...facts(fact) }
}

/** Values by names that are not fixed. */
export function map(of: Shape, fact?: Fact): Shape {
  return { kind: 'map', of, ...facts(fact) }
}

/** So many values in order. */
export function tuple(of: readonly Shape[], fact?: Fact): Shape {
  return { kind: 'tuple', of, ...facts(fact) }
}

/** Another shape. */
export function named(name: string, fact?: Fact): Shape {
  return { kind: 'named', name, ...facts(fact) }
}
