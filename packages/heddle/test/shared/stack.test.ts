/** Stacks as V8 and node write them, taken apart. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseStack } from '../../src/shared/stack.ts'

const calls: readonly (readonly [line: string, name: string | null, file: string, place: string])[] = [
  ['    at handler (file:///srv/app/server.mjs:12:5)', 'handler', '/srv/app/server.mjs', '12:5'],
  ['    at async handler (file:///srv/a%20b/x.mjs:1:2)', 'async handler', '/srv/a b/x.mjs', '1:2'],
  ['    at new Shop (/srv/app/shop.cjs:3:7)', 'new Shop', '/srv/app/shop.cjs', '3:7'],
  ['    at Object.<anonymous> (/srv/app/shop.cjs:3:7)', 'Object.<anonymous>', '/srv/app/shop.cjs', '3:7'],
  ['    at Server.x [as y] (/srv/app/shop.cjs:3:7)', 'Server.x [as y]', '/srv/app/shop.cjs', '3:7'],
  ['    at /srv/app/top.cjs:1:1', null, '/srv/app/top.cjs', '1:1'],
  ['    at async file:///srv/app/top.mjs:6:16', null, '/srv/app/top.mjs', '6:16'],
  ['    at emit (node:events:509:20)', 'emit', 'node:events', '509:20'],
  ['    at file:///srv/app/x.mjs?v=2:6:16', null, '/srv/app/x.mjs', '6:16']
]

for (const [line, name, file, place] of calls) {
  test(`parseStack() reads ${line.trim()}`, () => {
    const [call] = parseStack(`Error: no\n${line}`).calls
    assert.ok(call !== undefined)
    assert.deepEqual([call.name, call.file, `${call.line}:${call.column}`], [name, file, place])
  })
}

test('parseStack() leaves out what is no place in a file', () => {
  const stack = [
    'Error: at (nothing:1:2)',
    '    at async Promise.all (index 0)',
    '    at Array.map (<anonymous>)',
    '    at [object Object]',
    'not a call at all'
  ].join('\n')
  assert.deepEqual(parseStack(stack), { broken: null, calls: [] })
})

test('parseStack() reads where code is that cannot be read, as node writes it before a syntax error', () => {
  const stack = [
    'file:///srv/app/x.mjs:3',
    'const a = ;',
    '          ^',
    '',
    "SyntaxError: Unexpected token ';'"
  ].join('\n')
  assert.deepEqual(parseStack(stack).broken, { file: '/srv/app/x.mjs', line: 3, column: 11 })
  const unmarked = '/srv/app/x.cjs:3\nSyntaxError: Unexpected end of input'
  assert.deepEqual(parseStack(unmarked).broken, { file: '/srv/app/x.cjs', line: 3, column: null })
})

test('parseStack() takes a long line of nothing in no time', () => {
  const stack = `Error: ${'at ('.repeat(50_000)}\n    at ${'x ('.repeat(50_000)}`
  assert.deepEqual(parseStack(stack).calls, [])
})
