/**
 * What the pages say, held to the code: commands and their options, configurations, names of metrics, events and errors,
 * links into pages, the order in which the documentation is read; and that the reference leaves nothing out.
 */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'
import { runInThisContext } from 'node:vm'

import { commands } from '../packages/heddle/src/cli/command-facts.ts'
import { exitCodes } from '../packages/heddle/src/cli/exit-codes.ts'
import { check } from '../packages/heddle/src/config/check.ts'
import type { Key } from '../packages/heddle/src/config/key.ts'
import { schema } from '../packages/heddle/src/config/schema.ts'
import { operations } from '../packages/heddle/src/control/contract.ts'
import type { Mistake } from '../packages/heddle/src/errors.ts'
import { mistakeLine } from '../packages/heddle/src/errors.ts'
import { metricFacts } from '../packages/heddle/src/main/metrics/facts.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const inDocs = readdirSync(join(root, 'docs'))
  .filter(name => name.endsWith('.md'))
  .map(name => `docs/${name}`)
const reference = readdirSync(join(root, 'docs/reference')).map(name => `docs/reference/${name}`)
const pages = [
  'README.md',
  'packages/heddle/README.md',
  'examples/shop/README.md',
  'examples/slow-shop/README.md',
  ...inDocs,
  ...reference
]

/** Codes and spans of a page, each a line or several. */
function codeOf(page: string): readonly string[] {
  const text = read(page)
  const blocks = Array.from(text.matchAll(/^ *```\w*\n([^]*?)^ *```/gm), ([, code = '']) => code)
  const spans = Array.from(
    text.replaceAll(/^ *```[^]*?^ *```/gm, '').matchAll(/`([^`\n]+)`/g),
    ([, code = '']) => code
  )
  return [...blocks.flatMap(block => block.split('\n')), ...spans]
}

function offences(look: (page: string) => readonly string[]): readonly string[] {
  return pages.flatMap(page => look(page).map(offence => `${page}: ${offence}`))
}

test('every command and option a page names is there', () => {
  const line = /(?:^|[\s"/])heddle(?:\.js)? ([a-z][^|&;#"]*)/
  const found = offences(page =>
    codeOf(page).flatMap(code => {
      const [, words = ''] = line.exec(code) ?? []
      if (words === '' || /^(?:\$ )?npm /.test(code)) return []
      const offence = unknownIn(words.trim())
      return offence === null ? [] : [`heddle ${words} (${offence})`]
    })
  )
  assert.deepEqual(found, [])
})

/** What is not known of the words behind `heddle`; `null` when all is. */
function unknownIn(words: string): string | null {
  const command = commands
    .toSorted((one, other) => other.name.length - one.name.length)
    .find(({ name }) => words === name || words.startsWith(`${name} `))
  if (command === undefined) {
    const isGroup = commands.some(({ name }) => name.startsWith(`${words.split(' ')[0]} `))
    return isGroup ? null : 'there is no such command'
  }
  const known = new Set(command.options.flatMap(({ flags }) => flags.match(/--?[a-z][\w-]*/g) ?? []))
  const used = words.match(/(?<=\s)--?[a-z][\w-]*/g) ?? []
  const unknown = used.filter(option => !known.has(option) && !['--help', '--version'].includes(option))
  return unknown.length === 0 ? null : unknown.join(' ')
}

test('every configuration a page shows is one', () => {
  let seen = 0
  const found = offences(page =>
    Array.from(read(page).matchAll(/^ *```(?:ts|js)\n([^]*?)^ *```/gm), ([, code = '']) => code).flatMap(
      code => {
        const [, written] = /^export default ((?:defineConfig\()?\{[^]*)/m.exec(code) ?? []
        // An application may be exported as an object too.
        if (written === undefined || /^import (?!.*'heddle'$)/m.test(code)) return []
        seen += 1
        const config: unknown = runInThisContext(`{ const defineConfig = value => value; (${written}) }`)
        const mistakes: Mistake[] = []
        check(schema, config, '', { asText: new Set(), mistakes })
        return mistakes.map(mistake => mistakeLine(mistake))
      }
    )
  )
  assert.deepEqual(found, [])
  assert.ok(seen > 5)
})

test('every metric, event and error a page names is there', () => {
  const metrics: ReadonlySet<string> = new Set(Object.keys(metricFacts))
  const events = new Set(eventNames())
  const errors = new Set(errorCodes())
  const found = offences(page =>
    codeOf(page).flatMap(code => {
      const names = (pattern: RegExp): readonly string[] => code.match(pattern) ?? []
      const unknown = [
        names(/\bheddle_[a-z_]*[a-z]\b/g).filter(name => !metrics.has(name.replace(/_bucket$/, ''))),
        names(
          /^(?:application|worker|server|reload|restart|operation|admin|mesh|watch):(?!slot$)[a-z][a-z-]+$/g
        ).filter(name => !events.has(name)),
        names(/\b(?:HEDDLE|MESH)_[A-Z_]+[A-Z]\b/g).filter(name => !errors.has(name) && !isVariable(name))
      ]
      return unknown.flat()
    })
  )
  assert.deepEqual(found, [])
})

/** Whether a word is an environment variable of the command line. */
function isVariable(name: string): boolean {
  return commands.some(({ options }) => options.some(({ variables }) => variables.includes(name)))
}

test('every link into a page leads to a heading', () => {
  const found = offences(page =>
    Array.from(
      read(page).matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g),
      ([, file = '', anchor = '']) => {
        const target = file === '' ? page : join(dirname(page), file)
        return anchorsOf(target).has(anchor) ? null : `${file}#${anchor}`
      }
    ).filter(offence => offence !== null)
  )
  assert.deepEqual(found, [])
})

/** The anchors GitHub gives to the headings of a page. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = read(page).match(/(?<=^#{1,6} ).*$/gm) ?? []
  return new Set(
    headings.map(heading =>
      heading
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-')
    )
  )
}

test('the documentation is read in one order, and every page says what is next', () => {
  const contents = read('docs/README.md')
  const listed = new Set(Array.from(contents.matchAll(/\]\(([\w./-]+\.md)\)/g), ([, file = '']) => file))
  const unlisted = [...inDocs, ...reference]
    .map(page => page.slice('docs/'.length))
    .filter(page => page !== 'README.md' && !listed.has(page))
  assert.deepEqual(unlisted, [])
  const order = Array.from(contents.matchAll(/^\d+\. \[[^\]]+\]\(([\w.-]+\.md)\)/gm), ([, file = '']) => file)
  assert.ok(order.length > 10)
  const next = order.map(page => [page, /^Next: .*\]\(([\w.-]+\.md)/m.exec(read(`docs/${page}`))?.[1]])
  assert.deepEqual(
    next,
    order.map((page, index) => [page, order[index + 1] ?? 'README.md'])
  )
})

test('the figures of the page about sizing are those that were measured', () => {
  const measured = read('docs/benchmarks.md')
  const [, once] =
    /\| resident memory, MB, after a short load [^]*?\| Heddle, edge +\| +(\d+)/.exec(measured) ?? []
  const [, further] =
    /\| MB per further worker [^]*?\| Heddle, edge +\| +[\d.]+ \| +([\d.]+)/.exec(measured) ?? []
  const page = read('docs/sizing.md')
  const [, written] = /\| Heddle with one worker +\| +(\d+) MB/.exec(page) ?? []
  const [, each] = /\| each further worker +\| +(\d+) MB/.exec(page) ?? []
  // Each run of the benchmarks differs a little.
  assert.ok(Math.abs(Number(written) / Number(once) - 1) < 0.15, `${written} is written, ${once} measured`)
  assert.ok(Math.abs(Number(each) / Number(further) - 1) < 0.25, `${each} is written, ${further} measured`)
})

/** For each page of the reference what it has to have an entry for, and what an entry of it looks like. */
const complete: readonly [page: string, names: readonly string[], entry: (name: string) => string][] = [
  ['cli', commands.map(({ name }) => name), name => `\n## heddle ${name}\n`],
  [
    'cli',
    commands.flatMap(({ options }) => options.map(({ flags }) => flags.replaceAll('|', String.raw`\|`))),
    flags => `| \`${flags}\` `
  ],
  ['configuration', keysOf(schema), name => `| \`${name}\` `],
  ['metrics', Object.keys(metricFacts), name => `| \`${name}\` `],
  ['events', eventNames(), name => `\n### \`${name}\`\n`],
  ['errors', errorCodes(), name => `| \`${name}\` `],
  ['exit-codes', Object.values(exitCodes).map(({ code }) => String(code)), code => `\n| ${code} `],
  [
    'api',
    Object.values(operations).map(({ method, path }) => `${method} ${path}`),
    name => `\n### \`${name}\`\n`
  ]
]

for (const [page, names, entry] of complete) {
  test(`the reference of ${page} leaves none of ${names.length} out`, () => {
    const text = read(`docs/reference/${page}.md`)
    assert.deepEqual(
      names.filter(name => !text.includes(entry(name))),
      []
    )
    assert.ok(names.length > 5)
  })
}

/** The names of all keys, at whatever depth. */
function keysOf(key: Key): readonly string[] {
  if (key.kind === 'list' || key.kind === 'map') return keysOf(key.of)
  if (key.kind !== 'object') return []
  return Object.entries(key.keys).flatMap(([name, inner]) => [name].concat(keysOf(inner)))
}

/** What is announced anywhere in the code, and not what is declared: that is where the page comes from. */
function eventNames(): readonly string[] {
  const names = sourcesOf('packages/heddle/src').flatMap(text =>
    Array.from(text.matchAll(/\bannounce\w*\??\.?\(\s*'([\w:-]+)'/g), ([, name = '']) => name)
  )
  return [...new Set(names)].toSorted()
}

/** Every code something is thrown or answered with. */
function errorCodes(): readonly string[] {
  const names = ['packages/heddle/src', 'packages/mesh/src'].flatMap(folder =>
    sourcesOf(folder).flatMap(text =>
      Array.from(text.matchAll(/new (?:Heddle|Mesh)Error\(\s*'(\w+)'/g), ([, name = '']) => name)
    )
  )
  return [...new Set(names)].toSorted()
}

function sourcesOf(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => basename(file).endsWith('.ts'))
    .map(file => read(join(folder, file)))
}
