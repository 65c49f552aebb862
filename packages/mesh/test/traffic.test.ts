/** What a sender counts of its calls, and under which numbers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { HostnameNumbers, OTHERS, Traffic } from '../src/traffic.ts'

test('Traffic counts requests and failures by number, for every view of its memory', () => {
  const traffic = Traffic.create()
  traffic.sent(0)
  traffic.sent(7)
  traffic.sent(7)
  traffic.failed(7)
  const view = new Traffic(traffic.buffer)
  assert.deepEqual(view.read(0), { requests: 1, failures: 0 })
  assert.deepEqual(view.read(7), { requests: 2, failures: 1 })
  assert.deepEqual(view.read(OTHERS), { requests: 0, failures: 0 })
})

test('HostnameNumbers.of() keeps a number for good, and gives those that come too late one together', () => {
  const numbers = new HostnameNumbers()
  assert.deepEqual([numbers.of('api'), numbers.of('web'), numbers.of('api')], [0, 1, 0])
  for (let i = 2; i < OTHERS; i++) assert.equal(numbers.of(`host${i}`), i)
  assert.deepEqual([numbers.of('late'), numbers.of('later'), numbers.of('web')], [OTHERS, OTHERS, 1])
  const entries = [...numbers.entries()]
  assert.equal(entries.length, OTHERS + 1)
  assert.deepEqual(entries.at(-1), [null, OTHERS])
})
