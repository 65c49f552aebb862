/**
 * What the recorded session is made with: a terminal that understands what programs write, the pictures of it, and the
 * page.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fillPage, recordingOf } from '../tools/session/page.ts'
import { pictureOf } from '../tools/session/picture.ts'
import { replaced, textOf } from '../tools/session/shell.ts'
import { Terminal } from '../tools/session/terminal.ts'

const escape = '\u001B['

function shown(...texts: readonly string[]): readonly string[] {
  const terminal = new Terminal(10, 3)
  for (const text of texts) terminal.write(text)
  return terminal.lines
}

const table: readonly [what: string, texts: readonly string[], lines: readonly string[]][] = [
  ['lines', ['a\r\nb'], ['a', 'b']],
  ['a line that is longer than the terminal', ['0123456789abc'], ['0123456789', 'abc']],
  ['what is written over', ['abc\rx\b\by\r\n'], ['ybc']],
  ['tabs', ['a\tb'], ['a       b']],
  ['a line that is erased from the cursor on', [`abcdef\r${escape}2C${escape}K`], ['ab']],
  ['a line that is erased up to the cursor', [`abcdef${escape}3D${escape}1K`], ['    ef']],
  ['places', [`${escape}2;3Hx${escape}1;1Hy`], ['y', '  x']],
  ['sequences in pieces', ['a\u001B', '[', '3', '1mb\u001B]0;tit', 'le\u0007c'], ['abc']],
  ['nothing of what it does not know', [`${escape}?2004h${escape}?25la\u001B(Bb`], ['ab']],
  [
    'what was there before a program took the screen',
    [`a${escape}?1049h${escape}2Jb${escape}?1049lc`],
    ['ac']
  ]
]

for (const [what, texts, lines] of table) {
  test(`a terminal shows ${what}`, () => assert.deepEqual(shown(...texts), lines))
}

test('a terminal tells the marks of a shell, and whether a program has the screen', () => {
  const commands: string[] = []
  const terminal = new Terminal(10, 3, command => commands.push(command))
  terminal.write(`\u001B]133;A\u0007$ ${escape}?1049h`)
  assert.deepEqual([commands, terminal.isFullScreen, terminal.lines], [['133;A'], true, []])
})

test('a terminal keeps the colours of runs', () => {
  const terminal = new Terminal(20, 3)
  terminal.write(`${escape}1;31mbad${escape}0m  ${escape}7mrow ${escape}27m`)
  const [runs = []] = terminal.runs()
  assert.deepEqual(
    runs.map(({ column, text, style }) => [column, text, style.colour, style.bold, style.inverse]),
    [
      [0, 'bad', 1, true, false],
      [5, 'row ', null, false, true]
    ]
  )
  assert.equal(textOf([runs]), 'bad  row')
})

test('pictureOf() puts each word at its column, and leaves no character to be taken for a tag', () => {
  const terminal = new Terminal(20, 3)
  terminal.write(`a    <b> & c\r\n${escape}31mred${escape}0m`)
  const picture = pictureOf({ title: 'a < b', lines: terminal.runs(), columns: 20 })
  const words = Array.from(picture.matchAll(/<text x="([\d.]+)"[^>]*>([^<]*)</g), ([, x, word]) => [x, word])
  assert.deepEqual(words, [
    ['16', 'a'],
    ['58', '&lt;b&gt; &amp; c'],
    ['16', 'red']
  ])
  assert.match(picture, /<title>a &lt; b<\/title>/)
  assert.match(picture, /fill="#ff6b6b">red</)
})

test('replaced() keeps what may be the beginning of a word that is to be replaced', () => {
  const instead = new Map([['/tmp/shop', '/srv']])
  assert.deepEqual(replaced('a /tmp/shop/b', instead), { shown: 'a /srv/b', rest: '' })
  assert.deepEqual(replaced('a /tmp/sh', instead), { shown: 'a ', rest: '/tmp/sh' })
  assert.deepEqual(replaced('/tmp/sha', instead), { shown: '/tmp/sha', rest: '' })
})

test('fillPage() writes a scene between its markers, and nothing else', () => {
  const page =
    'a\n<!-- session:ps -->\nold\n<!-- /session:ps -->\nb <!-- session:x -->keep<!-- /session:x -->'
  const terminal = new Terminal(20, 3)
  terminal.write('$ heddle ps\r\n$& all is well')
  const filled = fillPage(page, [{ name: 'ps', title: 'heddle ps', lines: terminal.runs() }])
  assert.match(
    filled,
    /^a\n<!-- session:ps -->\n\n!\[heddle ps in a terminal\]\(images\/slow-worker-ps\.svg\)/
  )
  assert.match(filled, /```text\n\$ heddle ps\n\$& all is well\n```/)
  assert.match(filled, /<!-- \/session:ps -->\nb <!-- session:x -->keep<!-- \/session:x -->$/)
})

test('recordingOf() shortens pauses', () => {
  const moments = [
    { at: 0.5, text: 'a' },
    { at: 30.5, text: 'b' }
  ]
  const [head = '', ...events] = recordingOf(moments, { columns: 80, rows: 24 }).trimEnd().split('\n')
  assert.partialDeepStrictEqual(JSON.parse(head), { version: 2, width: 80, height: 24 })
  assert.deepEqual(
    events.map(event => JSON.parse(event)),
    [
      [0.5, 'o', 'a'],
      [2.5, 'o', 'b']
    ]
  )
})
