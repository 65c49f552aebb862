/**
 * Metrics of an application itself, on their way from its worker to the main thread: asked for at a scrape, on a
 * port of their own. Any thread.
 *
 * The worker reads its registries, puts its labels to every sample and checks every line, so that the main thread only
 * puts together what several workers tell, and nothing an application writes can spoil what others do.
 */

/** Types of families, as the text format names them. */
export const familyTypes = ['counter', 'gauge', 'histogram', 'summary', 'untyped'] as const

/** One of {@link familyTypes}. */
export type FamilyType = (typeof familyTypes)[number]

/** All samples of one metric, of one worker. */
export interface MetricFamily {
  readonly name: string
  readonly type: FamilyType
  /** Its sentence, as it stands in the text format: line feeds and backslashes are escaped. */
  readonly help: string
  /** Lines of the text format, each with a line feed. */
  readonly samples: string
}

/** From the main thread: tell what you have. */
export interface ToRegistry {
  readonly id: number
}

/** From the worker: the answer to the question with this id. */
export interface FromRegistry {
  readonly id: number
  /** `null` when they could not be read; the worker has said why in its log. */
  readonly families: readonly MetricFamily[] | null
}

/** Most characters one worker may tell at a time. Beyond it tells nothing. */
export const familiesLengthMax: number = 1024 * 1024

/** An answer as it was posted; `null` for anything else. Lines are not read again: the worker has checked them. */
export function readFromRegistry(posted: unknown): FromRegistry | null {
  if (typeof posted !== 'object' || posted === null) return null
  if (!('id' in posted) || typeof posted.id !== 'number' || !('families' in posted)) return null
  const { id, families } = posted
  if (families === null) return { id, families }
  if (!Array.isArray(families) || !families.every(isFamily)) return null
  return { id, families: lengthOf(families) > familiesLengthMax ? null : families }
}

/** How long metrics are, in characters. */
export function lengthOf(families: readonly MetricFamily[]): number {
  return families.reduce(
    (sum, { name, help, samples }) => sum + name.length + help.length + samples.length,
    0
  )
}

function isFamily(value: unknown): value is MetricFamily {
  if (typeof value !== 'object' || value === null) return false
  const { name, type, help, samples } = value as Partial<Record<keyof MetricFamily, unknown>>
  return (
    typeof name === 'string' &&
    /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name) &&
    familyTypes.some(known => known === type) &&
    typeof help === 'string' &&
    !help.includes('\n') &&
    typeof samples === 'string'
  )
}
