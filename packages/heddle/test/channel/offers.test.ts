/** Tests whose a descriptor is while it is offered. Any thread: here both sides are one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Offers } from '../../src/channel/offers.ts'

test('Offers gives a descriptor to the worker or back to the acceptor, never to both', () => {
  const offers = Offers.create(2)
  assert.equal(offers.capacity, 2)
  assert.equal(offers.state(1), 'free')
  const first = offers.make(1)
  assert.equal(offers.state(1), 'offered')
  assert.deepEqual([offers.take(1, first), offers.revoke(1, first)], [true, false])
  assert.equal(offers.state(1), 'taken')
  offers.adopt(1, first)
  assert.equal(offers.state(1), 'adopted')
  offers.free(1)
  const second = offers.make(1)
  assert.deepEqual([offers.revoke(1, second), offers.take(1, second)], [true, false])
  assert.equal(offers.state(1), 'free')
  assert.equal(offers.state(0), 'free', 'the other cell is not touched')
})

test('Offers lets a worker that wakes up late take nothing that was offered anew', () => {
  const offers = Offers.create(1)
  const late = offers.make(0)
  assert.ok(offers.revoke(0, late))
  const ticket = offers.make(0)
  assert.notEqual(ticket, late)
  assert.equal(offers.take(0, late), false)
  assert.ok(offers.take(0, ticket))
})

test('Offers never runs out of tickets', () => {
  const offers = Offers.create(1)
  // As after half a billion offers.
  new Int32Array(offers.buffer).fill(0x7fff_fffc)
  const ticket = offers.make(0)
  assert.ok(ticket > 0)
  assert.ok(offers.take(0, ticket))
  offers.adopt(0, ticket)
  assert.equal(offers.state(0), 'adopted')
})
