/** Header sections in the shapes undici hands out, as tables. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { declaredLength, lazyRawOf, lengthOf, objectOf, rawOf } from '../../src/client/received-headers.ts'

const objects: readonly [string, readonly (readonly [string, unknown])[]][] = [
  ['', []],
  ['Name: value\r\n', [['name', 'value']]],
  [
    'A: 1\r\nb: \r\nC: x: y\r\n',
    [
      ['a', '1'],
      ['b', ''],
      ['c', 'x: y']
    ]
  ],
  ['X: 1\r\nx: 2\r\nX: 3\r\n', [['x', ['1', '2', '3']]]],
  [
    'constructor: a\r\ntoString: b\r\nconstructor: c\r\n',
    [
      ['constructor', ['a', 'c']],
      ['tostring', 'b']
    ]
  ],
  ['__proto__: a\r\n', [['__proto__', 'a']]],
  ['__proto__: a\r\n__PROTO__: b\r\n', [['__proto__', ['a', 'b']]]],
  ['hasOwnProperty: a\r\n', [['hasownproperty', 'a']]],
  ['A: 1', [['a', '1']]]
]

for (const [block, entries] of objects) {
  test(`objectOf() reads ${JSON.stringify(block)}`, () => {
    const headers = objectOf(block)
    assert.deepEqual(Object.entries(headers), entries)
    assert.equal(Object.getPrototypeOf(headers), Object.prototype)
  })
}

test('rawOf() keeps case, order and bytes', () => {
  assert.deepEqual(
    rawOf('X-A: 1\r\nx-b: \xff\r\n').map(part => part.toString('latin1')),
    ['X-A', '1', 'x-b', '\xff']
  )
  assert.deepEqual(rawOf(''), [])
})

test('lazyRawOf() is in every respect the array rawOf() makes', () => {
  const block = 'X-A: 1\r\nx-b: \xff\r\n'
  const array = rawOf(block)
  const looks: readonly ((raw: Buffer[]) => unknown)[] = [
    raw => raw.length,
    raw => raw[3]?.[0],
    raw => raw.map(String),
    raw => [...raw],
    raw => Object.keys(raw),
    raw => 3 in raw && !(4 in raw),
    raw => Object.getOwnPropertyDescriptor(raw, 1)?.value,
    raw => Array.isArray(raw) && Buffer.concat(raw).toString('latin1'),
    raw => [raw.push(Buffer.from('x')), raw.length],
    raw => [raw.splice(0, 2).length, raw.length],
    raw => ((raw[1] = Buffer.from('2')), raw.join()),
    raw => ((raw.length = 1), raw),
    raw => Reflect.deleteProperty(raw, 0) && raw,
    raw => Object.getPrototypeOf(raw) === Array.prototype,
    raw => Object.defineProperty(raw, 'seen', { value: true, enumerable: true }),
    raw => structuredClone(Array.from(raw, String)),
    raw => inspect(raw)
  ]
  for (const look of looks) {
    assert.deepStrictEqual(look(lazyRawOf(block)), look(rawOf(block)), String(look))
  }
  assert.deepStrictEqual(lazyRawOf(block), array)
  assert.deepStrictEqual(lazyRawOf(''), [])
})

const lengths: readonly [string, number][] = [
  ['', -1],
  ['content-length: 5\r\n', 5],
  ['A: b\r\nContent-Length: 0\r\nC: d\r\n', 0],
  ['x-content-length: 5\r\n', -1],
  ['Content-Length: five\r\n', -1],
  ['Content-Length: 5, 5\r\n', -1],
  ['A: content-length: 5\r\n', -1]
]

for (const [block, length] of lengths) {
  test(`lengthOf() finds ${length} in ${JSON.stringify(block)}`, () => {
    assert.equal(lengthOf(block), length)
    assert.equal(declaredLength(objectOf(block)), length)
  })
}

test('objectOf() gives each caller headers of its own, lists included', () => {
  const block = 'Set-Cookie: a\r\nset-cookie: b\r\nx: 1\r\n'
  const first = objectOf(block)
  const list = first['set-cookie']
  assert.ok(Array.isArray(list))
  list.push('c')
  first['x'] = '2'
  assert.deepEqual(objectOf(block), { 'set-cookie': ['a', 'b'], x: '1' })
  assert.equal(lengthOf('content-length: 7\r\n'), 7)
  assert.deepEqual(objectOf(block), { 'set-cookie': ['a', 'b'], x: '1' })
  assert.equal(lengthOf(block), -1)
})
