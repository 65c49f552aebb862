/**
 * The house rules no linter can see: which room may know which, what a room may be called, that every door
 * has a sign, and that what the pages name is there. One test for each rule, one line for each offence.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'

import { mayImport } from './rooms.ts'
import type { Room } from './rooms.ts'

const root = join(import.meta.dirname, '..')
const notOurs = new Set(['.git', 'node_modules', 'dist', 'data', 'coverage', 'raw', 'nodes'])
const files = walk('').toSorted()
const sources = files.filter(file => /^packages\/[^/]+\/src\/.*\.ts$/.test(file))
const self = 'test/tidy.test.ts'
const tests = files.filter(
  file => /(^|\/)test\/.*\.(ts|mjs)$/.test(file) && !file.includes('/applications/') && file !== self
)
const pages = files.filter(file => file.endsWith('.md'))

/** What a file asks for: relative paths are resolved from the root of the repository. */
interface Import {
  readonly target: string
  readonly how: 'uses' | 'types' | 'loads'
}

const statement = /^(?:import|export)\s(type\s)?[^'"]*?from\s+['"]([^'"]+)['"]/gm
const bare = /^import\s+['"]([^'"]+)['"]/gm
const dynamic = /\bimport\(\s*['"`]([^'"`]+)['"`]/g

test('rooms import only the rooms below them', () => {
  const offences = sources
    .filter(file => !isDoor(file))
    .flatMap(file =>
      importsOf(file)
        .filter(wanted => !isAllowed(roomOf(file), wanted))
        .map(({ target }) => `${file} → ${target}`)
    )
  assert.deepEqual(offences, [])
})

test('every room has its line in the table, and every line its room', () => {
  const rooms = new Set(sources.filter(file => !isDoor(file)).map(file => ruleOf(roomOf(file))))
  assert.deepEqual([...rooms].toSorted(), Object.keys(mayImport).toSorted())
})

test('nobody imports an index.ts', () => {
  const offences = sources.flatMap(file =>
    importsOf(file)
      .filter(({ target }) => basename(target) === 'index.ts')
      .map(({ target }) => `${file} → ${target}`)
  )
  assert.deepEqual(offences, [])
})

test('no file is a drawer', () => {
  const drawer = /^(utils?|helpers?|common|misc|types)\.[^/]+$/
  assert.deepEqual(
    files.filter(file => drawer.test(basename(file))),
    []
  )
})

test('every file says what it is for', () => {
  const code = files.filter(
    file => /\.(ts|mjs|cjs|js|sh)$/.test(file) && !file.includes('/fixtures/applications/')
  )
  const headless = code.filter(file => !/^(#![^\n]*\n)?(\/\*|\/\/|#)/.test(read(file)))
  assert.deepEqual(headless, [])
})

test('every export says what it does', () => {
  const exported =
    /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function|class|interface|type) (\w+)/gm
  const offences = sources.flatMap(file => {
    const text = read(file)
    const documented = new Set<string>()
    return Array.from(text.matchAll(exported)).flatMap(({ index, 1: name = '' }) => {
      // A word to the linter may stand between; the later signatures of an overload need no sentence.
      if (/\*\/\s*(?:\/\/[^\n]*\n)*$/.test(text.slice(0, index))) documented.add(name)
      return documented.has(name) ? [] : [`${file}: ${name}`]
    })
  })
  assert.deepEqual(offences, [])
})

test('no file has more than 300 lines of code', () => {
  const long = files
    .filter(file => /\.(ts|mjs|js)$/.test(file))
    .map(file => ({ file, lines: codeLines(read(file)) }))
    .filter(({ lines }) => lines > 300)
  assert.deepEqual(long, [])
})

test('no test is left out', () => {
  const leftOut =
    /\b(?:test|suite|it|describe|t)\.(?:only|skip|todo)\(|\b(?:test|suite)\([^)]*\{[^}]*\b(?:only|skip|todo):/
  assert.deepEqual(
    tests.filter(file => leftOut.test(read(file))),
    []
  )
})

test('no test sleeps', () => {
  const sleep = /setTimeout\(\s*(?:resolve|done|r|fulfil)\b|timers\/promises|(?<!\.)\b(?:sleep|delay)\(\d/
  const offences = tests.filter(file => sleep.test(read(file)))
  assert.deepEqual(
    offences.filter(file => !(file in sleeps)),
    []
  )
  assert.deepEqual(
    Object.keys(sleeps).filter(file => files.includes(file) && !offences.includes(file)),
    [],
    'They no longer sleep: take them off the list.'
  )
})

test('nothing knows the machine it was written on', () => {
  const secret =
    /(?<![\w.*}/])\/(?:work|root|home\/\w+|Users\/\w+|tmp\/[a-z])\b|https?:\/\/(?!www\.)[\w.-]*(?:registry|npm)[\w.-]*\./
  const text = files.filter(file => !/\.(png|svg|jpg|ico|woff2?)$/.test(file) && file !== self)
  const offences = text.flatMap(file =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (secret.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : []))
  )
  assert.deepEqual(offences, [])
})

test('what the pages name is there', () => {
  const link = /\]\((?!https?:|mailto:|#)([^)#\s]+)/g
  const named = /`((?:docs|packages|tools|test|examples|bench|\.ci)\/[\w./-]*\w\/?)`/g
  const offences = pages.flatMap(page => {
    const text = read(page)
    const linked = Array.from(text.matchAll(link), ([, path = '']) => join(dirname(page), path))
    const paths = page.startsWith('docs/decisions/')
      ? []
      : Array.from(text.matchAll(named), ([, path = '']) => path)
    return [...linked, ...paths]
      .filter(path => !path.split('/').some(part => notOurs.has(part)) && !existsSync(join(root, path)))
      .map(path => `${page} → ${path}`)
  })
  assert.deepEqual(offences, [])
})

/** Tests which wait for time to pass, each with its reason. */
const sleeps: Readonly<Record<string, string>> = {
  'packages/heddle/test/edge/clients.test.ts': 'what a slow or silent client does is to let time pass',
  'packages/heddle/test/edge/bodies.test.ts': 'no event tells that a writer stands still',
  'packages/mesh/test/threads/back-pressure.test.ts': 'no event tells that a writer stands still',
  'packages/mesh/test/undici/failures.test.ts': 'a time limit that must not be met passes by nothing but time'
}

/** A door passes on what is inside its package; the table is about the inside. */
function isDoor(file: string): boolean {
  return /^packages\/[^/]+\/src\/(index|internal)\.ts$/.test(file)
}

/** `packages/heddle/src/main/admin/probes.ts` is in `heddle/main/admin`; a file on top is a room of its own. */
function roomOf(file: string): string {
  const [, name = '', , ...path] = file.split('/')
  const folders = path.slice(0, -1)
  return [name, ...(folders.length > 0 ? folders : [basename(file, '.ts')])].join('/')
}

/** The line of the table that speaks for a room: its own, or its siblings' (`heddle/main/*`). */
function ruleOf(room: string): string {
  const siblings = `${dirname(room)}/*`
  return room in mayImport || !(siblings in mayImport) ? room : siblings
}

function isAllowed(from: string, { target, how }: Import): boolean {
  const rule: Room | undefined = mayImport[ruleOf(from)]
  if (rule === undefined) return false
  const to = target.startsWith('packages/') ? roomOf(target) : target
  const names = how === 'uses' ? rule.uses : [...rule.uses, ...(rule[how] ?? [])]
  return to === from || names.includes(to) || names.includes(ruleOf(to))
}

/** Everything a file imports from this repository or from other packages, built-in modules apart. */
function importsOf(file: string): Import[] {
  const text = read(file)
  const found: { readonly path: string; readonly how: Import['how'] }[] = [
    ...Array.from(text.matchAll(statement), ([, type, path = '']) => ({
      path,
      how: type === undefined ? ('uses' as const) : ('types' as const)
    })),
    ...Array.from(text.matchAll(bare), ([, path = '']) => ({ path, how: 'uses' as const })),
    ...Array.from(text.matchAll(dynamic), ([, path = '']) => ({ path, how: 'loads' as const }))
  ]
  return found
    .filter(({ path }) => !path.startsWith('node:'))
    .map(({ path, how }) => ({ target: path.startsWith('.') ? join(dirname(file), path) : path, how }))
}

function codeLines(text: string): number {
  const code = text.replaceAll(/\/\*\*?[\s\S]*?\*\//g, '').split('\n')
  return code.filter(line => line.trim() !== '' && !line.trim().startsWith('//')).length
}

/** All files of the checkout, by their path from its root, without what is installed or generated. */
function walk(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    if (notOurs.has(entry.name)) return []
    return entry.isDirectory() ? walk(path) : entry.isFile() ? [path] : []
  })
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}
