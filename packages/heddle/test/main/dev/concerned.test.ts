/** Who is concerned by a file that has changed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { concernedBy } from '../../../src/main/dev/concerned.ts'
import type { Territory } from '../../../src/main/dev/concerned.ts'
import { parseIgnoreRules } from '../../../src/main/dev/ignore-rules.ts'

interface Given {
  readonly loaded?: readonly string[]
  readonly include?: readonly string[]
  readonly ignore?: string
  readonly isBroken?: boolean
}

function territory(
  id: string,
  { loaded = [], include = [], ignore = '', isBroken = false }: Given
): Territory {
  const path = `/r/${id}`
  return { id, path, loaded: new Set(loaded), include, ignore: parseIgnoreRules(ignore, path), isBroken }
}

const nobody = { configuration: false, applications: [] as readonly string[] }

type Case = readonly [
  string,
  { readonly path: string; readonly trees: readonly (string | null)[] },
  Readonly<Record<string, Given>>,
  Partial<typeof nobody>
]

const cases: readonly Case[] = [
  [
    'a file in the tree of one',
    { path: '/r/a/x.html', trees: ['a'] },
    { a: {}, b: {} },
    { applications: ['a'] }
  ],
  [
    'a module in its tree that nobody has loaded',
    { path: '/r/a/x.js', trees: ['a'] },
    { a: {}, b: {} },
    { applications: ['a'] }
  ],
  [
    'a module outside all trees that one has loaded',
    { path: '/shared/x.js', trees: [] },
    { a: { loaded: ['/shared/x.js'] }, b: {} },
    { applications: ['a'] }
  ],
  [
    'a module two have loaded',
    { path: '/shared/x.js', trees: [] },
    { a: { loaded: ['/shared/x.js'] }, b: { loaded: ['/shared/x.js'] }, c: {} },
    { applications: ['a', 'b'] }
  ],
  [
    'a module in the tree of one that another alone has loaded',
    { path: '/r/a/x.js', trees: ['a'] },
    { a: { loaded: ['/r/a/y.js'] }, b: { loaded: ['/r/a/x.js'] } },
    { applications: ['b'] }
  ],
  [
    'the same, when its owner does not start',
    { path: '/r/a/x.js', trees: ['a'] },
    { a: { isBroken: true }, b: { loaded: ['/r/a/x.js'] } },
    { applications: ['a', 'b'] }
  ],
  [
    'what is no module, whoever has loaded it',
    { path: '/r/a/x.txt', trees: ['a'] },
    { a: {}, b: { loaded: ['/r/a/x.txt'] } },
    { applications: ['a', 'b'] }
  ],
  [
    'a module of two applications in one directory',
    { path: '/r/a/x.js', trees: ['a', 'b'] },
    { a: { loaded: ['/r/a/x.js'] }, b: {} },
    { applications: ['a'] }
  ],
  [
    'a module that was asked for without its extension and was not there',
    { path: '/shared/x.cjs', trees: [] },
    { a: { loaded: ['/shared/x'] } },
    { applications: ['a'] }
  ],
  [
    'the index of a directory that was asked for and was not there',
    { path: '/shared/x/index.js', trees: [] },
    { a: { loaded: ['/shared/x'] } },
    { applications: ['a'] }
  ],
  [
    'what the configuration ignores, loaded or not',
    { path: '/r/a/data/x.json', trees: [] },
    { a: { ignore: 'data/', loaded: ['/r/a/data/x.json'] } },
    {}
  ],
  [
    'what the configuration includes',
    { path: '/elsewhere/x/y', trees: [] },
    { a: { include: ['/elsewhere'] }, b: { include: ['/else'] } },
    { applications: ['a'] }
  ],
  ['a file of the configuration', { path: '/r/heddle.json', trees: [] }, { a: {} }, { configuration: true }],
  [
    'the package.json of an application',
    { path: '/r/a/package.json', trees: ['a'] },
    { a: {} },
    { configuration: true, applications: ['a'] }
  ],
  [
    'another package.json',
    { path: '/r/a/lib/package.json', trees: ['a'] },
    { a: {} },
    { applications: ['a'] }
  ],
  [
    'a file in the directory of all applications',
    { path: '/r/new/index.js', trees: [null] },
    { a: {} },
    { configuration: true }
  ],
  [
    'a file that was seen there, of an application that has come meanwhile',
    { path: '/r/a/index.js', trees: [null] },
    { a: {}, b: {} },
    { configuration: true, applications: ['a'] }
  ],
  [
    'variables the program reads itself',
    { path: '/r/a/.env', trees: ['a'] },
    { a: {} },
    { applications: ['a'] }
  ],
  [
    'variables the configuration gives',
    { path: '/r/a/.env.dev', trees: ['a'] },
    { a: {} },
    { configuration: true }
  ],
  ['a file nobody knows', { path: '/x', trees: [] }, { a: {} }, {}]
]

for (const [name, { path, trees }, given, expected] of cases) {
  test(`concernedBy() knows who is concerned by ${name}`, () => {
    const territories = Object.entries(given).map(([id, facts]) => territory(id, facts))
    const files = ['/r/heddle.json', '/r/a/.env.dev']
    const found = concernedBy({ path, trees: new Set(trees) }, { territories, files })
    assert.deepEqual({ ...found, applications: found.applications.toSorted() }, { ...nobody, ...expected })
  })
}
