/**
 * A small profile, and the shares read from it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { sectionAt, sectionsOf } from '../bundle-sections.mjs'
import { partOf, placeOf, selfTimes } from '../self-time.mjs'

const places = [
  ['', 'native'],
  ['node:net', 'node:net'],
  ['file:///a/packages/heddle/dist/edge/http1/parser.js', 'heddle/edge/http1/parser.js'],
  ['file:///a/packages/mesh/src/client/link.ts', 'mesh/client/link.ts'],
  ['file:///a/node_modules/@x/y/z.js', '@x/y/z.js'],
  ['file:///a/bench/applications/hello.mjs', 'bench/applications/hello.mjs'],
  ['file:///a/bench/node_modules/x/y.js', 'x/y.js'],
  ['packages/mesh/src/wire/frames.ts', 'mesh/wire/frames.ts']
]

for (const [url, place] of places) {
  test(`placeOf() names ${url || 'native code'}`, () => assert.equal(placeOf(url), place))
}

const parts = [
  ['native', 'writev', 'native code, system calls'],
  ['native', '(garbage collector)', 'garbage collection'],
  ['node:_http_server', 'end', 'node:_http_server'],
  ['node:internal/streams/writable', 'write', 'node:internal/streams'],
  ['heddle/edge/http1/parser.js', 'parse', 'heddle/edge'],
  ['heddle/index.js', 'start', 'heddle'],
  ['@x/y/z.js', 'z', '@x/y']
]

for (const [place, name, part] of parts) {
  test(`partOf() puts ${name} of ${place} into its part`, () => assert.equal(partOf(place, name), part))
}

function frame(functionName, url) {
  return { functionName, url, lineNumber: 9 }
}

test('selfTimes() counts busy time only, and charges the function that was seen before the delta', () => {
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('(idle)', '') },
      { id: 2, callFrame: frame('parse', 'file:///a/packages/heddle/dist/edge/http1/parser.js') },
      { id: 3, callFrame: frame('writev', '') }
    ],
    samples: [1, 2, 3, 1],
    timeDeltas: [0, 500, 300, 200]
  }
  assert.deepEqual(selfTimes(profile), {
    busy: 0.5,
    busyUs: 500,
    functions: [
      { name: 'parse heddle/edge/http1/parser.js:10', share: 0.6 },
      { name: 'writev', share: 0.4 }
    ],
    parts: [
      { name: 'heddle/edge', share: 0.6 },
      { name: 'native code, system calls', share: 0.4 }
    ]
  })
})

test('selfTimes() tells the source of a line in a bundle, and keeps its line to itself', () => {
  const profile = {
    nodes: [{ id: 1, callFrame: frame('send', 'file:///a/index.mjs') }],
    samples: [1, 1],
    timeDeltas: [0, 100]
  }
  const { functions, parts } = selfTimes(profile, () => 'packages/mesh/src/client/link.ts')
  assert.deepEqual(functions, [{ name: 'send mesh/client/link.ts', share: 1 }])
  assert.deepEqual(parts, [{ name: 'mesh/client', share: 1 }])
})

const bundle = [
  'var a',
  '// packages/mesh/src/errors.ts',
  'var b',
  '// a comment',
  'var c',
  '// ../packages/heddle/src/edge/boot.ts',
  'var d'
].join('\n')

test('sectionAt() finds the source of each line', () => {
  const sections = sectionsOf(bundle)
  const sources = bundle.split('\n').map((_, line) => sectionAt(sections, line))
  const [errors, boot] = ['packages/mesh/src/errors.ts', 'packages/heddle/src/edge/boot.ts']
  assert.deepEqual(sources, [null, errors, errors, errors, errors, boot, boot])
})
