/**
 * Looks at one directory: whether an application is in it, what its entry is, and what it needs to run.
 *
 * Pure over a {@link Disk}. The scripts of package.json outrank names: they say what people really start.
 */
import { basename, dirname, join, relative, resolve } from 'node:path'

import { discoverEntry } from '../config/discovery.ts'
import type { Disk } from '../config/disk.ts'
import { readEnvFile } from '../config/environment.ts'
import { frameworkOf, unfitReason } from './frameworks.ts'
import { readManifest } from './manifest.ts'
import type { Manifest } from './manifest.ts'
import type { NodeOptions } from './node-line.ts'
import { readSources } from './source-text.ts'
import type { SourceFacts } from './source-text.ts'
import { startScripts } from './start-script.ts'
import type { StartScript } from './start-script.ts'

/** What was found in a directory. */
export type Sight =
  | { readonly kind: 'application'; readonly application: SeenApplication }
  /** Something is started here, but nothing Heddle could run; or it is a library. */
  | { readonly kind: 'left out'; readonly reason: string }
  | { readonly kind: 'nothing' }

/** An application as its directory shows it. */
export interface SeenApplication {
  /** Absolute. */
  readonly directory: string
  /** Relative to the directory, with slashes. */
  readonly entry: string
  readonly manifest: Manifest | null
  /** How the entry was found, in words: `"start" in package.json`. */
  readonly source: string
  readonly framework: string | null
  /** Whether it seems to answer requests; a job does not. */
  readonly serves: boolean
  readonly port: number | null
  readonly calls: readonly number[]
  /** What its code cannot do here, in words that follow its name. */
  readonly troubles: readonly string[]
  /** What its start script gives to node. */
  readonly options: NodeOptions | null
  /** Variables its start script sets. */
  readonly env: Readonly<Record<string, string>>
  /** What has to be done before it runs, as a sentence; `null` when nothing has to be. */
  readonly todo: string | null
}

/** Looks at a directory. */
export function look(disk: Disk, directory: string): Sight {
  const manifest = readManifest(disk, directory)
  const scripts = startScripts(manifest?.scripts ?? {})
  const choice = chooseEntry(disk, directory, { manifest, scripts })
  if (choice !== null) return { kind: 'application', application: seen(disk, directory, manifest, choice) }
  const unfit = scripts.map(({ launch }) => unfitReason(launch.tool)).find(reason => reason !== null)
  if (unfit !== undefined) return { kind: 'left out', reason: unfit }
  if (manifest !== null) return { kind: 'left out', reason: nothingStarted }
  const broken = disk.kind(join(directory, 'package.json')) === 'file' ? discoverEntry(disk, directory) : null
  return broken === null || broken.found ? { kind: 'nothing' } : { kind: 'left out', reason: broken.message }
}

/** Why a library is no application. */
export const nothingStarted = 'nothing in it listens, and no script starts it'

interface Package {
  readonly manifest: Manifest | null
  readonly scripts: readonly StartScript[]
}

/** An entry that was decided for. */
interface Choice {
  readonly path: string
  readonly source: string
  readonly script: StartScript | null
  readonly facts: SourceFacts
  readonly preload: readonly string[]
  readonly todo: string | null
}

interface Candidate {
  readonly path: string
  readonly script: StartScript
  readonly isThere: boolean
}

function chooseEntry(disk: Disk, directory: string, { manifest, scripts }: Package): Choice | null {
  const candidates = scripts.flatMap(script => candidateOf(disk, directory, script))
  const [first] = candidates
  if (first === undefined) return byConvention(disk, directory, manifest)
  if (!isBuilt(directory, first.path)) {
    const there = candidates.find(({ isThere }) => isThere)
    return there === undefined ? null : chosen(disk, there, manifest)
  }
  // What production runs is made by a build: its source is better, where node can run that.
  const sources = [
    ...candidates.filter(({ path, isThere }) => isThere && !isBuilt(directory, path)),
    ...sourceOf(disk, directory, first)
  ]
  const runnable = sources.find(({ path }) => readSources(disk, path).needsBuild === null)
  if (runnable !== undefined) return chosen(disk, runnable, manifest)
  const todo = first.isThere ? null : `Build it first: ${relative(directory, first.path)} is not there yet.`
  const facts = readSources(disk, sources[0]?.path ?? first.path)
  const reason = facts.needsBuild === null ? '' : `, since ${facts.needsBuild}`
  return {
    path: first.path,
    source: `"${first.script.name}" in package.json${reason}`,
    script: first.script,
    facts: { ...facts, serves: facts.serves || !first.isThere },
    preload: [],
    todo
  }
}

function candidateOf(disk: Disk, directory: string, script: StartScript): Candidate[] {
  const { file } = script.launch
  if (file === null || file.startsWith('$')) return []
  const path = resolve(directory, file)
  if (disk.kind(path) === 'directory') {
    const found = discoverEntry(disk, path)
    return found.found ? [{ path: found.entry, script, isThere: true }] : []
  }
  const exact = [path, `${path}.js`, `${path}.ts`, `${path}.mjs`, `${path}.cjs`].find(
    each => disk.kind(each) === 'file'
  )
  const isName = /\.[cm]?[jt]s$/.test(path)
  return [{ path: exact ?? (isName ? path : `${path}.js`), script, isThere: exact !== undefined }]
}

const builtDirectories = new Set(['dist', 'build', 'out', 'lib', '.output'])

function isBuilt(directory: string, path: string): boolean {
  const [top = ''] = relative(directory, path).split(/[/\\]/)
  return builtDirectories.has(top)
}

/** What `dist/server.js` is made of: the file of the same name in src, or beside. */
function sourceOf(disk: Disk, directory: string, { path, script }: Candidate): Candidate[] {
  const [, ...rest] = relative(directory, path).split(/[/\\]/)
  const bare = rest.join('/').replace(/\.([cm]?)js$/, '.$1ts')
  const places = [join(directory, 'src', bare), join(directory, bare), join(directory, 'src', basename(bare))]
  const found = places.find(each => disk.kind(each) === 'file')
  return found === undefined ? [] : [{ path: found, script, isThere: true }]
}

function chosen(disk: Disk, { path, script }: Candidate, manifest: Manifest | null): Choice {
  const facts = readSources(disk, path)
  const { preload, todo } = typesOf(facts, manifest)
  return {
    path,
    source: `"${script.name}" in package.json${preload.length === 0 ? '' : `; through tsx, since ${facts.needsBuild ?? 'it needs it'}`}`,
    script,
    facts,
    preload,
    todo
  }
}

function byConvention(disk: Disk, directory: string, manifest: Manifest | null): Choice | null {
  const found = discoverEntry(disk, directory)
  if (!found.found) return null
  const facts = readSources(disk, found.entry)
  if (!facts.serves) return null
  return { path: found.entry, source: 'found by its name', script: null, facts, ...typesOf(facts, manifest) }
}

/** What TypeScript needs that node cannot run as it is. */
function typesOf({ needsBuild }: SourceFacts, manifest: Manifest | null): Pick<Choice, 'preload' | 'todo'> {
  if (needsBuild === null) return { preload: [], todo: null }
  if (manifest?.dependencies.has('tsx') === true) return { preload: ['tsx'], todo: null }
  const todo = `Node.js cannot run its TypeScript as it is (${needsBuild}): install tsx and add preload: ['tsx'], or name what your build makes as its entry.`
  return { preload: [], todo }
}

function seen(disk: Disk, directory: string, manifest: Manifest | null, choice: Choice): SeenApplication {
  const { path, script, facts } = choice
  const options = script?.launch.options ?? null
  const preload = [...(options?.preload ?? []).filter(name => !isLoader(name)), ...choice.preload]
  return {
    directory,
    entry: relative(directory, path).replaceAll('\\', '/'),
    manifest,
    source: choice.source,
    framework: frameworkOf(facts.packages, manifest?.dependencies ?? new Set()),
    serves: facts.serves,
    port: portOf(disk, directory, choice),
    calls: facts.calls,
    troubles: facts.troubles,
    options: options === null && preload.length === 0 ? null : { ...(options ?? none), preload },
    env: Object.fromEntries(Object.entries(script?.launch.env ?? {}).filter(([name]) => name !== 'PORT')),
    todo: choice.todo
  }
}

const none: NodeOptions = { execArgv: [], preload: [], envFile: null, oldGeneration: null, left: [] }

/** Programs that make node understand TypeScript; whether one is needed is known by then. */
function isLoader(name: string): boolean {
  return /^(?:tsx|ts-node|@swc-node\/register|esbuild-register)(?:\/|$)/.test(name)
}

function portOf(disk: Disk, directory: string, { script, facts }: Choice): number | null {
  const written = script?.launch.env['PORT'] ?? readEnvFile(disk, join(directory, '.env'))?.['PORT']
  const port = Number(written)
  return Number.isSafeInteger(port) && port > 0 && port <= 65_535 ? port : facts.port
}

/** The name a directory gives to what is in it. */
export function nameOf(directory: string): string {
  return basename(directory) || basename(dirname(directory))
}
