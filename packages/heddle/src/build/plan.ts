/**
 * Decides what is built and in which order. Main thread of a command; pure.
 *
 * A package is built after those it depends on by package.json, a direct dependency or through others that have no
 * build. An application is also built after those it names in `dependencies`, if they are built as well: these only
 * order, they add nothing, and where they contradict package.json they do not count.
 */
import { HeddleError } from '../errors.ts'

/** A package: an application, or one of the workspace that an application depends on. */
export interface Package {
  /** Absolute directory. */
  readonly path: string
  /** Id of the application, or the name of the package. */
  readonly name: string
  /** Whether it is an application of the configuration. */
  readonly isApplication: boolean
  /** What builds it; `null` when there is nothing to build. */
  readonly command: BuildCommand | null
  /** Why there is nothing to build; `null` when there is. */
  readonly reason: string | null
  /** Directories of the packages it depends on by package.json. */
  readonly packages: readonly string[]
  /** Directories of the applications it names in `dependencies`. */
  readonly after: readonly string[]
}

/** What is run. */
export interface BuildCommand {
  /** As it is shown: `npm run build`. */
  readonly text: string
  readonly program: string
  readonly args: readonly string[]
  /** Whether a shell reads `program`. */
  readonly isShell: boolean
  /** Environment, whole. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** One build. */
export interface Step {
  readonly name: string
  readonly path: string
  readonly command: BuildCommand
  /** Names of the steps that have to be done before. */
  readonly after: readonly string[]
}

/** What is to be done. */
export interface BuildPlan {
  /** In an order in which they could be run one by one. */
  readonly steps: readonly Step[]
  /** Applications that were asked for and have nothing to build. */
  readonly nothing: readonly { readonly name: string; readonly reason: string }[]
}

/**
 * The plan for these applications, by directory.
 *
 * @throws HEDDLE_BUILD_CIRCLE when packages depend on each other in a circle.
 */
export function planBuild(packages: readonly Package[], wanted: readonly string[]): BuildPlan {
  const byPath = new Map(packages.map(each => [each.path, each]))
  const needed = reach(wanted, path => byPath.get(path)?.packages ?? [])
  const edges = edgesOf(packages.filter(({ path }) => needed.has(path)))
  const steps = new Map<string, Step>()
  const visit = (path: string, trail: readonly string[]): void => {
    const found = byPath.get(path)
    if (found === undefined || steps.has(found.name)) return
    if (trail.includes(path)) refuseCircle(trail.slice(trail.indexOf(path)), byPath)
    for (const below of edges.get(path) ?? []) visit(below, [...trail, path])
    if (found.command === null) return
    const after = builtBefore(path, edges, byPath)
    steps.set(found.name, { name: found.name, path, command: found.command, after })
  }
  for (const path of needed) visit(path, [])
  const nothing = wanted.flatMap(path => {
    const { name = '', command, reason } = byPath.get(path) ?? {}
    return command === null ? [{ name, reason: reason ?? '' }] : []
  })
  return { steps: [...steps.values()], nothing }
}

type Edges = ReadonlyMap<string, readonly string[]>

/** For each package what it waits for: by package.json, and by `dependencies` where that makes no circle. */
function edgesOf(packages: readonly Package[]): Edges {
  const here = new Set(packages.map(({ path }) => path))
  const edges = new Map(packages.map(each => [each.path, each.packages.filter(below => here.has(below))]))
  for (const { path, after } of packages) {
    for (const below of after.filter(other => here.has(other))) {
      const isContrary = reach([below], other => edges.get(other) ?? []).has(path)
      if (!isContrary) edges.set(path, [...(edges.get(path) ?? []), below])
    }
  }
  return edges
}

/** These and all that is reached from them. */
function reach(from: readonly string[], next: (path: string) => readonly string[]): ReadonlySet<string> {
  const found = new Set(from)
  // What is added to a set while it is walked is walked as well.
  for (const path of found) for (const below of next(path)) found.add(below)
  return found
}

/** The builds a package waits for: of what it depends on, and where that has none of what that depends on. */
function builtBefore(start: string, edges: Edges, byPath: ReadonlyMap<string, Package>): readonly string[] {
  const names = new Set<string>()
  const seen = new Set<string>([start])
  const walk = (path: string): void => {
    for (const below of edges.get(path) ?? []) {
      const found = byPath.get(below)
      if (found === undefined || seen.has(below)) continue
      seen.add(below)
      if (found.command === null) walk(below)
      else names.add(found.name)
    }
  }
  walk(start)
  return [...names]
}

function refuseCircle(paths: readonly string[], byPath: ReadonlyMap<string, Package>): never {
  const names = paths.map(path => byPath.get(path)?.name ?? path)
  const [first = ''] = names
  throw new HeddleError('HEDDLE_BUILD_CIRCLE', { circle: [...names, first] })
}
