/** What probes say about servers in every state. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { probes, probeText } from '../../../src/main/admin/probes.ts'
import type {
  ApplicationReportLine,
  StatusReport,
  ThreadReportLine,
  WorkerReportLine
} from '../../../src/main/admin/report.ts'
import { api, health, report as running, worker } from './example-report.ts'

const lost: WorkerReportLine = {
  ...worker,
  state: 'exited',
  isReady: false,
  readyMs: null,
  heartbeatAgeMs: null
}
const stuck: WorkerReportLine = { ...worker, isReady: false, heartbeatAgeMs: 1700 }
const edge: ThreadReportLine = { name: 'edge:0', state: 'ready', heartbeatAgeMs: 90, restarts: 0, zombies: 0 }

const cases: readonly [probe: string, title: string, report: StatusReport, status: number, text: RegExp][] = [
  ['/livez', 'a server that runs', running, 200, /^ok\n$/],
  ['/livez', 'as many zombies as are borne', { ...running, zombies: 2 }, 200, /^ok/],
  ['/livez', 'one more', { ...running, zombies: 3 }, 503, /^\[-\] zombies: 3 threads .* 2 are borne\n$/],
  ['/livez', 'an application without workers', withApi({ ready: 0, workers: [lost] }), 200, /^ok/],
  ['/livez', 'blocked workers', withApi({ ready: 0, workers: [stuck] }), 200, /^ok/],
  ['/livez', 'a stopped application', withApi({ phase: 'stopped', ready: 0, workers: [] }), 200, /^ok/],
  ['/livez', 'a stop', { ...running, phase: 'stopping' }, 200, /^ok/],
  ['/livez', 'a start', { ...running, phase: 'starting' }, 200, /^ok/],

  ['/readyz', 'a server that runs', running, 200, /^ok/],
  ['/readyz', 'a start', { ...running, phase: 'starting' }, 503, /^\[-\] server: starting\n$/],
  ['/readyz', 'a stop', { ...running, phase: 'stopping' }, 503, /^\[-\] server: stopping\n$/],
  [
    '/readyz',
    'no ready worker',
    withApi({ ready: 0, workers: [lost] }),
    503,
    /^\[-\] api: 0 of 1 workers ready: api:0 is gone\n$/
  ],
  [
    '/readyz',
    'blocked workers, which are in the table',
    withApi({ ready: 0, workers: [stuck] }),
    503,
    /api:0 has not turned for 1700 ms\n$/
  ],
  [
    '/readyz',
    'a worker whose application says no',
    withApi({
      ready: 0,
      workers: [{ ...worker, isReady: false, health: { ...health, notReady: 'no database' } }]
    }),
    503,
    /api:0 is not ready \(no database\)\n$/
  ],
  [
    '/readyz',
    'workers that are out',
    withApi({
      ready: 0,
      workers: [
        {
          ...worker,
          state: 'ejected',
          isReady: false,
          health: { ...health, causes: ['failing: 9 in a row'] }
        },
        { ...worker, name: 'api:1', state: 'ejected', isReady: false, keptOut: true },
        { ...worker, name: 'api:2', state: 'starting', isReady: false }
      ]
    }),
    503,
    /api:0 is out \(failing: 9 in a row\), api:1 is kept out, api:2 is starting\n$/
  ],
  [
    '/readyz',
    'every circuit open',
    withApi({ ready: 0, workers: [{ ...lost, circuit: 'open' }] }),
    503,
    /0 of 1 workers ready: api:0 fails to start again and again/
  ],
  [
    '/readyz',
    'one circuit of two open',
    withApi({ ready: 1, workers: [worker, { ...lost, circuit: 'open' }] }),
    200,
    /^ok/
  ],
  [
    '/readyz',
    'many workers that are gone',
    withApi({ ready: 0, workers: Array.from({ length: 9 }, () => lost) }),
    503,
    /: api:0 is gone, api:0 is gone, api:0 is gone, api:0 is gone, 5 more\n$/
  ],
  [
    '/readyz',
    'fewer workers than are needed',
    withApi({ minReady: 2, ready: 1, workers: [worker, lost] }),
    503,
    /1 of 2 workers ready, 2 needed: api:0 is gone/
  ],
  [
    '/readyz',
    'as many as are needed',
    withApi({ minReady: 2, ready: 2, workers: [worker, worker] }),
    200,
    /^ok/
  ],
  [
    '/readyz',
    'an application nobody needs',
    withApi({ required: false, ready: 0, workers: [lost] }),
    200,
    /^ok/
  ],
  [
    '/readyz',
    'an application stopped on purpose',
    withApi({ phase: 'stopped', ready: 0, workers: [] }),
    200,
    /^ok/
  ],
  ['/readyz', 'zombies', { ...running, zombies: 9 }, 200, /^ok/],
  ['/readyz', 'edge threads that turn', { ...running, edges: [edge] }, 200, /^ok/],
  [
    '/readyz',
    'one edge thread of two',
    { ...running, edges: [edge, { ...edge, state: 'exited' }] },
    200,
    /^ok/
  ],
  [
    '/readyz',
    'edge threads that are gone or stand still',
    {
      ...running,
      edges: [
        { ...edge, state: 'exited' },
        { ...edge, heartbeatAgeMs: 3000 }
      ]
    },
    503,
    /^\[-\] edge: 0 of 2 threads take connections\n$/
  ],

  ['/startupz', 'a start', { ...running, phase: 'starting' }, 503, /starting/],
  ['/startupz', 'nothing yet', { ...running, phase: 'idle' }, 503, /starting/],
  ['/startupz', 'a stop', { ...running, phase: 'stopping' }, 200, /^ok/],
  ['/startupz', 'no ready worker', withApi({ ready: 0, workers: [lost] }), 200, /^ok/]
]

for (const [path, title, report, status, text] of cases) {
  test(`${path} answers ${status} for ${title}`, () => {
    const answer = probes.get(path)?.(report, null)
    assert.ok(answer !== undefined)
    assert.match(probeText(answer, false), text)
    assert.equal(answer.status, status)
  })
}

const single: readonly [
  probe: string,
  changes: Partial<ApplicationReportLine>,
  status: number,
  text: string
][] = [
  ['/livez', { ready: 0, workers: [lost] }, 200, 'ok\n'],
  ['/readyz', {}, 200, 'ok\n'],
  [
    '/readyz',
    { required: false, ready: 0, workers: [lost] },
    503,
    '[-] api: 0 of 1 workers ready: api:0 is gone\n'
  ],
  ['/startupz', { phase: 'starting' }, 503, '[-] api: starting\n'],
  ['/startupz', {}, 200, 'ok\n']
]

for (const [path, changes, status, text] of single) {
  test(`${path} answers ${status} for one application with ${JSON.stringify(Object.keys(changes))}`, () => {
    const line = { ...api, ...changes }
    const sick = { ...api, id: 'web', ready: 0, workers: [lost] }
    const answer = probes.get(path)?.({ ...running, applications: [sick, line] }, line)
    assert.ok(answer !== undefined)
    assert.deepEqual([probeText(answer, false), answer.status], [text, status])
  })
}

test('probeText() tells every check when it is asked to', () => {
  const report = withApi({ required: false, ready: 0, workers: [lost] })
  const answer = probes.get('/readyz')?.(report, null)
  assert.ok(answer !== undefined)
  const text = '[+] server: running\n[+] api: 0 of 1 workers ready (not required)\n'
  assert.equal(probeText(answer, true), text)
})

function withApi(changes: Partial<ApplicationReportLine>): StatusReport {
  return { ...running, applications: [{ ...api, ...changes }] }
}
