/**
 * Finds what is to be started in a thread: the entry of a directory, or a file.
 *
 * Any thread that is no worker of Heddle. It looks at files as the configuration of a server does, and runs none.
 */
import { basename, dirname, extname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { toId } from '../config/applications.ts'
import { discoverEntry, judgeEntry } from '../config/discovery.ts'
import { disk } from '../config/load.ts'
import { HeddleError } from '../errors.ts'

/** What is to be started. */
export interface FoundEntry {
  /** Id of the application. */
  readonly id: string
  /** Absolute directory of the application. */
  readonly directory: string
  /** Absolute file. */
  readonly entry: string
}

/**
 * @param where A file or a directory, as a path relative to `process.cwd()` or as a `file:` URL.
 * @param id Of the application; made of the name of the directory without one.
 * @throws HEDDLE_APPLICATION_FAILED when there is nothing to start.
 */
export function findEntry(where: string | URL, id: string | undefined): FoundEntry {
  const isUrl = where instanceof URL || where.startsWith('file:')
  const path = isUrl ? fileURLToPath(where) : resolve(where)
  const isDirectory = disk.kind(path) === 'directory'
  const directory = isDirectory ? path : dirname(path)
  const name = isDirectory ? basename(path) : basename(path, extname(path))
  const application = id ?? (toId(name) || 'application')
  const found = isDirectory ? discoverEntry(disk, path) : judgeEntry(disk, path)
  if (found.found) return { id: application, directory, entry: found.entry }
  const reason = `cannot be loaded: ${found.message}`
  throw new HeddleError('HEDDLE_APPLICATION_FAILED', { application, worker: `${application}:0`, reason })
}
