/** The choice of an upstream, as a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { leastInflight } from '../../src/client/selection.ts'
import type { Upstream } from '../../src/wire/control.ts'

const upstreams: readonly Upstream[] = [0, 1, 2].map(record => ({
  id: 10 + record,
  name: `api:${record}`,
  record,
  generation: 1,
  meta: null
}))

const all = [true, true, true]

const table: readonly {
  name: string
  inflight: readonly number[]
  ready?: readonly boolean[]
  turn?: number
  avoid?: readonly number[]
  chosen: number | null
}[] = [
  { name: 'takes the one with the fewest in flight', inflight: [3, 1, 2], chosen: 11 },
  { name: 'takes the last one when it has the fewest', inflight: [3, 2, 1], chosen: 12 },
  { name: 'begins ties at the turn', inflight: [0, 0, 0], turn: 1, chosen: 11 },
  { name: 'wraps the turn around', inflight: [0, 0, 0], turn: 5, chosen: 12 },
  { name: 'begins ties that are not idle at the turn', inflight: [2, 2, 2], turn: 2, chosen: 12 },
  {
    name: 'passes over those that are not ready',
    inflight: [0, 5, 6],
    ready: [false, true, true],
    chosen: 11
  },
  { name: 'passes over those it is to avoid', inflight: [0, 5, 4], avoid: [10, 12], chosen: 11 },
  { name: 'finds none when none is ready', inflight: [0, 0, 0], ready: [false, false, false], chosen: null },
  { name: 'finds none when all are to be avoided', inflight: [0, 0, 0], avoid: [10, 11, 12], chosen: null },
  { name: 'takes a count below zero for idle', inflight: [1, -1, 0], chosen: 11 }
]

for (const { name, inflight, ready = all, turn = 0, avoid = [], chosen } of table) {
  test(`leastInflight() ${name}`, () => {
    const load = {
      isReady: (record: number) => ready[record] === true,
      inflight: (record: number) => inflight[record] ?? 0
    }
    assert.equal(leastInflight(upstreams, load, turn, avoid)?.id ?? null, chosen)
  })
}

test('leastInflight() finds none among none', () => {
  assert.equal(leastInflight([], { isReady: () => true, inflight: () => 0 }, 7), null)
})

test('leastInflight() asks for the generation in the table', () => {
  const load = { isReady: (_record: number, generation: number) => generation === 2, inflight: () => 0 }
  assert.equal(leastInflight(upstreams, load, 0), null)
})
