/**
 * Watches single files, wherever they lie: those the applications have loaded, those the configuration was made from.
 *
 * Main thread only. A file that is not there is waited for, and so is its directory.
 */
import { basename, dirname, join } from 'node:path'

import type { Cancel, Clock } from '../../shared/clock.ts'
import { WatchedDirectory } from './watched-directory.ts'

/** What they are watched with. */
export interface LooseOptions {
  readonly clock: Clock
  /** Milliseconds between two readings; 0 relies on the notices of the system. */
  readonly pollMs: number
  /** Called with the absolute paths of files that have come, gone or changed. */
  readonly onChange: (files: readonly string[]) => void
  /** Called with a sentence when they cannot be watched as they should. */
  readonly onLimit: (reason: string) => void
}

/** Milliseconds between two looks for a directory that is not there. */
const waitMs = 200

/** Files of one directory that were wanted at the same time. */
interface Group {
  readonly directory: string
  readonly names: ReadonlySet<string>
  watched: WatchedDirectory | null
  cancelWait: Cancel | null
}

/** Files, whatever is in common among them. */
export class LooseFiles {
  readonly #options: LooseOptions
  readonly #groups = new Set<Group>()
  #wanted: ReadonlySet<string> = new Set()
  #opening: Promise<unknown> = Promise.resolve()

  constructor(options: LooseOptions) {
    this.#options = options
  }

  /** Resolves when all that was wanted is watched, or waited for. */
  settled(): Promise<unknown> {
    return this.#opening
  }

  /**
   * From now on these are watched, and no others. Those that were wanted before are watched on without a gap.
   *
   * @param files Absolute paths. One without an extension stands for those with the extension of a module, too.
   */
  want(files: Iterable<string>): void {
    const wanted = new Set(files)
    const known = new Set<string>()
    for (const group of this.#groups) {
      const paths = [...group.names].map(name => join(group.directory, name))
      if (paths.some(path => wanted.has(path))) for (const path of paths) known.add(path)
      else this.#close(group)
    }
    this.#wanted = wanted
    const fresh = new Map<string, Set<string>>()
    for (const file of wanted) {
      if (known.has(file)) continue
      const names = fresh.get(dirname(file)) ?? new Set()
      fresh.set(dirname(file), names.add(basename(file)))
    }
    const opened = [...fresh].map(([directory, names]) => {
      const group: Group = { directory, names, watched: null, cancelWait: null }
      this.#groups.add(group)
      return this.#open(group, false)
    })
    this.#opening = Promise.all([this.#opening, ...opened])
  }

  close(): void {
    this.want([])
  }

  /** @param isNews Whether what is there has come since the last look. */
  async #open(group: Group, isNews: boolean): Promise<void> {
    const { clock, pollMs, onLimit } = this.#options
    const { directory, names } = group
    const watched = new WatchedDirectory(directory, {
      clock,
      pollMs,
      wants: (name, kind) => kind === 'file' && isAmong(names, name),
      onChange: changes =>
        this.#tell(
          group,
          changes.map(({ name }) => name)
        ),
      onGone: () => {
        this.#tell(group, names)
        this.#wait(group)
      },
      onBlind: code => onLimit(`${directory} is looked at once a second, since it cannot be watched: ${code}`)
    })
    group.watched = watched
    const entries = await watched.open()
    if (!this.#groups.has(group)) watched.close()
    else if (entries === null) this.#wait(group)
    else if (isNews) this.#tell(group, entries.keys())
  }

  #tell({ directory }: Group, names: Iterable<string>): void {
    const paths = [...names].map(name => join(directory, name))
    const files = paths.filter(path => isAmong(this.#wanted, path))
    if (files.length > 0) this.#options.onChange(files)
  }

  #wait(group: Group): void {
    if (!this.#groups.has(group)) return
    group.cancelWait = this.#options.clock.after(waitMs, () => void this.#open(group, true))
  }

  #close(group: Group): void {
    this.#groups.delete(group)
    group.watched?.close()
    group.cancelWait?.()
  }
}

/** The extension of a module may be left out where it is asked for. */
function isAmong(names: ReadonlySet<string>, name: string): boolean {
  return names.has(name) || names.has(name.replace(/\.(?:[cm]?[jt]s|json|node)$/, ''))
}
