/** When a heap runs full: as a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fullHeap, fullHeapWords } from '../../../src/main/machine/heap-policy.ts'
import type { HeapLook } from '../../../src/main/machine/heap-policy.ts'

const mebibyte = 1024 ** 2

/** Looks once a second; MiB in use of a hundred. */
function looks(...used: readonly number[]): readonly HeapLook[] {
  return used.map((usedMb, index) => ({
    at: 5000 + index * 1000,
    usedBytes: usedMb * mebibyte,
    limitBytes: 100 * mebibyte
  }))
}

test('fullHeap() tells a heap that runs full from one that is collected', () => {
  const table: readonly [string, readonly HeapLook[], number | null][] = [
    ['nothing seen', [], null],
    ['nothing written yet', [{ at: 1, usedBytes: 0, limitBytes: 0 }], null],
    ['plenty', looks(50, 51, 52), null],
    ['growing, far from the limit', looks(50, 60, 70, 80), null],
    ['growing, near the limit', looks(83, 85, 87, 89, 91), 4500],
    ['growing, and not yet near', looks(76, 78, 80, 82, 84), null],
    ['growing slowly, near the limit', looks(91.6, 91.7, 91.8, 91.9, 92), null],
    ['full, and not growing', looks(93, 93, 93, 93), null],
    ['up and down near the limit', looks(91, 95, 91, 95, 91, 92), null],
    ['collected just now', looks(85, 90, 95, 60), null],
    [
      'collected before, and now beyond where that happens',
      looks(40, 60, 80, 40, 60, 80, 40, 60, 80, 91),
      1588
    ],
    ['so full that it is collected all the time', looks(98, 98, 98), Infinity],
    ['one look', looks(91), null],
    ['one look, quite full', looks(99), Infinity],
    ['above its limit', looks(90, 101), 0]
  ]
  for (const [name, seen, fullMs] of table) {
    const full = fullHeap(seen, 0)
    assert.equal(full === null ? null : Math.round(full.fullMs), fullMs, name)
  }
})

test('fullHeap() lets a heap get fuller each few times it was replaced for that', () => {
  const table: readonly [number, readonly boolean[]][] = [
    [86, [true, true, true, false, false, false, false, false]],
    [91, [true, true, true, true, true, true, false, false]],
    [96, [true, true, true, true, true, true, true, true]]
  ]
  for (const [usedMb, expected] of table) {
    const seen = looks(usedMb - 8, usedMb - 4, usedMb)
    const full = expected.map((_, replaced) => fullHeap(seen, replaced) !== null)
    assert.deepEqual(full, expected, String(usedMb))
  }
})

test('fullHeapWords() has the numbers', () => {
  const full = fullHeap(looks(83, 85, 87, 89, 91), 0)
  assert.ok(full)
  assert.equal(fullHeapWords(full), 'its heap has 9 MiB of 100 MiB left, enough for 5 s')
  const stuck = fullHeap(looks(99), 0)
  assert.ok(stuck)
  assert.equal(fullHeapWords(stuck), 'its heap has 1 MiB of 100 MiB left')
})
