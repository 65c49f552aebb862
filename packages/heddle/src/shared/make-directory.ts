/**
 * Makes a directory and those above it that are absent. Any thread.
 *
 * Not by `recursive: true`, which never returns below a directory that is there and says ENOENT to whoever makes another
 * in it, as /proc does (seen on Node 22, 24, 26).
 */
import fs from 'node:fs'
import { dirname } from 'node:path'

// Kept before anything of an application can put something else in its place.
const { mkdirSync } = fs

/**
 * What is there already is left as it is, whatever it is.
 *
 * @param mode Of each directory that is made; what the process is set to unless told.
 * @throws What node throws for the first one that cannot be made.
 */
export function makeDirectory(directory: string, mode?: number): void {
  const above = dirname(directory)
  try {
    mkdirSync(directory, { mode })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || above === directory) throw error
    makeDirectory(above, mode)
    mkdirSync(directory, { mode })
  }
}
