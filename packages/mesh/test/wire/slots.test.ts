/** The table of what is in flight. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Slots, slotOf } from '../../src/wire/slots.ts'

test('Slots finds a value by its id until it is taken out', () => {
  const slots = new Slots<string>()
  const [a, b] = [slots.add('a'), slots.add('b')]
  assert.deepEqual([slots.get(a), slots.get(b), slots.size], ['a', 'b', 2])
  assert.equal(slots.delete(a), true)
  assert.equal(slots.delete(a), false)
  assert.deepEqual([slots.get(a), slots.get(b), slots.size], [null, 'b', 1])
  assert.deepEqual(slots.values(), ['b'])
})

test('Slots gives a slot out again under another id', () => {
  const slots = new Slots<string>()
  const first = slots.add('first')
  slots.delete(first)
  const second = slots.add('second')
  assert.equal(slotOf(second), slotOf(first))
  assert.notEqual(second, first)
  assert.deepEqual([slots.get(first), slots.get(second)], [null, 'second'])
})

test('Slots leaves a slot unused until it is released', () => {
  const slots = new Slots<string>()
  const parked = slots.add('parked')
  slots.delete(parked, false)
  const next = slots.add('next')
  assert.notEqual(slotOf(next), slotOf(parked))
  slots.release(slotOf(parked))
  assert.equal(slotOf(slots.add('later')), slotOf(parked))
})

test('Slots keeps its ids small integers however often a slot is used', () => {
  const slots = new Slots<number>()
  for (let use = 0; use < 5000; use++) {
    const id = slots.add(use)
    assert.ok(id >= 0 && id < 2 ** 30, String(id))
    assert.equal(slots.get(id), use)
    slots.delete(id)
  }
})

test('Slots knows no id it has not given out', () => {
  const slots = new Slots<string>()
  slots.add('a')
  for (const id of [-1, 0, 1, 2 ** 19, Number.NaN, 1e300]) assert.equal(slots.get(id), null, String(id))
})
