/**
 * Reads a source, to show some lines of it.
 *
 * Runs in any thread; reads the disk, so it is for development.
 */
import { readFileSync, statSync } from 'node:fs'

/** Bytes beyond which a file is no source. */
const bytesMax = 4 * 1024 * 1024

/** The text of a file; `null` when it is not there, is none, or is very large. */
export function readSource(file: string): string | null {
  try {
    const facts = statSync(file)
    return facts.isFile() && facts.size <= bytesMax ? readFileSync(file, 'utf8') : null
  } catch {
    // Nothing there: then nothing is shown of it.
    return null
  }
}
