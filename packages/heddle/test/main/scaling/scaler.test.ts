/** What the scaler does with what the rule says, with time held still and applications on paper. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { HeddleEvents, ScalingNumbers } from '../../../src/events.ts'
import { tickMs } from '../../../src/main/scaling/load.ts'
import type {
  Decision,
  MachineSample,
  ScalingApplication,
  ScalingRule
} from '../../../src/main/scaling/load.ts'
import { Scaler } from '../../../src/main/scaling/scaler.ts'
import { HeldClock, settle } from '../../shared/held-clock.ts'
import { PaperPool } from './paper-pool.ts'

const numbers: ScalingNumbers = {
  workers: 1,
  wanted: 3,
  demand: 2.4,
  peakDemand: 2.4,
  utilization: 0.98,
  cpuShare: 1,
  inflight: 7,
  queued: 0,
  waitMs: null,
  loopDelayMs: 20,
  cpus: 4,
  cpuUsed: 3.9,
  throttledShare: 0.25,
  memoryFree: 50 * 1024 ** 2,
  workerBytes: 60 * 1024 ** 2
}

/** A rule that says what the test wants; nothing changes unless it is told to. */
class PaperRule {
  readonly wishes = new Map<string, Partial<Decision>>()
  asked: Parameters<ScalingRule>[] = []

  readonly rule: ScalingRule = (...given) => {
    this.asked.push(given)
    return given[0].map(each => this.#decide(each))
  }

  get last(): Parameters<ScalingRule> {
    const last = this.asked.at(-1)
    assert.ok(last)
    return last
  }

  #decide({ id, workers }: ScalingApplication): Decision {
    const own = { ...numbers, workers }
    const steady: Decision = {
      id,
      target: workers,
      reason: 'steady',
      refusal: null,
      partners: [],
      numbers: own
    }
    return { ...steady, ...this.wishes.get(id) }
  }
}

function setUp(...pools: readonly PaperPool[]): {
  readonly clock: HeldClock
  readonly paper: PaperRule
  readonly scaler: Scaler
  readonly heard: <Name extends keyof HeddleEvents>(name: Name) => readonly HeddleEvents[Name][]
  readonly config: { total: number | null }
} {
  const clock = new HeldClock()
  const paper = new PaperRule()
  const facts: [string, unknown][] = []
  const config: { total: number | null } = { total: null }
  const machine = (): MachineSample => ({
    at: clock.now(),
    cpus: 3.5,
    cpuUsed: 1,
    throttledShare: 0,
    cpuPressure: null,
    memoryPressure: null,
    memoryLimit: 2 ** 30,
    memoryUsed: 0,
    memoryFree: 2 ** 30
  })
  const scaler = new Scaler({
    clock,
    announce: (name, fact) => facts.push([name, fact]),
    rule: paper.rule,
    applications: () => pools,
    meter: () => machine,
    threadCpu: () => 0,
    workerBytes: () => 2 ** 25,
    total: () => config.total
  })
  scaler.start()
  const heard = <Name extends keyof HeddleEvents>(name: Name): readonly HeddleEvents[Name][] =>
    facts.filter(([each]) => each === name).map(([, fact]) => fact as HeddleEvents[Name])
  return { clock, paper, scaler, heard, config }
}

test('What the rule says is done and told with its numbers, one change at a time', async () => {
  const api = new PaperPool('api')
  const { clock, paper, heard } = setUp(api)
  paper.wishes.set('api', { target: 3, reason: 'busy', refusal: 'max', partners: ['web'] })
  await clock.advance(tickMs)
  assert.deepEqual(api.asked, [3])
  assert.deepEqual(heard('application:scaling'), [
    { application: 'api', from: 1, to: 3, reason: 'busy', refusal: 'max', partners: ['web'], numbers }
  ])
  // As long as that is under way nothing else is asked of it, and the rule may not change its number.
  paper.wishes.set('api', { target: 4 })
  await clock.advance(10 * tickMs)
  const [asked] = paper.last[0]
  assert.deepEqual([api.asked, asked?.enabled, asked?.workers], [[3], false, 3])
  api.answer()
  await clock.advance(tickMs)
  assert.deepEqual([api.asked, paper.last[0][0]?.enabled], [[3, 4], true])
})

test('The rule is told of samples, the machine, the total, and when the number was changed', async () => {
  const api = new PaperPool('api', { min: 2 })
  const web = new PaperPool('web', { min: 3, max: 3, enabled: false })
  const jobs = new PaperPool('jobs')
  jobs.phase = 'stopped'
  const { clock, paper, scaler, config } = setUp(api, web, jobs)
  await clock.advance(3 * tickMs)
  const [applications, machine, total] = paper.last
  assert.deepEqual(
    applications.map(({ id, enabled, workers, samples }) => [id, enabled, workers, samples.length]),
    [
      ['api', true, 2, 2],
      ['web', false, 3, 0]
    ]
  )
  assert.deepEqual([applications[0]?.limits, applications[0]?.workerBytes], [{ min: 2, max: 4 }, 2 ** 25])
  // What is not written is what the machine has, but enough for all.
  assert.deepEqual([machine.length, total], [2, 5])
  config.total = 7
  const before = clock.now()
  scaler.handleScaled({ application: 'api', from: 1, to: 2 })
  scaler.handleReady({ application: 'api', slot: 0, worker: 'api:0', kind: 'fake', bootMs: 321 })
  await clock.advance(tickMs)
  scaler.handleScaled({ application: 'api', from: 2, to: 1 })
  await clock.advance(tickMs)
  const [again] = paper.last[0]
  assert.deepEqual([again?.grownAt, again?.shrunkAt, again?.bootMs], [before, before + tickMs, 321])
  assert.equal(paper.last[2], 7)
  // Samples are kept for a while, not for ever.
  await clock.advance(120_000)
  assert.equal(paper.last[0][0]?.samples.length, 90_000 / tickMs)
})

test('Nobody loses workers to a total that is not known yet', async () => {
  // As after a reload that has given bounds to an application that had a fixed number.
  const api = new PaperPool('api', { max: 8 })
  api.resize(4)
  const { clock, paper } = setUp(api)
  await clock.advance(2 * tickMs)
  assert.deepEqual(
    paper.asked.map(([, machine, total]) => [machine.length, total]),
    [
      [0, Number.POSITIVE_INFINITY],
      [1, 4]
    ]
  )
})

test('A growth that fails is told, and tried again later each time', async () => {
  const api = new PaperPool('api')
  const { clock, paper, scaler, heard } = setUp(api)
  paper.wishes.set('api', { target: 2, reason: 'busy' })
  await clock.advance(tickMs)
  api.answer(new Error('no database'))
  await settle()
  assert.partialDeepStrictEqual(heard('application:scaling-failed'), [{ from: 1, to: 2, retryMs: 5000 }])
  await clock.advance(4500)
  assert.deepEqual(api.asked, [2])
  assert.deepEqual(scaler.view(api).refusal, 'failed')
  assert.match(scaler.view(api).note ?? '', /the last one did not become ready \(no database\)/)
  await clock.advance(1000)
  assert.deepEqual(api.asked, [2, 2])
  api.answer(new Error('no database'))
  await settle()
  assert.equal(heard('application:scaling-failed')[1]?.retryMs, 10_000)
  // Fewer workers need nobody to become ready.
  api.resize(3)
  await clock.advance(tickMs)
  assert.deepEqual(api.asked, [2, 2, 2])
  api.answer()
  await settle()
  paper.wishes.set('api', { target: 3, reason: 'busy' })
  await clock.advance(9000)
  assert.deepEqual(api.asked, [2, 2, 2])
  await clock.advance(1000)
  assert.deepEqual([api.asked, scaler.view(api).note], [[2, 2, 2, 3], null])
  api.answer()
  await settle()
  paper.wishes.set('api', { target: 4, reason: 'busy' })
  await clock.advance(tickMs)
  api.answer(new Error('no database'))
  await settle()
  assert.equal(heard('application:scaling-failed')[2]?.retryMs, 5000)
})

test('A refusal is told once as long as it is the reason, in words', async () => {
  const api = new PaperPool('api')
  const { clock, paper, scaler, heard } = setUp(api)
  const told = (): readonly string[] => heard('application:scaling-refused').map(({ reason }) => reason)
  paper.wishes.set('api', { refusal: 'cpu', reason: 'cpu' })
  await clock.advance(20 * tickMs)
  assert.deepEqual(told(), ['cpu'])
  // A moment without it is no news.
  paper.wishes.clear()
  await clock.advance(tickMs)
  paper.wishes.set('api', { refusal: 'cpu', reason: 'cpu' })
  await clock.advance(tickMs)
  assert.deepEqual(told(), ['cpu'])
  for (const refusal of ['memory', 'total', 'max'] as const) {
    paper.wishes.set('api', { refusal, reason: refusal })
    // oxlint-disable-next-line no-await-in-loop -- One after another.
    await clock.advance(tickMs)
  }
  assert.deepEqual(
    heard('application:scaling-refused').map(({ detail }) => detail),
    [
      'it needs 3, and more would only share the CPUs: 3.9 of 4 CPUs are in use, and throttled 25 % of the time',
      'it needs 3, and 50 MiB are free, of which some are kept, for one that takes 60 MiB',
      'it needs 3, and all applications together may have no more',
      'it needs 3, and may have 4'
    ]
  )
  assert.partialDeepStrictEqual(scaler.view(api), { mode: 'auto', wanted: 3, reason: 'max', refusal: 'max' })
  paper.wishes.clear()
  await clock.advance(60_000)
  paper.wishes.set('api', { refusal: 'max', reason: 'max' })
  await clock.advance(tickMs)
  assert.deepEqual(told(), ['cpu', 'memory', 'total', 'max', 'max'])
})

test('A number that is pinned is left alone until it is unpinned', async () => {
  const api = new PaperPool('api')
  const web = new PaperPool('web')
  const { clock, paper, scaler } = setUp(api, web)
  paper.wishes.set('api', { target: 3 })
  assert.deepEqual([scaler.pin('api'), scaler.pin('api')], [false, true])
  await clock.advance(5 * tickMs)
  assert.deepEqual([api.asked, paper.last[0][0]?.enabled, scaler.view(api).mode], [[], false, 'pinned'])
  scaler.unpin('api')
  await clock.advance(tickMs)
  assert.deepEqual([api.asked, scaler.view(api).mode], [[3], 'auto'])
})

test('Without an application whose number may change nobody is asked, and after the end nothing is done', async () => {
  const fixed = new PaperPool('fixed', { min: 2, max: 2, enabled: false })
  const off = new PaperPool('off', { enabled: false })
  const { clock, paper, scaler } = setUp(fixed, off)
  await clock.advance(5 * tickMs)
  assert.equal(paper.asked.length, 0)
  assert.deepEqual([scaler.view(fixed).mode, scaler.view(off).mode], ['fixed', 'off'])
  scaler.stop()
  assert.equal(clock.pending, 0)
})

test('No worker is taken where another one still finishes what it has', async () => {
  const api = new PaperPool('api', { min: 2 })
  const { clock, paper } = setUp(api)
  const [first] = api.threads
  assert.ok(first)
  api.left.set(1, first)
  paper.wishes.set('api', { target: 1, reason: 'idle' })
  await clock.advance(2 * tickMs)
  assert.deepEqual(api.asked, [])
  api.left.clear()
  await clock.advance(tickMs)
  assert.deepEqual(api.asked, [1])
})
