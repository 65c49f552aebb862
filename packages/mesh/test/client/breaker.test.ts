/** When a circuit opens and closes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Breaker } from '../../src/client/breaker.ts'

const rules = { errorRatio: 0.5, volume: 4, windowMs: 1000, openMs: 500, probes: 2 }

function open(nowMs = 0): { breaker: Breaker; moves: string[] } {
  const moves: string[] = []
  return { breaker: new Breaker(rules, nowMs, state => moves.push(state)), moves }
}

/** Calls by their time in milliseconds: `+` ended well, `-` failed. */
function record(breaker: Breaker, calls: string, atMs: number): void {
  for (const call of calls) breaker.record(call === '-', atMs)
}

const table: readonly [calls: readonly (readonly [atMs: number, calls: string])[], state: string][] = [
  [[[0, '---']], 'closed'],
  [[[0, '----']], 'open'],
  [[[0, '++--']], 'open'],
  [[[0, '+++--']], 'closed'],
  [[[0, '--++']], 'closed'],
  [[[0, '--++-']], 'open'],
  [
    [
      [0, '---'],
      [1100, '-']
    ],
    'closed'
  ],
  [
    [
      [0, '---'],
      [800, '-']
    ],
    'open'
  ],
  [
    [
      [0, '++++++++'],
      [1100, '----']
    ],
    'open'
  ],
  [
    [
      [0, '-'],
      [300, '-'],
      [600, '-'],
      [900, '-']
    ],
    'open'
  ],
  [
    [
      [0, '-'],
      [300, '-'],
      [600, '-'],
      [1050, '-']
    ],
    'closed'
  ],
  [
    [
      [0, '---'],
      [1e9, '---']
    ],
    'closed'
  ]
]

test('Breaker opens when enough calls of the window have failed, and not before', () => {
  for (const [calls, state] of table) {
    const { breaker } = open()
    for (const [atMs, made] of calls) record(breaker, made, atMs)
    assert.equal(breaker.state, state, JSON.stringify(calls))
  }
})

test('Breaker lets nothing through while it is open, then a few to try, and closes when those succeed', () => {
  const { breaker, moves } = open()
  record(breaker, '----', 0)
  assert.deepEqual([breaker.admits(0), breaker.admits(499), breaker.waitMs(100)], [false, false, 400])
  assert.deepEqual([breaker.admits(500), breaker.admits(500), breaker.admits(500)], [true, true, false])
  breaker.record(false, 510)
  assert.equal(breaker.state, 'half-open')
  breaker.record(false, 520)
  assert.deepEqual([breaker.state, breaker.admits(520), breaker.waitMs(520)], ['closed', true, 0])
  assert.deepEqual(moves, ['open', 'half-open', 'closed'])
  record(breaker, '---', 530)
  assert.equal(breaker.state, 'closed', 'what was before it opened is forgotten')
})

test('Breaker opens again when a try fails, and tries again when a try never comes back', () => {
  const { breaker, moves } = open()
  record(breaker, '----', 0)
  assert.equal(breaker.admits(500), true)
  breaker.record(true, 510)
  assert.deepEqual([breaker.state, breaker.admits(1009), breaker.admits(1010)], ['open', false, true])
  assert.equal(breaker.admits(1010), true)
  assert.equal(breaker.admits(1509), false)
  assert.deepEqual([breaker.admits(1510), breaker.admits(1510), breaker.admits(1510)], [true, true, false])
  assert.deepEqual(moves, ['open', 'half-open', 'open', 'half-open'])
})

test('Breaker is quiet when nothing has failed within the window', () => {
  const { breaker } = open()
  record(breaker, '-+', 0)
  assert.deepEqual([breaker.isQuiet(900), breaker.isQuiet(1000)], [false, true])
  record(breaker, '----', 1000)
  assert.equal(breaker.isQuiet(9000), false)
})
