/**
 * Which files and directories are no source of an application, by their names: what is installed, hidden, cached or
 * written by programs while they run.
 *
 * Main thread only. Pure. A file the application has loaded counts whatever its name is; see `concerned.ts`.
 */
import type { EntryKind } from './watched-directory.ts'

const directories = new Set([
  'node_modules',
  'bower_components',
  'coverage',
  '__pycache__',
  'logs',
  'tmp',
  'temp'
])

/** Copies of editors, logs (those that were rotated, too), locks and databases, which change while nobody changes the code. */
const files =
  /(?:~|\.log(?:\.\d[\dTZ.-]*)?(?:\.gz)?|\.(?:tmp|temp|bak|swp|swo|swx|pid|lock|tsbuildinfo|sqlite3?|db)|\.(?:sqlite3?|db)-(?:journal|wal|shm)|^#.*#|^4913|^\.#.*)$/i

/** Whether a name is left out: hidden ones always are. */
export function isLeftOut(name: string, kind: EntryKind): boolean {
  if (name.startsWith('.')) return true
  return kind === 'directory' ? directories.has(name) : files.test(name)
}

/** Whether it is one of the files programs read variables from: `.env`, `.env.local`. */
export function isEnvFile(name: string): boolean {
  return /^\.env(?:\.[\w-]+)*$/.test(name)
}
