/**
 * Finds the control groups a process is in, and reads their files.
 *
 * Any thread. Whatever cannot be read counts as absent: not every system has control groups, and not every one
 * lets them be read.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parseCgroupPaths, withAncestors } from './cgroup.ts'
import type { CgroupPaths } from './cgroup.ts'

/** Reads a file below a directory that stands for `/`; `null` when it cannot be read. */
export class MachineFiles {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  /** @param path From the root, without a slash in front. */
  read(path: string): string | null {
    const file = join(this.#root, path)
    // Most of what is looked for is not there, and an error costs twenty times as much as a look.
    if (!existsSync(file)) return null
    try {
      return readFileSync(file, 'utf8')
    } catch {
      return null
    }
  }

  /** What `parse` makes of a file; `null` when it cannot be read, or there is none. */
  parsed<Value>(path: string | null, parse: (text: string) => Value | null): Value | null {
    const text = path === null ? null : this.read(path)
    return text === null ? null : parse(text)
  }

  /** The same of the first of these files of which something can be made. */
  first<Value>(paths: readonly string[], parse: (text: string) => Value | null): Value | null {
    return this.parsed(this.find(paths, parse), parse)
  }

  /** The first of these files of which something can be made. */
  find(paths: readonly string[], parse: (text: string) => unknown): string | null {
    return paths.find(path => this.parsed(path, parse) !== null) ?? null
  }

  /** Where the process stands now: it may be moved. */
  place(): Place {
    const paths = parseCgroupPaths(this.read('proc/self/cgroup') ?? '')
    const existing = (directories: readonly string[]): readonly string[] =>
      directories.filter(directory => existsSync(join(this.#root, directory)))
    return {
      groupsOf: controller => existing(directoriesOf(paths, controller)),
      unified: existing(unifiedOf(paths))
    }
  }
}

/** The control groups of a process, its own first. Directories from the root. */
export interface Place {
  /** Those whose limits of this controller bind it. */
  groupsOf(controller: string): readonly string[]
  /** Those in the unified hierarchy, which in hybrid setups has no controllers, but has pressure. */
  readonly unified: readonly string[]
}

/**
 * Every directory whose limit of one controller may bind a process, its own first. The path in /proc/self/cgroup may
 * be that of the host, of which a container sees only its own part, mounted at the top: ancestors may not be there.
 */
function directoriesOf({ unified, byController }: CgroupPaths, controller: string): readonly string[] {
  const own = byController.get(controller)
  if (own !== undefined) {
    const siblings = [...byController].filter(([, path]) => path === own).map(([name]) => name)
    // Version 1 mounts are named after all their controllers: /sys/fs/cgroup/cpu,cpuacct.
    const mounts = new Set([
      controller,
      ...siblings.flatMap(name => [`${controller},${name}`, `${name},${controller}`])
    ])
    return [...mounts].flatMap(mount => withAncestors(own).map(path => join(groups, mount, path)))
  }
  return unifiedOf({ unified })
}

function unifiedOf({ unified }: Pick<CgroupPaths, 'unified'>): readonly string[] {
  if (unified === null) return []
  return [groups, join(groups, 'unified')].flatMap(mount =>
    withAncestors(unified).map(path => join(mount, path))
  )
}

const groups = 'sys/fs/cgroup'
