/** Why workers are not well: one row of a table for each thing that may be wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { complaintsOf } from '../../../src/cli/workers/complaints.ts'
import type { ApplicationReportLine, WorkerReportLine } from '../../../src/main/admin/report.ts'
import { report, worker } from '../../main/admin/example-report.ts'

const recent = {
  windowMs: 10_000,
  requestsPerSecond: 100,
  p50Ms: 1,
  p99Ms: 10,
  errorRate: 0,
  elu: 0.3,
  loopDelayMs: 1,
  gcShare: 0.01
}
const well: WorkerReportLine = { ...worker, recent, heapUsed: 10, heapLimit: 100 }
const health = {
  good: true,
  badChecks: 0,
  reasons: [],
  causes: [],
  isKept: false,
  notReady: null,
  elu: null,
  loopDelay: { p50: 0, p99: 0, max: 0 },
  heapUsed: 0,
  heapLimit: 0,
  external: 0,
  gcMs: 0,
  responseMs: null,
  errorRate: null
}

function application(workers: readonly WorkerReportLine[]): ApplicationReportLine {
  const [example] = report.applications
  assert.ok(example !== undefined)
  return { ...example, workers }
}

function said(one: WorkerReportLine, others: readonly WorkerReportLine[] = [well, well]): readonly string[] {
  return complaintsOf(one, application([one, ...others])).map(({ says }) => says)
}

test('complaintsOf() says nothing of a worker that is well', () => {
  assert.deepEqual(said(well), [])
})

test('complaintsOf() says what is not well', () => {
  const table: readonly (readonly [Partial<WorkerReportLine>, readonly string[]])[] = [
    [{ state: 'zombie' }, ['stuck in native code for good']],
    [{ state: 'exited' }, ['no thread is there']],
    [
      {
        state: 'exited',
        circuit: 'open',
        lastError: { name: 'E', message: 'a\n\u001B[31mb', stack: null, at: '' }
      },
      ['its restarts keep failing: E: a b']
    ],
    [{ state: 'ejected', keptOut: true }, ['an operator keeps it out']],
    [{ health: { ...health, notReady: 'its cache is cold' } }, ['its cache is cold']],
    [{ heartbeatAgeMs: 4200 }, ['its event loop has stood still for 4.2s']],
    [{ recent: { ...recent, elu: 0.97 } }, ['its event loop is busy 97% of the time']],
    [{ recent: { ...recent, loopDelayMs: 340 } }, ['its event loop is late by 340 ms']],
    [{ recent: { ...recent, gcShare: 0.25 } }, ['25% of its time goes into collecting garbage']],
    [{ heapUsed: 95 }, ['its heap is 95% full']],
    [{ recent: { ...recent, errorRate: 0.12 } }, ['12% of its requests fail']],
    [{ recent: { ...recent, p99Ms: 310 } }, ['its 99th percentile is 310 ms, that of the others 10 ms']],
    [{ zombies: 2 }, ['2 threads of it are stuck for good']],
    [
      { blocked: { blocks: 3, blockedMs: 4100, function: null, location: null } },
      ['has stood still 3 times, for 4.1s in all']
    ],
    [{ lastEnd: 'ended by itself with code 3' }, ['its last thread: ended by itself with code 3']],
    [
      { blocked: { blocks: 1, blockedMs: 900, function: 'parse', location: 'app.js:3:5' } },
      ['has stood still once, for 0.9s in all, last in parse (app.js:3:5)']
    ],
    [
      {
        heartbeatAgeMs: 4200,
        blocked: { blocks: 1, blockedMs: 4200, function: null, location: 'app.js:3:5' }
      },
      ['its event loop has stood still for 4.2s at app.js:3:5']
    ],
    [
      { heartbeatAgeMs: 4200, blocked: { blocks: 2, blockedMs: 9000, function: 'parse', location: null } },
      ['its event loop has stood still for 4.2s in parse', 'has stood still 2 times, for 9.0s in all']
    ],
    [
      { diagnoses: [{ kind: 'inspector', sinceMs: 61_000, url: 'ws://x' }] },
      ['its inspector has been open for 1m 1s']
    ],
    [{ recent: { ...recent, errorRate: 0.5, requestsPerSecond: 0.2 } }, []],
    [{ lastError: { name: 'E', message: 'No.', stack: null, at: '' } }, ['its last thread: E: No']],
    [{ lastEnd: 'stopped' }, []],
    // Nothing has been measured yet.
    [{ recent: { ...recent, windowMs: 0, elu: 1 } }, []],
    // Whatever starts is busy.
    [{ state: 'starting', recent: { ...recent, elu: 1 } }, []]
  ]
  for (const [changes, sentences] of table) {
    assert.deepEqual(said({ ...well, ...changes }), sentences, JSON.stringify(changes))
  }
})

test('complaintsOf() says what the server has found first, and nothing of the same matter twice', () => {
  const reasons = ['event loop utilization is 0.99 (limit 0.98) while that of others is 0.5']
  const one = { ...well, recent: { ...recent, elu: 0.99, p99Ms: 310 }, health: { ...health, reasons } }
  assert.deepEqual(said(one), [...reasons, 'its 99th percentile is 310 ms, that of the others 10 ms'])
})

test('complaintsOf() says of a worker that stands still only that', () => {
  const causes = ['blocked: its event loop has not turned for 4.2 s']
  const one = { ...well, heartbeatAgeMs: 4200, recent: { ...recent, elu: 1 }, health: { ...health, causes } }
  assert.deepEqual(said(one), ['its event loop has stood still for 4.2s'])
})

test('complaintsOf() calls nobody slow when all are, or when nobody else is there', () => {
  const slow = { ...well, recent: { ...recent, p99Ms: 310 } }
  assert.deepEqual(said(slow, [slow, slow]), [])
  assert.deepEqual(said(slow, []), [])
  // Three requests say nothing.
  assert.deepEqual(said({ ...slow, recent: { ...slow.recent, requestsPerSecond: 0.3 } }), [])
  // A few milliseconds are no matter.
  const quick = { ...well, recent: { ...recent, p99Ms: 1 } }
  assert.deepEqual(said({ ...well, recent: { ...recent, p99Ms: 15 } }, [quick, quick]), [])
})

test('complaintsOf() has nothing to say of an application that was stopped', () => {
  const stopped = { ...application([]), phase: 'stopped' } as const
  assert.deepEqual(complaintsOf({ ...well, state: 'exited' }, stopped), [])
})
