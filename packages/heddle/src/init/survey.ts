/**
 * Finds the applications of a project: its own, those of its workspace, those in the directories people keep them in.
 *
 * Pure over a {@link Disk}. `look.ts` judges each directory; this file knows which to look at.
 */
import { join, relative } from 'node:path'

import { toId } from '../config/applications.ts'
import type { Disk } from '../config/disk.ts'
import { boundedDisk } from './bounded-disk.ts'
import { look, nameOf, nothingStarted } from './look.ts'
import type { SeenApplication } from './look.ts'
import { expandPatterns, readManifest, workspacePatterns } from './manifest.ts'

/** An application with the id it gets. */
export interface FoundApplication extends SeenApplication {
  readonly id: string
  /** Its directory relative to the project, with slashes; empty for the project itself. */
  readonly path: string
}

/** A directory in which something is, but no application for Heddle. */
export interface LeftOut {
  readonly path: string
  readonly reason: string
}

/** What was found in a project. */
export interface Survey {
  readonly root: string
  readonly applications: readonly FoundApplication[]
  readonly leftOut: readonly LeftOut[]
  /** Whether there is nothing in the directory that somebody might have written as a program. */
  readonly isEmpty: boolean
  /** Configurations of other programs that can be translated, relative to the project. */
  readonly foreign: readonly string[]
}

/** Where people keep the applications of a project. */
const groups = ['apps', 'services', 'applications', 'packages', 'web', 'servers']

/** Directories that are no applications, whatever is in them. */
const others =
  /^(?:node_modules|dist|build|out|coverage|tests?|__tests__|e2e|docs?|scripts?|tools?|examples?|fixtures|public|assets|migrations)$/

/** Configurations of other programs, the most likely first. */
export const foreignNames: readonly string[] = [
  'watt.json',
  'watt.json5',
  'platformatic.json',
  'platformatic.runtime.json',
  'ecosystem.config.js',
  'ecosystem.config.cjs',
  'ecosystem.config.mjs',
  'ecosystem.config.json',
  'ecosystem.json',
  'pm2.config.js',
  'pm2.config.cjs'
]

/** So many directories of a project are looked at, at most. */
const directoriesMax = 2000

const restOf: LeftOut = {
  path: '',
  reason: `more than ${directoriesMax} directories are there, and the others were not looked at; begin in one that holds less`
}

/** Looks at a project; of one that is larger than any, at its beginning. */
export function survey(whole: Disk, root: string): Survey {
  const disk = boundedDisk(whole, directoriesMax)
  const declared = workspacePatterns(disk, root)
  const patterns = declared.length > 0 ? declared : groups.map(name => `${name}/*`)
  const below = expandPatterns(disk, root, patterns).filter(path => path !== '')
  const first = lookAt(disk, root, below)
  const own = lookAt(disk, root, [''])
  const isAlone = first.applications.length === 0 && own.applications.length === 0
  const children = isAlone ? expandPatterns(disk, root, ['*']).filter(path => !others.test(path)) : []
  const last = lookAt(
    disk,
    root,
    children.filter(path => !below.includes(path))
  )
  // A project that starts a file of one of its applications has no application of its own.
  const ownLeft = own.applications.filter(
    ({ directory, entry }) => !below.some(path => join(directory, entry).startsWith(join(root, path, '/')))
  )
  const applications = withIds(disk, [...ownLeft, ...first.applications, ...last.applications], root)
  const inside = [...first.leftOut, ...last.leftOut]
  // Of a project that only holds others there is nothing to say.
  const isHolder = applications.length > 0 || inside.length > 0
  const ownLeftOut = own.leftOut.filter(({ reason }) => !isHolder || reason !== nothingStarted)
  return {
    root,
    applications,
    leftOut: [...ownLeftOut, ...inside, ...(disk.isCut() ? [restOf] : [])],
    isEmpty: isEmpty(disk, root),
    foreign: foreignNames.filter(name => disk.kind(join(root, name)) === 'file')
  }
}

interface Seen {
  readonly applications: readonly SeenApplication[]
  readonly leftOut: readonly LeftOut[]
}

function lookAt(disk: Disk, root: string, paths: readonly string[]): Seen {
  const applications: SeenApplication[] = []
  const leftOut: LeftOut[] = []
  for (const path of paths) {
    const sight = look(disk, join(root, path))
    if (sight.kind === 'application') applications.push(sight.application)
    if (sight.kind === 'left out') leftOut.push({ path, reason: sight.reason })
  }
  return { applications, leftOut }
}

function withIds(disk: Disk, applications: readonly SeenApplication[], root: string): FoundApplication[] {
  const taken = new Set<string>()
  return applications.map(application => {
    const path = relative(root, application.directory).replaceAll('\\', '/')
    const id = freeId(path === '' ? nameOfProject(disk, root) : nameOf(application.directory), taken)
    return { ...application, id, path }
  })
}

/** The id a name gives, with a number behind it when that one is taken. */
export function freeId(name: string, taken: Set<string>): string {
  const wanted = toId(name) || 'application'
  let id = wanted
  for (let number = 2; taken.has(id); number += 1) id = `${wanted.slice(0, 60)}-${number}`
  taken.add(id)
  return id
}

function nameOfProject(disk: Disk, root: string): string {
  // The scope says who made it, not what it is.
  const name = readManifest(disk, root)?.name?.replace(/^@[^/]*\//, '')
  return name === undefined || toId(name) === '' ? nameOf(root) : name
}

function isEmpty(disk: Disk, root: string): boolean {
  const directories = disk.directories(root).filter(name => !name.startsWith('.') && !others.test(name))
  const names = ['index', 'main', 'app', 'server', 'start'].flatMap(name =>
    ['.js', '.ts', '.mjs', '.cjs'].map(end => name + end)
  )
  return directories.length === 0 && !names.some(name => disk.kind(join(root, name)) === 'file')
}
