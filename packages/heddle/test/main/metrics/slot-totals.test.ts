/** Tests of sums over the threads of a slot: nothing is lost, nothing goes back, whatever wraps or ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SlotTotals } from '../../../src/main/metrics/slot-totals.ts'
import type { Totals } from '../../../src/main/metrics/slot-totals.ts'
import { answers, PaperSlot, zeroCounts } from './paper-slots.ts'

function fold(sums: SlotTotals, slot: PaperSlot): Totals {
  sums.fold(slot.living, false)
  const { totals } = sums
  assert.ok(totals)
  return totals
}

test('SlotTotals knows nothing before a thread was there', () => {
  const sums = new SlotTotals()
  sums.fold([], false)
  assert.equal(sums.totals, null)
})

test('SlotTotals goes on where counts of 32 bits begin again', () => {
  const [sums, slot] = [new SlotTotals(), new PaperSlot(0)]
  const thread = slot.seat()
  const table: readonly (readonly [count: number, total: number])[] = [
    [2 ** 32 - 10, 2 ** 32 - 10],
    [5, 2 ** 32 + 5],
    [5, 2 ** 32 + 5],
    [2 ** 31, 2 ** 32 + 2 ** 31],
    [3, 2 ** 33 + 3]
  ]
  for (const [bytesOut, total] of table) {
    thread.counted = { ...zeroCounts, bytesOut, durationUnits: bytesOut }
    thread.count({ gcMicroseconds: [bytesOut, 0, 0, 0] })
    const { tallies } = fold(sums, slot)
    assert.deepEqual(
      [tallies.bytesOut, tallies.durationUnits, tallies.gcMicroseconds[0]],
      [total, total, total]
    )
  }
})

test('SlotTotals adds up threads one after another and beside one another', () => {
  const [sums, slot] = [new SlotTotals(), new PaperSlot(0)]
  const first = slot.seat()
  first.counted = answers(10)
  assert.equal(fold(sums, slot).tallies.answered[1], 10)
  const second = slot.seat()
  second.counted = answers(5)
  first.counted = answers(12)
  assert.equal(fold(sums, slot).tallies.answered[1], 17)
  first.state = 'exited'
  first.counted = answers(14)
  assert.equal(fold(sums, slot).tallies.answered[1], 19, 'what it counted before its end is not lost')
  assert.equal(fold(sums, slot).tallies.answered[1], 19, 'and is counted once')
})

test('SlotTotals has met a thread that comes and goes between two looks', () => {
  const [sums, slot] = [new SlotTotals(), new PaperSlot(0)]
  const brief = slot.seat()
  sums.meet(slot.living)
  brief.counted = answers(7)
  brief.state = 'exited'
  assert.equal(fold(sums, slot).tallies.answered[1], 7)
})

test('SlotTotals keeps the times of a thread that no longer tells them', () => {
  const [sums, slot] = [new SlotTotals(), new PaperSlot(0)]
  const thread = slot.seat()
  thread.loop = { active: 30, idle: 70, utilization: 0.3 }
  thread.count({ cpuMs: 25 })
  fold(sums, slot)
  thread.loop = { active: 0, idle: 0, utilization: 0 }
  thread.state = 'exited'
  const { activeMs, idleMs, cpuMs } = fold(sums, slot)
  assert.deepEqual([activeMs, idleMs, cpuMs], [30, 70, 25])
  slot.seat().loop = { active: 1, idle: 2, utilization: 0.3 }
  const { activeMs: later } = fold(sums, slot)
  assert.equal(later, 31)
})

function waits(count: number): readonly number[] {
  return zeroCounts.waits.map((_, index) => (index === 2 ? count : 0))
}

test('SlotTotals never counts fewer requests that did not wait than before', () => {
  const [sums, slot] = [new SlotTotals(), new PaperSlot(0)]
  const thread = slot.seat()
  const steps: readonly (readonly [answered: number, waited: number, unwaited: number])[] = [
    [10, 0, 10],
    // Three have waited and were sent, and are not answered yet.
    [10, 3, 10],
    [13, 3, 10],
    [14, 3, 11]
  ]
  for (const [answered, waited, unwaited] of steps) {
    thread.counted = answers(answered, { waits: waits(waited) })
    assert.equal(fold(sums, slot).unwaited, unwaited)
  }
})
