/** Whether somebody comes late. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Rhythm } from '../../src/client/rhythm.ts'

test('Rhythm.isBehind() passes one late time over, and never two in a row', () => {
  const table: readonly [times: readonly number[], behind: readonly boolean[]][] = [
    [
      [100, 200, 301],
      [false, false, false]
    ],
    [
      [100, 300, 500],
      [false, false, false]
    ],
    [
      [100, 301, 401],
      [false, true, false]
    ],
    [
      [250, 350],
      [true, false]
    ],
    [
      [1000, 2000, 3000, 4000],
      [true, false, true, false]
    ]
  ]
  for (const [times, behind] of table) {
    const rhythm = new Rhythm(100)
    rhythm.begin(0)
    assert.deepEqual(
      times.map(time => rhythm.isBehind(time)),
      behind,
      String(times)
    )
  }
})

test('Rhythm.begin() starts anew after a pause', () => {
  const rhythm = new Rhythm(100)
  rhythm.begin(0)
  rhythm.begin(10_000)
  assert.equal(rhythm.isBehind(10_100), false)
})
