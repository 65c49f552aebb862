/** Table test of the verdict on one worker. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ResolvedHealth } from '../../../src/config/resolved.ts'
import { judge, median } from '../../../src/main/health/judge.ts'
import type { Sample } from '../../../src/main/health/judge.ts'
import { exampleHealth } from '../example-config.ts'

const mebibyte = 1024 ** 2

/** A worker that is well, changed where a case cares. */
function seen(changes: Partial<Sample> = {}): Sample {
  return {
    standsStillMs: 40,
    elu: 0.4,
    heapUsed: 50 * mebibyte,
    heapLimit: 100 * mebibyte,
    external: 8 * mebibyte,
    loopDelayMs: 3,
    answers: 100,
    errorRate: 0,
    responseMs: 20,
    complaints: [],
    silentMs: null,
    ...changes
  }
}

interface Case {
  readonly name: string
  readonly sample: Partial<Sample>
  readonly others?: readonly Partial<Sample>[]
  readonly limits?: Partial<ResolvedHealth>
  readonly reasons: readonly string[]
}

const table: readonly Case[] = [
  { name: 'a worker that is well', sample: {}, reasons: [] },
  {
    name: 'one that has not turned for an interval, of which nothing else is known',
    sample: { standsStillMs: 5200, elu: 1, heapUsed: 99 * mebibyte, complaints: ['old'] },
    others: [{}],
    reasons: ['its event loop has not turned for 5.2 s (limit 5 s)']
  },
  {
    name: 'a block longer than a short interval, and shorter than a second',
    sample: { standsStillMs: 999 },
    limits: { interval: 100 },
    reasons: []
  },
  { name: 'a block shorter than an interval', sample: { standsStillMs: 4999 }, reasons: [] },

  // Event loop utilization: busy is not ill.
  {
    name: 'one that is busier than others and answers no more',
    sample: { elu: 0.999 },
    others: [{ elu: 0.3 }, { elu: 0.5 }, { elu: 0.9 }],
    reasons: ['event loop utilization is 0.999 (limit 0.98) while that of others is 0.5']
  },
  { name: 'a single worker that is busy', sample: { elu: 1 }, reasons: [] },
  {
    name: 'a whole application that is busy',
    sample: { elu: 1 },
    others: [{ elu: 1 }, { elu: 0.97 }, { elu: 0.2 }],
    reasons: []
  },
  {
    name: 'one of two while the other is nearly as busy',
    sample: { elu: 1 },
    others: [{ elu: 0.9 }],
    reasons: []
  },
  {
    name: 'one that is busy since it answers more than the others',
    sample: { elu: 1, answers: 126 },
    others: [{ elu: 0.3 }, { elu: 0.3 }],
    reasons: []
  },
  {
    name: 'one that is busy and answers nothing',
    sample: { elu: 1, answers: 0 },
    others: [{ elu: 0, answers: 0 }],
    reasons: ['event loop utilization is 1 (limit 0.98) while that of others is 0']
  },
  { name: 'one at the limit', sample: { elu: 0.98 }, others: [{ elu: 0.1 }], reasons: [] },
  {
    name: 'one just beyond it',
    sample: { elu: 0.981 },
    others: [{ elu: 0.1 }],
    reasons: ['event loop utilization is 0.981 (limit 0.98) while that of others is 0.1']
  },
  { name: 'no limit', sample: { elu: 1 }, others: [{ elu: 0 }], limits: { maxELU: 0 }, reasons: [] },
  { name: 'nothing to compare with', sample: { elu: null }, others: [{ elu: null }], reasons: [] },

  // Memory: absolute, a fresh worker cures it.
  {
    name: 'a heap near its real limit',
    sample: { heapUsed: 96 * mebibyte },
    others: [{ heapUsed: 96 * mebibyte }],
    reasons: ['heap in use is 96 % of 100 MiB (limit 95 %)']
  },
  { name: 'a heap at the limit', sample: { heapUsed: 95 * mebibyte }, reasons: [] },
  {
    name: 'no limit of the heap',
    sample: { heapUsed: 100 * mebibyte },
    limits: { maxHeapUsed: 0 },
    reasons: []
  },
  { name: 'a worker that has said nothing yet', sample: { heapUsed: 0, heapLimit: 0 }, reasons: [] },
  {
    name: 'buffers beyond the limit',
    sample: { external: 300 * mebibyte },
    limits: { maxExternal: 256 },
    reasons: ['memory outside of the heap is 300 MiB (limit 256 MiB)']
  },
  { name: 'buffers without a limit', sample: { external: 9000 * mebibyte }, reasons: [] },

  {
    name: 'a late event loop',
    sample: { loopDelayMs: 250.4 },
    limits: { maxLoopDelay: 100 },
    reasons: ['event loop delay is 250 ms (99th percentile; limit 100 ms)']
  },
  { name: 'a late event loop without a limit', sample: { loopDelayMs: 9000 }, reasons: [] },

  // What all have at the same time lies elsewhere.
  {
    name: 'a slow worker',
    sample: { responseMs: 2500 },
    others: [{ responseMs: 90 }],
    limits: { maxResponseTime: 1000 },
    reasons: ['response time is 2500 ms (99th percentile; limit 1000 ms)']
  },
  {
    name: 'a slow single worker',
    sample: { responseMs: 2500 },
    limits: { maxResponseTime: 1000 },
    reasons: ['response time is 2500 ms (99th percentile; limit 1000 ms)']
  },
  {
    name: 'a slow application',
    sample: { responseMs: 2500 },
    others: [{ responseMs: 1800 }, { responseMs: 3000 }, { responseMs: 20 }],
    limits: { maxResponseTime: 1000 },
    reasons: []
  },
  {
    name: 'too few answers',
    sample: { responseMs: null, errorRate: null },
    limits: { maxResponseTime: 1, maxErrorRate: 0.01 },
    reasons: []
  },
  {
    name: 'a worker that fails',
    sample: { errorRate: 0.125, answers: 240 },
    others: [{ errorRate: 0.01 }, { errorRate: null }],
    limits: { maxErrorRate: 0.05 },
    reasons: ['12.5 % of 240 requests failed (limit 5 %)']
  },
  {
    name: 'an application that fails',
    sample: { errorRate: 1 },
    others: [{ errorRate: 0.9 }],
    limits: { maxErrorRate: 0.05 },
    reasons: []
  },
  { name: 'errors without a limit', sample: { errorRate: 1 }, others: [{ errorRate: 0 }], reasons: [] },

  // What the application says.
  {
    name: 'checks that complain',
    sample: { complaints: ['cache says: broken', 'GET /healthz answered 503'] },
    reasons: ['cache says: broken', 'GET /healthz answered 503']
  },
  {
    name: 'checks that have fallen silent',
    sample: { silentMs: 11_000 },
    reasons: ['its checks have not answered for 11 s (limit 11 s)']
  },
  { name: 'checks that are on their way', sample: { silentMs: 10_999 }, reasons: [] },
  {
    name: 'several reasons at once',
    sample: { heapUsed: 99 * mebibyte, complaints: ['sick'] },
    reasons: ['heap in use is 99 % of 100 MiB (limit 95 %)', 'sick']
  }
]

for (const { name, sample, others = [], limits = {}, reasons } of table) {
  test(`judge() judges ${name}`, () => {
    const verdict = judge(seen(sample), others.map(seen), { ...exampleHealth, ...limits })
    assert.deepEqual(verdict, { good: reasons.length === 0, reasons })
  })
}

test('median() takes the middle, the lower one of two', () => {
  const cases: readonly [values: readonly number[], middle: number | null][] = [
    [[], null],
    [[3], 3],
    [[9, 1], 1],
    [[9, 1, 5], 5],
    [[4, 3, 2, 1], 2]
  ]
  for (const [values, middle] of cases) assert.equal(median(values), middle)
})
