/**
 * Finds out which package manager a project uses. Main thread of a command; pure over a disk.
 */
import { dirname, join } from 'node:path'

import type { Disk } from '../config/disk.ts'

/** A package manager whose scripts can be run. */
export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun'

const known: readonly PackageManager[] = ['npm', 'pnpm', 'yarn', 'bun']

const lockFiles: readonly (readonly [string, PackageManager])[] = [
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun']
]

/**
 * The package manager of a directory: what `packageManager` in package.json says, or whose lock file is there, in it or
 * in the nearest directory above that has either; npm without any.
 */
export function packageManagerOf(disk: Pick<Disk, 'kind' | 'read'>, directory: string): PackageManager {
  for (let at = directory; ; at = dirname(at)) {
    const named = namedIn(disk.read(join(at, 'package.json')))
    if (named !== null) return named
    const lock = lockFiles.find(([name]) => disk.kind(join(at, name)) === 'file')
    if (lock !== undefined) return lock[1]
    if (at === dirname(at)) return 'npm'
  }
}

function namedIn(text: string | null): PackageManager | null {
  const manifest = readManifest(text)
  const given = manifest?.['packageManager']
  const name = typeof given === 'string' ? given.split('@')[0] : undefined
  return known.find(each => each === name) ?? null
}

/** A package.json as an object; `null` when it is none. */
export function readManifest(text: string | null): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text ?? 'null')
    return isRecord(value) ? value : null
  } catch {
    // Whoever starts it is told; there is nothing to build by it.
    return null
  }
}

/** Whether a value has keys. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
