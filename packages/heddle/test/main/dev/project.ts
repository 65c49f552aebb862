/** A directory with files for tests, which is gone afterwards. */
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

/** What can be done to it. */
export interface Project {
  readonly root: string
  /** Writes a file; its directory is made when it is missing. */
  write(file: string, text: string): void
  /** The same as editors do that write another file first and give it the name. */
  save(file: string, text: string): void
  /** Removes a file or a directory with all that is in it. */
  remove(path: string): void
  path(file: string): string
}

/** Makes it, with these files by their paths, as they were a minute ago. */
export function createProject(t: TestContext, files: Readonly<Record<string, string>>): Project {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-dev-')))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const path = (file: string): string => join(root, file)
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(path(file)), { recursive: true })
    writeFileSync(path(file), text)
  }
  const aMinuteAgo = Date.now() / 1000 - 60
  for (const [file, text] of Object.entries(files)) {
    write(file, text)
    utimesSync(path(file), aMinuteAgo, aMinuteAgo)
  }
  return {
    root,
    path,
    write,
    save: (file, text) => {
      write(`${file}~`, text)
      renameSync(path(`${file}~`), path(file))
    },
    remove: file => rmSync(path(file), { recursive: true })
  }
}
