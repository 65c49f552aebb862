/** Times as options give them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { milliseconds } from '../../src/interceptor/milliseconds.ts'

test('milliseconds() reads a number, true for 5000 and false for none, and is never longer than a timer can be', () => {
  const given = [undefined, null, false, true, 0, 250, 2 ** 40, Infinity]
  const longest = 2 ** 31 - 1
  assert.deepEqual(
    given.map(each => milliseconds('timeout', each, 7)),
    [7, 7, 7, 5000, 0, 250, longest, longest]
  )
  for (const each of [-1, Number.NaN, '5', {}]) {
    assert.throws(() => milliseconds('timeout', each, 7), { code: 'MESH_INVALID_OPTION' })
  }
})
