/** Which file of a directory is the entry. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { discoverEntry, isEmptyProgram, judgeEntry } from '../../src/config/discovery.ts'
import { paperDisk } from './paper-disk.ts'

const found: readonly [string, Readonly<Record<string, string>>, string][] = [
  ['index.js', { 'index.js': '1', 'server.js': '1' }, 'index.js'],
  ['TypeScript before JavaScript', { 'app.js': '1', 'app.ts': '1' }, 'app.ts'],
  ['the directory itself before src', { 'start.cjs': '1', 'src/index.ts': '1' }, 'start.cjs'],
  ['src', { 'src/main.mts': '1' }, 'src/main.mts'],
  ['dist', { 'dist/server.mjs': '1' }, 'dist/server.mjs'],
  ['main', { 'package.json': '{"main":"lib/run.js"}', 'lib/run.js': '1', 'index.js': '1' }, 'lib/run.js'],
  ['main without extension', { 'package.json': '{"main":"./lib/run"}', 'lib/run.js': '1' }, 'lib/run.js'],
  ['main that is a directory', { 'package.json': '{"main":"lib"}', 'lib/index.cjs': '1' }, 'lib/index.cjs'],
  [
    'exports before main',
    { 'package.json': '{"main":"a.js","exports":"./b.js"}', 'a.js': '1', 'b.js': '1' },
    'b.js'
  ],
  [
    'exports of the package',
    {
      'package.json':
        '{"exports":{".":{"types":"./t.d.ts","import":"./e.mjs","require":"./c.cjs"},"./x":"./x.js"}}',
      'e.mjs': '1',
      'c.cjs': '1'
    },
    'e.mjs'
  ],
  [
    'exports in the order of its conditions',
    { 'package.json': '{"exports":{"require":"./c.cjs","import":"./e.mjs"}}', 'e.mjs': '1', 'c.cjs': '1' },
    'c.cjs'
  ],
  [
    'nested conditions and lists',
    { 'package.json': '{"exports":{".":[{"node":{"default":"./n.js"}}]}}', 'n.js': '1' },
    'n.js'
  ],
  [
    'a conventional name when main does not exist',
    { 'package.json': '{"main":"index.js"}', 'server.js': '1' },
    'server.js'
  ]
]

for (const [name, files, entry] of found) {
  test(`discoverEntry() finds ${name}`, () => {
    const disk = paperDisk(
      Object.fromEntries(Object.entries(files).map(([path, text]) => [`/x/${path}`, text]))
    )
    assert.deepEqual(discoverEntry(disk, '/x'), { found: true, entry: `/x/${entry}`, warning: null })
  })
}

function refusal(files: Readonly<Record<string, string>>): string {
  const discovery = discoverEntry(paperDisk(files), '/x')
  return discovery.found ? '' : discovery.message
}

test('discoverEntry() says why there is none', () => {
  assert.match(refusal({ '/x/README.md': '' }), /^there is no entry in \/x/)
  assert.match(
    refusal({ '/x/package.json': '{"main":"dist/a.js"}' }),
    /^package\.json names "dist\/a\.js", which does not exist, and there is no entry/
  )
  assert.match(refusal({ '/x/package.json': '{' }), /^\/x\/package\.json is not JSON: /)
  assert.match(refusal({ '/x/package.json': '[]' }), /^\/x\/package\.json is not an object/)
})

test('judgeEntry() says what is wrong with a file', () => {
  const disk = paperDisk({ '/x/server.ts': '1', '/x/page.tsx': '1', '/x/data.json': '1', '/x/empty.js': '' })
  const message = (path: string): string => {
    const discovery = judgeEntry(disk, path)
    return discovery.found ? '' : discovery.message
  }
  assert.equal(message('/x/server.ts'), '')
  assert.equal(message('/x/server'), 'there is no file /x/server (did you mean "server.ts"?)')
  assert.equal(message('/x'), 'is a directory: name the file to load')
  assert.match(message('/x/page.tsx'), /contains JSX/)
  assert.match(message('/x/data.json'), /is neither JavaScript nor TypeScript/)
  assert.match(message('/x/empty.js'), /is empty/)
})

test('isEmptyProgram() ignores comments, directives and export {}', () => {
  for (const text of ['', ' \n', '// a', '/* a */ ;', '#!/usr/bin/env node\n', "'use strict'\nexport {}"]) {
    assert.ok(isEmptyProgram(text), text)
  }
  for (const text of ['1', 'export { a }', '/* a */ listen()', '"use client"'])
    assert.ok(!isEmptyProgram(text), text)
})
