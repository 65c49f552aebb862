/**
 * Decides who is concerned by a file that has changed: the configuration, and which applications.
 *
 * Main thread only. Pure.
 */
import { basename, dirname, join } from 'node:path'

import { isIgnored, pathBelow } from './ignore-rules.ts'
import type { IgnoreRule } from './ignore-rules.ts'
import { isEnvFile } from './left-out.ts'

/** What is known of one application. */
export interface Territory {
  readonly id: string
  /** Its directory, absolute. */
  readonly path: string
  /** Absolute paths of the files it has loaded, or would load if they were there. */
  readonly loaded: ReadonlySet<string>
  /** Files and directories it is to be watched with as well, absolute. */
  readonly include: readonly string[]
  /** Patterns of the configuration: what does not matter whoever loads it. */
  readonly ignore: readonly IgnoreRule[]
  /** Whether it does not start as it is: then nobody knows what it would load. */
  readonly isBroken: boolean
}

/** What is known of the whole. */
export interface Ground {
  readonly territories: readonly Territory[]
  /** Files the configuration was made from, absolute. */
  readonly files: readonly string[]
}

/** A file that has changed. */
export interface ChangedFile {
  readonly path: string
  /**
   * The applications in whose trees it was seen; `null` among them for the directory in which every directory is an
   * application.
   */
  readonly trees: ReadonlySet<string | null>
  /** When it was noticed first, in milliseconds of the clock. */
  readonly at: number
}

/** Who is concerned. */
export interface Concerned {
  readonly configuration: boolean
  /** Ids of applications. */
  readonly applications: readonly string[]
}

/** Extensions of what node loads as a module. */
const modules = /\.(?:[cm]?[jt]s|json|node|wasm)$/

/**
 * Whoever has loaded a file is concerned by it. So is the application in whose directory it lies, unless the file is a
 * module, others alone have loaded it, and the application runs without it.
 */
export function concernedBy(
  { path, trees }: Pick<ChangedFile, 'path' | 'trees'>,
  { territories, files }: Ground
): Concerned {
  const loaders = territories.filter(each => hasLoaded(each, path))
  const isForeign = loaders.length > 0 && modules.test(path)
  const owners = territories.filter(
    each => isOwner(each, path, trees) && (!isForeign || each.isBroken || loaders.includes(each))
  )
  const isManifest = owners.some(each => path === join(each.path, 'package.json'))
  const isConfiguration = files.includes(path) || isManifest || trees.has(null)
  // Variables that are given by the configuration come with it.
  const isOwnEnv = isEnvFile(basename(path)) && files.includes(path)
  const concerned = isOwnEnv ? [] : [...new Set([...owners, ...loaders])]
  return { configuration: isConfiguration, applications: concerned.map(({ id }) => id) }
}

/** One that has just come was seen where it might come. */
function isOwner({ id, path: own }: Territory, path: string, trees: ChangedFile['trees']): boolean {
  return trees.has(id) || (trees.has(null) && pathBelow(own, path) !== null)
}

/** Whether a file a module is looked for at may be this one: its extension may be left out, or that of a compiler. */
function hasLoaded({ loaded, include, ignore, path: own }: Territory, path: string): boolean {
  if (isIgnored(ignore, path, own)) return false
  if (include.some(each => each === path || pathBelow(each, path) !== null)) return true
  if (loaded.has(path)) return true
  const stem = path.replace(modules, '')
  return stem !== path && (loaded.has(stem) || (isIndex(stem) && loaded.has(dirname(path))))
}

function isIndex(stem: string): boolean {
  return basename(stem) === 'index'
}
