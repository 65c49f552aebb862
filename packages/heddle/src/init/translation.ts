/**
 * What a translation of another program's configuration gives, and the units it writes.
 *
 * Pure, for any thread.
 */
import type { ApplicationOptions } from '../config/options.ts'
import type { Draft } from './draft.ts'
import type { Note } from './note.ts'

/** A configuration for Heddle, and what is to be said of everything that is not the same. */
export interface Translation {
  readonly draft: Draft
  readonly notes: readonly Note[]
}

/** One application on its way. */
export interface TranslatedApplication {
  readonly id: string
  /** Where it was written: `apps[0]`. */
  readonly key: string
  readonly options: ApplicationOptions
  /** Directory of the application, absolute. */
  readonly directory: string
  readonly serves: boolean
  readonly port: number | null
  /** Ports of this machine it calls. */
  readonly calls: readonly number[]
}

/** Milliseconds as people write them: `30s`, `1500ms`. */
export function durationText(ms: number): string | number {
  const units: readonly (readonly [number, string])[] = [
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1000, 's']
  ]
  if (!Number.isSafeInteger(ms) || ms <= 0) return Math.max(0, Math.round(ms))
  const [factor, unit] = units.find(([factor]) => ms % factor === 0) ?? [1, 'ms']
  return `${ms / factor}${unit}`
}

/** Bytes as people write memory: `512MB`; parts of a MiB are rounded up. */
export function memoryText(bytes: number): string {
  const mebibytes = Math.max(1, Math.ceil(bytes / 1024 ** 2))
  return mebibytes % 1024 === 0 ? `${mebibytes / 1024}GB` : `${mebibytes}MB`
}

/** Leaves out what is `undefined`, and objects with nothing in them. */
export function compact(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(
      ([, item]) =>
        item !== undefined && !(typeof item === 'object' && item !== null && Object.keys(item).length === 0)
    )
  )
}
