/** The memory of the process, also when the system cannot tell. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { residentBytes } from '../../src/shared/resident-bytes.ts'

test('residentBytes() is what it was the last time when the system cannot tell', t => {
  const { mock } = t.mock.method(process.memoryUsage, 'rss', () => 5000)
  assert.equal(residentBytes(), 5000)
  mock.mockImplementation(() => {
    throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })
  })
  assert.equal(residentBytes(), 5000)
  mock.mockImplementation(() => 7000)
  assert.equal(residentBytes(), 7000)
})
