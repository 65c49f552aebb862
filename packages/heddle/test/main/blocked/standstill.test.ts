/** Tests of when a worker counts as blocked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isTrusted, judge } from '../../../src/main/blocked/standstill.ts'
import type { Look, Standstill, Verdict } from '../../../src/main/blocked/standstill.ts'

const look = (changes: Partial<Look>): Look => ({
  now: 100_000,
  ageMs: 50,
  limitMs: 1000,
  lastLookAt: 99_750,
  ...changes
})

const since = (agoMs: number, toldAgoMs = 0): Standstill => ({
  since: 100_000 - agoMs,
  toldAt: 100_000 - toldAgoMs
})

const nothing: Verdict = { type: 'nothing' }

const table: readonly [name: string, known: Standstill | null, look: Look, verdict: Verdict][] = [
  ['says nothing of a loop that turns', null, look({}), nothing],
  ['says nothing before the limit', null, look({ ageMs: 999 }), nothing],
  [
    'tells of a loop that stands for as long as the limit',
    null,
    look({ ageMs: 1000 }),
    { type: 'blocked', standstill: since(1000), blockedMs: 1000 }
  ],
  ['tells once', since(1250, 250), look({ ageMs: 1250 }), nothing],
  [
    'takes readings a few milliseconds apart for the same heartbeat',
    since(1250, 250),
    look({ ageMs: 1246 }),
    nothing
  ],
  [
    'tells again after half a minute',
    since(31_000, 30_000),
    look({ ageMs: 31_000 }),
    { type: 'blocked', standstill: since(31_000), blockedMs: 31_000 }
  ],
  [
    'tells that it turns again, and after how long',
    since(2000, 1000),
    look({ ageMs: 20, lastLookAt: 99_950 }),
    { type: 'unblocked', blockedMs: 1980 }
  ],
  [
    'counts the end from the first of several heartbeats',
    since(2000, 1000),
    look({ ageMs: 10, lastLookAt: 99_750 }),
    { type: 'unblocked', blockedMs: 1790 }
  ]
]

for (const [name, known, seen, verdict] of table) {
  test(`judge() ${name}`, () => assert.deepEqual(judge(known, seen), verdict))
}

test('isTrusted() leaves out one look after a pause of the main thread, not two', () => {
  assert.deepEqual(
    [isTrusted(260, 250, true), isTrusted(5000, 250, true), isTrusted(5000, 250, false)],
    [true, false, true]
  )
})
