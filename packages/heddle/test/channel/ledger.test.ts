/** Tests the counts of connections in shared memory. Any thread. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Ledger } from '../../src/channel/ledger.ts'

test('Ledger shows every thread the same counts', () => {
  const mine = Ledger.create()
  const theirs = new Ledger(mine.buffer)
  mine.addConnections(3)
  theirs.addConnections(-1)
  theirs.addRequests(5)
  theirs.accept()
  theirs.accept()
  theirs.upgrade()
  theirs.upgrade()
  mine.endUpgrade()
  assert.deepEqual([mine.connections, mine.requests], [2, 5])
  assert.deepEqual(mine.counts, { connections: { open: 2, total: 2 }, upgrades: { open: 1, total: 2 } })
  assert.deepEqual([theirs.connections, theirs.requests], [2, 5])
})
