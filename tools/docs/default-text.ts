/** Says in words what happens when a key is not written. Pure; for the generators of types and pages. */
import type { Key } from '../../packages/heddle/src/config/key.ts'

/** The default of a key with its unit, or how it comes about; `null` when there is none. */
export function defaultOf(key: Key): string | null {
  if (key.defaultText !== undefined) return key.defaultText
  if (key.default === undefined) return null
  if (typeof key.default !== 'number') return JSON.stringify(key.default)
  if (key.kind === 'duration') return `${key.default} (${duration(key.default)})`
  return key.kind === 'size' ? `${key.default} (${size(key.default)})` : String(key.default)
}

function duration(ms: number): string {
  if (ms === 0 || ms % 1000 !== 0) return `${ms} ms`
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`
}

function size(bytes: number): string {
  if (bytes % 1024 ** 2 === 0) return `${bytes / 1024 ** 2} MiB`
  return bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} bytes`
}
