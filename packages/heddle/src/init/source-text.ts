/**
 * Looks into the code of an application without running it: whether it serves, where it listens, whom it calls.
 *
 * Pure over a {@link Disk}. It reads the entry and the files that this imports by relative paths. What it says are
 * good guesses: what an application really is, only a worker that loads it finds out.
 */
import { builtinModules } from 'node:module'
import { dirname, extname, join } from 'node:path'

import type { Disk } from '../config/disk.ts'
import { troublesIn } from './source-troubles.ts'

/** What the code of an application says. */
export interface SourceFacts {
  /** Whether something in it looks like a server, or is exported as one. */
  readonly serves: boolean
  /** The port it listens on when nothing tells it another one; `null` when none is to be seen. */
  readonly port: number | null
  /** Ports of this machine whose URLs are in it. */
  readonly calls: readonly number[]
  /** Packages it imports. */
  readonly packages: ReadonlySet<string>
  /** Why node cannot run its TypeScript as it is, in words that follow "because"; `null` when it can. */
  readonly needsBuild: string | null
  /** What it does that it cannot do in a thread of Heddle, in words that follow its name. */
  readonly troubles: readonly string[]
}

/** So many files of an application are looked at. */
const maxFiles = 80
const maxSize = 300_000

/** Looks into an entry. */
export function readSources(disk: Disk, entry: string): SourceFacts {
  const packages = new Set<string>()
  const calls = new Set<number>()
  const troubles = new Set<string>()
  const files = [entry]
  let serves = false
  let port: number | null = null
  let needsBuild: string | null = null
  // What is added to a list while it is walked is walked as well.
  for (const file of files) {
    const text = codeOf(disk.read(file) ?? '')
    const imports = importsIn(text)
    // Only the entry is asked for what it exports: in other files that says nothing.
    serves ||= servesBy(text, file === entry)
    port ??= portIn(text)
    for (const found of callsIn(text)) calls.add(found)
    for (const trouble of troublesIn(text)) troubles.add(trouble)
    for (const name of imports.filter(specifier => !specifier.startsWith('.'))) packages.add(packageOf(name))
    const targets = imports
      .filter(specifier => specifier.startsWith('.'))
      .map(specifier => resolveImport(disk, dirname(file), specifier))
      .filter(target => target !== null)
    if (isTyped(file)) needsBuild ??= syntaxToBuild(text, file) ?? looseImport(targets)
    const more = targets.map(({ path }) => path).filter(path => !files.includes(path))
    files.push(...new Set(more.slice(0, maxFiles - files.length)))
  }
  return { serves, port, calls: [...calls], packages, needsBuild, troubles: [...troubles] }
}

function looseImport(targets: readonly Target[]): string | null {
  const loose = targets.find(({ isExact }) => !isExact)
  return loose === undefined ? null : `${JSON.stringify(loose.specifier)} is no name of a file`
}

/** The code without its comments; texts stay. */
export function codeOf(text: string): string {
  if (text.length > maxSize) return ''
  return text.replaceAll(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[^]*?\*\/|(?<![:\\])\/\/[^\n]*/g,
    '$1'
  )
}

function servesBy(code: string, isEntry: boolean): boolean {
  if (
    /\.listen\s*\(|\bcreate(?:Secure)?Server\s*\(|\bserve\s*\(\s*[{\w]|\bcreateAdaptorServer\s*\(/.test(code)
  )
    return true
  if (!isEntry) return false
  return (
    /\bnew (?:Hono|Koa|OpenAPIHono|Elysia|H3)\b|\b(?:express|fastify|Fastify|polka|restify\.createServer)\s*\(/.test(
      code
    ) ||
    /export\s+(?:async\s+)?function\s+(?:fetch|create|build|handler)\b|export\s+const\s+hasServer\b/.test(
      code
    ) ||
    /export\s+default\s*\{[^}]*\bfetch\b/.test(code) ||
    /export\s+default\s+(?:async\s+)?(?:function\s*\w*\s*|)\(\s*req|\bfetch\s*(?::|\()\s*(?:async\s*)?\(?\s*req/.test(
      code
    )
  )
}

/** The first port that is written where servers are told theirs. */
export function portIn(code: string): number | null {
  const places = [
    /process\.env(?:\.PORT|\[['"]PORT['"]\])\s*\)?\s*(?:\|\||\?\?)\s*['"]?(\d{2,5})\b/,
    /\.listen\s*\(\s*(?:Number\(\s*)?['"]?(\d{2,5})\b/,
    /\blisten\s*\(\s*\{[^}]*?\bport\s*:\s*['"]?(\d{2,5})\b/,
    /\bserve\s*\([^)]*?\bport\s*:\s*['"]?(\d{2,5})\b/,
    /\b(?:const|let|var)\s+(?:port|PORT|listenPort|serverPort)\s*(?::\s*\w+\s*)?=\s*['"]?(\d{2,5})\b/
  ]
  for (const place of places) {
    const port = Number(place.exec(code)?.[1])
    if (port > 0 && port <= 65_535) return port
  }
  return null
}

/** Ports of this machine in URLs. */
export function callsIn(text: string): number[] {
  const urls = text.matchAll(/\bhttps?:\/\/(?:localhost|127\.0\.0\.1|\[::1\]|0\.0\.0\.0):(\d{2,5})\b/g)
  return [...new Set(Array.from(urls, ([, port]) => Number(port)))]
}

function importsIn(code: string): string[] {
  // `import type` is taken out before anything is resolved.
  const loading = code.replaceAll(/\b(?:import|export)\s+type\s[^'"]*?from\s*['"][^'"]*['"]/g, '')
  const pattern = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"])([^'"\n]+)\1/g
  return Array.from(loading.matchAll(pattern), ([, , specifier = '']) => specifier)
}

function packageOf(specifier: string): string {
  const bare = specifier.replace(/^node:/, '')
  if (builtinModules.includes(bare)) return `node:${bare}`
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

interface Target {
  /** As it was written. */
  readonly specifier: string
  readonly path: string
  /** Whether the file is named as it is, which node wants of TypeScript. */
  readonly isExact: boolean
}

const guesses = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '/index.ts', '/index.js']

function resolveImport(disk: Disk, directory: string, specifier: string): Target | null {
  const path = join(directory, specifier)
  if (disk.kind(path) === 'file')
    return /\.(?:json|node|wasm)$/.test(path) ? null : { specifier, path, isExact: true }
  const typed = path.replace(/\.([cm]?)js$/, '.$1ts')
  const guess = [typed, ...guesses.map(ending => path + ending)].find(each => disk.kind(each) === 'file')
  return guess === undefined ? null : { specifier, path: guess, isExact: false }
}

function isTyped(file: string): boolean {
  return /\.[cm]?tsx?$/.test(extname(file))
}

/** Syntax of TypeScript that is more than types: node cannot take it out. */
function syntaxToBuild(code: string, file: string): string | null {
  const bare = code.replaceAll(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g, "''")
  const name = file.replace(/^.*\//, '')
  const found = constructs.find(([pattern]) => pattern.test(bare))
  return found === undefined ? null : `${name} has ${found[1]}`
}

const constructs: readonly (readonly [RegExp, string])[] = [
  [/^\s*@[A-Za-z_$][\w$.]*\s*(?:\(|\n\s*(?:export|class|@|\w+\s*[(:]))/m, 'decorators'],
  [/^\s*(?:export\s+)?(?:declare\s+|const\s+)?enum\s+\w+\s*\{/m, 'an enum'],
  [/^\s*(?:export\s+)?(?:namespace|module)\s+[\w.]+\s*\{/m, 'a namespace'],
  [/\bconstructor\s*\([^)]*\b(?:private|public|protected|readonly)\s+\w/, 'parameter properties'],
  [/^\s*import\s+\w+\s*=\s*require\s*\(/m, 'import … = require()']
]
