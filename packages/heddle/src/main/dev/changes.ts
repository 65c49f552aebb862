/**
 * Gathers changes until there is a pause: editors write a file several times, and version control many files.
 *
 * Main thread only.
 */
import type { Cancel, Clock } from '../../shared/clock.ts'
import type { ChangedFile } from './concerned.ts'

/** Milliseconds without a change after which those there are count; each comes in once a directory has been read. */
const pauseMs = 40

/** Milliseconds after which they count in any case: something may be writing all the time. */
const patienceMs = 1000

/** The changes of one server. */
export class Changes {
  readonly #clock: Clock
  readonly #onPause: (files: readonly ChangedFile[]) => void
  #found = new Map<string, { readonly at: number; readonly trees: Set<string | null> }>()
  #since = 0
  #cancel: Cancel | null = null

  /** @param onPause Is given all files that have changed since the last time, once each. */
  constructor(clock: Clock, onPause: (files: readonly ChangedFile[]) => void) {
    this.#clock = clock
    this.#onPause = onPause
  }

  /** @param trees In whose trees they were seen; see {@link ChangedFile}. */
  add(files: readonly string[], trees: readonly (string | null)[]): void {
    if (files.length === 0) return
    if (this.#found.size === 0) this.#since = this.#clock.now()
    for (const file of files) {
      const known = this.#found.get(file) ?? { at: this.#clock.now(), trees: new Set() }
      for (const tree of trees) known.trees.add(tree)
      this.#found.set(file, known)
    }
    const leftMs = this.#since + patienceMs - this.#clock.now()
    this.#cancel?.()
    this.#cancel = this.#clock.after(Math.max(0, Math.min(pauseMs, leftMs)), () => this.#flush())
  }

  /** Forgets what there is. */
  close(): void {
    this.#cancel?.()
    this.#found.clear()
  }

  #flush(): void {
    this.#cancel = null
    const files = [...this.#found].map(([path, { at, trees }]) => ({ path, at, trees }))
    this.#found = new Map()
    this.#onPause(files)
  }
}
