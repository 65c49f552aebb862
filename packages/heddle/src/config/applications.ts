/**
 * Gathers the applications: those that are written down and those in the autoloaded directory.
 *
 * Pure over a {@link Disk}. Finds out who there is and where; `application.ts` works out the rest of each.
 */
import { basename, join, resolve } from 'node:path'

import type { Mistake } from '../errors.ts'
import type { CheckedApplication, CheckedConfig } from './checked.ts'
import type { Disk } from './disk.ts'
import { joinPath } from './substitute.ts'

/** One application by name and place. */
export interface Candidate {
  readonly id: string
  /** Where it was written, for messages. */
  readonly path: string
  readonly directory: string
  readonly settings: CheckedApplication
}

/** What may be an id: a label of a host name. */
const idPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** Heddle's own threads are called so in logs, metrics and commands: `edge:0` is not a worker of an application. */
const ownNames = new Set(['edge', 'handoff'])

/** All applications: written ones in their order, then the autoloaded ones by id. */
export function gatherApplications(
  config: Pick<CheckedConfig, 'applications' | 'autoload'>,
  root: string,
  disk: Disk,
  mistakes: Mistake[]
): Candidate[] {
  const loaded = autoloaded(config, root, disk, mistakes)
  const written: Candidate[] = []
  for (const [id, settings] of Object.entries(config.applications)) {
    const path = joinPath('applications', id)
    if (!idPattern.test(id)) {
      const message = `an id has 1 to 63 lower-case letters, digits and hyphens${suggestion(id)}`
      mistakes.push({ path, message, offered: id })
    }
    judgeName(id, { path, offered: id }, mistakes)
    const twin = loaded.get(id)
    const directory = resolve(root, settings.path ?? twin?.directory ?? '')
    if (twin !== undefined && twin.directory !== directory) {
      const message = `two applications have the id "${id}": this one in ${directory} and the autoloaded one in ${twin.directory}`
      mistakes.push({ path, message, offered: settings.path })
    }
    loaded.delete(id)
    if (twin === undefined && settings.path === undefined && settings.entry === undefined) {
      mistakes.push({ path, message: 'needs a path or an entry', offered: undefined })
    } else if (
      judgeDirectory(directory, disk, { path: joinPath(path, 'path'), offered: settings.path }, mistakes)
    ) {
      written.push({ id, path, directory, settings })
    }
  }
  return [...written, ...[...loaded.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))]
}

/** The id a name would have: lower case, everything else that is no letter or digit a hyphen. */
export function toId(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63)
}

function autoloaded(
  { autoload }: Pick<CheckedConfig, 'autoload'>,
  root: string,
  disk: Disk,
  mistakes: Mistake[]
): Map<string, Candidate> {
  const found = new Map<string, Candidate>()
  if (autoload === undefined) return found
  const parent = resolve(root, autoload.path)
  if (!judgeDirectory(parent, disk, { path: 'autoload.path', offered: autoload.path }, mistakes)) return found
  const names = disk.directories(parent)
  autoload.exclude.forEach((excluded, index) => {
    if (names.includes(basename(excluded))) return
    const message = `there is no directory of this name in ${parent}`
    mistakes.push({ path: `autoload.exclude[${index}]`, message, offered: excluded })
  })
  const left = new Set(['node_modules', ...autoload.exclude.map(name => basename(name))])
  for (const name of names.filter(candidate => !candidate.startsWith('.') && !left.has(candidate))) {
    const directory = join(parent, name)
    const id = toId(name)
    const twin = found.get(id)
    if (id === '') {
      mistakes.push({
        path: 'autoload.path',
        message: `no id can be made of the directory ${directory}`,
        offered: name
      })
    } else if (twin === undefined) {
      judgeName(id, { path: 'autoload.path', offered: name }, mistakes)
      found.set(id, { id, path: 'autoload.path', directory, settings: bare })
    } else {
      const message = `two applications have the id "${id}": ${twin.directory} and ${directory}`
      mistakes.push({ path: 'autoload.path', message, offered: name })
    }
  }
  return found
}

/** The settings of an application about which nothing is written. */
export const bare: CheckedApplication = {
  execArgv: [],
  preload: [],
  limits: {},
  dependencies: [],
  minReady: 1,
  balance: 'least-inflight'
}

function judgeName(id: string, place: Omit<Mistake, 'message'>, mistakes: Mistake[]): void {
  if (!ownNames.has(id)) return
  mistakes.push({
    ...place,
    message: `no application can have the id "${id}": threads of Heddle are called so`
  })
}

function judgeDirectory(
  directory: string,
  disk: Disk,
  place: Omit<Mistake, 'message'>,
  mistakes: Mistake[]
): boolean {
  const kind = disk.kind(directory)
  if (kind === 'directory') return true
  const message =
    kind === 'file'
      ? `${directory} is a file: name its directory here and the file as "entry"`
      : `there is no directory ${directory}`
  mistakes.push({ ...place, message })
  return false
}

function suggestion(id: string): string {
  const better = toId(id)
  return better === '' || better === id ? '' : ` (such as "${better}")`
}
