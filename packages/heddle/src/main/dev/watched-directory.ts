/**
 * Watches one directory: what has come, gone or changed in it, by comparing what is there with what was.
 *
 * Main thread only. The system only says that something has happened; what it was is read off the directory itself.
 * So it is all the same in how many steps an editor saves a file, whether notices are lost, and under what name the
 * system reports. Where the system gives no notices the directory is read once in a while instead.
 */
import { watch } from 'node:fs'
import type { Dirent, FSWatcher } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'

import type { Cancel, Clock } from '../../shared/clock.ts'

/** What a name in a directory stands for. */
export type EntryKind = 'file' | 'directory'

/** One name that is not what it was. */
export interface EntryChange {
  readonly name: string
  /** What is there now, under an identity that is not the former one when it was `replaced`; `null` for nothing. */
  readonly now: EntryKind | null
  readonly before: EntryKind | null
}

/** What a directory is watched with. */
export interface DirectoryOptions {
  readonly clock: Clock
  /** Whether a name matters; asked at every reading. */
  readonly wants: (name: string, kind: EntryKind) => boolean
  /** Called with what has changed since the last time. */
  readonly onChange: (changes: readonly EntryChange[]) => void
  /** The directory is not there any more, or is another one. It is watched no longer. */
  readonly onGone: () => void
  /** The system can give no notices of this directory: it is read once in a while. Called once at most. */
  readonly onBlind: (reason: string) => void
  /** Milliseconds after which it is read, whatever the system says; 0 relies on notices. */
  readonly pollMs: number
}

/** Milliseconds from the first notice to the reading: what belongs to one save comes within them. */
const gatherMs = 15

/** Milliseconds between two readings of a directory in which something happens all the time. */
const restMs = 60

/** Milliseconds between two readings where there are no notices. */
const blindPollMs = 1000

/** So many files are asked for at a time: the application shares the threads that do it. */
const batchSize = 32

/**
 * Milliseconds two changes may be apart and leave a file with the same time: the clock of the file system goes in steps.
 * A file that was changed so shortly before it was read may have been changed again since.
 */
const sameTimeMs = 11

interface Entry {
  readonly kind: EntryKind
  /** Changes with what a file contains, or what a directory is. */
  readonly mark: string
  /** When it was changed last, in milliseconds since the epoch; 0 for a directory. */
  readonly time: number
}

/** One directory. */
export class WatchedDirectory {
  readonly path: string
  readonly #options: DirectoryOptions
  #entries = new Map<string, Entry>()
  #identity: string | null = null
  #watcher: FSWatcher | null = null
  #cancelPoll: Cancel | null = null
  #cancelReading: Cancel | null = null
  /** When it was read last: by the clock, and since the epoch. */
  #readAt = { clock: -Infinity, epoch: 0 }
  /** Of which something has been said since it was read. */
  #named = new Set<string>()
  #isReading = false
  #isStirred = false
  #isClosed = false

  constructor(path: string, options: DirectoryOptions) {
    this.path = path
    this.#options = options
  }

  /** Begins to watch. Resolves with the names that matter, or `null` when there is no such directory. */
  async open(): Promise<ReadonlyMap<string, EntryKind> | null> {
    // Before it is read, so that nothing is missed in between.
    this.#listen()
    const identity = await identityOf(this.path)
    const entries = identity === null ? null : await this.#read()
    const isWatched = this.#watcher !== null || this.#cancelPoll !== null
    if (entries === null || !isWatched || this.#isClosed) {
      this.close()
      return null
    }
    this.#identity = identity
    this.#entries = entries
    if (this.#isStirred) this.#stir()
    return new Map([...entries].map(([name, { kind }]) => [name, kind]))
  }

  /** Reads it again: other names may matter now. */
  refresh(): void {
    this.#stir()
  }

  /** What is there under this name has gone: whatever is found there next is news, if it has the same inode. */
  forget(name: string): void {
    this.#entries.delete(name)
  }

  /** From now on nothing is told. */
  close(): void {
    this.#isClosed = true
    this.#watcher?.close()
    this.#watcher = null
    this.#cancelPoll?.()
    this.#cancelReading?.()
  }

  #listen(): void {
    const { pollMs, onBlind } = this.#options
    if (pollMs > 0) {
      this.#poll(pollMs)
      return
    }
    try {
      this.#watcher = watch(this.path, { persistent: false }, (type, name) => this.#hear(type, name))
      this.#watcher.on('error', () => this.#stir())
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      // One that is not there is found out by reading it.
      if (code === 'ENOENT' || code === 'ENOTDIR') return
      onBlind(code)
      this.#poll(blindPollMs)
    }
  }

  #hear(type: string, name: string | null): void {
    // The directory itself was moved or removed: another one in its place is not the one that is watched.
    if (type === 'rename' && name === basename(this.path)) this.#identity &&= 'gone'
    if (name !== null) this.#named.add(name)
    this.#stir()
  }

  #poll(everyMs: number): void {
    this.#cancelPoll = this.#options.clock.after(everyMs, () => {
      this.#stir()
      this.#poll(everyMs)
    })
  }

  #stir(): void {
    if (this.#isClosed) return
    this.#isStirred = true
    if (this.#isReading || this.#cancelReading !== null || this.#identity === null) return
    const { clock } = this.#options
    const restsMs = this.#readAt.clock + restMs - clock.now()
    this.#cancelReading = clock.after(Math.max(gatherMs, restsMs), () => {
      this.#cancelReading = null
      void this.#compare()
    })
  }

  async #compare(): Promise<void> {
    this.#isReading = true
    this.#isStirred = false
    const named = this.#named
    this.#named = new Set()
    const since = this.#readAt.epoch - sameTimeMs
    const [identity, entries] = await Promise.all([identityOf(this.path), this.#read()])
    this.#isReading = false
    if (this.#isClosed) return
    if (entries === null || identity !== this.#identity) {
      this.close()
      this.#options.onGone()
      return
    }
    const before = this.#entries
    this.#entries = entries
    const isSuspect = (name: string, { time }: Entry): boolean => named.has(name) && time > since
    const changes = differences(before, entries, isSuspect)
    if (this.#isStirred) this.#stir()
    if (changes.length > 0) this.#options.onChange(changes)
  }

  /** `null` when there is no such directory. */
  async #read(): Promise<Map<string, Entry> | null> {
    this.#readAt = { clock: this.#options.clock.now(), epoch: Date.now() }
    try {
      const found = await readdir(this.path, { withFileTypes: true })
      const wanted = found.filter(entry =>
        this.#options.wants(entry.name, entry.isDirectory() ? 'directory' : 'file')
      )
      const entries = new Map<string, Entry>()
      for (let from = 0; from < wanted.length; from += batchSize) {
        const batch = wanted.slice(from, from + batchSize)
        // oxlint-disable-next-line no-await-in-loop -- A few at a time.
        const read = await Promise.all(batch.map(entry => readEntry(join(this.path, entry.name), entry)))
        batch.forEach(({ name }, index) => {
          const entry = read[index]
          if (entry != null) entries.set(name, entry)
        })
      }
      return entries
    } catch {
      // Gone, no directory, or closed to us: there is nothing in it to be told.
      return null
    }
  }
}

async function identityOf(path: string): Promise<string | null> {
  try {
    const { dev, ino } = await stat(path)
    return `${dev}:${ino}`
  } catch {
    return null
  }
}

/** `null` for what is neither, for links to directories, which may go round in circles, and for what has gone. */
async function readEntry(path: string, entry: Dirent): Promise<Entry | null> {
  try {
    const found = await stat(path)
    const { dev, ino, mtimeMs, size } = found
    if (found.isFile()) return { kind: 'file', mark: `${ino}:${mtimeMs}:${size}`, time: mtimeMs }
    if (!found.isDirectory() || entry.isSymbolicLink()) return null
    return { kind: 'directory', mark: `${dev}:${ino}`, time: 0 }
  } catch {
    return null
  }
}

function differences(
  before: ReadonlyMap<string, Entry>,
  now: ReadonlyMap<string, Entry>,
  isSuspect: (name: string, entry: Entry) => boolean
): readonly EntryChange[] {
  const names = new Set([...before.keys(), ...now.keys()])
  return [...names].flatMap(name => {
    const [old, fresh] = [before.get(name), now.get(name)]
    const isSame = old?.mark === fresh?.mark && old?.kind === fresh?.kind
    if (isSame && (fresh === undefined || !isSuspect(name, fresh))) return []
    return [{ name, now: fresh?.kind ?? null, before: old?.kind ?? null }]
  })
}
