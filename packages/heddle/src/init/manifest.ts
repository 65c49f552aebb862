/**
 * Reads a package.json as far as it says what a directory is.
 *
 * Pure over a {@link Disk}. A file that cannot be read or parsed counts as none: whoever loads the application
 * reports it.
 */
import { join } from 'node:path'

import type { Disk } from '../config/disk.ts'
import { isPlainObject } from '../config/substitute.ts'

/** A package. */
export interface Manifest {
  readonly name: string | null
  /** `module`, `commonjs`, or `null` when it does not say. */
  readonly type: string | null
  readonly scripts: Readonly<Record<string, string>>
  /** Names of the packages it depends on, those for development included. */
  readonly dependencies: ReadonlySet<string>
  /** Patterns of the directories of a workspace. */
  readonly workspaces: readonly string[]
}

/** The package of a directory; `null` when there is none. */
export function readManifest(disk: Disk, directory: string): Manifest | null {
  const text = disk.read(join(directory, 'package.json'))
  if (text === null) return null
  try {
    const value: unknown = JSON.parse(text)
    if (!isPlainObject(value)) return null
    return {
      name: typeof value['name'] === 'string' ? value['name'] : null,
      type: typeof value['type'] === 'string' ? value['type'] : null,
      scripts: textsOf(value['scripts']),
      dependencies: new Set(
        ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap(key => namesOf(value[key]))
      ),
      workspaces: workspacesOf(value['workspaces'])
    }
  } catch {
    return null
  }
}

/** The patterns of a workspace: of package.json, or of pnpm-workspace.yaml. */
export function workspacePatterns(disk: Disk, root: string): readonly string[] {
  const declared = readManifest(disk, root)?.workspaces ?? []
  return declared.length > 0 ? declared : pnpmPatterns(disk.read(join(root, 'pnpm-workspace.yaml')) ?? '')
}

/** The directories patterns stand for, relative to the root. `*` stands for one level, `**` for two at most. */
export function expandPatterns(disk: Disk, root: string, patterns: readonly string[]): string[] {
  const found = new Set<string>()
  for (const pattern of patterns.filter(each => !each.startsWith('!'))) {
    const parts = pattern.replace(/^\.\//, '').replace(/\/+$/, '').split('/')
    for (const path of expand(disk, { root, path: '' }, parts)) found.add(path)
  }
  for (const pattern of patterns.filter(each => each.startsWith('!'))) {
    for (const path of expandPatterns(disk, root, [pattern.slice(1)])) found.delete(path)
  }
  return [...found]
}

interface Place {
  readonly root: string
  readonly path: string
}

function expand(disk: Disk, { root, path }: Place, [part, ...rest]: readonly string[]): string[] {
  const directory = join(root, path)
  if (disk.kind(directory) !== 'directory') return []
  if (part === undefined) return [path]
  if (!part.includes('*')) return expand(disk, { root, path: posix(path, part) }, rest)
  const matches = new RegExp(`^${part.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll(/\*+/g, '.*')}$`)
  const below = disk
    .directories(directory)
    .filter(name => matches.test(name) && !name.startsWith('.') && name !== 'node_modules')
    .map(name => posix(path, name))
  const next = below.flatMap(each => expand(disk, { root, path: each }, rest))
  return part === '**'
    ? [...next, ...below.flatMap(each => expand(disk, { root, path: each }, ['*', ...rest]))]
    : next
}

function posix(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`
}

function textsOf(value: unknown): Record<string, string> {
  if (!isPlainObject(value)) return {}
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  )
}

function namesOf(value: unknown): string[] {
  return isPlainObject(value) ? Object.keys(value) : []
}

function workspacesOf(value: unknown): string[] {
  const list = isPlainObject(value) ? value['packages'] : value
  return Array.isArray(list) ? list.filter(item => typeof item === 'string') : []
}

/** The list under `packages:`; this file holds nothing that needs more than its lines to be read. */
function pnpmPatterns(text: string): string[] {
  const section = /^packages:[^\S\n]*\n((?:[^\S\n]*(?:-|#).*\n?|[^\S\n]*\n)*)/m.exec(`${text}\n`)?.[1] ?? ''
  return Array.from(
    section.matchAll(/^\s*-\s*['"]?([^'"#\n]+?)['"]?\s*(?:#.*)?$/gm),
    ([, pattern = '']) => pattern
  )
}
