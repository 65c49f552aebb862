/**
 * Finds what differs between two configurations, key by key, and says it so that it can be logged.
 *
 * Main thread only. Pure. Values that may be secret are never part of a sentence.
 */

/** One key that differs. */
export interface Difference {
  /** From the top: `server.requestTimeout`, `routes`. */
  readonly path: string
  readonly before: unknown
  readonly after: unknown
}

/** Every key below `path` that differs. Lists are compared as a whole. */
export function differences(before: unknown, after: unknown, path = ''): readonly Difference[] {
  if (!isRecord(before) || !isRecord(after)) {
    return isSame(before, after) ? [] : [{ path, before, after }]
  }
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].flatMap(name =>
    differences(before[name], after[name], path === '' ? name : `${path}.${name}`)
  )
}

const secret = /(^|\.)(env\.|token$)/

/** A difference as a sentence without a full stop: `server.port: 3000 → 3001`. */
export function describeDifference({ path, before, after }: Difference): string {
  if (secret.test(path)) return `${path}: ${verb(before, after)}`
  if (isShort(before) && isShort(after)) return `${path}: ${show(before)} → ${show(after)}`
  return `${path}: changed`
}

function verb(before: unknown, after: unknown): string {
  if (before === undefined || before === null) return 'set'
  return after === undefined || after === null ? 'removed' : 'changed'
}

function isShort(value: unknown): boolean {
  return typeof value !== 'object' || value === null
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSame(before: unknown, after: unknown): boolean {
  if (Object.is(before, after)) return true
  if (Array.isArray(before) && Array.isArray(after)) {
    return before.length === after.length && before.every((item, index) => isSame(item, after[index]))
  }
  return isRecord(before) && isRecord(after) && differences(before, after).length === 0
}
