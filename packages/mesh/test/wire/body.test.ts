/** What becomes of a piece of a body on its way, as a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { STRING_MAX, bytesOf, fieldOf, kindOf, sizeOf } from '../../src/wire/body.ts'
import { BYTES, LATIN1, NO_BODY, UTF8 } from '../../src/wire/frames.ts'

const table: readonly [string, Uint8Array, number][] = [
  ['nothing', new Uint8Array(0), NO_BODY],
  ['a pooled Buffer', Buffer.from([0, 127, 128, 255]), LATIN1],
  ['a Uint8Array', new Uint8Array([1, 2, 3]), LATIN1],
  ['a view', new Uint8Array(100).fill(9).subarray(10, 20), LATIN1],
  ['the longest short one', new Uint8Array(STRING_MAX).fill(200), LATIN1],
  ['a long one', new Uint8Array(STRING_MAX + 1).fill(200), BYTES],
  ['a long Buffer', Buffer.alloc(STRING_MAX + 1, 7), BYTES],
  ['a view of a long one', new Uint8Array(STRING_MAX * 4).fill(3).subarray(5, STRING_MAX + 100), BYTES]
]

for (const [name, chunk, kind] of table) {
  test(`fieldOf() and bytesOf() carry ${name}`, () => {
    const field = fieldOf(chunk)
    assert.equal(kindOf(chunk), kind)
    assert.equal(sizeOf(kind, field), chunk.byteLength)
    assert.deepEqual(new Uint8Array(bytesOf(kind, structuredClone(field))), new Uint8Array(chunk))
  })

  test(`fieldOf() shows no more than ${name}`, () => {
    const field = fieldOf(chunk)
    if (typeof field === 'object' && field !== null) assert.equal(field.buffer.byteLength, chunk.byteLength)
  })
}

test('bytesOf() and sizeOf() read a string as its kind says', () => {
  assert.deepEqual([...bytesOf(UTF8, 'é')], [0xc3, 0xa9])
  assert.deepEqual([...bytesOf(LATIN1, 'é')], [0xe9])
  assert.equal(sizeOf(UTF8, 'é'), 2)
  assert.equal(sizeOf(LATIN1, 'é'), 1)
  assert.equal(bytesOf(NO_BODY, null).length, 0)
})
