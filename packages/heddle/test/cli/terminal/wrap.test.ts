/** Texts are broken between words, whatever stands before them and whichever colours they have. */
import assert from 'node:assert/strict'
import { stripVTControlCharacters } from 'node:util'
import { test } from 'node:test'

import { wrap } from '../../../src/cli/terminal/wrap.ts'

const red = (text: string): string => `\u001B[31m${text}\u001B[39m`
const long = 'x'.repeat(50)

const cases: readonly (readonly [text: string, width: number, indent: number, lines: readonly string[]])[] = [
  ['one two three', Infinity, 2, ['one two three']],
  ['one two three', 13, 2, ['one two three']],
  ['what is said of a worker that is not well', 30, 4, ['what is said of a worker that', '    is not well']],
  ['a  text in columns that goes on', 30, 3, ['a  text in columns that goes', '   on']],
  [`name  ${long} after`, 40, 6, ['name', `      ${long}`, '      after']],
  [long, 10, 2, [long]],
  ['', 10, 2, ['']],
  ['  further in already, and too long', 24, 4, ['  further in already,', 'and too long']],
  ['  further in already, and too long', 30, 4, ['  further in already, and too', '    long']],
  // So little room that nothing is left of it for a margin.
  ['what is said of a worker', 20, 10, ['what is said of a', 'worker']],
  [`what ${red('is said of a worker that')} is`, 29, 2, ['what is said of a worker that', '  is']]
]

for (const [text, width, indent, lines] of cases) {
  test(`wrap() to ${width} makes ${lines.length} of ${JSON.stringify(stripVTControlCharacters(text)).slice(0, 40)}`, () => {
    assert.deepEqual(stripVTControlCharacters(wrap(text, width, indent)).split('\n'), lines)
  })
}
