/** Tests of which place is told of a series of stacks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Call, Sample } from '../../../src/channel/blocked-place.ts'
import { hottestCalls, toPlace } from '../../../src/main/blocked/hottest.ts'

const call = (name: string | null, file: string | null, line = 1): Call => ({
  function: name,
  file,
  line,
  column: 2,
  text: `${name} (${file}:${line}:2)`
})

const sample = (...calls: Call[]): Sample => ({ atMs: 0, calls })

const own = (name: string, line = 1): Call => call(name, '/app/src/own.ts', line)
const dependency = call('clone', '/app/node_modules/lodash/clone.js')
const internal = call('listOnTimeout', 'node:internal/timers')
const builtin = call('RegExp.test', null)

const facts = { kind: 'javascript', doing: null, method: 'stacks' } as const

/** The function and location that are told of these samples. */
function told(...samples: Sample[]): [string | null, string | null] {
  const place = toPlace(hottestCalls(samples, '/app'), facts, '/app')
  return [place.function, place.location]
}

const table: readonly [name: string, samples: Sample[], place: [string | null, string | null]][] = [
  ['nothing without samples', [], [null, null]],
  ['nothing of empty stacks', [sample()], [null, null]],
  [
    "the innermost call of the application's own",
    [sample(builtin, dependency, own('a'), own('b'))],
    ['a', 'src/own.ts:1:2']
  ],
  [
    'the function most stacks are in',
    [sample(own('a')), sample(own('b')), sample(own('b'))],
    ['b', 'src/own.ts:1:2']
  ],
  [
    'of that function the line most stacks are at',
    [sample(own('a', 3)), sample(own('a', 4)), sample(own('a', 4)), sample(own('b', 9))],
    ['a', 'src/own.ts:4:2']
  ],
  [
    'stacks with code of the application before others',
    [sample(internal), sample(internal), sample(own('a'))],
    ['a', 'src/own.ts:1:2']
  ],
  [
    'a dependency when nothing else is there',
    [sample(dependency, internal)],
    ['clone', 'node_modules/lodash/clone.js:1:2']
  ],
  [
    'files outside of the application by their path',
    [sample(call('f', '/lib/f.js'))],
    ['f', '/lib/f.js:1:2']
  ],
  ['node when nothing else is there', [sample(internal)], ['listOnTimeout', 'node:internal/timers:1:2']],
  ['code without a name', [sample(call(null, '/app/own.ts'))], ['(anonymous)', 'own.ts:1:2']],
  ['no location for code without a file', [sample(builtin)], ['RegExp.test', null]]
]

for (const [name, samples, place] of table) {
  test(`hottestCalls() tells ${name}`, () => assert.deepEqual(told(...samples), place))
}

test('toPlace() writes a stack like that of an error', () => {
  assert.deepEqual(toPlace([builtin, own('a')], facts, '/app').stack, [
    'at RegExp.test (null:1:2)',
    'at a (/app/src/own.ts:1:2)'
  ])
})

test('toPlace() leaves out what has called the application, and nothing when that is all there is', () => {
  const { stack } = toPlace([builtin, own('a'), dependency, own('b'), internal, dependency], facts, '/app')
  assert.deepEqual(
    stack.map(line => line.split(' ')[1]),
    ['RegExp.test', 'a', 'clone', 'b']
  )
  assert.equal(toPlace([dependency, internal], facts, '/app').stack.length, 2)
})
