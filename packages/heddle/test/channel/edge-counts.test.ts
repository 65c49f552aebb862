/** Tests of the counts an edge thread keeps of its clients. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createEdgeCounts, EdgeCounter, endReasons, readEdgeCounts } from '../../src/channel/edge-counts.ts'

test('EdgeCounter counts each reason, each class of status and what is open', () => {
  const buffer = createEdgeCounts()
  const counter = new EdgeCounter(buffer)
  for (const [index, reason] of endReasons.entries()) {
    for (let times = 0; times <= index; times++) counter.ended(reason, 0)
  }
  for (const status of [101, 200, 204, 302, 404, 404, 599, 700]) counter.ended('completed', status)
  for (let i = 0; i < 3; i++) counter.opened()
  counter.closed()
  counter.dropped()
  counter.invalid()
  counter.upgraded()
  counter.upgraded()
  counter.tunnelClosed()
  counter.received(2 ** 40)
  counter.received(1)
  counter.sent(7)
  const counts = readEdgeCounts(buffer)
  assert.deepEqual(
    counts.ended,
    Object.fromEntries(endReasons.map((reason, index) => [reason, index === 0 ? 9 : index + 1]))
  )
  assert.deepEqual(counts.responses, [1, 2, 1, 2, 2])
  assert.deepEqual(counts.connections, { open: 2, total: 3, dropped: 1 })
  assert.deepEqual(counts.upgrades, { open: 1, total: 2 })
  assert.deepEqual([counts.invalid, counts.bytesIn, counts.bytesOut], [1, 2 ** 40 + 1, 7])
})

test('EdgeCounter goes on where the thread before it was ended, with nothing open', () => {
  const buffer = createEdgeCounts()
  const first = new EdgeCounter(buffer)
  first.opened()
  first.opened()
  first.upgraded()
  first.ended('completed', 200)
  const second = new EdgeCounter(buffer)
  assert.deepEqual(readEdgeCounts(buffer).connections, { open: 0, total: 2, dropped: 0 })
  assert.deepEqual(readEdgeCounts(buffer).upgrades, { open: 0, total: 1 })
  second.opened()
  second.ended('completed', 200)
  assert.deepEqual(readEdgeCounts(buffer).connections, { open: 1, total: 3, dropped: 0 })
  assert.equal(readEdgeCounts(buffer).ended.completed, 2)
})
