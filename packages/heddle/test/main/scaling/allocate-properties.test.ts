/** What must hold of the scaling rule whatever it is given: by seeded chance, so that a failure can be played again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { plan } from '../../../src/main/scaling/allocate.ts'
import { tickMs } from '../../../src/main/scaling/load.ts'
import type { Decision, LoadSample, ScalingApplication } from '../../../src/main/scaling/load.ts'
import { application, machine, mebibyte, ticks } from './load-of.ts'

/** Numbers from 0 up to 1 that are the same in every run. */
function chances(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** What is answered when so many event loops' work comes in, to so many workers. */
function sampleOf(demand: number, ready: number, at: number): LoadSample {
  const elu = Math.min(1, demand / ready)
  const [sample] = ticks(1, { elu, ready, arrived: demand * 50, completed: elu * ready * 50 }, at)
  return sample ?? assert.fail()
}

test('plan() keeps all limits, and changes nothing of what it must not', () => {
  const chance = chances(7)
  const whole = (most: number): number => Math.floor(chance() * (most + 1))
  for (let round = 0; round < 400; round++) {
    const apps: ScalingApplication[] = Array.from({ length: 1 + whole(4) }, (_, index) => {
      const min = 1 + whole(2)
      const workers = whole(9)
      const now = 1_000_000
      const at = (): number | null => (chance() < 0.5 ? null : now - whole(100_000))
      const levels = [chance() * 8, chance() * 8]
      return application(
        Array.from({ length: whole(150) }, (_unused, tick) =>
          sampleOf(
            levels[tick % 40 < 20 ? 0 : 1] ?? 1,
            Math.max(1, whole(workers)),
            now - (149 - tick) * tickMs
          )
        ),
        {
          id: `app-${index}`,
          workers,
          limits: { min, max: min + whole(6) },
          enabled: chance() < 0.8,
          grownAt: at(),
          shrunkAt: at(),
          workerBytes: whole(300) * mebibyte
        }
      )
    })
    const state = machine({
      cpus: 1 + whole(16),
      cpuUsed: chance() * 12,
      throttledShare: chance() < 0.2 ? chance() : 0,
      memoryFree: whole(2000) * mebibyte,
      memoryPressure: chance() < 0.2 ? whole(60) : null
    })
    const total = 1 + whole(20)
    const decisions = plan(apps, state, total)
    const name = `round ${round}`
    assert.deepEqual(
      decisions.map(({ id }) => id),
      apps.map(({ id }) => id),
      name
    )
    for (const [index, decision] of decisions.entries()) checkOne(apps[index], decision, name)
    const least = apps.reduce(
      (sum, { enabled, workers, limits }) => sum + (enabled ? limits.min : workers),
      0
    )
    const sum = decisions.reduce((all, { target }) => all + target, 0)
    assert.ok(sum <= Math.max(total, least), `${name}: ${sum} of ${total}`)
    assert.deepEqual(plan(apps, state, total), decisions, name)
  }
})

function checkOne(app: ScalingApplication | undefined, decision: Decision, name: string): void {
  if (app === undefined) return
  const { target, refusal, numbers } = decision
  const { enabled, workers, limits } = app
  if (enabled) assert.ok(target >= limits.min && target <= limits.max, `${name}: ${target}`)
  else assert.deepEqual([target, decision.reason], [workers, 'pinned'], name)
  if (refusal !== null) assert.ok(Number(numbers?.wanted) > target, `${name}: ${refusal} of nothing`)
  assert.ok(!decision.partners.includes(app.id), name)
}

test('plan() gives no fewer workers to more load', () => {
  for (let ready = 1; ready <= 6; ready++) {
    let before = 0
    for (let demand = 0.1; demand < 12; demand += 0.1) {
      const samples = Array.from({ length: 130 }, (_, tick) =>
        sampleOf(demand, ready, 1_000_000 - (129 - tick) * tickMs)
      )
      const [decision] = plan(
        [application(samples, { limits: { min: 1, max: 32 } })],
        machine({ cpus: 64 }),
        32
      )
      const target = decision?.target ?? 0
      assert.ok(target >= before, `${demand.toFixed(1)} on ${ready}: ${target} after ${before}`)
      before = target
    }
  }
})

test('plan() comes to rest under a constant load, with some noise, wherever it stands', () => {
  const chance = chances(11)
  for (let demand = 0.2; demand < 6; demand += 0.4) {
    const changes = followed(() => demand * (0.9 + 0.2 * chance()), 240)
    const late = changes.filter(({ second }) => second > 30)
    assert.ok(late.length <= 3, `${demand.toFixed(1)}: ${JSON.stringify(late)}`)
  }
})

test('plan() follows a load that swings around a threshold at most twice a minute', () => {
  for (const period of [5, 20, 90]) {
    for (const threshold of [0.74, 1.6, 2.5, 3.4]) {
      const load = (second: number): number => threshold * (0.8 + (0.4 * (second % period)) / period)
      const changes = followed(load, 450)
      assert.ok(changes.length <= 15, `${threshold} in ${period} s: ${JSON.stringify(changes)}`)
    }
  }
})

interface Change {
  readonly second: number
  readonly to: number
}

/** What becomes of an application that is asked so much: its workers are there at the next tick. */
function followed(demandAt: (second: number) => number, seconds: number): readonly Change[] {
  let samples: readonly LoadSample[] = []
  let workers = 1
  let grownAt: number | null = null
  let shrunkAt: number | null = null
  const changes: Change[] = []
  for (let at = tickMs; at <= seconds * 1000; at += tickMs) {
    samples = [...samples.slice(-180), sampleOf(demandAt(at / 1000), workers, at)]
    const app = application(samples, { workers, grownAt, shrunkAt, limits: { min: 1, max: 16 } })
    const target = plan([app], machine({ cpus: 64 }), 16)[0]?.target ?? workers
    if (target === workers) continue
    if (target > workers) grownAt = at
    else shrunkAt = at
    changes.push({ second: at / 1000, to: target })
    workers = target
  }
  return changes
}
