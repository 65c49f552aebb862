/**
 * Knows the files the server itself writes into: where its output has been sent, each line would start everything anew.
 *
 * Main thread only.
 */
import { fstatSync, statSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'

/**
 * Whether a path is that of a file one of these descriptors writes into, whatever it is called.
 *
 * @param descriptors Those of standard output and standard error, unless told.
 */
export function ownOutput(descriptors: readonly number[] = [1, 2]): (path: string) => boolean {
  const own = new Set(
    descriptors.flatMap(descriptor => identityOf(() => fstatSync(descriptor, { bigint: true })) ?? [])
  )
  return path => {
    const identity = own.size === 0 ? null : identityOf(() => statSync(path, { bigint: true }))
    return identity !== null && own.has(identity)
  }
}

/** Of a file; `null` of a terminal, a pipe, and of what is not there. */
function identityOf(read: () => BigIntStats): string | null {
  try {
    const found = read()
    return found.isFile() ? `${found.dev}:${found.ino}` : null
  } catch {
    // Closed, or gone.
    return null
  }
}
