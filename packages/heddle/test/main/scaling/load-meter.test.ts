/** What is read of an application between two ticks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { LoadMeter } from '../../../src/main/scaling/load-meter.ts'
import { PaperPool, PaperThread } from './paper-pool.ts'

function setUp(workers = 2): {
  readonly pool: PaperPool
  readonly first: PaperThread
  readonly second: PaperThread
  readonly sample: () => ReturnType<LoadMeter['sample']>
} {
  const pool = new PaperPool('api', { min: workers })
  const meter = new LoadMeter(
    vitals => [...pool.threads, ...pool.left.values()].find(each => each.vitals === vitals)?.cpuMs ?? null
  )
  let at = 0
  const [first = new PaperThread(), second = new PaperThread()] = pool.threads
  return { pool, first, second, sample: () => meter.sample(pool, (at += 500)) }
}

test('A sample is what has happened since the last one, and the first one says nothing', () => {
  const { first, second, sample } = setUp()
  first.answered = 1000
  first.activeMs = 9999
  assert.equal(sample(), null)
  first.answered += 30
  second.answered += 10
  second.lost += 2
  first.requests = 5
  first.activeMs += 300
  second.activeMs += 100
  first.cpuMs = 250
  second.cpuMs = 90
  first.sayLate(12)
  second.beatMs = 700
  assert.deepEqual(sample(), {
    at: 1000,
    spanMs: 500,
    ready: 2,
    starting: 0,
    arrived: 47,
    completed: 42,
    inflight: 5,
    queued: 0,
    waitP99Ms: null,
    responseP99Ms: null,
    activeMs: 400,
    cpuMs: 340,
    cpuWaitMs: null,
    loopDelayMs: 700
  })
  first.requests = 1
  assert.partialDeepStrictEqual(sample(), { arrived: 0, completed: 0, inflight: 1, activeMs: 0 })
})

test('Nobody knows how many requests come in on connections that workers have themselves', () => {
  const { first, second, sample } = setUp()
  first.clients = {}
  second.clients = {}
  sample()
  first.answered = 30
  first.requests = 2
  assert.partialDeepStrictEqual(sample(), { arrived: null, completed: 30, inflight: 2 })
})

test('A worker that is blocked and out of balancing has work', () => {
  const { first, second, sample } = setUp()
  sample()
  first.state = 'ejected'
  first.activeMs = 500
  second.activeMs = 450
  assert.partialDeepStrictEqual(sample(), { ready: 1, activeMs: 950 })
})

test('A connection that is upgraded is in flight, and no request that was answered', () => {
  const { first, sample } = setUp(1)
  sample()
  first.upgraded = 4
  first.answered = 1
  first.requests = 5
  assert.partialDeepStrictEqual(sample(), { arrived: 2, completed: 1, inflight: 5 })
  assert.partialDeepStrictEqual(sample(), { arrived: 0, completed: 0, inflight: 5 })
})

test('Times are those of the tick', () => {
  const { first, sample } = setUp()
  first.durations = [0, 50, 0]
  first.waits = [0, 0, 50]
  sample()
  first.durations = [0, 50, 10]
  first.waits = [0, 10, 50]
  const taken = sample()
  assert.ok((taken?.responseP99Ms ?? 0) > (taken?.waitP99Ms ?? 0))
  assert.equal(sample()?.responseP99Ms, null)
})

test('What a worker does while it is started is no work, and what it answers from the first moment is', () => {
  const { pool, sample } = setUp(1)
  sample()
  pool.resize(2)
  const fresh = pool.threads[1] ?? new PaperThread()
  fresh.state = 'starting'
  fresh.activeMs = 400
  assert.partialDeepStrictEqual(sample(), { ready: 1, starting: 1, activeMs: 0 })
  fresh.state = 'ready'
  fresh.activeMs = 480
  fresh.answered = 3
  assert.partialDeepStrictEqual(sample(), { ready: 2, starting: 0, completed: 3, activeMs: 0 })
  fresh.activeMs = 530
  assert.partialDeepStrictEqual(sample(), { activeMs: 50 })
})

test('A worker that finishes what it has, and one that has ended meanwhile, are counted to the last request', () => {
  const { pool, first, sample } = setUp(1)
  first.requests = 2
  sample()
  pool.left.set(0, first)
  pool.threads[0] = new PaperThread()
  first.state = 'draining'
  first.answered = 1
  first.requests = 1
  first.activeMs = 30
  assert.partialDeepStrictEqual(sample(), { ready: 1, completed: 1, inflight: 1, activeMs: 30 })
  pool.left.clear()
  first.state = 'exited'
  first.lost = 1
  assert.partialDeepStrictEqual(sample(), { completed: 1, inflight: 0, arrived: 0 })
  first.lost = 9
  assert.partialDeepStrictEqual(sample(), { completed: 0 })
})

test('Counts that wrap and times nobody knows do no harm', () => {
  const { first, sample } = setUp(1)
  first.answered = 2 ** 32 - 2
  first.cpuMs = null
  sample()
  first.answered = 3
  assert.partialDeepStrictEqual(sample(), { completed: 5, cpuMs: null })
  first.state = 'ejected'
  assert.partialDeepStrictEqual(sample(), { ready: 0, loopDelayMs: null, activeMs: 0 })
})
