/**
 * How guides are followed: what is read of a page, when an output is the one shown, and that every guide is followed by
 * a test: `guides-*.test.ts`, several files, since each has a minute.
 */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { foundIn, isSame } from './guides/compare.ts'
import { unitsOf } from './guides/page.ts'

const root = join(import.meta.dirname, '..')

test('every guide is followed, once', () => {
  const pages = ['README.md', ...readdirSync(join(root, 'docs')).map(name => `docs/${name}`)]
  const guides = pages.filter(
    page => page.endsWith('.md') && unitsOf(readFileSync(join(root, page), 'utf8')).length > 0
  )
  const followers = readdirSync(import.meta.dirname).filter(name => /^guides-.*\.test\.ts$/.test(name))
  const followed = followers.flatMap(name =>
    Array.from(
      readFileSync(join(import.meta.dirname, name), 'utf8').matchAll(/'([\w/-]+\.md)'/g),
      ([, page = '']) => page
    )
  )
  assert.deepEqual(followed.toSorted(), guides.toSorted())
})

const outputs: readonly [what: string, expected: readonly string[], printed: string, same: boolean][] = [
  ['the same', ['a', 'b'], 'a\nb\n', true],
  ['less', ['a', 'b'], 'a\n', false],
  ['more', ['a'], 'a\nb\n', false],
  [
    'other times and amounts',
    ['12:00:00.000 ready in 12 ms, 3 MB, 4%'],
    '09:13:59.123 ready in 7.5 ms, 40 MB, 99%',
    true
  ],
  ['another number', ['2 workers'], '3 workers', false],
  ['other spaces', ['a  b'], '  a b', true],
  ['anything within a line', ['a … c'], 'a b c', true],
  ['a dot for any sign', ['a.c'], 'abc', false],
  ['any lines', ['a', '…', 'd'], 'a\nb\nc\nd', true],
  ['any lines at the end', ['a', '…'], 'a', true]
]

for (const [what, expected, printed, same] of outputs) {
  test(`an output with ${what} is ${same ? '' : 'not '}the one shown`, () => {
    assert.equal(isSame(expected, printed), same)
  })
}

test('what a server shows is found between other lines, in its order', () => {
  assert.equal(foundIn(['a', 'b'], 'x\na\ny\nb\nz'), 2)
  assert.equal(foundIn(['a', 'b'], 'b\na'), 1)
})

test('a guide is read block by block', () => {
  const page = [
    '<!-- guide: page -->',
    '# Title',
    'In `package.json`:',
    '```json\n{}\n```',
    '```js\n// web/index.js\n1\n```',
    '```js\n2\n```',
    '```console\n$ cat <<E\n> in\n> E\nin\n$ true\n```',
    '```text\nready\n```'
  ].join('\n')
  assert.deepEqual(unitsOf(page), [
    {
      title: 'Title',
      needsRegistry: false,
      steps: [
        { kind: 'file', line: 4, name: 'package.json', text: '{}\n' },
        { kind: 'file', line: 7, name: 'web/index.js', text: '// web/index.js\n1\n' },
        { kind: 'command', line: 15, command: 'cat <<E\nin\nE', expected: ['in'] },
        { kind: 'command', line: 19, command: 'true', expected: [] },
        { kind: 'shown', line: 21, expected: ['ready'] }
      ]
    }
  ])
})
