/** The header section as it travels: everything callers may offer, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isFieldValue, isToken, parseBlock, writeBlock, type HeadersInput } from '../../src/wire/headers.ts'

const forms: readonly [string, unknown, string][] = [
  ['nothing', null, ''],
  ['nothing at all', undefined, ''],
  ['an object', { A: '1', b: '2' }, 'A: 1\r\nb: 2\r\n'],
  ['an object with a list', { a: ['1', '2'] }, 'a: 1\r\na: 2\r\n'],
  ['an object with a number', { a: 1 }, 'a: 1\r\n'],
  ['an object with holes', { a: undefined, b: null, c: '' }, 'c: \r\n'],
  ['a flat array', ['A', '1', 'b', '2'], 'A: 1\r\nb: 2\r\n'],
  ['a flat array with a list', ['a', ['1', '2']], 'a: 1\r\na: 2\r\n'],
  ['a flat array of Buffers', [Buffer.from('a'), Buffer.from('\xe9', 'latin1')], 'a: \xe9\r\n'],
  [
    'pairs',
    [
      ['a', '1'],
      ['a', '2']
    ],
    'a: 1\r\na: 2\r\n'
  ],
  ['a Map', new Map([['a', '1']]), 'a: 1\r\n'],
  ['Headers', new Headers({ A: '1' }), 'a: 1\r\n'],
  ['an empty array', [], ''],
  ['Latin-1', { a: 'caf\xe9' }, 'a: caf\xe9\r\n'],
  ['a tab', { a: 'b\tc' }, 'a: b\tc\r\n'],
  [
    'hop-by-hop headers',
    {
      Connection: 'close',
      'keep-alive': '1',
      'Transfer-Encoding': 'chunked',
      'proxy-connection': 'x',
      Upgrade: 'ws',
      a: '1'
    },
    'a: 1\r\n'
  ],
  [
    'names as long as those of hop-by-hop headers',
    { abcdefghij: '1', abcdefghijklmnopq: '2' },
    'abcdefghij: 1\r\nabcdefghijklmnopq: 2\r\n'
  ]
]

for (const [name, input, block] of forms) {
  test(`writeBlock() writes ${name}`, () => {
    assert.equal(writeBlock(input as HeadersInput).block, block)
  })
}

test('writeBlock() reports what the mesh needs to know', () => {
  const { hasHost, upgrade, contentLength } = writeBlock({
    HOST: 'x',
    Upgrade: 'websocket',
    'Content-Length': '7'
  })
  assert.deepEqual([hasHost, upgrade, contentLength], [true, 'websocket', '7'])
  const none = writeBlock({ hosts: 'x' })
  assert.deepEqual([none.hasHost, none.upgrade, none.contentLength], [false, null, null])
})

const refused: readonly [string, unknown][] = [
  ['a line break in a value', { a: 'x\r\ny: z' }],
  ['a line feed in a value', { a: 'x\ny' }],
  ['a NUL in a value', { a: 'x\0' }],
  ['a character beyond Latin-1', { a: '世界' }],
  ['a DEL in a value', { a: '\x7f' }],
  ['a line break in one value of a list', { a: ['fine', 'x\r\n'] }],
  ['a space in a name', { 'a b': 'x' }],
  ['a colon in a name', { 'a:': 'x' }],
  ['a line break in a name', ['a\r\n', 'x']],
  ['an empty name', { '': 'x' }],
  ['a hop-by-hop header with a hostile value', { connection: 'x\r\ny: z' }],
  ['Buffers with a line break', [Buffer.from('a'), Buffer.from('x\r\ny')]]
]

for (const [name, input] of refused) {
  test(`writeBlock() refuses ${name}`, () => {
    assert.throws(() => writeBlock(input as HeadersInput), { code: 'MESH_INVALID_REQUEST' })
  })
}

test('writeBlock() names the header and what was offered', () => {
  assert.throws(() => writeBlock({ 'x-one': 'a\nb' }), {
    detail: { what: 'value of header x-one', offered: 'a\nb' }
  })
})

test('parseBlock() reads back what writeBlock() wrote', () => {
  const flat = ['A', '1', 'b', '', 'c', 'x: y', 'A', '\xe9']
  assert.deepEqual(parseBlock(writeBlock(flat).block), flat)
})

test('parseBlock() reads a block without its last line break, and an empty one', () => {
  assert.deepEqual(parseBlock('a: 1\r\nb: 2'), ['a', '1', 'b', '2'])
  assert.deepEqual(parseBlock(''), [])
  assert.deepEqual(parseBlock('nonsense'), [])
})

test('isToken() and isFieldValue() follow the grammar of HTTP', () => {
  for (const good of ['GET', 'M-SEARCH', "!#$%&'*+-.^_`|~09az"]) assert.equal(isToken(good), true, good)
  for (const bad of ['', 'a b', 'a\t', 'é', '(', 'a/b']) assert.equal(isToken(bad), false, bad)
  for (const good of ['', 'a b', '\xff', '\t']) assert.equal(isFieldValue(good), true, good)
  for (const bad of ['\r', '\n', '\0', '\x1f', '\x7f', '\u0100']) assert.equal(isFieldValue(bad), false, bad)
})
