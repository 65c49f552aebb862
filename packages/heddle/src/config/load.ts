/**
 * Finds and reads the configuration: `heddle.config.ts`, `.mts`, `.js`, `.mjs`, `heddle.json`, or just an entry.
 *
 * Main thread, before any other thread exists. The only file of this room that touches the disk; what it
 * reads is judged in `resolve.ts`.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve as resolvePath } from 'node:path'
import { pathToFileURL } from 'node:url'

import { HeddleError } from '../errors.ts'
import type { Mistake } from '../errors.ts'
import { placeSyntaxError } from '../shared/syntax-place.ts'
import { toId } from './applications.ts'
import { unlessIdle } from './foreign-code.ts'
import { noteModules } from './noted-modules.ts'
import { conventionalDirectories, conventionalNames } from './discovery.ts'
import type { Disk } from './disk.ts'
import { findDuplicateKeys } from './json.ts'
import type { Machine } from './machine/machine.ts'
import { readMachine } from './machine/machine.ts'
import type { ResolvedConfig } from './resolved.ts'
import { resolve } from './resolve.ts'
import type { ConfigFlags } from './settings.ts'
import { isPlainObject } from './substitute.ts'

/** What the configuration is loaded from. */
export interface LoadOptions {
  /** Absolute directory where files are looked for. */
  readonly cwd: string
  /** Configuration file, or a directory with one; relative to `cwd`. Defaults to HEDDLE_CONFIG, then `cwd`. */
  readonly configPath?: string
  /** File or directory of the only application, instead of a configuration file. */
  readonly entry?: string
  /** The configuration itself, instead of a file; paths in it are relative to `cwd`. */
  readonly written?: unknown
  /** Further applications by id, as if they had been written with the others. */
  readonly further?: Readonly<Record<string, unknown>>
  readonly flags?: ConfigFlags
  /** Defaults to `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Defaults to this machine. */
  readonly machine?: Machine
  /** Whether only a build is meant: see `Sources.isUnbuilt`. Defaults to false. */
  readonly isUnbuilt?: boolean
  /** Whether the server is developed with: other defaults, and what is to be watched. Defaults to false. */
  readonly development?: boolean
}

/** Names of configuration files, in the order they are looked for. */
export const configNames: readonly string[] = [
  'heddle.config.ts',
  'heddle.config.mts',
  'heddle.config.js',
  'heddle.config.mjs',
  'heddle.json'
]

interface Written {
  readonly root: string
  readonly file: string | null
  readonly value: unknown
  readonly mistakes: readonly Mistake[]
  /** The files it came from, when somebody wants to know. */
  readonly files?: readonly string[]
}

/**
 * Loads and resolves the configuration.
 *
 * @throws {HeddleError} HEDDLE_CONFIG_INVALID with all mistakes, HEDDLE_CONFIG_NOT_FOUND,
 * HEDDLE_CONFIG_UNREADABLE.
 */
export async function loadConfig(options: LoadOptions): Promise<ResolvedConfig> {
  const env = options.env ?? process.env
  const written = await readWritten(options, env)
  const resolution = resolve({
    root: written.root,
    file: written.file,
    written: withFurther(written.value, options.further),
    flags: options.flags ?? {},
    env,
    machine: options.machine ?? readMachine(),
    isUnbuilt: options.isUnbuilt ?? false,
    execArgv: process.execArgv,
    disk,
    ...(options.development === true ? { development: written.files ?? [] } : {})
  })
  const mistakes = [...written.mistakes, ...(resolution.ok ? [] : resolution.mistakes)]
  if (resolution.ok && mistakes.length === 0) return resolution.config
  throw new HeddleError('HEDDLE_CONFIG_INVALID', { file: written.file, mistakes })
}

async function readWritten(options: LoadOptions, env: NonNullable<LoadOptions['env']>): Promise<Written> {
  const { cwd, entry, written, configPath = env['HEDDLE_CONFIG'] ?? '' } = options
  if (written !== undefined) return { root: cwd, file: null, value: written, mistakes: [] }
  if (entry !== undefined) return fromEntry(cwd, entry)
  const file = findFile(resolvePath(cwd, configPath))
  if (options.development !== true) return readFile(file, env)
  const { value, files } = await noteModules(() => readFile(file, env))
  return { ...value, files: [file, ...files] }
}

function withFurther(value: unknown, further: LoadOptions['further']): unknown {
  if (further === undefined || !isPlainObject(value)) return value
  const applications = isPlainObject(value['applications']) ? value['applications'] : {}
  return { ...value, applications: { ...applications, ...further } }
}

/** The real disk. */
export const disk: Disk = {
  kind(path) {
    try {
      const found = statSync(path, { throwIfNoEntry: false })
      if (found === undefined) return null
      return found.isDirectory() ? 'directory' : 'file'
    } catch {
      // A link to itself, or in a directory nobody may look into: nothing that could be used.
      return null
    }
  },
  read(path) {
    try {
      // Some editors begin a file with the mark of its encoding; node takes it out as well.
      return readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
    } catch {
      // Absent, a directory or forbidden: the caller says which file could not be read.
      return null
    }
  },
  directories(path) {
    return readdirSync(path, { withFileTypes: true })
      .filter(entry => entry.isDirectory() || (entry.isSymbolicLink() && isDirectory(join(path, entry.name))))
      .map(({ name }) => name)
      .toSorted()
  }
}

function isDirectory(path: string): boolean {
  return disk.kind(path) === 'directory'
}

function findFile(path: string): string {
  const kind = disk.kind(path)
  if (kind === 'file') return path
  if (kind === null)
    throw new HeddleError('HEDDLE_CONFIG_UNREADABLE', { file: path, reason: 'there is no such file' })
  const found = configNames.map(name => join(path, name)).filter(file => disk.kind(file) === 'file')
  const [file] = found
  if (file === undefined)
    throw new HeddleError('HEDDLE_CONFIG_NOT_FOUND', { directory: path, names: configNames })
  if (found.length === 1) return file
  const names = found.map(candidate => basename(candidate)).join(' and ')
  const message = `there is more than one configuration file (${names}): remove all but one, or choose with --config`
  throw new HeddleError('HEDDLE_CONFIG_INVALID', {
    file: path,
    mistakes: [{ path: '', message, offered: undefined }]
  })
}

async function readFile(file: string, env: Readonly<Record<string, string | undefined>>): Promise<Written> {
  const root = dirname(file)
  if (extname(file) === '.json') return { root, file, ...readJson(file) }
  if (!['.ts', '.mts', '.js', '.mjs'].includes(extname(file))) {
    throw new HeddleError('HEDDLE_CONFIG_UNREADABLE', {
      file,
      reason: 'its name ends neither in .ts, .mts, .js, .mjs nor in .json'
    })
  }
  let value: unknown
  try {
    value = await unlessIdle(evaluate(file, env))
  } catch (error) {
    placeSyntaxError(error, [pathToFileURL(file).href])
    const reason = error instanceof Error ? error.message.replace(/\.$/, '') : String(error)
    throw new HeddleError(
      'HEDDLE_CONFIG_UNREADABLE',
      { file, reason: reason + wayOut(file, error) },
      { cause: error }
    )
  }
  if (isPlainObject(value)) return { root, file, value, mistakes: [] }
  const message = 'the default export has to be an object, a promise of one, or a function that returns one'
  throw new HeddleError('HEDDLE_CONFIG_INVALID', {
    file,
    mistakes: [{ path: 'export default', message, offered: value }]
  })
}

async function evaluate(file: string, env: Readonly<Record<string, string | undefined>>): Promise<unknown> {
  const module: unknown = await import(pathToFileURL(file).href)
  const exported = isModule(module) ? module.default : undefined
  return typeof exported === 'function' ? exported({ env }) : exported
}

/** What helps where package.json says that files are CommonJS, as one that npm has made does. */
function wayOut(file: string, error: unknown): string {
  const isModuleSyntax =
    error instanceof SyntaxError && /import statement outside|Unexpected token 'export'/.test(error.message)
  const extension = extname(file)
  if (!isModuleSyntax || extension.startsWith('.m')) return ''
  const name = `${basename(file, extension)}.m${extension.slice(1)}`
  return `: package.json says that it is CommonJS; call it ${name}, or write "type": "module" there`
}

function isModule(value: unknown): value is { readonly default?: unknown } {
  return typeof value === 'object' && value !== null
}

function readJson(file: string): Pick<Written, 'value' | 'mistakes'> {
  try {
    const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
    if (text.trim() === '') throw new SyntaxError('it is empty')
    return { value: JSON.parse(text), mistakes: findDuplicateKeys(text) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    // Of a text that is no JSON there is nothing more to say.
    const options = error instanceof SyntaxError ? {} : { cause: error }
    throw new HeddleError('HEDDLE_CONFIG_UNREADABLE', { file, reason }, options)
  }
}

/** A configuration of one application from a file or a directory somebody named. */
function fromEntry(cwd: string, entry: string): Written {
  const path = resolvePath(cwd, entry)
  const kind = disk.kind(path)
  if (kind === null) {
    const mistake = { path: 'entry', message: `there is no file ${path}`, offered: entry }
    throw new HeddleError('HEDDLE_CONFIG_INVALID', { file: null, mistakes: [mistake] })
  }
  const directory = kind === 'directory' ? path : homeOf(path)
  const id = idFor(directory, path)
  const application = kind === 'directory' ? { path: directory } : { path: directory, entry: path }
  return { root: cwd, file: null, value: literal({ applications: { [id]: application } }), mistakes: [] }
}

/** The directory of the application a file belongs to: src, dist and the like belong to the one above. */
function homeOf(file: string): string {
  const directory = dirname(file)
  const isInside = conventionalDirectories.includes(basename(directory))
  const above = dirname(directory)
  return isInside && !isPackage(directory) && isPackage(above) ? above : directory
}

function isPackage(directory: string): boolean {
  return disk.kind(join(directory, 'package.json')) === 'file'
}

function idFor(directory: string, path: string): string {
  const file = basename(path, extname(path))
  const isTelling = path !== directory && !conventionalNames.includes(file)
  const candidates = [packageName(directory), isTelling ? file : basename(directory), 'application']
  return candidates.map(toId).find(id => id !== '') ?? 'application'
}

function packageName(directory: string): string {
  const text = disk.read(join(directory, 'package.json'))
  try {
    const manifest: unknown = JSON.parse(text ?? 'null')
    const name = isPlainObject(manifest) ? manifest['name'] : undefined
    // The scope says who made it, not what it is.
    return typeof name === 'string' ? name.replace(/^@[^/]*\//, '') : ''
  } catch {
    // A broken package.json is reported when the entry is looked for; here it just has no name to offer.
    return ''
  }
}

/** Escapes braces: paths that were never written by anyone contain no variables. */
function literal(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('{', '{{')
  if (!isPlainObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, literal(item)]))
}
