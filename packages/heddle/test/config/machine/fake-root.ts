/** A directory that stands for the root of a machine, for tests of what is read of it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

/** Files by their path from the root, and their text. */
export type Files = Readonly<Record<string, string>>

/** Makes it; gone when the test is over. */
export function fakeRoot(t: TestContext, files: Files): string {
  const root = mkdtempSync(join(tmpdir(), 'heddle-machine-'))
  t.after(() => rmSync(root, { recursive: true }))
  writeFiles(root, files)
  return root
}

/** Writes files of it, new ones or again. */
export function writeFiles(root: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}
