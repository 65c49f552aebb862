/** Tests of the memory in which a worker says how it is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  createVitals,
  readHandles,
  readVitals,
  readVitalsCounts,
  saysNotReady,
  VitalsWriter
} from '../../src/channel/vitals.ts'
import { LOOP_DELAYS } from '../../src/shared/loop-delay.ts'

test('readVitals() reads zeroes before anything was written', () => {
  const none = { state: 'none', round: 0, reason: '' }
  assert.deepEqual(readVitals(createVitals()), {
    writes: 0,
    heapUsed: 0,
    heapLimit: 0,
    external: 0,
    loopDelay: { p50: 0, p99: 0, max: 0 },
    gcMs: 0,
    checks: { health: none, readiness: none, path: none }
  })
})

test('readVitals() reads what was measured, beyond 32 bits of bytes', () => {
  const buffer = createVitals()
  const writer = new VitalsWriter(buffer)
  const measured = {
    heapUsed: 6 * 1024 ** 3,
    heapLimit: 8 * 1024 ** 3,
    external: 3 * 1024 ** 4,
    loopDelay: { p50: 0.25, p99: 12.5, max: 3_600_000 },
    gcMs: 4_000_000_000
  }
  writer.measure(measured)
  writer.measure(measured)
  assert.partialDeepStrictEqual(readVitals(buffer), { writes: 2, ...measured })
})

test('readVitalsCounts() reads what was counted, modulo 2^32, and changes nothing that was measured', () => {
  const buffer = createVitals()
  const writer = new VitalsWriter(buffer)
  const loopDelays = Array.from({ length: LOOP_DELAYS }, (_, index) => index + 0.5)
  writer.count({
    gcMicroseconds: [2 ** 32 + 7, 2 ** 31, 3, 4],
    gcCounts: [1, 2, 3, 4],
    loopDelays,
    loopDelayUnits: 2 ** 33 + 5,
    cpuMs: 2 ** 32 - 1,
    handles: 12
  })
  assert.deepEqual(readVitalsCounts(buffer), {
    gcMicroseconds: [7, 2 ** 31, 3, 4],
    gcCounts: [1, 2, 3, 4],
    loopDelays: loopDelays.map(Math.floor),
    loopDelayUnits: 5,
    cpuMs: 2 ** 32 - 1
  })
  assert.equal(readHandles(buffer), 12)
  assert.deepEqual(readVitals(buffer), readVitals(createVitals()))
})

test('readVitals() reads the sentence of each check and knows a new answer by its round', () => {
  const buffer = createVitals()
  const writer = new VitalsWriter(buffer)
  writer.check('health', 'bad', 'keine Verbindung für „Wörter“')
  writer.check('path', 'good')
  const first = readVitals(buffer).checks
  assert.deepEqual(
    [first.health.state, first.health.reason, first.path.state, first.readiness.state],
    ['bad', 'keine Verbindung für „Wörter“', 'good', 'none']
  )
  writer.check('health', 'bad', 'short')
  const second = readVitals(buffer).checks.health
  assert.equal(second.reason, 'short')
  assert.notEqual(second.round, first.health.round)
})

test('VitalsWriter cuts a long sentence where a character ends', () => {
  const buffer = createVitals()
  new VitalsWriter(buffer).check('health', 'bad', `a${'€'.repeat(200)}`)
  assert.equal(readVitals(buffer).checks.health.reason, `a${'€'.repeat(85)}`)
})

test('saysNotReady() is true from a bad readiness to a good one', () => {
  const buffer = createVitals()
  const writer = new VitalsWriter(buffer)
  const seen = [saysNotReady(buffer)]
  writer.check('health', 'bad', 'x')
  seen.push(saysNotReady(buffer))
  for (const state of ['bad', 'good'] as const) {
    writer.check('readiness', state)
    seen.push(saysNotReady(buffer))
  }
  assert.deepEqual(seen, [false, false, true, false])
})

test('readVitals() waits for no writer that was ended in the middle of a sentence', () => {
  const buffer = createVitals()
  const writer = new VitalsWriter(buffer)
  writer.check('health', 'bad', 'x')
  const cells = new Int32Array(buffer)
  const before = cells.slice()
  writer.check('health', 'bad', 'x')
  // Its round, odd as while it is being written.
  Atomics.store(
    cells,
    cells.findIndex((cell, index) => cell !== before[index]),
    3
  )
  assert.deepEqual(readVitals(buffer).checks.health, { state: 'bad', round: 3, reason: '' })
})
