/**
 * A file that ends what a request has blocked a worker with: fixtures stand still until it is there.
 *
 * Runs in the thread of the tests. A block that ends when it is told to is neither over before a slow test has looked
 * at it, nor does it last longer than a fast one needs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** What ends a block. */
export interface ReleaseFile {
  /** Its absolute path, encoded for a query. */
  readonly query: string
  /** Lets everybody go on who stands still until it is there. */
  readonly release: () => void
}

/** Names a file that is not there yet. It is gone when the test is over. */
export function releaseFile(t: TestContext): ReleaseFile {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-release-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'released')
  return { query: encodeURIComponent(path), release: () => writeFileSync(path, '') }
}
