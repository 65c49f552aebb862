/** A disk made of a table, and a machine on paper, for the tests of configuration. */
import assert from 'node:assert/strict'
import { dirname } from 'node:path'

import type { Disk } from '../../src/config/disk.ts'
import type { Resolution, Sources } from '../../src/config/resolve.ts'
import { resolve } from '../../src/config/resolve.ts'
import { mistakeLine } from '../../src/errors.ts'

/** A disk with these files by absolute path; their directories exist too. */
export function paperDisk(files: Readonly<Record<string, string>>): Disk {
  const directories = new Set<string>(['/'])
  for (const file of Object.keys(files)) {
    for (let path = dirname(file); path !== '/'; path = dirname(path)) directories.add(path)
  }
  return {
    kind(path) {
      if (Object.hasOwn(files, path)) return 'file'
      return directories.has(path) ? 'directory' : null
    },
    read: path => files[path] ?? null,
    directories: path =>
      [...directories]
        .filter(directory => dirname(directory) === path && directory !== '/')
        .map(directory => directory.slice(path === '/' ? 1 : path.length + 1))
        .toSorted()
  }
}

/** Two applications, `a` and `b`, each with an entry. */
export const twoApplications: Readonly<Record<string, string>> = {
  '/app/a/index.js': 'export default 1',
  '/app/b/server.ts': 'export default 1'
}

/** Resolves what is written in /app/heddle.json on a machine with four CPUs. */
export function resolveWritten(written: unknown, sources: Partial<Sources> = {}): Resolution {
  return resolve({
    root: '/app',
    file: '/app/heddle.json',
    written,
    flags: {},
    env: {},
    machine: { cpus: 4, memoryLimitBytes: null },
    execArgv: [],
    disk: paperDisk(twoApplications),
    ...sources
  })
}

/** A configuration with one application. */
export const a = { applications: { a: { path: 'a' } } }

/** A configuration with two. */
export const both = { applications: { a: { path: 'a' }, b: { path: 'b' } }, entrypoint: 'a' }

/** What is wrong, a configuration in which it is, what else is different, and the lines that have to come out. */
export type Case = readonly [string, unknown, Partial<Sources>, readonly string[]]

/** The mistakes in what is written, as lines. */
export function wrong(written: unknown, sources: Partial<Sources> = {}): string[] {
  const resolution = resolveWritten(written, sources)
  assert.ok(!resolution.ok, 'there should be a mistake')
  return resolution.mistakes.map(mistakeLine)
}
