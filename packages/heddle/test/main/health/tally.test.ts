/** Table tests of what is counted from one check to the next. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { cleanStreak, countCheck, freshTally, watchStreak } from '../../../src/main/health/tally.ts'
import type { Streak } from '../../../src/main/health/tally.ts'
import { exampleHealth } from '../example-config.ts'

const table: readonly {
  readonly name: string
  /** `+` a good check, `-` a bad one. */
  readonly checks: string
  readonly rules?: Partial<typeof exampleHealth>
  /** Who is out (`o`), and where it is replaced (`R`), after each check. */
  readonly seen: string
}[] = [
  { name: 'good checks', checks: '++++', seen: '....' },
  { name: 'a single bad one', checks: '+-+-+', seen: '.....' },
  { name: 'fall, and replacement', checks: '---', seen: '.oR' },
  { name: 'rise', checks: '--+++', seen: '.oo..' },
  { name: 'a good one among bad ones', checks: '--+--+++', seen: '.ooooo..' },
  { name: 'a failed replacement, tried again', checks: '-------', seen: '.oRooRo' },
  { name: 'fall beyond replacement', checks: '---', rules: { fall: 3 }, seen: '..R' },
  { name: 'one bad check', checks: '-+', rules: { fall: 1, rise: 1, maxUnhealthyChecks: 1 }, seen: 'R.' },
  { name: 'a long rise', checks: '--++++', rules: { rise: 4 }, seen: '.oooo.' }
]

for (const { name, checks, rules = {}, seen: expected } of table) {
  test(`countCheck() counts ${name}`, () => {
    let tally = freshTally
    let seen = ''
    for (const check of checks) {
      tally = countCheck(tally, check === '+', { ...exampleHealth, ...rules })
      if (tally.replace) assert.ok(tally.out)
      seen += tally.replace ? 'R' : tally.out ? 'o' : '.'
    }
    assert.equal(seen, expected)
  })
}

/** Looks at a worker with so many failures, of which so many in a row, beside others that do not fail. */
function look(streak: Streak, now: number, total: number, inRow: number): Streak {
  return watchStreak(streak, { now, total, inRow, others: [0] }, exampleHealth)
}

test('watchStreak() takes a worker out for a while after so many failures in a row', () => {
  const four = look(cleanStreak, 0, 4, 4)
  assert.equal(four.until, null)
  const five = look(four, 100, 5, 5)
  assert.equal(five.until, 10_100)
  assert.equal(look(five, 10_099, 5, 5).until, 10_100)
  assert.equal(look(five, 10_100, 5, 5).until, null)
})

test('watchStreak() does not count failures a second time, and counts new ones', () => {
  const back = look(look(cleanStreak, 0, 5, 5), 10_000, 5, 5)
  assert.equal(look(back, 10_500, 5, 5).until, null)
  assert.equal(look(back, 10_500, 9, 9).until, null)
  assert.equal(look(back, 10_500, 10, 10).until, 30_500)
})

test('watchStreak() doubles the time up to ten times, and forgets after ten times as long', () => {
  const waits: number[] = []
  let streak = cleanStreak
  let now = 0
  let total = 0
  for (let round = 0; round < 6; round++) {
    total += 5
    streak = look(streak, now, total, total)
    waits.push((streak.until ?? 0) - now)
    now = streak.until ?? 0
    streak = look(streak, now, total, total)
  }
  assert.deepEqual(waits, [10_000, 20_000, 40_000, 80_000, 100_000, 100_000])
  streak = look(streak, now + 99_999, total + 5, 5)
  assert.equal((streak.until ?? 0) - (now + 99_999), 100_000)
  streak = look(streak, now + 199_999, total + 5, 5)
  streak = look(streak, now + 299_999, total + 10, 5)
  assert.equal((streak.until ?? 0) - (now + 299_999), 10_000)
})

test('watchStreak() leaves a worker alone while most others fail as well', () => {
  const cases: readonly [own: number, others: readonly number[], isOut: boolean][] = [
    [5, [], true],
    [5, [0, 0, 5], true],
    [5, [5], false],
    [5, [3, 4, 5], false],
    [5, [2], true],
    [50, [4, 4], true]
  ]
  for (const [own, others, isOut] of cases) {
    const { until } = watchStreak(cleanStreak, { now: 0, total: own, inRow: own, others }, exampleHealth)
    assert.equal(until !== null, isOut, `${own} ${others.join()}`)
  }
})

test('watchStreak() knows counts that have wrapped, and rules that are switched off', () => {
  const streak = { ...cleanStreak, forgiven: 2 ** 32 - 2 }
  assert.notEqual(look(streak, 0, 3, 2 ** 32).until, null)
  assert.equal(look(streak, 0, 2, 2 ** 32).until, null)
  const rules = { ...exampleHealth, maxFailures: 0 }
  const seen = { now: 0, total: 99, inRow: 99, others: [] }
  assert.deepEqual(watchStreak(cleanStreak, seen, rules), cleanStreak)
})
