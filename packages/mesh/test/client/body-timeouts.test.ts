/** The watch over silent responses: who is told, in which order, and who is left alone. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { unwatchBody, watchBody, type StreamingResponse } from '../../src/client/body-timeouts.ts'
import { stopClock } from '../fixtures/clock.ts'

interface Watched extends StreamingResponse {
  /** Whether it was told. */
  told: boolean
  paused: boolean
}

/** Lets time pass in steps of the watch, on the clock and for its timer. */
function timeOf(t: TestContext): { pass(ms: number): void } {
  const clock = stopClock(t)
  t.mock.timers.enable({ apis: ['setInterval'] })
  return {
    pass: ms => {
      for (let passed = 0; passed < ms; passed += 50) {
        clock.pass(50)
        t.mock.timers.tick(50)
      }
    }
  }
}

function response(bodyTimeoutMs: number, paused = false): Watched {
  const made: Watched = {
    bodyTimeoutMs,
    paused,
    told: false,
    stirred: false,
    quietSinceMs: 0,
    watchIndex: -1,
    onBodyTimeout: () => {
      assert.equal(made.told, false, 'told once')
      made.told = true
    }
  }
  return made
}

test('watchBody() tells each late response once its time is over, and no other', t => {
  const time = timeOf(t)
  const [soon, later, given, last] = [response(100), response(300), response(100), response(600)]
  const asleep = response(50, true)
  const all = { soon, given, later, asleep, last }
  for (const one of Object.values(all)) watchBody(one)
  unwatchBody(given)
  const told = (): string[] => Object.entries(all).flatMap(([name, one]) => (one.told ? [name] : []))
  const expected: readonly [afterMs: number, names: string[]][] = [
    [99, []],
    [300, ['soon']],
    [500, ['soon', 'later']],
    [800, ['soon', 'later', 'last']],
    [5000, ['soon', 'later', 'last']]
  ]
  let now = 0
  for (const [afterMs, names] of expected) {
    time.pass(afterMs - now)
    now = afterMs
    // What has been told is not on the list any more: a piece of it changes nothing.
    later.stirred = later.told
    assert.deepEqual(told(), names, `after ${afterMs} ms`)
  }
  assert.deepEqual(
    [soon, later, given, last].map(({ watchIndex }) => watchIndex),
    [-1, -1, -1, -1]
  )
  asleep.paused = false
  time.pass(300)
  assert.equal(asleep.told, true)
})

test('watchBody() begins anew with each piece', t => {
  const time = timeOf(t)
  const lively = response(300)
  watchBody(lively)
  for (let pieces = 0; pieces < 20; pieces++) {
    time.pass(100)
    lively.stirred = true
  }
  assert.equal(lively.told, false)
  assert.notEqual(lively.watchIndex, -1)
  time.pass(250)
  assert.equal(lively.told, false, 'not early')
  time.pass(300)
  assert.equal(lively.told, true)
})

test('unwatchBody() of what is not watched does nothing', t => {
  const time = timeOf(t)
  const [stranger, known] = [response(100), response(100)]
  watchBody(known)
  unwatchBody(stranger)
  assert.equal(known.watchIndex, 0)
  time.pass(400)
  assert.equal(known.told, true)
  unwatchBody(known)
  assert.equal(known.watchIndex, -1)
})
