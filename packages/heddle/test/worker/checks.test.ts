/** What an application may give to health() and readiness(), outside of Heddle as well, and what answers mean. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { CheckState } from '../../src/channel/vitals.ts'
import { Checks, readAnswer } from '../../src/worker/checks.ts'
import type { CheckAnswer } from '../../src/worker/checks.ts'
import { health, isHeddle, readiness } from '../../src/worker/index.ts'

test('health() and readiness() keep a check outside of Heddle and never call it', () => {
  assert.equal(isHeddle, false)
  let calls = 0
  health(() => calls++ < 0)
  readiness(() => calls++ < 0)
  assert.equal(calls, 0)
})

test('health() and readiness() refuse what is no function', () => {
  for (const [name, register] of Object.entries({ health, readiness })) {
    assert.throws(() => Reflect.apply(register, null, [true]), {
      name: 'TypeError',
      message: `${name}() expects a function, got boolean.`
    })
  }
})

test('readAnswer() knows good answers from bad ones', () => {
  const table: readonly [answer: unknown, problem: string | null][] = [
    [undefined, null],
    [true, null],
    [{ ok: true, reason: 'not read' }, null],
    [false, 'says no'],
    [{ ok: false }, 'says no'],
    [{ ok: false, reason: '' }, 'says no'],
    [{ ok: false, reason: 7 }, 'says no'],
    [{ ok: 1 }, 'says no'],
    [{ ok: false, reason: 'the disk is full' }, 'says: the disk is full'],
    [null, 'answered null; true, false or { ok, reason } was expected'],
    ['', 'answered ""; true, false or { ok, reason } was expected'],
    [{}, 'answered an object without ok; true, false or { ok, reason } was expected']
  ]
  for (const [answer, problem] of table) assert.equal(readAnswer(answer), problem)
})

test('Checks says nothing of checks that nobody gave', async () => {
  const said: [name: string, state: CheckState][] = []
  const checks = new Checks({
    plan: { intervalMs: 1000, timeoutMs: 1000, path: '/healthz' },
    writer: { check: (name, state) => said.push([name, state]) },
    own: { health: [], readiness: [] },
    server: () => null
  })
  await checks.round()
  assert.deepEqual(said, [])
})

function disk(): CheckAnswer {
  return { ok: false, reason: 'full' }
}

test('Checks wants every check to be good, and names those that are not', async () => {
  const said: [name: string, state: CheckState, reason: string | undefined][] = []
  const own = {
    health: [() => true, disk, () => Promise.reject(new Error('gone'))],
    readiness: [() => true, () => undefined]
  }
  const checks = new Checks({
    plan: { intervalMs: 1000, timeoutMs: 1000, path: null },
    writer: { check: (name, state, reason) => said.push([name, state, reason]) },
    own,
    server: () => null
  })
  await checks.round()
  assert.deepEqual(
    said.toSorted(([a], [b]) => a.localeCompare(b)),
    [
      ['health', 'bad', 'disk says: full; health() threw Error: gone'],
      ['readiness', 'good', undefined]
    ]
  )
})
