/** A project in a directory of its own, and the way of a draft through a file and the real loader. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

import { loadConfig } from '../../src/config/load.ts'
import type { ResolvedApplication, ResolvedConfig } from '../../src/config/resolved.ts'
import { configText } from '../../src/init/config-text.ts'
import type { Format } from '../../src/init/config-text.ts'
import type { Draft } from '../../src/init/draft.ts'
import type { Note } from '../../src/init/note.ts'

/** A machine that is the same everywhere. */
export const machine = { cpus: 4, memoryLimitBytes: null }

/** Code that listens. */
export const server = `require('node:http').createServer((q, s) => s.end('ok')).listen(process.env.PORT || 3000)`

/** A directory with these files, gone when the test is over. */
export function project(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-init-')))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

let count = 0

/** What the real loader makes of the file that is written of a draft. */
export function loaded(root: string, draft: Draft, format: Format = 'ts'): Promise<ResolvedConfig> {
  // A module is loaded once: each file has a name of its own.
  count += 1
  const file = join(root, `draft-${count}.${format === 'json' ? 'json' : `m${format}`}`)
  writeFileSync(file, configText(draft, format))
  return loadConfig({ cwd: root, configPath: file, env: {}, machine })
}

/** The application of this id. */
export function application(config: ResolvedConfig, id: string): ResolvedApplication {
  const found = config.applications.find(each => each.id === id)
  if (found === undefined) throw new Error(`There is no application ${id}.`)
  return found
}

/** What became of each setting: `missing apps[0].deploy`. */
export function outcomes(notes: readonly Note[]): string[] {
  return notes.map(({ key, outcome }) => `${outcome} ${key}`).toSorted()
}
