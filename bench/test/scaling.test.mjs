/**
 * The simulation of scaling: that it counts what it says, that the same seed plays the same run, that rules do in it
 * what they are said to do.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createDice } from '../scaling/dice.mjs'
import { createLedger } from '../scaling/ledger.mjs'
import { fixedRule, rules } from '../scaling/rules.mjs'
import { randomShape, shapes } from '../scaling/shapes.mjs'
import { scalingTables } from '../scaling/tables.mjs'
import { simulate } from '../scaling/world.mjs'
import { targetsOf } from '../targets.mjs'

/** A shape that is over soon. */
function short(id, seconds, changes = {}) {
  const shape = shapes[id]
  const applications = shape.applications.map(application => ({ ...application, ...changes }))
  return { ...shape, seconds, applications }
}

test('Dice give the same numbers for the same seed, and others for another', () => {
  const [first, again, other] = [7, 7, 8].map(seed => {
    const dice = createDice(seed)
    return Array.from({ length: 1000 }, () => dice.length())
  })
  assert.deepEqual(again, first)
  assert.notDeepEqual(other, first)
  const mean = first.reduce((sum, length) => sum + length, 0) / first.length
  assert.ok(Math.abs(mean - 1) < 0.1, `${mean}`)
})

test('A second is late from more than one request of a hundred on, and the first ten are not judged', () => {
  const ledger = createLedger(20)
  for (const [second, late] of [
    [5, 100],
    [11, 1],
    [12, 2]
  ]) {
    for (let index = 0; index < 100; index++) {
      ledger.note(second * 1000, second * 1000 + (index < late ? 200 : 100), 100)
    }
  }
  ledger.note(13_000, null, 100)
  assert.deepEqual(ledger.lateSeconds(), [12, 13])
  assert.equal(ledger.requests(), 301)
})

test('simulate() keeps as many workers as a fixed rule says, and has them do all the work', () => {
  const shape = short('step', 60, { demand: () => 1.5 })
  const enough = simulate(shape, fixedRule(3), 1)
  assert.partialDeepStrictEqual(enough, { workerSeconds: 180, lateSeconds: 0, changes: [], kills: 0 })
  const tooFew = simulate(shape, fixedRule(1), 1)
  assert.equal(tooFew.workerSeconds, 60)
  assert.equal(tooFew.lateSeconds, 50)
})

test('simulate() plays the same run for the same seed', () => {
  const [run, again, other] = [3, 3, 4].map(seed => simulate(short('spikes', 80), rules.heddle.make, seed))
  assert.deepEqual(again, run)
  assert.notDeepEqual(other, run)
})

test('simulate() shares the CPUs: threads that block without one are not slowed by many, others are', () => {
  const [busy, blocked] = [{ workMs: 8 }, { workMs: 0.5, blockMs: 7.5 }].map(changes => {
    const shape = { ...short('step', 40, { demand: () => 3, ...changes }), cpus: 2 }
    return simulate(shape, fixedRule(6), 1).lateSeconds
  })
  assert.ok(busy >= 25, `${busy}`)
  assert.equal(blocked, 0)
})

test('simulate() ends the process when memory is over its limit, and starts it again', () => {
  const run = simulate(short('hog', 150, { demand: () => 4 }), fixedRule(8), 1)
  assert.ok(run.kills > 0)
  assert.ok(run.lateSeconds >= 3 * run.kills)
})

test("Watt's rule adds one worker after another, twenty seconds apart", () => {
  const { changes } = simulate(short('step', 140), rules.watt.make, 1)
  assert.deepEqual(
    changes.map(({ to }) => to),
    [2, 3, 4, 5]
  )
  for (const [index, { at }] of changes.entries()) {
    if (index > 0) assert.ok(at - changes[index - 1].at >= 20_000)
  }
})

test('The rule of Heddle has what a step needs within two seconds', () => {
  const { changes, lateSeconds } = simulate(short('step', 90), rules.heddle.make, 1)
  const soon = changes.filter(({ at }) => at > 60_000 && at <= 62_000)
  assert.ok(soon.at(-1).to >= 5, JSON.stringify(changes))
  assert.ok(lateSeconds < 10, `${lateSeconds}`)
})

test('randomShape() is the same for the same seed, and its load is never negative', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const [shape, again] = [randomShape(seed), randomShape(seed)]
    for (const [index, { demand, workMs }] of shape.applications.entries()) {
      assert.equal(again.applications[index].workMs, workMs)
      for (let second = 0; second < shape.seconds; second += 7) {
        assert.ok(demand(second) > 0)
        assert.equal(again.applications[index].demand(second), demand(second))
      }
    }
  }
})

function row(workerSeconds, lateSeconds, changes = 4) {
  return { workerSeconds, lateSeconds, changes, kills: 0, most: 4 }
}

function both(heddle, watt) {
  return { title: 'a shape', seconds: 120, rules: { heddle, watt } }
}

test('Targets of scaling hold lateness only where workers help, and changes on the sawtooth', () => {
  const result = {
    titles: { heddle: 'Heddle', watt: 'Watt' },
    shapes: {
      step: both(row(90, 5), row(100, 10)),
      quota: both(row(50, 100), row(100, 100)),
      sawtooth: both(row(110, 6, 6), row(100, 10))
    },
    random: {
      title: '1 random shape',
      count: 1,
      seconds: 9,
      better: { late: 1, both: 1 },
      rules: both(row(1, 0), row(1, 2)).rules
    }
  }
  assert.deepEqual(
    targetsOf('scaling', result).map(({ value, met }) => [Number(value.toFixed(3)), met]),
    [
      [0.925, false],
      [0.833, true],
      [0.5, true],
      [0.9, true],
      [0.5, true],
      [0.6, false],
      [1.1, false],
      [3, false],
      [0, true],
      [1, true]
    ]
  )
  const blocks = scalingTables(result)
  assert.deepEqual(Object.keys(blocks), ['scaling', 'scaling-random'])
  assert.match(blocks.scaling, /\| a shape +\| 120 \| +90 \/ 5 \/ 4 \| +100 \/ 10 \/ 4 \|/)
})
