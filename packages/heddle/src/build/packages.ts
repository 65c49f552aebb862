/**
 * Reads what there is to build: the applications of a configuration, and the packages of their workspace they depend on.
 *
 * Main thread of a command. Reads files and runs nothing. A package of the workspace is one that is a link in
 * node_modules, whichever package manager has made it: what was installed from a registry is built already.
 */
import { realpathSync } from 'node:fs'
import { delimiter, dirname, join, sep } from 'node:path'

import type { Disk } from '../config/disk.ts'
import type { ResolvedApplication } from '../config/resolved.ts'
import { isRecord, packageManagerOf, readManifest } from './package-manager.ts'
import type { BuildCommand, Package } from './plan.ts'

/** Holds the directories that are being built, for commands that a build runs. */
export const buildingVariable = 'HEDDLE_BUILDING'

/** The questions about files. */
export interface PackageDisk extends Pick<Disk, 'kind' | 'read'> {
  /** The path without links; `null` when nothing is there. */
  real(path: string): string | null
}

/** The real disk's answer for links. */
export function realPath(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    // Nothing there.
    return null
  }
}

/** An application, as far as building is concerned. */
export type BuildApplication = Pick<ResolvedApplication, 'id' | 'path' | 'env' | 'dependencies' | 'build'>

/** All packages that a build of these applications may need. @param env The environment of the command. */
export function readPackages(
  applications: readonly BuildApplication[],
  disk: PackageDisk,
  env: Readonly<Record<string, string | undefined>>
): readonly Package[] {
  const byId = new Map(applications.map(({ id, path }) => [id, disk.real(path) ?? path]))
  const packages = new Map<string, Package>()
  for (const application of applications) {
    const path = byId.get(application.id) ?? application.path
    const after = application.dependencies.flatMap(id => byId.get(id) ?? []).filter(other => other !== path)
    const found = describe(path, {
      disk,
      env: application.env,
      name: application.id,
      build: application.build
    })
    const earlier = packages.get(path)
    // Two applications may have one directory, with different entries: they are built once.
    if (earlier === undefined) packages.set(path, { ...found, isApplication: true, after })
    else
      packages.set(path, {
        ...earlier,
        name: `${earlier.name}, ${application.id}`,
        after: [...earlier.after, ...after]
      })
  }
  const queue = [...packages.values()].flatMap(each => each.packages)
  for (const path of queue) {
    if (packages.has(path)) continue
    const found = describe(path, { disk, env })
    packages.set(path, found)
    queue.push(...found.packages)
  }
  return [...packages.values()]
}

interface Description {
  readonly disk: PackageDisk
  readonly env: Readonly<Record<string, string | undefined>>
  /** The name of the package unless told. */
  readonly name?: string
  readonly build?: string | false | undefined
}

function describe(path: string, { disk, env, name, build }: Description): Package {
  const manifest = readManifest(disk.read(join(path, 'package.json')))
  const own = typeof manifest?.['name'] === 'string' ? manifest['name'] : path
  const outcome = commandOf(path, { disk, env, build, manifest })
  return {
    path,
    name: name ?? own,
    isApplication: false,
    ...outcome,
    packages: linkedPackages(path, manifest, disk),
    after: []
  }
}

function commandOf(
  path: string,
  {
    disk,
    env,
    build,
    manifest
  }: Description & { readonly manifest: Readonly<Record<string, unknown>> | null }
): Pick<Package, 'command' | 'reason'> {
  const building = env[buildingVariable]?.split(delimiter) ?? []
  if (build === false) return { command: null, reason: 'its configuration says that it has no build' }
  if (building.includes(path))
    return { command: null, reason: 'it is being built: its build runs this command' }
  const inner = { ...scriptEnv(env), [buildingVariable]: [...building, path].join(delimiter) }
  if (build !== undefined) {
    const bins = [join(path, 'node_modules', '.bin'), ...binsAbove(path), env['PATH'] ?? ''].join(delimiter)
    const command = { text: build, program: build, args: [], isShell: true, env: { ...inner, PATH: bins } }
    return { command, reason: null }
  }
  const scripts = manifest?.['scripts']
  if (!isRecord(scripts) || typeof scripts['build'] !== 'string') {
    return { command: null, reason: 'its package.json has no script "build"' }
  }
  const manager = packageManagerOf(disk, path)
  const command: BuildCommand = {
    text: `${manager} run build`,
    program: manager,
    args: ['run', 'build'],
    // Package managers are scripts of the shell on Windows.
    isShell: process.platform === 'win32',
    env: inner
  }
  return { command, reason: null }
}

/** What a package manager has told the script this command was started by; another one would take it for its own. */
const ofScript =
  /^npm_(?:command$|lifecycle_|package_|config_(?:workspaces?|recursive|include_workspace_root|local_prefix)$)/

function scriptEnv(env: Description['env']): Description['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ofScript.test(name)))
}

function binsAbove(path: string): readonly string[] {
  const above = dirname(path)
  return above === path ? [] : [join(above, 'node_modules', '.bin'), ...binsAbove(above)]
}

const fields = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']

/** Directories of the packages in package.json that are links. */
function linkedPackages(
  path: string,
  manifest: Readonly<Record<string, unknown>> | null,
  disk: PackageDisk
): readonly string[] {
  const names = fields.flatMap(field => {
    const given = manifest?.[field]
    return isRecord(given) ? Object.keys(given) : []
  })
  const found = new Set(names.flatMap(name => linkedPackage(path, name, disk) ?? []))
  found.delete(path)
  return [...found]
}

function linkedPackage(path: string, name: string, disk: PackageDisk): string | null {
  for (let at = path; ; at = dirname(at)) {
    const real = disk.real(join(at, 'node_modules', name))
    if (real !== null) return real.split(sep).includes('node_modules') ? null : real
    if (at === dirname(at)) return null
  }
}
