/** Amounts as people read them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  counted,
  duration,
  latency,
  rate,
  share,
  size,
  sparkline
} from '../../../src/cli/terminal/amounts.ts'

type Table = readonly (readonly [number, string])[]

test('duration() says the two largest units', () => {
  const table: Table = [
    [0, '0.0s'],
    [940, '0.9s'],
    [12_900, '12s'],
    [61_000, '1m 1s'],
    [3_600_000, '1h 0m'],
    [200_000_000, '2d 7h']
  ]
  for (const [ms, text] of table) assert.equal(duration(ms), text)
})

test('latency(), size(), rate() and share() say three digits and a unit', () => {
  const tables: readonly (readonly [(value: number) => string, Table])[] = [
    [
      latency,
      [
        [0.04, '0.0 ms'],
        [3.44, '3.4 ms'],
        [9.96, '10 ms'],
        [310.2, '310 ms'],
        [9999, '9999 ms'],
        [12_345, '12.3 s']
      ]
    ],
    [
      size,
      [
        [0, '0 B'],
        [999, '999 B'],
        [1024, '1.0 kB'],
        [48 * 1024 ** 2, '48 MB'],
        [1.5 * 1024 ** 3, '1.5 GB'],
        [1023.9 * 1024, '1.0 MB']
      ]
    ],
    [
      rate,
      [
        [0, '0'],
        [0.34, '0.3'],
        [12.4, '12'],
        [1204.4, '1204'],
        [123_456, '123k']
      ]
    ],
    [
      share,
      [
        [0, '0%'],
        [0.004, '0.4%'],
        [0.42, '42%'],
        [1, '100%']
      ]
    ]
  ]
  for (const [say, table] of tables) for (const [value, text] of table) assert.equal(say(value), text)
})

test('counted() counts one as one', () => {
  assert.deepEqual(
    [counted(0, 'line'), counted(1, 'line'), counted(2, 'line')],
    ['0 lines', '1 line', '2 lines']
  )
})

test('sparkline() shows the newest at the right, and nothing where nothing is known', () => {
  assert.equal(sparkline([0, 1, 4, 8], 4), '▁▁▄█')
  assert.equal(sparkline([8, 1, 4, null], 6), '  █▁▄ ')
  assert.equal(sparkline([5, 0, 0], 2), '▁▁')
  assert.equal(sparkline([4], 1, 8), '▄')
  assert.equal(sparkline([], 3), '   ')
})
