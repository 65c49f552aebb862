/** What probes say about servers in every state. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { probes, probeText } from '../../../src/main/admin/probes.ts'
import type { StatusReport, WorkerReportLine } from '../../../src/main/admin/report.ts'
import { report as running, worker } from './example-report.ts'

const lost: WorkerReportLine = { ...worker, state: 'exited', isReady: false, readyMs: null }

const cases: readonly [probe: string, title: string, report: StatusReport, status: number, text: RegExp][] = [
  ['/livez', 'a server that runs', running, 200, /^ok/],
  ['/livez', 'as many zombies as are borne', { ...running, zombies: 2 }, 200, /^ok/],
  ['/livez', 'one more', { ...running, zombies: 3 }, 503, /^\[-\] zombies: 3 threads .* 2 are borne\n$/],
  ['/livez', 'an application without workers', withApplication({ ready: 0, workers: [lost] }), 200, /^ok/],
  ['/readyz', 'a server that runs', running, 200, /^ok/],
  ['/readyz', 'a stop', { ...running, phase: 'stopping' }, 503, /^\[-\] server: stopping/],
  [
    '/readyz',
    'no ready worker',
    withApplication({ ready: 0, workers: [lost] }),
    503,
    /^\[-\] api: 0 of 1 workers ready\n$/
  ],
  [
    '/readyz',
    'every circuit open',
    withApplication({ ready: 0, workers: [{ ...lost, circuit: 'open' }] }),
    503,
    /0 of 1 workers ready, every circuit is open/
  ],
  [
    '/readyz',
    'one circuit of two open',
    withApplication({ ready: 1, workers: [worker, { ...lost, circuit: 'open' }] }),
    200,
    /^ok/
  ],
  [
    '/readyz',
    'an application stopped on purpose',
    withApplication({ phase: 'stopped', ready: 0, workers: [] }),
    200,
    /^ok/
  ],
  ['/startupz', 'a start', { ...running, phase: 'starting' }, 503, /starting/],
  ['/startupz', 'a stop', { ...running, phase: 'stopping' }, 200, /^ok/]
]

for (const [path, title, report, status, text] of cases) {
  test(`${path} answers ${status} for ${title}`, () => {
    const answer = probes.get(path)?.(report)
    assert.ok(answer !== undefined)
    assert.equal(answer.status, status)
    assert.match(probeText(answer, false), text)
  })
}

function withApplication(changes: Partial<StatusReport['applications'][number]>): StatusReport {
  const [api] = running.applications
  assert.ok(api !== undefined)
  return { ...running, applications: [{ ...api, ...changes }] }
}
