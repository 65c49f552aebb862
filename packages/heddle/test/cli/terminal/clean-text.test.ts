/** What a terminal would obey is taken out of texts of others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'

import { lineText } from '../../../src/cli/log-text.ts'
import { cleanLine, cleanText, parseClean } from '../../../src/cli/terminal/clean-text.ts'

test('cleanText() leaves nothing a terminal obeys', () => {
  const table: readonly (readonly [string, string])[] = [
    ['plain ▁ text', 'plain ▁ text'],
    ['\u001B[31mred\u001B[0m', 'red'],
    // The title of a window, the clipboard, a link.
    ['a\u001B]0;title\u0007b', 'ab'],
    ['a\u001B]52;c;AAAA\u001B\\b', 'ab'],
    // Sequences that begin with one character.
    ['a\u009B2Jb', 'ab'],
    ['bell\u0007 back\b\u007F', 'bell  back '],
    ['two\r\nlines\tand\rmore', 'two\nlines and more']
  ]
  for (const [text, clean] of table) assert.equal(cleanText(text), clean, JSON.stringify(text))
  assert.equal(cleanLine(' two\n  lines\u0007'), 'two lines')
})

test('a log line is clean, all of its fields', () => {
  const json = JSON.stringify({
    time: 0,
    level: 'info',
    message: 'a\u001B[2Jb',
    url: '/\u001B]0;x\u0007',
    deep: ['\u001B[1m']
  })
  assert.deepEqual(parseClean('{"a":["\\u001b[1mb"],"c":1}'), { a: ['b'], c: 1 })
  const plain = stripVTControlCharacters(lineText(json, process.stderr))
  assert.match(plain, /^[\d:.]+ info {2}ab url=\/ deep=\[""\]$/)
})
