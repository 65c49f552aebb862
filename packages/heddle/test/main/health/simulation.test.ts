/**
 * The health watch in many random lives of an application, with time held still. What has to hold is
 * looked at after every step; a failure names its seed.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { randomFrom } from '../../../../mesh/test/fixtures/random.ts'
import { PaperStage } from './paper-workers.ts'
import type { PaperWorker } from './paper-workers.ts'

const mebibyte = 1024 ** 2
const measured = { heapLimit: 100 * mebibyte, external: 0, loopDelay: { p50: 0, p99: 0, max: 0 }, gcMs: 0 }

const rules = { interval: 1000, fall: 2, rise: 2, maxUnhealthyChecks: 3, maxFailures: 5, ejectFor: 2000 }

/** What can happen to a worker. */
const fates: readonly ((worker: PaperWorker, stage: PaperStage) => void)[] = [
  worker => worker.block(),
  worker => worker.unblock(),
  worker => worker.writer.measure({ ...measured, heapUsed: 99 * mebibyte }),
  worker => worker.writer.measure({ ...measured, heapUsed: 10 * mebibyte }),
  worker => worker.writer.check('readiness', 'bad', 'cold'),
  worker => worker.writer.check('readiness', 'good'),
  worker => worker.writer.check('health', 'bad', 'sick'),
  worker => worker.writer.check('health', 'good'),
  worker => {
    worker.failures += 5
    worker.failuresInRow += 5
  },
  worker => {
    worker.failuresInRow = 0
    worker.answers += 100
  },
  (worker, stage) => {
    // It crashes; the slot gets another one, or is empty for a while.
    worker.state = 'exited'
    stage.leave(worker)
  },
  (_worker, stage) => stage.join()
]

/** What has to hold at any moment at which the watch has had a tick to see what is. */
function assertSound(stage: PaperStage): void {
  const all = stage.workers()
  const ready = all.filter(({ state }) => state === 'ready')
  assert.ok(all.length === 0 || ready.length > 0, 'somebody takes requests')
  const views = stage.watch.views()
  for (const worker of all) {
    // One that has only just come has not been met yet.
    if (worker.readyMs < 200) continue
    const view = views.get(worker.fact.worker)
    assert.ok(view, 'everybody is watched')
    // Out for a reason, or in; in with a reason only while it may not go.
    if (worker.state === 'ejected') assert.ok(view.causes.length > 0, 'nobody is out for nothing')
    else if (view.causes.length > 0) assert.ok(view.isKept, 'who should be out is out, or is kept')
    // Who stands still is not among those who answer, as long as there is another who could be.
    if (worker.state === 'ready' && worker.heartbeatAge() > 700) {
      assert.ok(all.length === 1 || !all.some(isOutAndTurns) || stage.isFull(), 'a blocked one makes room')
    }
  }
}

function isOutAndTurns({ state, isBlocked }: PaperWorker): boolean {
  return state === 'ejected' && !isBlocked
}

async function live(seed: number, steps: number): Promise<void> {
  const chance = randomFrom(seed)
  const stage = await PaperStage.begin(1 + Math.floor(chance() * 6), rules)
  for (let step = 0; step < steps; step++) {
    const worker = stage.sitting[Math.floor(chance() * stage.sitting.length)]
    const fate = fates[Math.floor(chance() * fates.length)]
    if (worker !== undefined) fate?.(worker, stage)
    else stage.join()
    stage.replacing = chance() < 0.7 ? 'works' : 'fails'
    // oxlint-disable-next-line no-await-in-loop -- One step after another.
    await stage.clock.advance(100 * Math.ceil(chance() ** 3 * 40))
    assertSound(stage)
  }
  // Everybody is well from now on: all come back, and stay.
  for (const worker of stage.workers()) {
    worker.unblock()
    worker.writer.measure({ ...measured, heapUsed: mebibyte })
    worker.writer.check('readiness', 'good')
    worker.failuresInRow = 0
  }
  for (let round = 0; round < 30; round++) {
    for (const worker of stage.workers()) worker.writer.check('health', 'good')
    // oxlint-disable-next-line no-await-in-loop -- As above.
    await stage.clock.advance(1000)
  }
  for (const worker of stage.workers()) assert.equal(worker.state, 'ready')
  stage.watch.stop()
}

/** How many lives; they are told apart by their seeds. */
const seeds = Number(process.env['HEDDLE_SIMULATION_SEEDS'] ?? 100)

test('HealthWatch never leaves an application without workers, nor one out for nothing', async () => {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- Each life has the machine to itself.
      await live(seed, 60)
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
})

test('HealthWatch replaces exactly after maxUnhealthyChecks bad checks in a row, and never before', async () => {
  for (let seed = 1; seed <= seeds / 2; seed++) {
    const chance = randomFrom(seed)
    // oxlint-disable-next-line no-await-in-loop -- As above.
    const stage = await PaperStage.begin(3, { ...rules, maxUnhealthyChecks: 1 + Math.floor(chance() * 5) })
    stage.replacing = 'fails'
    const worker = stage.at(0)
    let bad = 0
    let expected = 0
    for (let check = 0; check < 40; check++) {
      const isBad = chance() < 0.7
      worker.writer.check('health', isBad ? 'bad' : 'good', isBad ? 'sick' : '')
      // oxlint-disable-next-line no-await-in-loop -- One check after another.
      await stage.clock.advance(1000)
      bad = isBad ? bad + 1 : 0
      if (bad > 0 && bad % stage.health.maxUnhealthyChecks === 0) expected++
      const replaced = worker.history.filter(entry => entry.startsWith('replaced')).length
      assert.equal(replaced, expected, `seed ${seed}, check ${check}`)
    }
    stage.watch.stop()
  }
})
