/** Tests of what is seen of a worker between two looks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { MemberCounts } from '@heddle/mesh'

import { createVitals, VitalsWriter } from '../../../src/channel/vitals.ts'
import { lookAt } from '../../../src/main/health/look.ts'
import type { Look } from '../../../src/main/health/look.ts'
import type { WatchedWorker } from '../../../src/main/health/watched.ts'
import { noCounts } from '../../../src/main/supervisor/member-counts.ts'

const buckets = 32

/** Counts with so many answers by class, all of them in one bucket of durations. */
function counts(answered: readonly number[], lost = 0, bucket = 0): MemberCounts {
  const all = answered.reduce((sum, count) => sum + count, 0)
  const durations = Array.from({ length: buckets }, (_, index) => (index === bucket ? all : 0))
  return { ...noCounts, answered, lost, failures: lost, durations }
}

/** A worker that is looked at: what is set is what is seen. */
class Subject implements Pick<WatchedWorker, 'vitals' | 'counts' | 'eventLoopUtilization' | 'heartbeatAge'> {
  readonly vitals = createVitals()
  readonly writer = new VitalsWriter(this.vitals)
  counted = counts([0, 0, 0, 0, 0])
  idle = 0
  active = 0

  counts(): MemberCounts {
    return this.counted
  }

  eventLoopUtilization(): { idle: number; active: number; utilization: number } {
    return { idle: this.idle, active: this.active, utilization: 0.5 }
  }

  heartbeatAge(): number {
    return 42
  }

  look(last: Look | null, now: number): Look {
    return lookAt(this, last, { now, minRequests: 20 })
  }
}

test('lookAt() sees the utilization of the event loop since the last look', () => {
  const subject = new Subject()
  Object.assign(subject, { idle: 1000, active: 9000 })
  const first = subject.look(null, 0)
  assert.equal(first.sample.elu, null)
  Object.assign(subject, { idle: 1900, active: 9100 })
  const second = subject.look(first, 1000)
  assert.equal(second.sample.elu, 0.1)
  // Nothing has gone by: there is nothing to see.
  assert.equal(subject.look(second, 1000).sample.elu, null)
})

test('lookAt() counts what was answered since the last look, over wraps of the counts', () => {
  const subject = new Subject()
  const nearly = 2 ** 32 - 10
  subject.counted = counts([0, nearly, 0, 0, 0])
  const first = subject.look(null, 0)
  subject.counted = { ...counts([0, 15, 0, 0, 0]), durations: [15, ...Array.from({ length: 31 }, () => 0)] }
  const { answers, errorRate, responseMs } = subject.look(first, 1000).sample
  assert.equal(answers, 25)
  assert.equal(errorRate, 0)
  assert.ok(responseMs !== null && responseMs > 0 && responseMs <= 0.256)
})

test('lookAt() says nothing of response time and errors with too few answers', () => {
  const subject = new Subject()
  const first = subject.look(null, 0)
  subject.counted = counts([0, 0, 0, 0, 15], 4)
  assert.partialDeepStrictEqual(subject.look(first, 1000).sample, {
    answers: 19,
    errorRate: null,
    responseMs: null
  })
})

test('lookAt() counts answers that are errors, and requests without one', () => {
  const table: readonly [answered: readonly number[], lost: number, all: number, rate: number][] = [
    [[0, 100, 0, 0, 0], 0, 100, 0],
    [[0, 75, 0, 0, 25], 0, 100, 0.25],
    [[0, 75, 0, 0, 0], 25, 100, 0.25],
    [[0, 50, 0, 0, 25], 25, 100, 0.5],
    [[0, 0, 0, 100, 0], 0, 100, 0]
  ]
  for (const [answered, lost, all, rate] of table) {
    const subject = new Subject()
    const first = subject.look(null, 0)
    subject.counted = counts(answered, lost)
    assert.partialDeepStrictEqual(subject.look(first, 1000).sample, { answers: all, errorRate: rate })
  }
})

test('lookAt() hears what the checks say, and for how long they have said nothing', () => {
  const subject = new Subject()
  const first = subject.look(null, 0)
  assert.deepEqual([first.sample.complaints, first.sample.silentMs], [[], null])
  subject.writer.check('health', 'bad', 'sick')
  subject.writer.check('path', 'bad', 'GET / answered 503')
  subject.writer.check('readiness', 'bad', 'is not asked here')
  const second = subject.look(first, 1000)
  assert.deepEqual(second.sample.complaints, ['sick', 'GET / answered 503'])
  assert.equal(second.sample.silentMs, 0)
  const third = subject.look(second, 5000)
  assert.equal(third.sample.silentMs, 4000)
  subject.writer.check('health', 'good')
  const { complaints, silentMs } = subject.look(third, 6000).sample
  assert.deepEqual([complaints, silentMs], [['GET / answered 503'], 0])
})
