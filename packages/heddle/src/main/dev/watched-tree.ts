/**
 * Watches a directory and all below it, but for what git, the configuration and good sense leave out.
 *
 * Main thread only. Each directory is watched by itself, so that what is left out costs nothing. A tree that is not
 * there, or not any more, is waited for.
 */
import { basename, dirname, join } from 'node:path'

import type { Cancel, Clock } from '../../shared/clock.ts'
import { ignoreFileName, rulesAbove, rulesIn } from './git-ignores.ts'
import { lastWord } from './ignore-rules.ts'
import type { IgnoreRule } from './ignore-rules.ts'
import { isEnvFile, isLeftOut } from './left-out.ts'
import { WatchedDirectory } from './watched-directory.ts'
import type { EntryChange, EntryKind } from './watched-directory.ts'

/** What a tree is watched with. */
export interface TreeOptions {
  readonly clock: Clock
  /** Patterns of the configuration, which outrank all others. */
  readonly ignore: readonly IgnoreRule[]
  /** Whether what git ignores is left out. */
  readonly asGit: boolean
  /** Milliseconds between two readings; 0 relies on the notices of the system. */
  readonly pollMs: number
  /** Called with the absolute paths of files that have come, gone or changed. */
  readonly onChange: (files: readonly string[]) => void
  /** Called with a sentence when not everything can be watched. */
  readonly onLimit: (reason: string) => void
}

/** Milliseconds between two looks for a directory that is not there. */
const waitMs = 200

/** Directories of one tree beyond which no more are watched. */
const directoriesMax = 5000

interface Place {
  readonly watched: WatchedDirectory
  /** The patterns in force in it. */
  readonly rules: readonly IgnoreRule[]
  files: ReadonlySet<string>
}

/** One tree. */
export class WatchedTree {
  readonly root: string
  readonly #options: TreeOptions
  readonly #places = new Map<string, Place>()
  readonly #limits = new Set<string>()
  #without: readonly string[] = []
  #cancelWait: Cancel | null = null
  #opening: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(root: string, options: TreeOptions) {
    this.root = root
    this.#options = options
  }

  /** Begins to watch; resolves when all that is there is watched. */
  open(): Promise<void> {
    const opening = this.#openRoot(false)
    this.#opening = opening
    return opening
  }

  /** Resolves when all that is known to be there is watched. */
  settled(): Promise<unknown> {
    return this.#opening
  }

  /** From now on these absolute directories in it are somebody else's. Those that are no longer are news. */
  leave(directories: readonly string[]): void {
    const before = this.#without
    this.#without = directories
    const others = [...before, ...directories].filter(
      path => !before.includes(path) || !directories.includes(path)
    )
    for (const path of others) this.#places.get(dirname(path))?.watched.refresh()
  }

  /** How many directories are watched. */
  get size(): number {
    return this.#places.size
  }

  close(): void {
    this.#isClosed = true
    this.#cancelWait?.()
    for (const { watched } of this.#places.values()) watched.close()
    this.#places.clear()
  }

  async #openRoot(isNews: boolean): Promise<void> {
    const rules = this.#options.asGit ? await rulesAbove(this.root) : []
    if (this.#isClosed) return
    if (!(await this.#enter(this.root, rules, isNews))) this.#wait()
  }

  #wait(): void {
    if (this.#isClosed) return
    this.#cancelWait?.()
    this.#cancelWait = this.#options.clock.after(waitMs, () => {
      this.#opening = this.#openRoot(true)
    })
  }

  /**
   * Watches a directory and all below it. False when it is not there.
   *
   * @param isNews Whether the files in it have come since the last look.
   */
  async #enter(path: string, above: readonly IgnoreRule[], isNews: boolean): Promise<boolean> {
    if (this.#places.size >= directoriesMax) {
      this.#tellLimit(`${this.root} has more than ${directoriesMax} directories: the rest is not watched`)
      return true
    }
    const rules = this.#options.asGit ? [...above, ...(await rulesIn(path))] : above
    if (this.#isClosed) return true
    this.#drop(path)
    const watched = this.#createDirectory(path, rules)
    const place: Place = { watched, rules, files: new Set() }
    this.#places.set(path, place)
    const entries = await watched.open()
    if (entries === null) {
      if (this.#places.get(path) === place) this.#places.delete(path)
      this.#forget(path)
      return false
    }
    if (this.#isClosed || this.#places.get(path) !== place) {
      watched.close()
      return true
    }
    const names = [...entries.keys()]
    const files = names.filter(name => entries.get(name) === 'file')
    place.files = new Set(files)
    if (isNews && files.length > 0) this.#options.onChange(files.map(name => join(path, name)))
    const directories = names.filter(name => entries.get(name) === 'directory')
    await Promise.all(directories.map(name => this.#enter(join(path, name), rules, isNews)))
    return true
  }

  #createDirectory(path: string, rules: readonly IgnoreRule[]): WatchedDirectory {
    const { clock, pollMs } = this.#options
    return new WatchedDirectory(path, {
      clock,
      pollMs,
      wants: (name, kind) => this.#wants(join(path, name), kind, rules),
      onChange: changes => this.#handle(path, rules, changes),
      onGone: () => this.#handleGone(path),
      onBlind: code => {
        const why =
          code === 'ENOSPC' ? 'the system watches no more directories (fs.inotify.max_user_watches)' : code
        this.#tellLimit(`${this.root} is looked through once a second, since it cannot be watched: ${why}`)
      }
    })
  }

  #wants(path: string, kind: EntryKind, rules: readonly IgnoreRule[]): boolean {
    const { ignore, asGit } = this.#options
    const isDirectory = kind === 'directory'
    if (isDirectory && this.#without.includes(path)) return false
    const word = lastWord(ignore, path, isDirectory)
    if (word !== null) return !word
    // Programs read it themselves, and git is told to ignore it.
    if (!isDirectory && dirname(path) === this.root && isEnvFile(basename(path))) return true
    if (asGit && basename(path) === ignoreFileName) return true
    return !isLeftOut(basename(path), kind) && lastWord(rules, path, isDirectory) !== true
  }

  #handle(path: string, rules: readonly IgnoreRule[], changes: readonly EntryChange[]): void {
    const place = this.#places.get(path)
    if (place === undefined) return
    if (this.#options.asGit && changes.some(({ name }) => name === ignoreFileName)) {
      // Other files matter now. What has changed at the same moment is told all the same.
      this.#opening = this.#reenter(path)
    }
    const changed: string[] = []
    const files = new Set(place.files)
    for (const { name, now, before } of changes) {
      const inside = join(path, name)
      const dropped = before === 'directory' ? this.#drop(inside) : []
      if (!this.#without.includes(inside)) changed.push(...dropped)
      if (now === 'directory') this.#opening = this.#enter(inside, rules, true)
      if (now === 'file') files.add(name)
      else files.delete(name)
      if ((now === 'file' || before === 'file') && name !== ignoreFileName) changed.push(inside)
    }
    place.files = files
    if (changed.length > 0) this.#options.onChange(changed)
  }

  async #reenter(path: string): Promise<void> {
    const above =
      path === this.root ? await rulesAbove(this.root) : (this.#places.get(dirname(path))?.rules ?? [])
    await this.#enter(path, above, false)
  }

  #handleGone(path: string): void {
    const files = this.#drop(path)
    this.#forget(path)
    // It may have come back before the directory above was read.
    this.#places.get(dirname(path))?.watched.refresh()
    if (path === this.root) this.#opening = this.#openRoot(true)
    if (files.length > 0) this.#options.onChange(files)
  }

  /** The directory above may not have noticed, and may find another one there that looks the same. */
  #forget(path: string): void {
    this.#places.get(dirname(path))?.watched.forget(basename(path))
  }

  /** Watches a directory and those in it no longer; returns the files that were there. */
  #drop(path: string): readonly string[] {
    const files: string[] = []
    for (const [directory, place] of this.#places) {
      if (directory !== path && !directory.startsWith(join(path, '/'))) continue
      place.watched.close()
      this.#places.delete(directory)
      files.push(...[...place.files].map(name => join(directory, name)))
    }
    return files
  }

  #tellLimit(reason: string): void {
    if (this.#limits.has(reason)) return
    this.#limits.add(reason)
    this.#options.onLimit(reason)
  }
}
