/**
 * Watches the directories of all applications, each but for what is another one's.
 *
 * Main thread only.
 */
import type { ResolvedApplication, ResolvedDevelopment, ResolvedWatch } from '../../config/resolved.ts'
import type { Clock } from '../../shared/clock.ts'
import { parseIgnoreRules, pathBelow } from './ignore-rules.ts'
import { WatchedTree } from './watched-tree.ts'

/** What they are watched with. */
export interface TreesOptions {
  readonly clock: Clock
  /** @param tree Id of the application; `null` where an application may come to be. */
  readonly onChange: (files: readonly string[], tree: string | null) => void
  readonly onLimit: (reason: string) => void
}

/** What is watched of an application that was added by a command: no configuration speaks of it. */
export const watchedByDefault: ResolvedWatch = { enabled: true, include: [], ignore: [], poll: 0 }

interface Wanted {
  readonly id: string | null
  readonly root: string
  readonly ignore: readonly string[]
  readonly asGit: boolean
  readonly pollMs: number
}

/** The trees of one server. */
export class WatchedTrees {
  readonly #options: TreesOptions
  readonly #trees = new Map<string, WatchedTree>()
  #opening: Promise<unknown> = Promise.resolve()

  constructor(options: TreesOptions) {
    this.#options = options
  }

  /** From now on these applications are watched. Trees that stay are watched on without a gap. */
  want(
    applications: readonly Pick<ResolvedApplication, 'id' | 'path'>[],
    development: ResolvedDevelopment
  ): void {
    const wanted = new Map(treesOf(applications, development).map(tree => [JSON.stringify(tree), tree]))
    const paths = [...new Set(applications.map(({ path }) => path))]
    for (const [key, tree] of this.#trees) {
      if (wanted.has(key)) continue
      tree.close()
      this.#trees.delete(key)
    }
    const opened: Promise<void>[] = []
    for (const [key, wish] of wanted) {
      const known = this.#trees.get(key)
      const tree = known ?? this.#create(wish)
      this.#trees.set(key, tree)
      tree.leave(wish.asGit ? paths.filter(path => pathBelow(wish.root, path) !== null) : [])
      if (known === undefined) opened.push(tree.open())
    }
    this.#opening = Promise.all([this.#opening, ...opened])
  }

  /** Resolves when all that was wanted is watched, or waited for. */
  settled(): Promise<unknown> {
    return this.#opening
  }

  close(): void {
    for (const tree of this.#trees.values()) tree.close()
    this.#trees.clear()
  }

  #create({ id, root, ignore, asGit, pollMs }: Wanted): WatchedTree {
    const { clock, onChange, onLimit } = this.#options
    return new WatchedTree(root, {
      clock,
      ignore: parseIgnoreRules(ignore.join('\n'), root),
      asGit,
      pollMs,
      onLimit,
      onChange: files => onChange(files, id)
    })
  }
}

function treesOf(
  applications: readonly Pick<ResolvedApplication, 'id' | 'path'>[],
  { watch, autoload }: ResolvedDevelopment
): readonly Wanted[] {
  const own = applications.flatMap(({ id, path }): Wanted[] => {
    const { enabled, ignore, include, poll: pollMs } = watch[id] ?? watchedByDefault
    if (!enabled) return []
    return [
      { id, root: path, ignore, asGit: true, pollMs },
      ...include.map(root => ({ id, root, ignore: [], asGit: false, pollMs }))
    ]
  })
  const pollMs = own[0]?.pollMs ?? 0
  const nursery = { id: null, root: autoload ?? '', ignore: [], asGit: true, pollMs }
  return autoload === null ? own : [...own, nursery]
}
