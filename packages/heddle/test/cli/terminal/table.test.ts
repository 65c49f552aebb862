/** Tables in columns, and lines cut to a width. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { clip } from '../../../src/cli/terminal/clip.ts'
import { tableLines } from '../../../src/cli/terminal/table.ts'
import type { Column } from '../../../src/cli/terminal/table.ts'

interface Fruit {
  readonly name: string
  readonly count: number
  readonly note: string
}

const columns: readonly Column<Fruit>[] = [
  { head: 'NAME', cell: ({ name }) => name },
  { head: 'COUNT', isRight: true, rank: 1, cell: ({ count }) => String(count) },
  { head: 'NOTE', rank: 2, cell: ({ note }) => note, paint: text => `<${text}>` }
]
const rows: readonly Fruit[] = [
  { name: 'fig', count: 7, note: 'ripe' },
  { name: 'banana', count: 1_000_000, note: '' }
]

test('tableLines() sets columns, numbers at their right end, and paints only what is there', () => {
  assert.deepEqual(tableLines(columns, rows), [
    'NAME      COUNT  NOTE',
    'fig           7  <ripe>',
    'banana  1000000'
  ])
})

test('tableLines() leaves out columns by their rank until the rest fits', () => {
  assert.deepEqual(tableLines(columns, rows, 18), ['NAME      COUNT', 'fig           7', 'banana  1000000'])
  assert.deepEqual(tableLines(columns, rows, 14), ['NAME', 'fig', 'banana'])
  assert.deepEqual(tableLines(columns, rows, 1), ['NAME', 'fig', 'banana'])
})

test('tableLines() leaves out a column in which nothing stands', () => {
  const [head] = tableLines(columns, rows.slice(1))
  assert.equal(head, 'NAME      COUNT')
})

function red(text: string): string {
  return `\u001B[31m${text}\u001B[39m`
}

test('clip() cuts what is shown and leaves colours alone', () => {
  const table: readonly (readonly [string, number, string])[] = [
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 5, 'abcd…'],
    [red('abc'), 3, red('abc')],
    [`${red('abc')}def`, 5, `${red('abc')}d…\u001B[0m`],
    ['', 0, ''],
    ['ab', 1, '…']
  ]
  for (const [line, width, clipped] of table) assert.equal(clip(line, width), clipped)
})
