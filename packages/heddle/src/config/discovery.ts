/**
 * Finds the file to load in the directory of an application, and says what is wrong with one that was named.
 *
 * Pure over a {@link Disk}, for the main thread. It looks at files and never runs them: what an entry
 * exports is only known in the worker.
 */
import { basename, extname, join } from 'node:path'

import type { Disk } from './disk.ts'
import { isPlainObject } from './substitute.ts'

/** An entry, or why there is none. */
export type Discovery =
  | { readonly found: true; readonly entry: string; readonly warning: string | null }
  | { readonly found: false; readonly message: string }

/** Names an entry has by convention, the first that exists wins. */
export const conventionalNames: readonly string[] = ['index', 'main', 'app', 'application', 'server', 'start']

/** Directories inside an application where an entry is looked for, in this order. */
export const conventionalDirectories: readonly string[] = ['', 'src', 'dist', 'build', 'lib']

const extensions = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs']

/** Finds the entry of a directory: package.json `exports` or `main`, then the conventional names. */
export function discoverEntry(disk: Disk, directory: string): Discovery {
  const manifest = readManifest(disk, directory)
  if (manifest.message !== null) return { found: false, message: manifest.message }
  const declared = manifest.entry
  const exact = declared === null ? null : resolveDeclared(disk, join(directory, declared))
  if (exact !== null) return judged(disk, exact, null)

  const conventional = conventionalDirectories
    .flatMap(folder => conventionalNames.map(name => join(directory, folder, name)))
    .flatMap(base => extensions.map(extension => base + extension))
    .find(path => disk.kind(path) === 'file')
  if (conventional === undefined) {
    const missing = declared === null ? '' : `package.json names "${declared}", which does not exist, and `
    return {
      found: false,
      message: `${missing}there is no entry in ${directory} (no ${conventionalNames.join(', ')} with ${extensions.join(', ')})`
    }
  }
  // `npm init` writes "main": "index.js" whether that file exists or not: no reason to warn.
  const wasMeant = declared !== null && declared !== 'index.js'
  const warning = wasMeant
    ? `${join(directory, 'package.json')} names "${declared}", which does not exist; ${conventional} is used instead.`
    : null
  return judged(disk, conventional, warning)
}

/** Checks an entry somebody named. */
export function judgeEntry(disk: Disk, path: string): Discovery {
  const kind = disk.kind(path)
  if (kind === 'directory') return { found: false, message: 'is a directory: name the file to load' }
  if (kind === null) {
    const extension = extensions.find(candidate => disk.kind(path + candidate) === 'file')
    const hint = extension === undefined ? '' : ` (did you mean "${basename(path)}${extension}"?)`
    return { found: false, message: `there is no file ${path}${hint}` }
  }
  return judged(disk, path, null)
}

function judged(disk: Disk, entry: string, warning: string | null): Discovery {
  const extension = extname(entry)
  if (extension === '.tsx' || extension === '.jsx') {
    return { found: false, message: `${entry} contains JSX, which Node.js cannot run: build it first` }
  }
  if (extension !== '' && !extensions.includes(extension)) {
    return {
      found: false,
      message: `${entry} is neither JavaScript nor TypeScript (${extensions.join(', ')})`
    }
  }
  const text = disk.read(entry)
  if (text === null) return { found: false, message: `${entry} cannot be read` }
  if (isEmptyProgram(text))
    return { found: false, message: `${entry} is empty: it exports nothing and starts nothing` }
  return { found: true, entry, warning }
}

/** Whether a program has no statement but 'use strict' and `export {}`. */
export function isEmptyProgram(text: string): boolean {
  const nothing = /^(?:\s+|;|\/\/[^\n]*|\/\*[^]*?\*\/|#![^\n]*|['"]use strict['"]|export\s*\{\s*\})/
  let rest = text.replace(/^\uFEFF/, '')
  for (let match = nothing.exec(rest); match !== null; match = nothing.exec(rest)) {
    rest = rest.slice(match[0].length)
  }
  return rest === ''
}

interface Manifest {
  readonly entry: string | null
  readonly message: string | null
}

function readManifest(disk: Disk, directory: string): Manifest {
  const file = join(directory, 'package.json')
  const text = disk.read(file)
  if (text === null) return { entry: null, message: null }
  try {
    const manifest: unknown = JSON.parse(text)
    if (!isPlainObject(manifest)) return { entry: null, message: `${file} is not an object` }
    const main = typeof manifest['main'] === 'string' && manifest['main'] !== '' ? manifest['main'] : null
    return { entry: exportTarget(manifest['exports']) ?? main, message: null }
  } catch (error) {
    return {
      entry: null,
      message: `${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`
    }
  }
}

/** Whether package.json has a script "build". */
export function hasBuildScript(disk: Disk, directory: string): boolean {
  try {
    const manifest: unknown = JSON.parse(disk.read(join(directory, 'package.json')) ?? 'null')
    const scripts = isPlainObject(manifest) ? manifest['scripts'] : undefined
    return isPlainObject(scripts) && typeof scripts['build'] === 'string'
  } catch {
    // Told where the entry is looked for.
    return false
  }
}

/** What `exports` gives to someone who imports the package by its name, or `null`. */
function exportTarget(exports: unknown): string | null {
  if (typeof exports === 'string') return exports
  if (Array.isArray(exports)) return exports.map(exportTarget).find(target => target !== null) ?? null
  if (!isPlainObject(exports)) return null
  if (Object.hasOwn(exports, '.')) return exportTarget(exports['.'])
  const condition = Object.keys(exports).find(
    name =>
      ['node', 'import', 'module-sync', 'require', 'default'].includes(name) &&
      exportTarget(exports[name]) !== null
  )
  return condition === undefined ? null : exportTarget(exports[condition])
}

/** `main` may leave out the extension or name a directory, as it always could. */
function resolveDeclared(disk: Disk, path: string): string | null {
  const candidates = [
    path,
    ...extensions.map(extension => path + extension),
    ...extensions.map(extension => join(path, `index${extension}`))
  ]
  return candidates.find(candidate => disk.kind(candidate) === 'file') ?? null
}
