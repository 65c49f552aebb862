/**
 * Waits for a change of the files in a directory, for whoever cannot go on with them as they are.
 *
 * Main thread only, before there is a server. Keeps the process alive meanwhile.
 */
import type { Clock } from '../shared/clock.ts'
import { Changes } from './dev/changes.ts'
import { WatchedTree } from './dev/watched-tree.ts'

/** A change that is waited for. */
export interface AwaitedChange {
  /** Resolves when a file in the directory, or below it, has changed that git does not ignore. */
  readonly happened: Promise<void>
  /** Resolves when all files are watched. */
  readonly watched: Promise<void>
  /** Waits no longer. */
  close(): void
}

/** Begins to wait. */
export function awaitChange(directory: string, clock: Clock): AwaitedChange {
  const { promise: happened, resolve } = Promise.withResolvers<void>()
  const alive = setInterval(() => {}, 60_000)
  const close = (): void => {
    clearInterval(alive)
    tree.close()
  }
  const changes = new Changes(clock, () => {
    close()
    resolve()
  })
  const tree = new WatchedTree(directory, {
    clock,
    ignore: [],
    asGit: true,
    pollMs: 0,
    onChange: files => changes.add(files, []),
    // There is nobody yet to tell it to, and all that is lost is a change.
    onLimit: () => {}
  })
  return { happened, watched: tree.open(), close }
}
