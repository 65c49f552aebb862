/** What git would ignore, case by case; each was compared with what git itself says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isIgnored, lastWord, parseIgnoreRules, pathBelow } from '../../../src/main/dev/ignore-rules.ts'

/** Patterns, paths they ignore, paths they do not; a slash at the end makes a path a directory. */
const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['dist', ['dist', 'a/dist', 'dist/x.js', 'a/dist/b/c'], ['dist2', 'a/mydist']],
  ['/dist', ['dist', 'dist/x'], ['a/dist']],
  ['dist/', ['dist/', 'a/dist/', 'dist/x'], ['dist', 'a/dist']],
  ['a/b', ['a/b', 'a/b/c'], ['x/a/b']],
  ['*.log', ['x.log', 'a/b/.log'], ['x.log.gz', 'log']],
  ['*.log\n!keep.log', ['x.log'], ['keep.log', 'a/keep.log']],
  ['logs\n!logs/keep', ['logs/keep'], []],
  ['/*\n!/src', ['x', 'lib/a'], ['src/', 'src/a']],
  ['**/tmp', ['tmp', 'a/tmp', 'a/b/tmp/c'], ['tmpx']],
  ['a/**', ['a/x', 'a/b/c'], ['a/', 'b/a/x']],
  ['a/**/z', ['a/z', 'a/b/z', 'a/b/c/z'], ['z', 'a/zz']],
  ['a*z', ['az', 'a-z', 'x/abcz'], ['a/z']],
  ['?.js', ['a.js', 'x/b.js'], ['ab.js', '.js']],
  ['[a-c].js', ['b.js'], ['d.js', '-.js']],
  ['[!a].js', ['b.js'], ['a.js']],
  ['[[:digit:]]x', ['1x'], ['ax']],
  ['[', [], ['[', 'a']],
  ['[]a]x', [']x', 'ax'], ['bx']],
  [String.raw`\!a`, ['!a'], ['a']],
  [String.raw`\#a`, ['#a'], ['a']],
  ['# a comment\n\n   \n', [], ['# a comment', 'a']],
  ['a  ', ['a'], ['a  ']],
  ['a\\ ', ['a '], ['a']],
  ['a b', ['a b'], ['a']],
  ['a\r\nb\r\n', ['a', 'b'], []],
  ['a.b+c(d)', ['a.b+c(d)'], ['aXb+c(d)']],
  ['\uFEFFa', ['a'], []],
  ['[z-a]', [], ['b']],
  ['a\\', [], ['a', 'a\\']],
  ['!', [], ['a', '!']]
]

for (const [text, ignored, kept] of cases) {
  test(`parseIgnoreRules() reads ${JSON.stringify(text)} as git does`, () => {
    const rules = parseIgnoreRules(text, '/r')
    const judge = (path: string): boolean => {
      if (!path.endsWith('/')) return isIgnored(rules, `/r/${path}`, '/r')
      return lastWord(rules, `/r/${path.slice(0, -1)}`, true) === true
    }
    assert.deepEqual(
      ignored.filter(path => !judge(path)),
      [],
      'should be ignored'
    )
    assert.deepEqual(kept.filter(judge), [], 'should be kept')
  })
}

test('lastWord() lets a file further down outrank one further up, and none speak of what is elsewhere', () => {
  const rules = [...parseIgnoreRules('*.gen.ts', '/r'), ...parseIgnoreRules('!api.gen.ts', '/r/api')]
  assert.equal(lastWord(rules, '/r/web/api.gen.ts', false), true)
  assert.equal(lastWord(rules, '/r/api/api.gen.ts', false), false)
  assert.equal(lastWord(rules, '/r/api/x.ts', false), null)
  assert.equal(lastWord(rules, '/elsewhere/x.gen.ts', false), null)
})

test('pathBelow() knows what lies in a directory', () => {
  assert.equal(pathBelow('/a', '/a/b/c'), 'b/c')
  assert.equal(pathBelow('/a', '/a/..b'), '..b')
  for (const path of ['/a', '/ab', '/', '/b/a']) assert.equal(pathBelow('/a', path), null)
})
