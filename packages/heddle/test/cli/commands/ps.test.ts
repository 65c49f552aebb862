/** What `heddle ps` shows of a server in every state, and on terminals of every width. */
import assert from 'node:assert/strict'
import { stripVTControlCharacters } from 'node:util'
import { test } from 'node:test'

import { statusText } from '../../../src/cli/commands/ps.ts'
import { serversText } from '../../../src/cli/commands/servers.ts'
import { progressText } from '../../../src/cli/progress.ts'
import type { StatusReport } from '../../../src/main/admin/report.ts'
import { fixedNumber, report, worker } from '../../main/admin/example-report.ts'

const recent = {
  windowMs: 10_000,
  requestsPerSecond: 1204.4,
  p50Ms: 1.2,
  p99Ms: 3.4,
  errorRate: 0,
  elu: 0.42,
  loopDelayMs: 1.1,
  gcShare: 0.01
}
const application = {
  phase: 'running',
  kind: 'fastify',
  required: true,
  minReady: 1,
  zombies: 0,
  scaling: fixedNumber,
  spares: [],
  recent
} as const
const well = { ...worker, uptimeMs: 65_000, readyMs: 65_000, recent, heapUsed: 48e6, heapLimit: 512e6 }
const broken = { name: 'TypeError', message: 'no\n  database', stack: null, at: '' }

const troubled: StatusReport = {
  ...report,
  name: 'shop',
  url: 'http://localhost:3000',
  uptimeMs: 93_784_000,
  applications: [
    {
      ...application,
      id: 'api',
      desired: 4,
      ready: 1,
      workers: [
        { ...well, inflight: 12, restarts: 3, lastEnd: 'stopped' },
        { ...well, slot: 1, name: 'api:1', state: 'ejected', readyMs: null, keptOut: true },
        {
          ...well,
          slot: 2,
          name: 'api:2',
          state: 'exited',
          uptimeMs: null,
          circuit: 'open',
          lastError: broken
        },
        {
          ...well,
          slot: 3,
          name: 'api:3',
          state: 'exited',
          uptimeMs: null,
          lastEnd: 'ended by itself with code 3'
        }
      ]
    },
    { ...application, id: 'mail', phase: 'stopped', desired: 0, ready: 0, workers: [] },
    { ...application, id: 'jobs', desired: 1, ready: 1, workers: [{ ...well, name: 'jobs:0' }] }
  ],
  edges: [{ name: 'edge:0', state: 'ready', heartbeatAgeMs: 3, restarts: 0, zombies: 0 }]
}

function linesOf(text: string): readonly string[] {
  return stripVTControlCharacters(text).split('\n')
}

test('statusText() has a line for each worker below its application, with what is wrong with it', () => {
  assert.deepEqual(linesOf(statusText(troubled, Infinity)), [
    'shop (process 1) is running at http://localhost:3000, up 1d 2h, memory 954 MB of 7.5 GB',
    '',
    'WORKER   STATE         UPTIME  RESTARTS  ELU   DELAY       HEAP  IN FLIGHT  REQ/S     P99  WHY NOT WELL',
    'api      1/4 ready                    3  42%  1.1 ms                    12   1204  3.4 ms',
    '  api:0  ready          1m 5s         3  42%  1.1 ms  46/488 MB         12   1204  3.4 ms',
    '  api:1  kept out       1m 5s         0  42%  1.1 ms  46/488 MB          0   1204  3.4 ms  an operator keeps it out',
    '  api:2  circuit open                 0                                  0                 its restarts keep failing: TypeError: no database',
    '  api:3  exited                       0                                  0                 ended by itself with code 3',
    'mail     stopped                      0  42%  1.1 ms                     0   1204  3.4 ms',
    'jobs:0   ready          1m 5s         0  42%  1.1 ms  46/488 MB          0   1204  3.4 ms',
    'edge:0   ready                        0',
    ''
  ])
})

test('statusText() says between how many workers a number follows the load, what it is refused, and what is spare', () => {
  const scaling = { ...fixedNumber, mode: 'auto', min: 1, max: 3 } as const
  const api = { ...application, desired: 1, ready: 1, workers: [well] }
  const note = 'it needs 3, and all applications together may have no more'
  const spares = [
    { name: 'api:1', state: 'spare', waitsFor: null },
    { name: 'api:2', state: 'waiting', waitsFor: 'memory' }
  ] as const
  const scaled: StatusReport = {
    ...troubled,
    applications: [
      { ...api, id: 'api', scaling: { ...scaling, wanted: 3, refusal: 'total', note }, spares },
      { ...api, id: 'mail', scaling: { ...scaling, mode: 'pinned' }, workers: [{ ...well, name: 'mail:0' }] }
    ],
    edges: []
  }
  assert.deepEqual(linesOf(statusText(scaled, 100)).slice(2), [
    'WORKER    STATE               UPTIME  RESTARTS  ELU   DELAY       HEAP  IN FLIGHT  REQ/S     P99',
    'api       1/1 ready (1-3)                    0  42%  1.1 ms                     0   1204  3.4 ms',
    '  api:0   ready                1m 5s         0  42%  1.1 ms  46/488 MB          0   1204  3.4 ms',
    '  api:1   spare',
    '  api:2   spare, waiting',
    'mail      1/1 ready (pinned)                 0  42%  1.1 ms                     0   1204  3.4 ms',
    '  mail:0  ready                1m 5s         0  42%  1.1 ms  46/488 MB          0   1204  3.4 ms',
    '',
    `api    ${note}`,
    'api:2  there is no memory to spare for it',
    ''
  ])
})

test('statusText() leaves out what does not fit, and says below what is not well', () => {
  const shown = linesOf(statusText(troubled, 80))
  const [, heads = '', ...rest] = shown.slice(shown.indexOf(''))
  assert.equal(heads, 'WORKER   STATE         ELU   DELAY       HEAP  IN FLIGHT  REQ/S     P99')
  assert.deepEqual(rest.slice(-5), [
    '',
    'api:1  an operator keeps it out',
    'api:2  its restarts keep failing: TypeError: no database',
    'api:3  ended by itself with code 3',
    ''
  ])
  for (const width of [20, 40, 60, 80, 100, 120, 200]) {
    const lines = linesOf(statusText(troubled, width))
    const table = lines.slice(lines.indexOf('') + 1)
    // A word that is longer than the terminal stays whole.
    const longest = Math.max(width, 21)
    for (const line of table)
      assert.ok(line.length <= longest || !line.trim().includes(' '), `${width}: ${line}`)
  }
})

test('statusText() breaks what does not fit between words, and has it begin below where it began', () => {
  assert.deepEqual(linesOf(statusText(troubled, 60)).slice(0, 2), [
    'shop (process 1) is running at http://localhost:3000, up 1d',
    '  2h, memory 954 MB of 7.5 GB'
  ])
  const message = 'Cannot find package express imported from /srv/shop/applications/api/server.js'
  const [api, ...others] = troubled.applications
  assert.ok(api !== undefined)
  const workers = api.workers.map(each => ({ ...each, lastError: { ...broken, message } }))
  const lines = linesOf(statusText({ ...troubled, applications: [{ ...api, workers }, ...others] }, 60))
  const from = lines.findIndex(line => line.startsWith('api:2  '))
  assert.deepEqual(lines.slice(from, from + 3), [
    'api:2  its restarts keep failing: TypeError: Cannot find',
    '       package express imported from',
    '       /srv/shop/applications/api/server.js'
  ])
})

const titleWith = (changes: Partial<StatusReport['machine']>): string =>
  linesOf(statusText({ ...report, machine: { ...report.machine, ...changes } }, Infinity))[0] ?? ''

test('statusText() says how full the memory is, whose it is, and whether something waits for it', () => {
  const limit = 512 * 1024 ** 2
  const cases: readonly (readonly [Partial<StatusReport['machine']>, string])[] = [
    [{ memoryLimit: limit, memoryUsed: limit / 2, memoryLimited: true }, '256 MB of 512 MB (container)'],
    [
      { memoryLimit: limit, memoryUsed: limit, memoryPressure: 31.6 },
      '512 MB of 512 MB, waited for 32% of the time'
    ],
    [{ memoryLimit: limit, memoryUsed: 0, memoryPressure: null }, '0 B of 512 MB']
  ]
  for (const [changes, text] of cases)
    assert.ok(titleWith(changes).endsWith(`, memory ${text}`), titleWith(changes))
})

test('serversText() has a line for each server, also for one that does not answer', () => {
  const facts = {
    name: 'shop',
    pid: 7,
    socket: '/run/7.sock',
    root: '/srv/shop',
    file: null,
    applications: ['api'],
    url: null,
    startedAt: ''
  }
  const servers = [
    { facts, report: troubled },
    {
      facts: { ...facts, name: 'blog', pid: 12, root: '/srv/blog', url: 'http://localhost:80' },
      report: null
    }
  ]
  assert.deepEqual(linesOf(serversText(servers, Infinity)), [
    'NAME  PID  STATE               UP  READY  REQ/S  ADDRESS              DIRECTORY',
    'shop    7  running          1d 2h    2/5   3613                       /srv/shop',
    'blog   12  does not answer                       http://localhost:80  /srv/blog'
  ])
  assert.equal(serversText([], 80), 'No server runs.')
})

test('progressText() tells the steps of an operation, and nothing else', () => {
  const worker = { application: 'api', slot: 0, worker: 'api:0' }
  assert.equal(
    progressText('worker:ready', { ...worker, bootMs: 12 }),
    'api:0: a fresh thread is ready after 12 ms'
  )
  assert.equal(
    progressText('reload:started', { changes: [] }),
    'the configuration is the same, the code may be new'
  )
  assert.equal(progressText('worker:moved', worker), null)
  assert.equal(progressText('toString', worker), null)
})

test('progressText() counts one worker as one', () => {
  assert.equal(
    progressText('application:starting', { application: 'api', workers: 1 }),
    'api starts with 1 worker'
  )
  assert.equal(
    progressText('application:scaled', { application: 'api', from: 2, to: 1 }),
    'api has 1 worker instead of 2'
  )
})
